//! What the rule `reconciliation` / `match` may change, and the defaults.

use std::collections::BTreeMap;

use contract::{Mode, Rule};
use matching::policy::Bounds;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

/// Lines of probation that a rule may ask for.
const LONGEST_PROBATION: usize = 100_000;

/// How lines are matched.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    mode: Mode,
    /// What is different for some journals.
    journals: BTreeMap<i32, Mode>,
    /// When a line is booked alone.
    pub(super) bounds: Bounds,
}

/// `automation_rules.config` besides its mode, as people write it: whatever is left out has its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    journals: BTreeMap<i32, Mode>,
    probation: Option<usize>,
}

impl Settings {
    /// The settings of a rule; the defaults where there is none.
    ///
    /// # Errors
    /// What cannot be used, and what to write instead.
    pub(super) fn from_rule(rule: Option<&Rule>) -> Result<Self, String> {
        let defaults = Bounds::default();
        let Some(rule) = rule else { return Ok(Self::default()) };
        let (mode, config) = rule.settings::<Config>()?;
        let sure = match rule.confidence_threshold {
            None => defaults.sure,
            Some(threshold) if threshold >= Decimal::new(9, 1) && threshold <= Decimal::ONE => {
                threshold.to_f64().unwrap_or(defaults.sure)
            }
            Some(threshold) => {
                return Err(format!(
                    "confidence_threshold is {threshold}; it has to be a probability from 0.9 to 1"
                ));
            }
        };
        let probation = config.probation.unwrap_or(defaults.probation);
        if probation > LONGEST_PROBATION {
            return Err(format!("config.probation is {probation}; it has to be at most {LONGEST_PROBATION}"));
        }
        Ok(Self { mode, journals: config.journals, bounds: Bounds { sure, probation } })
    }

    /// How far it may go for a journal's lines. Where it is disabled, it does nothing for any.
    pub(super) fn mode(&self, journal: i32) -> Mode {
        match self.journals.get(&journal) {
            Some(mode) if self.mode != Mode::Off => *mode,
            _ => self.mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(threshold: Option<Decimal>, config: Value) -> Result<Settings, String> {
        Settings::from_rule(Some(&Rule {
            name: "Match bank lines".into(),
            automation_type: "reconciliation".into(),
            action_name: "match".into(),
            enabled: true,
            confidence_threshold: threshold,
            auto_approve: false,
            config,
        }))
    }

    #[test]
    fn a_journal_may_have_a_mode_of_its_own() {
        let settings = settings(None, json!({ "mode": "shadow", "journals": { "7": "auto" } })).unwrap();
        assert_eq!((settings.mode(7), settings.mode(8)), (Mode::Auto, Mode::Shadow));
        assert_eq!(Settings::from_rule(None).unwrap().mode(7), Mode::Suggest);
    }

    #[test]
    fn what_is_off_is_off_for_every_journal() {
        let settings = settings(None, json!({ "mode": "off", "journals": { "7": "auto" } })).unwrap();
        assert_eq!(settings.mode(7), Mode::Off);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let refused = |threshold, config| settings(threshold, config).unwrap_err();
        assert!(refused(Some(Decimal::new(5, 1)), json!({})).contains("from 0.9 to 1"));
        assert!(refused(None, json!({ "journals": { "7": "always" } })).starts_with("config: "));
        assert!(refused(None, json!({ "journal": 7 })).contains("unknown field `journal`"));
        assert!(refused(None, json!({ "probation": 1_000_000 })).contains("at most 100000"));
    }
}
