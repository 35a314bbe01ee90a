//! What was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

/// Something that does not hold.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Violation {
    /// What does not hold, in a sentence.
    pub(crate) text: String,
    /// The records around it.
    pub(crate) around: Vec<String>,
    /// How many of its kind there are.
    pub(crate) times: usize,
}

/// All of it: figures, and the first violation of each kind.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    figures: BTreeMap<&'static str, i64>,
    violations: BTreeMap<&'static str, Violation>,
    /// What could not be looked at, and why.
    not_checked: Vec<String>,
}

impl Report {
    /// Something does not hold.
    pub(crate) fn violation(&mut self, kind: &'static str, text: impl Into<String>, around: Vec<String>) {
        self.violations
            .entry(kind)
            .and_modify(|violation| violation.times += 1)
            .or_insert_with(|| Violation { text: text.into(), around, times: 1 });
    }

    /// A figure.
    pub(crate) fn figure(&mut self, name: &'static str, value: usize) {
        self.figures.insert(name, i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// A figure that shows that nothing was checked where it is 0.
    pub(crate) fn figure_above_0(&mut self, name: &'static str, value: usize) {
        self.figure(name, value);
        if value == 0 {
            self.violation("emptiness", format!("there are no {name}: nothing was proved"), Vec::new());
        }
    }

    /// Something could not be looked at.
    pub(crate) fn not_checked(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.not_checked.contains(&what) {
            self.not_checked.push(what);
        }
    }

    /// Whether all holds.
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// As text or as JSON.
    pub(crate) fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string_pretty(self).unwrap_or_default());
        } else {
            print!("{}", self.text());
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (kind, violation) in &self.violations {
            let more =
                if violation.times > 1 { format!(" ({} in all)", violation.times) } else { String::new() };
            let _ = writeln!(text, "VIOLATION {kind}: {}{more}", violation.text);
            for line in &violation.around {
                let _ = writeln!(text, "    {line}");
            }
        }
        for what in &self.not_checked {
            let _ = writeln!(text, "not checked: {what}");
        }
        let figures: Vec<_> = self.figures.iter().map(|(name, value)| format!("{value} {name}")).collect();
        let _ = writeln!(text, "{}", figures.join(", "));
        let _ = writeln!(text, "{}", if self.is_clean() { "all holds" } else { "it does not hold" });
        text
    }
}
