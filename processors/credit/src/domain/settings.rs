//! What the rule `credit` / `hold` may change, and the defaults: decisions.md.

use contract::{Mode, Rule};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::store::Check;

/// How decisions are made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(super) mode: Mode,
    checks: [CheckSettings; Check::ALL.len()],
    pub(super) weights: Weights,
    pub(super) risk: Risk,
    /// Whether an exposure's total has what Odoo does not count.
    pub(super) counts_committed: bool,
}

/// How one check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckSettings {
    pub(super) action: Consequence,
    /// It fails above this …
    pub(super) at: Decimal,
    /// … until it is at or below this.
    pub(super) release: Decimal,
    pub(super) days: u16,
}

/// What follows from a check that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Consequence {
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
                Check::Utilisation => (Consequence::Hold, 100, 95),
                Check::Horizon => (Consequence::Off, 100, 95),
                Check::OldestOpen => (Consequence::Warn, 60, 30),
                Check::OverdueShare => (Consequence::Warn, 50, 25),
                Check::SingleDocument => (Consequence::Off, 50, 50),
                Check::NoPayment => (Consequence::Off, 90, 0),
                Check::ScoreDrop => (Consequence::Warn, 15, 10),
            };
            CheckSettings { action, at: at.into(), release: release.into(), days: 30 }
        };
        Self {
            mode: Mode::default(),
            checks: std::array::from_fn(|index| check(Check::ALL[index])),
            weights: Weights::default(),
            risk: Risk::default(),
            counts_committed: false,
        }
    }
}

/// `automation_rules.config`, as people write it: whatever is left out keeps its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    checks: std::collections::BTreeMap<Check, CheckConfig>,
    #[serde(default)]
    weights: Weights,
    #[serde(default)]
    risk: Risk,
    #[serde(default)]
    counts_committed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckConfig {
    action: Option<Consequence>,
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
        Check::ALL
            .iter()
            .copied()
            .zip(&self.checks)
            .filter(|(_, settings)| settings.action != Consequence::Off)
    }

    /// The settings of a rule; the defaults where there is none.
    ///
    /// # Errors
    /// What cannot be used, and what to write instead.
    pub(crate) fn from_rule(rule: Option<&Rule>) -> Result<Self, String> {
        let mut settings = Self::default();
        let Some(rule) = rule else { return Ok(settings) };
        let (mode, config) = rule.settings::<Config>()?;
        settings.mode = mode;
        for (check, config) in config.checks {
            let settings = &mut settings.checks[check as usize];
            settings.action = config.action.unwrap_or(settings.action);
            settings.at = config.at.unwrap_or(settings.at);
            settings.release = config.release.unwrap_or(settings.release.min(settings.at));
            settings.days = config.days.unwrap_or(settings.days);
            if settings.at > Decimal::from(LARGEST) {
                return Err(format!(
                    "config.checks.{check}: at is {}; it has to be at most {LARGEST}",
                    settings.at
                ));
            }
            if settings.release > settings.at || settings.release < Decimal::ZERO {
                return Err(format!(
                    "config.checks.{check}: release is {}; it has to be from 0 to `at`, which is {}",
                    settings.release, settings.at
                ));
            }
            if settings.days == 0 || settings.days > LONGEST_MEMORY {
                return Err(format!(
                    "config.checks.{check}: days is {}; it has to be from 1 to {LONGEST_MEMORY}",
                    settings.days
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
        settings.counts_committed = config.counts_committed;
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
        Settings::from_rule(Some(&rule))
    }

    #[test]
    fn what_is_left_out_keeps_its_default() {
        let changed =
            settings(json!({ "checks": { "oldest_open": { "action": "hold", "at": 90 } } })).unwrap();
        let oldest = changed.check(Check::OldestOpen);
        assert_eq!((oldest.action, oldest.at, oldest.release), (Consequence::Hold, 90.into(), 30.into()));
        assert_eq!(changed.check(Check::Utilisation), Settings::default().check(Check::Utilisation));
        assert_eq!(settings(json!({})), Ok(Settings::default()));
        assert_eq!(Settings::from_rule(None), Ok(Settings::default()));
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
