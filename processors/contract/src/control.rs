//! What enters a source's stream besides its changes: rule sets, and what people ask for. Both are control records, so they
//! have a position in the one order of everything, and a processor folds them like rows.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::event::{Event, Subject};

/// Something that a processor decides on its own as far as a rule lets it. Each has one row in `automation_rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Automation {
    /// `automation_rules.action_name`.
    pub action: &'static str,
    /// `automation_rules.name`: what people call it.
    pub name: &'static str,
}

/// How far an automation may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It decides nothing.
    Off,
    /// It writes down what it would do.
    Shadow,
    /// It proposes.
    #[default]
    Suggest,
    /// It acts.
    Auto,
}

/// A row of `automation_rules`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// The processor.
    pub automation_type: String,
    /// The automation.
    pub action_name: String,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// From which confidence on it acts; `None` leaves it to the automation.
    pub confidence_threshold: Option<Decimal>,
    /// Whether it acts without being asked, where `config` says nothing else.
    pub auto_approve: bool,
    /// Its settings.
    pub config: Value,
}

impl Rule {
    /// Its mode and its other settings, as the struct `C` has them. A setting that `C` does not know is an error where `C` denies
    /// unknown fields.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn settings<C: DeserializeOwned>(&self) -> Result<(Mode, C), String> {
        let mode = self.mode()?;
        let mut config = self.config.clone();
        if let Some(config) = config.as_object_mut() {
            config.remove("mode");
        }
        let config = C::deserialize(config).map_err(|error| format!("config: {error}"))?;
        Ok((mode, config))
    }

    /// Off where it is disabled, else `config.mode`, else auto where `auto_approve` is set, else suggest.
    ///
    /// # Errors
    /// A `config.mode` that is none.
    pub fn mode(&self) -> Result<Mode, String> {
        match self.config.get("mode") {
            _ if !self.enabled => Ok(Mode::Off),
            Some(mode) => Mode::deserialize(mode).map_err(|_| {
                format!("config.mode is {mode}: use \"off\", \"shadow\", \"suggest\" or \"auto\"")
            }),
            None if self.auto_approve => Ok(Mode::Auto),
            None => Ok(Mode::Suggest),
        }
    }
}

/// All rows of `automation_rules`, as they were when somebody noticed that they had changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Sorted by automation.
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// The rule of an automation, if there is one.
    pub fn get(&self, automation_type: &str, action_name: &str) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.automation_type == automation_type && rule.action_name == action_name)
    }
}

/// What a person asks a processor to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its identity, known to whoever asked.
    pub id: Uuid,
    /// The processor that is asked.
    pub processor: String,
    /// Who asks.
    pub person: String,
    /// When it was asked, by the clock of the process that took it.
    pub time: DateTime<Utc>,
    /// What is asked: one of the processor's verbs.
    pub action: String,
    /// With what.
    pub arguments: Value,
}

/// What was done for a person who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Odoo model and id of the record that it is about, where it is about one.
    pub record: Option<(&'static str, i32)>,
    /// What was done, in words that can follow `anna asked:`.
    pub text: String,
}

/// An instant has come: `{"time":"2026-11-22T23:00:00Z"}`. It is passed on as an event, so that consumers of several result topics
/// can cut them all at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The instant.
    pub time: DateTime<Utc>,
}

impl Event for Tick {
    const TYPE: &'static str = "tick";

    fn subject(&self) -> Subject {
        Subject::in_source("clock")
    }
}

/// What became of a request. The text is for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done(String),
    /// It could not be done; the text says why and what would do.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(enabled: bool, auto_approve: bool, config: Value) -> Rule {
        Rule {
            name: "Credit hold".into(),
            automation_type: "credit".into(),
            action_name: "hold".into(),
            enabled,
            confidence_threshold: None,
            auto_approve,
            config,
        }
    }

    #[test]
    fn the_mode_is_off_else_what_config_says_else_auto_by_approval_else_suggest() {
        assert_eq!(rule(false, true, json!({ "mode": "auto" })).mode(), Ok(Mode::Off));
        assert_eq!(rule(true, true, json!({ "mode": "shadow" })).mode(), Ok(Mode::Shadow));
        assert_eq!(rule(true, true, json!({})).mode(), Ok(Mode::Auto));
        assert_eq!(rule(true, false, json!({})).mode(), Ok(Mode::Suggest));
        assert!(rule(true, true, json!({ "mode": "always" })).mode().unwrap_err().contains("\"always\""));
    }
}
