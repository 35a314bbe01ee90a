//! What the rule `forecast` / `warn` may change, and the defaults.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use contract::{Mode, Rule};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Holidays that a rule may name.
const MOST_HOLIDAYS: usize = 2_000;

/// How forecasts are made, and when people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How far warnings of shortfalls may go.
    pub mode: Mode,
    /// Below this there is too little, in the currency of the company or the group.
    pub floor: Decimal,
    /// What is different for some companies; the group has the number 0.
    pub floors: BTreeMap<i32, Decimal>,
    /// By how much a balance has to move before it is told; without, by a hundredth of what there is and what is expected.
    pub materiality: Option<Decimal>,
    /// Days on which banks move no money, besides those of the company's country.
    pub holidays: BTreeSet<NaiveDate>,
}

/// `automation_rules.config` besides its mode, as people write it: whatever is left out has its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    floor: Decimal,
    #[serde(default)]
    floors: BTreeMap<i32, Decimal>,
    materiality: Option<Decimal>,
    #[serde(default)]
    holidays: BTreeSet<NaiveDate>,
}

impl Settings {
    /// The settings of a rule; the defaults where there is none.
    ///
    /// # Errors
    /// What cannot be used, and what to write instead.
    pub(super) fn from_rule(rule: Option<&Rule>) -> Result<Self, String> {
        let Some(rule) = rule else { return Ok(Self::default()) };
        let (mode, config) = rule.settings::<Config>()?;
        let Config { floor, floors, materiality, holidays } = config;
        if let Some(materiality) = materiality.filter(|amount| *amount <= Decimal::ZERO) {
            return Err(format!("config.materiality is {materiality}; it has to be above 0"));
        }
        if holidays.len() > MOST_HOLIDAYS {
            return Err(format!("config.holidays are {}; at most {MOST_HOLIDAYS} are used", holidays.len()));
        }
        Ok(Self { mode, floor, floors, materiality, holidays })
    }

    /// Below this a company has too little.
    pub fn floor(&self, company: i32) -> Decimal {
        self.floors.get(&company).copied().unwrap_or(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(config: Value) -> Result<Settings, String> {
        Settings::from_rule(Some(&Rule {
            name: "Warn of shortfalls".into(),
            automation_type: "forecast".into(),
            action_name: "warn".into(),
            enabled: true,
            confidence_threshold: None,
            auto_approve: false,
            config,
        }))
    }

    #[test]
    fn a_company_may_have_a_floor_of_its_own() {
        let settings = settings(json!({ "floor": 5_000, "floors": { "2": "100.50" } })).unwrap();
        assert_eq!(
            (settings.floor(1).to_string(), settings.floor(2).to_string()),
            ("5000".into(), "100.50".into())
        );
        assert_eq!(Settings::from_rule(None).unwrap().floor(1), Decimal::ZERO);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let refused = |config| settings(config).unwrap_err();
        assert!(refused(json!({ "materiality": 0 })).contains("above 0"));
        assert!(refused(json!({ "holidays": ["3 April"] })).starts_with("config: "));
        assert!(refused(json!({ "limit": 7 })).contains("unknown field `limit`"));
    }
}
