//! Results for people as tables, for programs as JSON.
//!
//! What is printed goes through [`say!`](crate::say) and [`note!`](crate::note). Whoever reads it may have read enough and closed the
//! pipe: then nothing more is printed, and what the command does goes on.

use std::fmt;
use std::io::{self, Write};
use std::sync::Mutex;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};
use serde::Serialize;

pub use comfy_table::Table;

/// Prints a value as JSON.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn json(value: &impl Serialize) -> serde_json::Result<()> {
    crate::say!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a line on standard output.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::api::output::line(std::io::stdout(), format_args!($($text)*)) };
}

/// Prints a line on standard error.
#[macro_export]
macro_rules! note {
    ($($text:tt)*) => { $crate::api::output::line(std::io::stderr(), format_args!($($text)*)) };
}

/// What could not be printed first, for another reason than that nobody reads it.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line. A closed pipe is nothing to report; other failures are, at the command's end.
pub fn line(mut to: impl Write, text: fmt::Arguments<'_>) {
    // In one piece, so that lines of several threads do not mix.
    if let Err(error) = to.write_all(format!("{text}\n").as_bytes())
        && error.kind() != io::ErrorKind::BrokenPipe
        && let Ok(mut failed) = FAILED.lock()
    {
        failed.get_or_insert(error);
    }
}

/// Why something could not be printed, if so: a full disk, say.
pub fn failed() -> Option<io::Error> {
    FAILED.lock().ok()?.take()
}

/// One rule under the header, nothing else.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with a header; columns named in `right` are aligned right. On a terminal it is as wide as that, and what does not fit is
/// wrapped; elsewhere it is as wide as it needs to be, so that no program has to put lines together.
pub fn table(header: &[&str], right: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(PLAIN).set_header(header.to_vec());
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
        && size.ws_col > 0
    {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(size.ws_col);
    }
    for (n, name) in header.iter().enumerate() {
        if let (true, Some(column)) = (right.contains(name), table.column_mut(n)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A number with separators between thousands.
#[allow(clippy::needless_pass_by_value, reason = "numbers are passed as they come")]
pub fn thousands(number: impl ToString) -> String {
    let text = number.to_string();
    let (integer, fraction) = text.split_once('.').map_or((text.as_str(), None), |(i, f)| (i, Some(f)));
    let (sign, digits) = integer.strip_prefix('-').map_or(("", integer), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{out}.{fraction}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands("-1234.50"), "-1,234.50");
        assert_eq!(thousands(999), "999");
    }
}
