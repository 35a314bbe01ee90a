//! The independent checks: decisions.md, "Checks".

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::position::Position;
use super::settings::CheckSettings;
use crate::store::Check;

impl Check {
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

    /// What it measures; `None` where there is nothing to measure.
    pub(super) fn figure(self, position: &Position, today: NaiveDate) -> Option<Decimal> {
        let overdue = position.overdue > Decimal::ZERO;
        match self {
            Self::Utilisation => percent(position.total, position.limit?),
            Self::Horizon => percent(position.total - position.ships_later, position.limit?),
            Self::OldestOpen => Some(if overdue { days(position.oldest_due?, today) } else { Decimal::ZERO }),
            Self::OverdueShare if position.receivable.is_zero() => None,
            Self::OverdueShare => percent(position.long_overdue, position.receivable),
            Self::SingleDocument => percent(position.largest?.amount, position.limit?),
            Self::NoPayment if !overdue => Some(Decimal::ZERO),
            Self::NoPayment => Some(days(position.last_payment.or(position.oldest_due)?, today)),
            Self::ScoreDrop => Some((position.best_score? - position.score?).max(Decimal::ZERO)),
        }
    }

    /// Whether it fails, having failed before or not.
    pub(super) fn fails(
        self,
        position: &Position,
        settings: &CheckSettings,
        before: bool,
        today: NaiveDate,
    ) -> bool {
        self.figure(position, today)
            .is_some_and(|figure| figure > settings.at || (before && figure > settings.release))
    }

    /// The payment that would let it pass, where a payment would.
    pub(super) fn missing(self, position: &Position, settings: &CheckSettings) -> Option<Decimal> {
        let share = settings.release.checked_div(Decimal::ONE_HUNDRED)?;
        let above = |amount: Decimal| Some(amount - position.limit?.checked_mul(share)?);
        match self {
            Self::Utilisation => above(position.total),
            Self::Horizon => above(position.total - position.ships_later),
            Self::OldestOpen => Some(position.oldest),
            // Paying p of what is long overdue leaves (l - p) of (r - p).
            Self::OverdueShare => (position.long_overdue - share.checked_mul(position.receivable)?)
                .checked_div(Decimal::ONE - share)
                .or(Some(position.long_overdue)),
            Self::SingleDocument => above(position.largest?.amount),
            Self::NoPayment | Self::ScoreDrop => None,
        }
        .filter(|missing| *missing > Decimal::ZERO)
    }

    /// Why it fails, in a sentence.
    pub(super) fn reason(self, position: &Position, settings: &CheckSettings, today: NaiveDate) -> String {
        let figure = self.figure(position, today).unwrap_or_default();
        let (word, threshold) =
            if figure > settings.at { ("above", settings.at) } else { ("not yet down to", settings.release) };
        let figure = figure.round_dp(2).normalize();
        let (subject, unit) = (self.subject(), self.unit());
        let gap = if unit == "%" { "" } else { " " };
        format!("{self}: {subject} is {figure}{gap}{unit}, {word} {threshold}{gap}{unit}")
    }
}

fn percent(part: Decimal, of: Decimal) -> Option<Decimal> {
    part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(of)
}

fn days(from: NaiveDate, to: NaiveDate) -> Decimal {
    Decimal::from((to - from).num_days().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::position::Document;
    use crate::domain::settings::Settings;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();

    fn position() -> Position {
        Position {
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
            .iter()
            .map(|check| check.figure(&position(), TODAY).map(|figure| figure.normalize().to_string()));
        let expected = ["101", "80", "70", "62.5", "60", "70", "20"].map(|figure| Some(figure.to_owned()));
        assert_eq!(figures.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_a_limit_nothing_is_measured_against_it() {
        let position = Position { limit: None, ..position() };
        for check in [Check::Utilisation, Check::Horizon, Check::SingleDocument] {
            assert_eq!(check.figure(&position, TODAY), None);
        }
    }

    #[test]
    fn a_check_that_failed_goes_on_failing_down_to_its_release() {
        let settings = Settings::default();
        let settings = settings.check(Check::Utilisation);
        let fails = |total: i64, before| {
            let position = Position { total: total.into(), ..position() };
            Check::Utilisation.fails(&position, settings, before, TODAY)
        };
        assert!(!fails(1_000, false) && fails(1_001, false));
        assert!(fails(951, true) && !fails(950, true) && !fails(951, false));
    }

    #[test]
    fn the_missing_payment_is_what_lets_it_pass() {
        let settings = Settings::default();
        for check in [Check::Utilisation, Check::OverdueShare, Check::OldestOpen] {
            let settings = settings.check(check);
            let missing = check.missing(&position(), settings).unwrap();
            let paid = Position {
                total: position().total - missing,
                receivable: position().receivable - missing,
                long_overdue: position().long_overdue - missing,
                oldest_due: Some(TODAY),
                ..position()
            };
            assert!(!check.fails(&paid, settings, true, TODAY), "{check}: {missing}");
        }
        assert_eq!(Check::ScoreDrop.missing(&position(), settings.check(Check::ScoreDrop)), None);
    }
}
