//! The identity of a source row.

use xxhash_rust::xxh3::Xxh3;

/// A row's identity: table and key columns, hashed to 128 bits. Row ids repeat across tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(u128);

impl RowKey {
    /// The identity of the row of `table` whose key columns are `key` (JSON).
    pub fn new(table: &str, key: &str) -> Self {
        let mut hasher = Xxh3::new();
        hasher.update(table.as_bytes());
        hasher.update(&[0]);
        hasher.update(key.as_bytes());
        Self(hasher.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::RowKey;

    #[test]
    fn the_same_id_in_two_tables_is_two_rows() {
        assert_ne!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("b", r#"{"id":1}"#));
        assert_eq!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("a", r#"{"id":1}"#));
    }
}
