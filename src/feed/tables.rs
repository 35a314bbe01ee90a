//! Some of the tables that a processor reads.

use std::fmt;

/// A set of them. It is copied with every delivery, so it is a word of bits, by their place in the processor's declaration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    declared: &'static [&'static str],
    bits: u64,
}

impl Tables {
    /// None of the tables that are declared, which are 64 at most.
    pub fn none(declared: &'static [&'static str]) -> Self {
        debug_assert!(declared.len() <= 64, "a processor reads {} tables", declared.len());
        Self { declared, bits: 0 }
    }

    /// All of them.
    pub fn all(declared: &'static [&'static str]) -> Self {
        Self::none(declared).with(declared.iter().copied())
    }

    /// These besides. Names that are not declared are passed over: another version of the program may have stored them.
    #[must_use]
    pub fn with<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            self.bits |= self.bit(name);
        }
        self
    }

    /// Adds one, by its place. False when it was there.
    pub(super) fn insert(&mut self, table: usize) -> bool {
        let before = self.bits;
        self.bits |= 1 << table;
        self.bits != before
    }

    /// Whether one is there, by its place.
    pub(super) fn has(&self, table: usize) -> bool {
        self.bits & 1 << table != 0
    }

    /// Whether one is there.
    pub fn contains(&self, name: &str) -> bool {
        self.bits & self.bit(name) != 0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { bits: self.bits & other.bits, ..self }
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits, ..self }
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self { bits: self.bits & !other.bits, ..self }
    }

    /// Their names, in order of declaration.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = self.declared.iter().enumerate();
        named.filter(move |(table, _)| self.has(*table)).map(|(_, name)| *name)
    }

    fn bit(&self, name: &str) -> u64 {
        self.declared.iter().position(|declared| *declared == name).map_or(0, |table| 1 << table)
    }
}

impl fmt::Display for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Tables;

    const DECLARED: &[&str] = &["a", "b", "c"];

    #[test]
    fn tables_are_known_by_name_and_by_place() {
        let mut tables = Tables::none(DECLARED);
        assert!(tables.is_empty() && tables.insert(1) && !tables.insert(1));
        assert!(tables.has(1) && tables.contains("b") && !tables.contains("c") && !tables.contains("d"));
        let tables = tables.with(["c", "d"]);
        assert_eq!(tables.to_string(), "b, c");
        assert_eq!(Tables::all(DECLARED).without(tables).to_string(), "a");
        assert_eq!(tables.and(Tables::none(DECLARED).with(["c"])).to_string(), "c");
        assert_eq!(Tables::none(DECLARED).with(["a"]).or(tables), Tables::all(DECLARED));
    }
}
