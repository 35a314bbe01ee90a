//! What a rule set lets the automation `credit` / `hold` do: docs/events-and-api.md, "Rules", and processors/credit/decisions.md, "Holds".

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

/// How far the automation may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Off,
    Shadow,
    Suggest,
    Auto,
}

/// A check as it is set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Check {
    pub(super) name: &'static str,
    /// `off`, `warn` or `hold`.
    pub(super) action: String,
    pub(super) at: Decimal,
    pub(super) release: Decimal,
}

/// The rule in force.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// What it may be: more than one where it is not known which rule set is in force.
    pub(super) modes: BTreeSet<Mode>,
    pub(super) checks: Vec<Check>,
    /// Whether figures and scores are computed in the way that the oracle knows.
    pub(super) as_usual: bool,
}

/// The defaults: name, action, at, release.
const CHECKS: [(&str, &str, i64, i64); 7] = [
    ("utilisation", "hold", 100, 95),
    ("horizon", "off", 100, 95),
    ("oldest_open", "warn", 60, 30),
    ("overdue_share", "warn", 50, 25),
    ("single_document", "off", 50, 50),
    ("no_payment", "off", 90, 0),
    ("score_drop", "warn", 15, 10),
];

impl Rule {
    /// What counts before any rule was set.
    pub(super) fn usual() -> Self {
        let check = |(name, action, at, release): (&'static str, &str, i64, i64)| Check {
            name,
            action: action.to_owned(),
            at: at.into(),
            release: release.into(),
        };
        Self { modes: [Mode::Suggest].into(), checks: CHECKS.map(check).into(), as_usual: true }
    }

    /// Where nobody knows what was set before.
    pub(super) fn unknown() -> Self {
        Self {
            modes: [Mode::Off, Mode::Shadow, Mode::Suggest, Mode::Auto].into(),
            as_usual: false,
            ..Self::usual()
        }
    }

    /// The rule in force after a rule set. One that cannot be used leaves things as they were.
    pub(super) fn after(&self, set: &Value) -> Self {
        let rules = set["rules"].as_array().map_or(&[][..], Vec::as_slice);
        let ours =
            rules.iter().find(|rule| rule["automation_type"] == "credit" && rule["action_name"] == "hold");
        let Some(ours) = ours else {
            // Not said anywhere: either nothing changes, or the defaults are back.
            let modes = self.modes.iter().copied().chain([Mode::Suggest]).collect();
            return Self { modes, as_usual: false, ..self.clone() };
        };
        let config = &ours["config"];
        let mode = match (&ours["enabled"], &config["mode"]) {
            (Value::Bool(false), _) => Mode::Off,
            (_, Value::Null) if ours["auto_approve"] == true => Mode::Auto,
            (_, Value::Null) => Mode::Suggest,
            (_, Value::String(text)) => match text.as_str() {
                "off" => Mode::Off,
                "shadow" => Mode::Shadow,
                "suggest" => Mode::Suggest,
                "auto" => Mode::Auto,
                _ => return self.clone(),
            },
            _ => return self.clone(),
        };
        let mut rule = Self { modes: [mode].into(), ..Self::usual() };
        if rule.configure(config).is_none() {
            // It may be one that cannot be used: then the one before stays.
            rule.modes.extend(&self.modes);
            rule.as_usual = false;
        }
        rule
    }

    /// Takes over what is configured. None where it is not plainly something that can be used.
    fn configure(&mut self, config: &Value) -> Option<()> {
        let empty = serde_json::Map::new();
        let config = if config.is_null() { &empty } else { config.as_object()? };
        for (name, value) in config {
            match name.as_str() {
                "mode" => {}
                "checks" => value
                    .as_object()?
                    .iter()
                    .try_for_each(|(check, value)| self.configure_check(check, value))?,
                "weights" | "risk" | "counts_committed" => self.as_usual = false,
                _ => return None,
            }
        }
        Some(())
    }

    fn configure_check(&mut self, name: &str, value: &Value) -> Option<()> {
        let check = self.checks.iter_mut().find(|check| check.name == name)?;
        for (name, value) in value.as_object()? {
            match name.as_str() {
                "action" => {
                    let action = value.as_str().filter(|text| ["off", "warn", "hold"].contains(text))?;
                    action.clone_into(&mut check.action);
                }
                "at" => check.at = value.to_string().parse().ok()?,
                "release" => check.release = value.to_string().parse().ok()?,
                // A figure over other days is not the one that the oracle gives.
                "days" => self.as_usual = false,
                _ => return None,
            }
        }
        (check.release <= check.at).then_some(())
    }

    /// Which checks have to fail, and which may, with these figures: between `release` and `at` it depends on what was before.
    pub(super) fn failing(&self, figure: impl Fn(&str) -> Option<Decimal>) -> BTreeMap<&'static str, bool> {
        let fails = |check: &Check| {
            let figure = figure(check.name).filter(|_| check.action != "off")?;
            (figure > check.release || figure > check.at).then_some((check.name, figure > check.at))
        };
        self.checks.iter().filter_map(fails).collect()
    }

    /// Whether a failing check holds.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check.name == name && check.action == "hold")
    }
}
