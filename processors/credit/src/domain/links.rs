//! Which journal items invoice which order lines, looked up from both ends.

use contract::Index;

#[derive(Debug, Default)]
pub(super) struct Links {
    by_item: Index,
    by_line: Index,
}

impl Links {
    pub(super) fn insert(&mut self, (item, line): (i32, i32)) {
        self.by_item.insert(item, line);
        self.by_line.insert(line, item);
    }

    pub(super) fn remove(&mut self, (item, line): (i32, i32)) {
        self.by_item.remove(item, line);
        self.by_line.remove(line, item);
    }

    /// The order lines that an item invoices.
    pub(super) fn lines_of(&self, item: i32) -> impl Iterator<Item = i32> + '_ {
        self.by_item.members(item)
    }

    /// Whether an item invoices any order line.
    pub(super) fn has(&self, item: i32) -> bool {
        self.by_item.has(item)
    }

    /// The items that invoice an order line.
    pub(super) fn items_of(&self, line: i32) -> impl Iterator<Item = i32> + '_ {
        self.by_line.members(line)
    }
}

impl FromIterator<(i32, i32)> for Links {
    fn from_iter<I: IntoIterator<Item = (i32, i32)>>(pairs: I) -> Self {
        let by_item: Index = pairs.into_iter().collect();
        let by_line = by_item.iter().map(|(item, line)| (line, item)).collect();
        Self { by_item, by_line }
    }
}
