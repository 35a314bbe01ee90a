//! The identity of a source row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

/// Tables and keys are rarely longer, together.
const SHORT: usize = 96;

/// A row's identity: table and key columns, hashed to 128 bits. Row ids repeat across tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(u128);

impl RowKey {
    /// The identity of the row of `table` whose key columns are `key` (JSON). It is the columns' names and values that count,
    /// neither their order nor how they are spaced.
    pub fn new(table: &str, key: &str) -> Self {
        let key = &*canonical(key);
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

/// What Debezium's router adds to the key where it sends several tables to one topic. A row's table is known from elsewhere.
/// <https://debezium.io/documentation/reference/stable/transformations/topic-routing.html>
const ADDED_BY_ROUTER: &str = "__dbz__physicalTableIdentifier";

/// Key columns in order of their names, without spaces. A key of one whole number, as nearly all are, is left as it is.
fn canonical(key: &str) -> Cow<'_, str> {
    if is_plain(key.as_bytes()) {
        return key.into();
    }
    let Ok(columns) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(key) else {
        return key.into();
    };
    let columns: Vec<_> = columns
        .iter()
        .filter(|(name, _)| *name != ADDED_BY_ROUTER)
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", columns.join(",")).into()
}

/// Whether a key is `{"name":digits}`.
fn is_plain(key: &[u8]) -> bool {
    let Some(name) = key.strip_prefix(b"{\"") else { return false };
    let quote = name.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
    let Some(value) = name[quote..].strip_prefix(b"\":") else { return false };
    value.strip_suffix(b"}").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::{RowKey, canonical};

    #[test]
    fn the_same_id_in_two_tables_is_two_rows() {
        assert_ne!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("b", r#"{"id":1}"#));
        assert_eq!(RowKey::new("a", r#"{"id":1}"#), RowKey::new("a", r#"{"id":1}"#));
        let long = "x".repeat(200);
        assert_ne!(RowKey::new("a", &long), RowKey::new("b", &long));
    }

    #[test]
    fn a_key_is_its_values_however_they_are_written() {
        for key in [
            r#"{"id":7}"#,
            r#"{ "id" : 7 }"#,
            "{\"id\":\n7}",
            r#"{"id":7,"__dbz__physicalTableIdentifier":"odoo.public.res_partner"}"#,
        ] {
            assert_eq!(canonical(key), r#"{"id":7}"#, "{key}");
        }
        let two = r#"{"a":"x y","b":null}"#;
        assert_eq!(canonical(r#"{"b": null, "a": "x y"}"#), two);
        assert_eq!(canonical(two), two);
        assert_ne!(canonical(r#"{"id":"7"}"#), canonical(r#"{"id":7}"#));
        assert_eq!(canonical("no JSON"), "no JSON");
    }
}
