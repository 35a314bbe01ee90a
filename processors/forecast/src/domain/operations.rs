//! What may be otherwise in a scenario.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::{Component, Kind};

/// One thing that is otherwise. Several are applied in their order, each to what the ones before have left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// All documents of a partner move later by so many days, or earlier where they are negative; to the next business day.
    DelayPartner {
        /// The commercial partner.
        partner: i32,
        /// Days, from -180 to 365.
        days: i32,
    },
    /// All that customers owe moves.
    DelayAllReceivables {
        /// Days, from -180 to 365.
        days: i32,
    },
    /// What is expected of a component is so many times as much.
    Scale {
        /// The component.
        component: Component,
        /// From 0 to 100: 1.1 is a tenth more.
        factor: Decimal,
        /// The first day; all where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<NaiveDate>,
        /// The last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<NaiveDate>,
    },
    /// Something else moves.
    Add {
        /// The day.
        date: NaiveDate,
        /// How much, in the scenario's currency: negative where it goes out.
        amount: Decimal,
        /// What it is.
        label: String,
    },
    /// A document is not there.
    Remove {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: i32,
    },
    /// An exchange rate is another one.
    FxRate {
        /// The currency: ISO 4217.
        currency: String,
        /// What one unit of it is worth in the scenario's currency.
        rate: Decimal,
    },
    /// A customer buys nothing any more: what it has ordered, may order, and pays again and again does not come. What is invoiced stays
    /// unless that is said to be lost, too.
    LoseCustomer {
        /// The commercial partner.
        partner: i32,
        /// The first day; from the beginning where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<NaiveDate>,
        /// Whether its open invoices are not paid either.
        #[serde(default)]
        invoices_are_lost: bool,
    },
}

impl Operation {
    /// What is wrong with it by itself.
    ///
    /// # Errors
    /// The field, what it is, and what it has to be.
    pub(super) fn check(&self) -> Result<(), String> {
        let days = |days: i32| match days {
            -180..=-1 | 1..=365 => Ok(()),
            _ => Err(format!("`days` is {days}; it has to be from -180 to 365, and not 0")),
        };
        match self {
            Self::DelayPartner { days: by, .. } | Self::DelayAllReceivables { days: by } => days(*by),
            Self::Scale { factor, from, until, .. } => {
                if !(Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(factor) {
                    return Err(format!("`factor` is {factor}; it has to be from 0 to 100"));
                }
                match from.zip(*until) {
                    Some((from, until)) if from > until => {
                        Err(format!("`from` is {from}, which is after `until`, {until}"))
                    }
                    _ => Ok(()),
                }
            }
            Self::Add { amount, label, .. } => {
                if amount.is_zero() || amount.abs() >= Decimal::from(1_000_000_000_000_i64) {
                    return Err(format!("`amount` is {amount}; it has to be something below 10^12"));
                }
                if label.trim().is_empty() || label.len() > 255 {
                    return Err("`label` has to say in at most 255 bytes what it is".into());
                }
                Ok(())
            }
            Self::FxRate { rate, .. } => {
                if *rate <= Decimal::ZERO || *rate > Decimal::from(1_000_000) {
                    return Err(format!("`rate` is {rate}; it has to be above 0, and at most 10^6"));
                }
                Ok(())
            }
            Self::Remove { .. } | Self::LoseCustomer { .. } => Ok(()),
        }
    }
}
