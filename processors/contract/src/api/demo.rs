//! The demo: what a processor shows of a simulated company.

use sqlx::PgConnection;

use super::{BoxFuture, output};
use crate::control::Mode;

/// A step of the demo.
#[derive(Clone, Copy)]
pub enum Step {
    /// Shows what was found.
    Show(Show),
    /// Switches an automation of the processor to a mode, as an administrator would, and waits until the processor goes by it.
    Switch {
        /// The automation.
        automation: &'static str,
        /// Its new mode.
        mode: Mode,
    },
    /// Names a path that is worth opening while the demo serves HTTP.
    Open(&'static str),
}

/// Reads what a step shows.
pub type Show = for<'a> fn(&'a mut PgConnection) -> BoxFuture<'a, sqlx::Result<Vec<Section>>>;

/// A table with what is said before and behind it.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The line before it; without one it goes with the table before.
    pub title: Option<String>,
    /// The names of its columns …
    pub header: &'static [&'static str],
    /// … those that are aligned right …
    pub right: &'static [&'static str],
    /// … and its rows.
    pub rows: Vec<Vec<String>>,
    /// The line behind it.
    pub closing: Option<String>,
}

impl Section {
    /// Prints it.
    pub fn print(&self) {
        if let Some(title) = &self.title {
            crate::say!("\n{title}");
        }
        let mut table = output::table(self.header, self.right);
        table.add_rows(&self.rows);
        crate::say!("{table}");
        if let Some(closing) = &self.closing {
            crate::say!("{closing}");
        }
    }
}
