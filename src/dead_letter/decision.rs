//! What people decide about dead letters. It goes into the stream as a request, like everything that changes results, so a
//! replay of the stream repeats it.

use chrono::{DateTime, Utc};
use contract::audit::{Status, json};
use contract::{Audit, Decode, Format, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::feed::{Input, RowKey, decode_alone};

/// The largest record that is written into the stream again; brokers take 1 MB unless configured otherwise, and the
/// quotes of JSON inside JSON are escaped.
const LARGEST: usize = 700_000;

/// What is to be done with a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Its record is read again, by a program that may understand it by now.
    Replay,
    /// It is settled as it is: its row keeps the image it has.
    Discard,
}

impl Verb {
    const ALL: [Self; 2] = [Self::Replay, Self::Discard];

    /// As a request's `action` has it.
    pub fn action(self) -> &'static str {
        match self {
            Self::Replay => "replay_dead_letter",
            Self::Discard => "discard_dead_letter",
        }
    }

    /// As `stream.dead_letter.resolution` has it.
    pub fn done(self) -> &'static str {
        match self {
            Self::Replay => "replayed",
            Self::Discard => "discarded",
        }
    }
}

/// A decision about one dead letter.
#[derive(Debug)]
pub struct Decision {
    /// What is to be done.
    pub verb: Verb,
    /// Which dead letter, and why.
    pub arguments: Arguments,
}

/// The arguments of the request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    /// Offset of the dead letter's record.
    pub offset: i64,
    /// Why, in the words of the person who asks.
    pub reason: String,
    /// The dead letter's record, for a replay: the fold reads nothing but the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
}

/// A record as text.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its key.
    pub key: Option<String>,
    /// Its value.
    pub value: Option<String>,
}

impl Record {
    /// A dead letter's record, if it can be written into the stream again.
    ///
    /// # Errors
    /// Why not, and what to do instead.
    pub fn new(key: Option<Vec<u8>>, value: Option<Vec<u8>>) -> Result<Self, String> {
        let size = key.as_ref().map_or(0, Vec::len) + value.as_ref().map_or(0, Vec::len);
        if size > LARGEST {
            return Err(format!(
                "its record has {size} bytes, more than the {LARGEST} that are written into the stream again. Let the \
                 connector emit the row once more (an update in Odoo, or an incremental snapshot), or discard it"
            ));
        }
        let text = |bytes: Option<Vec<u8>>| bytes.map(String::from_utf8).transpose();
        let (Ok(key), Ok(value)) = (text(key), text(value)) else {
            return Err("its record is no text, so no program can read it. Let the connector emit the row once more, or \
                 discard it"
                .into());
        };
        Ok(Self { key, value })
    }
}

impl Decision {
    /// Reads one out of a request; `None` where the request is about something else. The record is taken out of the arguments:
    /// it is business data, and stored once.
    pub fn read(request: &mut Request) -> Option<Result<Self, String>> {
        let verb = Verb::ALL.into_iter().find(|verb| verb.action() == request.action)?;
        let arguments = serde_json::from_value::<Arguments>(request.arguments.clone());
        if let Some(arguments) = request.arguments.as_object_mut() {
            arguments.remove("record");
        }
        Some(match arguments {
            Ok(arguments) => Ok(Self { verb, arguments }),
            Err(error) => Err(format!("the arguments are offset and reason: {error}")),
        })
    }

    /// What the record of the dead letter says about `row`, read as if it had just come.
    ///
    /// # Errors
    /// Why it still cannot be used.
    pub fn row_change<R: Decode>(&self, row: RowKey, format: &Format) -> Result<R, String> {
        let record = self.arguments.record.as_ref().ok_or("the request does not bring the record")?;
        let input = Input {
            offset: self.arguments.offset,
            timestamp: 0,
            key: record.key.as_deref().map(str::as_bytes),
            value: record.value.as_deref().map(str::as_bytes),
            kind: None,
        };
        match decode_alone::<R>(&input, format) {
            Ok((of, change)) if of == row => Ok(change),
            Ok(_) => Err("the record is not the dead letter's: it is about another row".into()),
            Err(reason) => Err(format!("it still cannot be used: {reason}")),
        }
    }

    /// As it is written down.
    pub fn audit(&self, request: &Request, refused: Option<&str>, now: DateTime<Utc>) -> Audit {
        let (offset, done) = (self.arguments.offset, self.verb.done());
        let (status, reasoning) = match refused {
            None => (
                Status::Approved,
                format!(
                    "{} had the dead letter at offset {offset} {done}: {}.",
                    request.person, self.arguments.reason
                ),
            ),
            Some(why) => {
                (Status::Rejected, format!("The dead letter at offset {offset} was not {done}: {why}."))
            }
        };
        Audit {
            action: "dead_letter",
            time: now,
            record: None,
            status,
            confidence: None,
            reasoning,
            input: json(&json!({ "offset": offset, "request": request.id, "person": request.person })),
            output: json(&json!({ "resolution": refused.is_none().then_some(done) })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(action: &str, arguments: serde_json::Value) -> Request {
        Request {
            id: uuid::Uuid::nil(),
            processor: "example".into(),
            person: "anna".into(),
            time: DateTime::default(),
            action: action.into(),
            arguments,
        }
    }

    #[test]
    fn the_record_leaves_the_request_that_is_kept() {
        let arguments = json!({ "offset": 7, "reason": "mended", "record": { "key": "{}", "value": "{}" } });
        let mut request = request("replay_dead_letter", arguments);
        let decision = Decision::read(&mut request).unwrap().unwrap();
        assert_eq!((decision.verb, decision.arguments.offset), (Verb::Replay, 7));
        assert_eq!(decision.arguments.record.unwrap().value.as_deref(), Some("{}"));
        assert_eq!(request.arguments, json!({ "offset": 7, "reason": "mended" }));
    }

    #[test]
    fn other_requests_are_none_of_its_business_and_bad_ones_say_why() {
        assert!(Decision::read(&mut request("release", json!({}))).is_none());
        let bad = Decision::read(&mut request("discard_dead_letter", json!({ "offset": "x" })));
        assert!(bad.unwrap().unwrap_err().contains("offset"));
    }

    #[test]
    fn what_cannot_be_written_again_says_what_to_do_instead() {
        assert!(Record::new(None, Some(vec![0xff])).unwrap_err().contains("discard"));
        assert!(
            Record::new(None, Some(vec![b'x'; LARGEST + 1])).unwrap_err().contains("incremental snapshot")
        );
    }
}
