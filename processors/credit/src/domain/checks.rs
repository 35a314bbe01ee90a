//! The independent checks and what they look at: docs/credit-decisions.md, "Checks".

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings::CheckSettings;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// How much of the limit is used.
    Utilisation,
    /// The same, without orders that ship later.
    Horizon,
    /// How long the oldest open item is overdue.
    OldestOpen,
    /// How much of what is receivable is long overdue.
    OverdueShare,
    /// How much of the limit one document takes.
    SingleDocument,
    /// How long nothing was paid while something is overdue.
    NoPayment,
    /// How far the credit score fell.
    ScoreDrop,
}

impl Check {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Utilisation,
        Self::Horizon,
        Self::OldestOpen,
        Self::OverdueShare,
        Self::SingleDocument,
        Self::NoPayment,
        Self::ScoreDrop,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Utilisation => "utilisation",
            Self::Horizon => "horizon",
            Self::OldestOpen => "oldest_open",
            Self::OverdueShare => "overdue_share",
            Self::SingleDocument => "single_document",
            Self::NoPayment => "no_payment",
            Self::ScoreDrop => "score_drop",
        }
    }

    /// What its figure counts.
    fn unit(self) -> &'static str {
        match self {
            Self::OldestOpen | Self::NoPayment => "days",
            Self::ScoreDrop => "points",
            Self::Utilisation | Self::Horizon | Self::OverdueShare | Self::SingleDocument => "%",
        }
    }

    /// Its figure in words: "utilisation of the limit".
    fn subject(self) -> &'static str {
        match self {
            Self::Utilisation => "the exposure, as a share of the limit,",
            Self::Horizon => "the exposure without orders that ship later, as a share of the limit,",
            Self::OldestOpen => "the oldest open item's time past its due date",
            Self::OverdueShare => "the share of receivables that is long overdue",
            Self::SingleDocument => "the largest document, as a share of the limit,",
            Self::NoPayment => "the time without a payment",
            Self::ScoreDrop => "the fall of the credit score",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of checks, as a table holds it: names with a comma between them.
pub(super) fn join(checks: &[Check]) -> String {
    checks.iter().map(|check| check.name()).collect::<Vec<_>>().join(",")
}

/// The other way round.
pub(super) fn split(names: &str) -> Vec<Check> {
    Check::ALL.into_iter().filter(|check| names.split(',').any(|name| name == check.name())).collect()
}

/// A document of a customer's that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Document {
    /// Odoo's model.
    pub(super) model: &'static str,
    pub(super) id: i32,
    pub(super) amount: Decimal,
}

/// All that checks look at, of one customer in one company.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Standing {
    pub(super) total: Decimal,
    pub(super) receivable: Decimal,
    pub(super) overdue: Decimal,
    /// The limit that counts, if it is above 0.
    pub(super) limit: Option<Decimal>,
    /// Orders that ship behind the horizon.
    pub(super) ships_later: Decimal,
    pub(super) oldest_due: Option<NaiveDate>,
    /// What is overdue by more than the days of [`Check::OverdueShare`].
    pub(super) long_overdue: Decimal,
    /// What is overdue by more than [`Check::OldestOpen`]'s release: its payment would release.
    pub(super) oldest: Decimal,
    pub(super) largest: Option<Document>,
    pub(super) last_payment: Option<NaiveDate>,
    pub(super) score: Option<Decimal>,
    /// The highest score at the start of the last days.
    pub(super) best_score: Option<Decimal>,
    /// When [`Check::ScoreDrop`] passes, should the score stay as it is.
    pub(super) drop_ends: Option<NaiveDate>,
}

fn percent(part: Decimal, of: Decimal) -> Option<Decimal> {
    part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(of)
}

fn days(from: NaiveDate, to: NaiveDate) -> Decimal {
    Decimal::from((to - from).num_days().max(0))
}

impl Standing {
    /// Takes a document into account.
    pub(super) fn consider(&mut self, document: Document) {
        if self.largest.is_none_or(|largest| document.amount > largest.amount) {
            self.largest = Some(document);
        }
    }

    /// What a check measures; `None` where there is nothing to measure.
    pub(super) fn figure(&self, check: Check, today: NaiveDate) -> Option<Decimal> {
        let overdue = self.overdue > Decimal::ZERO;
        match check {
            Check::Utilisation => percent(self.total, self.limit?),
            Check::Horizon => percent(self.total - self.ships_later, self.limit?),
            Check::OldestOpen => Some(if overdue { days(self.oldest_due?, today) } else { Decimal::ZERO }),
            Check::OverdueShare if self.receivable.is_zero() => None,
            Check::OverdueShare => percent(self.long_overdue, self.receivable),
            Check::SingleDocument => percent(self.largest?.amount, self.limit?),
            Check::NoPayment if !overdue => Some(Decimal::ZERO),
            Check::NoPayment => Some(days(self.last_payment.or(self.oldest_due)?, today)),
            Check::ScoreDrop => Some((self.best_score? - self.score?).max(Decimal::ZERO)),
        }
    }

    /// Whether a check fails, having failed before or not.
    pub(super) fn fails(&self, check: Check, of: &CheckSettings, before: bool, today: NaiveDate) -> bool {
        self.figure(check, today).is_some_and(|figure| figure > of.at || (before && figure > of.release))
    }

    /// The payment that would let a failing check pass, where a payment would.
    pub(super) fn missing(&self, check: Check, of: &CheckSettings) -> Option<Decimal> {
        let share = of.release.checked_div(Decimal::ONE_HUNDRED)?;
        let above = |amount: Decimal| Some(amount - self.limit?.checked_mul(share)?);
        match check {
            Check::Utilisation => above(self.total),
            Check::Horizon => above(self.total - self.ships_later),
            Check::OldestOpen => Some(self.oldest),
            // Paying p of what is long overdue leaves (l - p) of (r - p).
            Check::OverdueShare => (self.long_overdue - share.checked_mul(self.receivable)?)
                .checked_div(Decimal::ONE - share)
                .or(Some(self.long_overdue)),
            Check::SingleDocument => above(self.largest?.amount),
            Check::NoPayment | Check::ScoreDrop => None,
        }
        .filter(|missing| *missing > Decimal::ZERO)
    }

    /// Why a check fails, in a sentence.
    pub(super) fn reason(&self, check: Check, of: &CheckSettings, today: NaiveDate) -> String {
        let figure = self.figure(check, today).unwrap_or_default();
        let (word, threshold) =
            if figure > of.at { ("above", of.at) } else { ("not yet down to", of.release) };
        let figure = figure.round_dp(2).normalize();
        let (subject, unit) = (check.subject(), check.unit());
        let gap = if unit == "%" { "" } else { " " };
        format!("{check}: {subject} is {figure}{gap}{unit}, {word} {threshold}{gap}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Settings;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();

    fn standing() -> Standing {
        Standing {
            total: 1_010.into(),
            receivable: 800.into(),
            overdue: 500.into(),
            limit: Some(1_000.into()),
            ships_later: 210.into(),
            oldest_due: TODAY.checked_sub_days(chrono::Days::new(70)),
            long_overdue: 500.into(),
            oldest: 400.into(),
            largest: Some(Document { model: "account.move.line", id: 1, amount: 600.into() }),
            last_payment: None,
            score: Some(60.into()),
            best_score: Some(80.into()),
            drop_ends: None,
        }
    }

    #[test]
    fn each_check_measures_its_own() {
        let figures = Check::ALL
            .map(|check| standing().figure(check, TODAY).map(|figure| figure.normalize().to_string()));
        let expected = ["101", "80", "70", "62.5", "60", "70", "20"].map(|figure| Some(figure.to_owned()));
        assert_eq!(figures, expected);
    }

    #[test]
    fn without_a_limit_nothing_is_measured_against_it() {
        let standing = Standing { limit: None, ..standing() };
        for check in [Check::Utilisation, Check::Horizon, Check::SingleDocument] {
            assert_eq!(standing.figure(check, TODAY), None);
        }
    }

    #[test]
    fn a_check_that_failed_goes_on_failing_down_to_its_release() {
        let settings = Settings::default();
        let of = settings.check(Check::Utilisation);
        let fails = |total: i64, before| {
            Standing { total: total.into(), ..standing() }.fails(Check::Utilisation, of, before, TODAY)
        };
        assert!(!fails(1_000, false) && fails(1_001, false));
        assert!(fails(951, true) && !fails(950, true) && !fails(951, false));
    }

    #[test]
    fn the_missing_payment_is_what_lets_it_pass() {
        let settings = Settings::default();
        for check in [Check::Utilisation, Check::OverdueShare, Check::OldestOpen] {
            let of = settings.check(check);
            let missing = standing().missing(check, of).unwrap();
            let paid = Standing {
                total: standing().total - missing,
                receivable: standing().receivable - missing,
                long_overdue: standing().long_overdue - missing,
                oldest_due: Some(TODAY),
                ..standing()
            };
            assert!(!paid.fails(check, of, true, TODAY), "{check}: {missing}");
        }
        assert_eq!(standing().missing(Check::ScoreDrop, settings.check(Check::ScoreDrop)), None);
    }
}
