//! Control records: what Ledgerwell itself writes into a source's stream, and reads back in the one order of everything.

use chrono::{DateTime, Datelike, Utc};
use contract::{Rejected, Request, RuleSet, Tick};
use serde::Deserialize;

/// The key of every control record.
pub const KEY: &[u8] = b"ledgerwell";
/// The header that says which one it is …
pub const KIND: &str = "ce_type";
/// … and the one with the deployment, by its prefix, that wrote it. Records of before this was written are everybody's.
pub const DEPLOYMENT: &str = "ce_deployment";
/// What a record of another deployment is read as: none of this one's business.
pub const FOREIGN: &str = "of another deployment";

/// What a control record says.
#[derive(Debug)]
pub enum Control {
    /// An instant has come.
    Tick(Tick),
    /// The rules of all automations are now these.
    Rules(RuleSet),
    /// A person asks for something.
    Request(Box<Request>),
}

impl Control {
    /// Reads one; `None` where nobody knows its type.
    pub(super) fn read(kind: &str, value: &[u8]) -> Result<Option<Self>, Rejected> {
        let control = match kind {
            "tick" => parse(value, r#"a tick {"time": RFC 3339}"#).map(Self::Tick),
            "rules" => parse(value, r#"a rule set {"rules": [...]}"#).map(Self::Rules),
            "request" => parse(value, "a request with id, processor, person, time, action and arguments")
                .map(|request| Self::Request(Box::new(request))),
            _ => return Ok(None),
        }?;
        let time = match &control {
            Self::Tick(tick) => Some(tick.time),
            Self::Request(request) => Some(request.time),
            Self::Rules(_) => None,
        };
        match time.filter(|time| !in_calendar(*time)) {
            Some(time) => Err(Rejected::record("a time in the years 1 to 9999", time.to_string())),
            None => Ok(Some(control)),
        }
    }
}

/// Whether a time is in the years 1 to 9999: RFC 3339 writes no others, and Postgres reads what it writes.
pub(super) fn in_calendar(time: DateTime<Utc>) -> bool {
    (1..=9999).contains(&time.year())
}

fn parse<'a, T: Deserialize<'a>>(value: &'a [u8], expected: &str) -> Result<T, Rejected> {
    // What people write is stored, and Postgres cannot store NUL.
    if memchr::memmem::find(value, b"\\u0000").is_some() {
        return Err(Rejected::record(expected, "text with a NUL"));
    }
    serde_json::from_slice(value).map_err(|error| Rejected::record(expected, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_read_and_unknown_ones_are_left_alone() {
        let tick = Control::read("tick", br#"{"time":"2026-01-10T00:00:00Z"}"#);
        assert!(matches!(tick, Ok(Some(Control::Tick(_)))));
        let rules = r#"{"rules":[{"name":"Example hold","automation_type":"example","action_name":"hold","enabled":true,
            "confidence_threshold":null,"auto_approve":false,"config":{"mode":"auto"}}]}"#;
        assert!(
            matches!(Control::read("rules", rules.as_bytes()), Ok(Some(Control::Rules(set))) if set.get("example", "hold").is_some())
        );
        let request = r#"{"id":"6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d1","processor":"example","person":"anna",
            "time":"2026-01-10T00:00:00Z","action":"release","arguments":{}}"#;
        assert!(matches!(Control::read("request", request.as_bytes()), Ok(Some(Control::Request(_)))));
        assert!(matches!(Control::read("weather", b"{}"), Ok(None)));
        assert!(Control::read("tick", b"{}").unwrap_err().to_string().contains("time"));
        for time in ["+262142-01-01T00:00:00Z", "-262143-01-01T00:00:00Z"] {
            let tick = format!(r#"{{"time":"{time}"}}"#);
            assert!(Control::read("tick", tick.as_bytes()).unwrap_err().to_string().contains("9999"));
            let request = request.replace("2026-01-10T00:00:00Z", time);
            assert!(Control::read("request", request.as_bytes()).unwrap_err().to_string().contains("9999"));
        }
    }
}
