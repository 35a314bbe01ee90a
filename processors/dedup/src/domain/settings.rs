//! What the rule `dedup` / `merge` may change, and the defaults.

use std::collections::BTreeSet;

use contract::{Mode, Rule};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::odoo_model::OdooModel;

/// How decisions are made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    /// The probability from which on a group is proposed or merged.
    pub(super) threshold: Decimal,
    /// The Odoo models whose records are compared.
    pub(super) models: BTreeSet<OdooModel>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            threshold: Decimal::new(95, 2),
            models: [OdooModel::Partner, OdooModel::Lead].into_iter().collect(),
        }
    }
}

/// `automation_rules.config` besides its mode, as people write it: whatever is left out has its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    models: Option<BTreeSet<OdooModel>>,
}

impl Settings {
    /// The settings of a rule; the defaults where there is none.
    ///
    /// # Errors
    /// What cannot be used, and what to write instead.
    pub(super) fn from_rule(rule: Option<&Rule>) -> Result<Self, String> {
        let defaults = Self::default();
        let Some(rule) = rule else { return Ok(defaults) };
        let (mode, config) = rule.settings::<Config>()?;
        let threshold = rule.confidence_threshold.unwrap_or(defaults.threshold);
        if threshold < Decimal::new(5, 1) || threshold > Decimal::ONE {
            return Err(format!(
                "confidence_threshold is {threshold}; it has to be a probability from 0.5 to 1"
            ));
        }
        Ok(Self { mode, threshold, models: config.models.unwrap_or(defaults.models) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(threshold: Option<Decimal>, config: Value) -> Result<Settings, String> {
        Settings::from_rule(Some(&Rule {
            name: "Merge duplicates".into(),
            automation_type: "dedup".into(),
            action_name: "merge".into(),
            enabled: true,
            confidence_threshold: threshold,
            auto_approve: false,
            config,
        }))
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(settings(None, json!({})), Ok(Settings::default()));
        assert_eq!(Settings::from_rule(None), Ok(Settings::default()));
        let changed = settings(Some(Decimal::new(99, 2)), json!({ "models": ["product.template"] })).unwrap();
        assert_eq!(changed.threshold, Decimal::new(99, 2));
        assert_eq!(changed.models, [OdooModel::Product].into_iter().collect());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let refused = |threshold, config| settings(threshold, config).unwrap_err();
        assert!(refused(None, json!({ "models": ["res.users"] })).contains("res.users"));
        assert!(refused(None, json!({ "model": [] })).contains("model"));
        assert!(refused(Some(Decimal::new(2, 1)), json!({})).contains("from 0.5 to 1"));
        assert!(refused(None, json!({ "mode": "always" })).contains("always"));
    }
}
