//! How many lines of each journal are left, and how many were put off.

use std::collections::BTreeMap;

use crate::store::{BankLine, LineStatus};

/// The lines of journals that are not done.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<i32, Left>);

/// Those of one journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Lines that wait.
    pub(super) remaining: i32,
    /// Lines that a person has put off.
    pub(super) skipped: i32,
}

impl Tally {
    /// Of these lines.
    pub(super) fn new<'l>(lines: impl Iterator<Item = &'l BankLine>) -> Self {
        let mut tally = Self::default();
        for line in lines {
            tally.count(line, 1);
        }
        tally
    }

    /// A line is another than it was.
    pub(super) fn change(&mut self, before: Option<&BankLine>, after: Option<&BankLine>) {
        if let Some(before) = before {
            self.count(before, -1);
        }
        if let Some(after) = after {
            self.count(after, 1);
        }
    }

    /// What is left of a journal.
    pub(super) fn left(&self, journal: i32) -> Left {
        self.0.get(&journal).copied().unwrap_or_default()
    }

    fn count(&mut self, line: &BankLine, by: i32) {
        let left = self.0.entry(line.journal_id).or_default();
        match line.status {
            LineStatus::Matched | LineStatus::Past => {}
            LineStatus::Skipped => left.skipped += by,
            _ => left.remaining += by,
        }
    }
}
