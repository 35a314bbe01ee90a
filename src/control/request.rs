//! Requests on their way into the stream.

use chrono::SubsecRound;
use contract::Request;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock;
use crate::dead_letter::decision::{Arguments, Record, Verb};
use crate::dead_letter::stored::Raw;

/// What a person asks a processor for; `id` is what its outcome is known by.
///
/// # Errors
/// Why it cannot be asked.
pub fn new(
    id: Uuid,
    processor: &str,
    person: &str,
    action: &str,
    arguments: Value,
) -> Result<Request, String> {
    let request = Request {
        id,
        processor: processor.to_owned(),
        person: person.to_owned(),
        // As precise as it is stored.
        time: clock::wall().trunc_subsecs(6),
        action: action.to_owned(),
        arguments,
    };
    if contract::audit::json(&request).contains("\\u0000") {
        return Err("text with a NUL cannot be stored".into());
    }
    Ok(request)
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
    id: Uuid,
    verb: Verb,
    dead_letter: Raw,
    person: &str,
    reason: &str,
) -> Result<Request, String> {
    contract::action::check_reason(reason)?;
    let record = match verb {
        Verb::Replay => Some(Record::new(dead_letter.record_key, dead_letter.record_value)?),
        Verb::Discard => None,
    };
    let arguments = Arguments { offset: dead_letter.about.record_offset, reason: reason.to_owned(), record };
    let arguments = serde_json::to_value(&arguments).map_err(|error| error.to_string())?;
    new(id, &dead_letter.about.processor, person, verb.action(), arguments)
}
