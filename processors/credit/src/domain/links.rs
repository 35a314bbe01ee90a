//! Which journal items invoice which order lines, looked up from both ends.

use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(super) struct Links {
    by_item: BTreeSet<(i32, i32)>,
    by_line: BTreeSet<(i32, i32)>,
}

impl Links {
    pub(super) fn insert(&mut self, (item, line): (i32, i32)) {
        self.by_item.insert((item, line));
        self.by_line.insert((line, item));
    }

    pub(super) fn remove(&mut self, (item, line): (i32, i32)) {
        self.by_item.remove(&(item, line));
        self.by_line.remove(&(line, item));
    }

    /// The order lines that an item invoices.
    pub(super) fn lines_of(&self, item: i32) -> impl Iterator<Item = i32> + '_ {
        self.by_item.range((item, i32::MIN)..=(item, i32::MAX)).map(|(_, line)| *line)
    }

    /// The items that invoice an order line.
    pub(super) fn items_of(&self, line: i32) -> impl Iterator<Item = i32> + '_ {
        self.by_line.range((line, i32::MIN)..=(line, i32::MAX)).map(|(_, item)| *item)
    }
}
