//! Values that a connector does not send because they did not change: they are what they were.

use serde_json::Value;

/// What stands in for one.
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// A row's columns, as JSON, with those that were not sent as they were before.
pub(crate) fn complete(after: String, before: Option<&str>) -> String {
    let (true, Some(before)) = (after.contains(UNAVAILABLE), before) else { return after };
    let read = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (mut row, before) = (read(&after), read(before));
    for (column, value) in row.as_object_mut().into_iter().flatten() {
        if value == UNAVAILABLE
            && let Some(known) = before.get(column)
        {
            *value = known.clone();
        }
    }
    row.to_string()
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn what_was_not_sent_is_what_it_was() {
        let partial = r#"{"id":7,"name":"__debezium_unavailable_value"}"#;
        assert_eq!(complete(partial.into(), Some(r#"{"id":7,"name":"A"}"#)), r#"{"id":7,"name":"A"}"#);
        assert_eq!(complete(partial.into(), None), partial);
    }
}
