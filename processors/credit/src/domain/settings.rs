//! What the rule `credit` / `hold` may change, and the defaults: docs/credit-decisions.md.

use contract::{Mode, Rule};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::checks::Check;

/// How decisions are made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    checks: [CheckSettings; Check::ALL.len()],
    pub(super) weights: Weights,
    pub(super) risk: Risk,
}

/// How one check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckSettings {
    pub(super) action: Action,
    /// It fails above this …
    pub(super) at: Decimal,
    /// … until it is at or below this.
    pub(super) release: Decimal,
    pub(super) days: u16,
}

/// What follows from a check that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// It is not made.
    Off,
    /// It is shown.
    Warn,
    /// The customer is held.
    Hold,
}

/// The parts of the credit score.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Weights {
    pub(super) payment_history: f64,
    pub(super) utilisation: f64,
    pub(super) overdue: f64,
    pub(super) order_volume: f64,
}

/// Scores from which on a risk is low, and medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Risk {
    pub(super) low: Decimal,
    pub(super) medium: Decimal,
}

impl Default for Weights {
    fn default() -> Self {
        Self { payment_history: 0.5, utilisation: 0.2, overdue: 0.2, order_volume: 0.1 }
    }
}

impl Default for Risk {
    fn default() -> Self {
        Self { low: Decimal::from(80), medium: Decimal::from(50) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let check = |check| {
            let (action, at, release) = match check {
                Check::Utilisation => (Action::Hold, 100, 95),
                Check::Horizon => (Action::Off, 100, 95),
                Check::OldestOpen => (Action::Warn, 60, 30),
                Check::OverdueShare => (Action::Warn, 50, 25),
                Check::SingleDocument => (Action::Off, 50, 50),
                Check::NoPayment => (Action::Off, 90, 0),
                Check::ScoreDrop => (Action::Warn, 15, 10),
            };
            CheckSettings { action, at: at.into(), release: release.into(), days: 30 }
        };
        Self {
            mode: Mode::default(),
            checks: Check::ALL.map(check),
            weights: Weights::default(),
            risk: Risk::default(),
        }
    }
}

/// `automation_rules.config`, as people write it: whatever is left out keeps its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default, rename = "mode")]
    _mode: Option<Mode>,
    #[serde(default)]
    checks: std::collections::BTreeMap<Check, CheckConfig>,
    #[serde(default)]
    weights: Weights,
    #[serde(default)]
    risk: Risk,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckConfig {
    action: Option<Action>,
    at: Option<Decimal>,
    release: Option<Decimal>,
    days: Option<u16>,
}

/// More days, points and per cent than any threshold needs; figures reckoned with them stay far from overflowing.
const LARGEST: i64 = 1_000_000;

/// Scores are remembered this long.
pub(super) const LONGEST_MEMORY: u16 = 90;

impl Settings {
    pub(super) fn check(&self, check: Check) -> &CheckSettings {
        &self.checks[check as usize]
    }

    /// The checks that are made, each with its settings.
    pub(super) fn checks(&self) -> impl Iterator<Item = (Check, &CheckSettings)> {
        Check::ALL.into_iter().zip(&self.checks).filter(|(_, settings)| settings.action != Action::Off)
    }

    /// The settings of a rule; the defaults where there is none.
    ///
    /// # Errors
    /// What cannot be used, and what to write instead.
    pub(super) fn of(rule: Option<&Rule>) -> Result<Self, String> {
        let mut settings = Self::default();
        let Some(rule) = rule else { return Ok(settings) };
        settings.mode = rule.mode()?;
        let config = Config::deserialize(&rule.config).map_err(|error| format!("config: {error}"))?;
        for (check, config) in config.checks {
            let of = &mut settings.checks[check as usize];
            of.action = config.action.unwrap_or(of.action);
            of.at = config.at.unwrap_or(of.at);
            of.release = config.release.unwrap_or(of.release.min(of.at));
            of.days = config.days.unwrap_or(of.days);
            if of.at > Decimal::from(LARGEST) {
                return Err(format!(
                    "config.checks.{check}: at is {}; it has to be at most {LARGEST}",
                    of.at
                ));
            }
            if of.release > of.at || of.release < Decimal::ZERO {
                return Err(format!(
                    "config.checks.{check}: release is {}; it has to be from 0 to `at`, which is {}",
                    of.release, of.at
                ));
            }
            if of.days == 0 || of.days > LONGEST_MEMORY {
                return Err(format!(
                    "config.checks.{check}: days is {}; it has to be from 1 to {LONGEST_MEMORY}",
                    of.days
                ));
            }
        }
        let Weights { payment_history, utilisation, overdue, order_volume } = config.weights;
        let weights = [payment_history, utilisation, overdue, order_volume];
        if weights.iter().any(|weight| *weight < 0.0) || (weights.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
            return Err("config.weights: the four weights have to be 0 or more and add up to 1".into());
        }
        if config.risk.medium > config.risk.low {
            return Err("config.risk: medium has to be at or below low".into());
        }
        (settings.weights, settings.risk) = (config.weights, config.risk);
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(config: Value) -> Result<Settings, String> {
        let rule = Rule {
            name: "Credit hold".into(),
            automation_type: "credit".into(),
            action_name: "hold".into(),
            enabled: true,
            confidence_threshold: None,
            auto_approve: false,
            config,
        };
        Settings::of(Some(&rule))
    }

    #[test]
    fn what_is_left_out_keeps_its_default() {
        let changed =
            settings(json!({ "checks": { "oldest_open": { "action": "hold", "at": 90 } } })).unwrap();
        let oldest = changed.check(Check::OldestOpen);
        assert_eq!((oldest.action, oldest.at, oldest.release), (Action::Hold, 90.into(), 30.into()));
        assert_eq!(changed.check(Check::Utilisation), Settings::default().check(Check::Utilisation));
        assert_eq!(settings(json!({})), Ok(Settings::default()));
        assert_eq!(Settings::of(None), Ok(Settings::default()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let refused = |config| settings(config).unwrap_err();
        assert!(refused(json!({ "chekcs": {} })).contains("chekcs"));
        assert!(refused(json!({ "checks": { "utilization": {} } })).contains("utilization"));
        assert!(
            refused(json!({ "checks": { "horizon": { "release": 101 } } }))
                .contains("checks.horizon: release")
        );
        let all = "79228162514264337593543950335";
        assert!(
            refused(json!({ "checks": { "score_drop": { "at": all, "release": all } } })).contains("at most")
        );
        assert!(
            refused(json!({ "checks": { "score_drop": { "days": 400 } } }))
                .contains("checks.score_drop: days")
        );
        assert!(refused(json!({ "weights": { "overdue": 0.9 } })).contains("weights"));
        assert!(refused(json!({ "mode": "always" })).contains("always"));
    }
}
