//! Requests on their way into the stream.

use contract::Request;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock;
use crate::dead_letter::decision::{Arguments, Record, Verb};
use crate::dead_letter::stored::Raw;

/// A request as it is written.
#[derive(Debug)]
pub struct Written {
    /// What its outcome is known by.
    pub id: Uuid,
    /// The control record's value.
    pub text: String,
}

/// What a person asks a processor for.
///
/// # Errors
/// Why it cannot be asked.
pub fn new(processor: &str, person: &str, action: &str, arguments: Value) -> Result<Written, String> {
    let request = Request {
        id: Uuid::new_v4(),
        processor: processor.to_owned(),
        person: person.to_owned(),
        time: clock::wall(),
        action: action.to_owned(),
        arguments,
    };
    let text = contract::audit::json(&request);
    if text.contains("\\u0000") {
        return Err("text with a NUL cannot be stored".into());
    }
    Ok(Written { id: request.id, text })
}

/// What became of a request: whether it was done, and in words; `None` while it is not decided.
pub async fn outcome(id: Uuid, connection: &mut PgConnection) -> sqlx::Result<Option<(bool, String)>> {
    let sql =
        "SELECT status = 'done', outcome FROM stream.request WHERE id = $1 ORDER BY version DESC LIMIT 1";
    sqlx::query_as(sql).bind(id).fetch_optional(connection).await
}

/// What a person decides about a dead letter.
///
/// # Errors
/// Why it cannot be asked, and what to do instead.
pub fn about_dead_letter(
    verb: Verb,
    dead_letter: Raw,
    person: &str,
    reason: &str,
) -> Result<Written, String> {
    let record = match verb {
        Verb::Replay => Some(Record::new(dead_letter.record_key, dead_letter.record_value)?),
        Verb::Discard => None,
    };
    let arguments = Arguments { offset: dead_letter.about.record_offset, reason: reason.to_owned(), record };
    let arguments = serde_json::to_value(&arguments).map_err(|error| error.to_string())?;
    new(&dead_letter.about.processor, person, verb.action(), arguments)
}
