//! What people may ask of a processor: one serde enum per processor, and nothing else names its actions.
//!
//! ```
//! /// What people may ask of `deliveries`.
//! #[derive(serde::Deserialize)]
//! #[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
//! enum Action {
//!     /// Have a delivery wait.
//!     Postpone { delivery: i32, until: chrono::NaiveDate, reason: String },
//!     /// Look at all of them once more.
//!     Review {},
//! }
//! assert_eq!(contract::action::names::<Action>(), ["postpone", "review"]);
//! ```

use std::fmt::{self, Display};

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned};
use serde_json::{Map, Value, json};
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Characters that a reason may have: what `note` columns hold.
pub const LONGEST_REASON: usize = 2_000;

/// The action of an audit row about a request whose action nobody knows.
pub(crate) const UNKNOWN: &str = "request";

/// For processors that nobody may ask for anything.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "action", content = "arguments")]
pub enum NoAction {}

impl PartialSchema for NoAction {
    fn schema() -> RefOr<Schema> {
        Object::builder().description(Some("Nothing may be asked.")).into()
    }
}

impl ToSchema for NoAction {}

/// The names of all actions, in the order of the enum.
pub fn names<A: DeserializeOwned>() -> &'static [&'static str] {
    // An enum names its variants to whoever asks for one that is not there.
    let nameless = MapDeserializer::<_, Variants>::new([("action", "")].into_iter());
    match A::deserialize(nameless) {
        Err(Variants(names)) => names,
        Ok(_) => &[],
    }
}

/// The name as the enum has it; `None` for an action that it does not know.
pub(crate) fn name<A: DeserializeOwned>(action: &str) -> Option<&'static str> {
    names::<A>().iter().copied().find(|name| *name == action)
}

/// Says which actions there are, to somebody who asked for another.
pub(crate) fn known<A: DeserializeOwned>(processor: &str, action: &str) -> String {
    match names::<A>() {
        [] => format!("{processor} takes no request `{action}`"),
        [only] => format!("{processor} knows no request `{action}`; use {only}"),
        [first @ .., last] => {
            format!("{processor} knows no request `{action}`; use {} or {last}", first.join(", "))
        }
    }
}

/// Reads the action that a request asks for. Where it has a `reason`, it has to say something, and no more than can be stored.
///
/// # Errors
/// Which argument is missing or wrong.
pub(crate) fn read<A: DeserializeOwned>(action: &str, arguments: &Value) -> Result<A, String> {
    let deserialize = |arguments: &Value| A::deserialize(json!({ "action": action, "arguments": arguments }));
    let read = deserialize(arguments).map_err(|error| {
        match arguments.as_object().and_then(|arguments| wrong(arguments, |some| deserialize(some).err())) {
            Some((name, value)) => format!("arguments: {name} is {value}: {error}"),
            None => format!("arguments: {error}"),
        }
    })?;
    if let Some(reason) = arguments.get("reason").and_then(Value::as_str) {
        check_reason(reason)?;
    }
    Ok(read)
}

/// Whether an action can be asked for with these arguments.
///
/// # Errors
/// Which actions there are, or which argument is missing or wrong.
pub fn check<A: DeserializeOwned>(processor: &str, action: &str, arguments: &Value) -> Result<(), String> {
    match name::<A>(action) {
        Some(action) => read::<A>(action, arguments).map(drop),
        None => Err(known::<A>(processor, action)),
    }
}

/// Whether a reason says something, and no more than can be stored.
///
/// # Errors
/// How long it may be.
pub fn check_reason(reason: &str) -> Result<(), String> {
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(format!("say why, in 1 to {LONGEST_REASON} characters of `reason`"));
    }
    Ok(())
}

/// The argument whose value is wrong: serde does not say where it was. With those before it alone, others are only missing.
fn wrong(
    arguments: &Map<String, Value>,
    error: impl Fn(&Value) -> Option<serde_json::Error>,
) -> Option<(&String, &Value)> {
    let mut before = Map::new();
    arguments.iter().find(|(name, value)| {
        before.insert((*name).clone(), (*value).clone());
        let error = error(&Value::Object(before.clone())).map(|error| error.to_string());
        error.is_some_and(|error| !error.starts_with("missing field") && !error.starts_with("unknown field"))
    })
}

/// The error that carries the names.
#[derive(Debug)]
struct Variants(&'static [&'static str]);

impl Display for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.join(", ").fmt(f)
    }
}

impl std::error::Error for Variants {}

impl de::Error for Variants {
    fn custom<T: Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
    enum Action {
        Postpone { delivery: i32, reason: String },
        Review {},
    }

    #[test]
    fn the_enum_names_its_actions() {
        assert_eq!(names::<Action>(), ["postpone", "review"]);
        assert_eq!(names::<NoAction>(), [""; 0]);
        assert_eq!(known::<Action>("d", "x"), "d knows no request `x`; use postpone or review");
        assert_eq!(known::<NoAction>("d", "x"), "d takes no request `x`");
    }

    #[test]
    fn arguments_are_read_into_the_enum_and_the_fault_is_named() {
        let postpone = json!({ "delivery": 7, "reason": "rain" });
        let read = |arguments: Value| read::<Action>("postpone", &arguments);
        assert_eq!(read(postpone), Ok(Action::Postpone { delivery: 7, reason: "rain".into() }));
        assert!(read(json!({ "delivery": 7 })).unwrap_err().contains("arguments: missing field `reason`"));
        assert!(read(json!({ "delivery": 7, "reason": "x", "to": 1 })).unwrap_err().contains("`to`"));
        assert!(read(json!({ "delivery": 7, "reason": "  " })).unwrap_err().starts_with("say why"));
        let long = "x".repeat(LONGEST_REASON + 1);
        assert!(read(json!({ "delivery": 7, "reason": long })).unwrap_err().starts_with("say why"));
        assert_eq!(super::read("review", &json!({})), Ok(Action::Review {}));
        let text = read(json!({ "delivery": "seven", "reason": "x" })).unwrap_err();
        assert!(text.starts_with("arguments: delivery is \"seven\": invalid type: string"), "{text}");
    }

    #[test]
    fn what_cannot_be_asked_is_told_before_it_is_asked() {
        let check = |action, arguments: Value| check::<Action>("deliveries", action, &arguments);
        assert_eq!(check("review", json!({})), Ok(()));
        assert!(check("revue", json!({})).unwrap_err().ends_with("use postpone or review"));
        assert!(check("postpone", json!({ "delivery": 7 })).unwrap_err().contains("missing field `reason`"));
        assert!(check("postpone", json!([])).is_err());
    }
}
