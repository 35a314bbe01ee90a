//! The identity of a source row.

use xxhash_rust::xxh3::xxh3_128;

/// Tables and keys are rarely longer, together.
const SHORT: usize = 96;

/// A row's identity: table and key columns, hashed to 128 bits. Row ids repeat across tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(u128);

impl RowKey {
    /// The identity of the row of `table` whose key columns are `key` (JSON).
    pub fn new(table: &str, key: &str) -> Self {
        // One buffer hashed at once is several times faster than a hasher that is fed piece by piece.
        let mut buffer = [0; SHORT];
        let (separator, length) = (table.len(), table.len() + 1 + key.len());
        if let Some(name) = buffer.get_mut(..length) {
            name[..separator].copy_from_slice(table.as_bytes());
            name[separator + 1..].copy_from_slice(key.as_bytes());
            return Self(xxh3_128(name));
        }
        Self(xxh3_128([table, key].join("\0").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::RowKey;

    #[test]
    fn the_same_id_in_two_tables_is_two_rows() {
        assert_ne!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("b", r#"{"id":1}"#));
        assert_eq!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("a", r#"{"id":1}"#));
        let long = "x".repeat(200);
        assert_ne!(RowKey::new("a", &long), RowKey::new("b", &long));
    }
}
