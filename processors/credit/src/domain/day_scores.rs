//! Scores at the start of each day, the latest first, as `day_scores` holds them: hundredths with a comma between them.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::settings::LONGEST_MEMORY;

/// A customer's scores; `None` where there was none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DayScores(Vec<Option<Decimal>>);

impl DayScores {
    pub(super) fn read(text: &str) -> Self {
        let score = |text: &str| text.parse::<i64>().ok().map(|hundredths| Decimal::new(hundredths, 2));
        Self(text.split(',').filter(|text| !text.is_empty()).map(score).collect())
    }

    pub(super) fn write(&self) -> String {
        let text = |score: &Option<Decimal>| {
            let hundredths = score.and_then(|score| (score * Decimal::ONE_HUNDRED).to_i64());
            hundredths.map_or("-".into(), |hundredths| hundredths.to_string())
        };
        self.0.iter().map(text).collect::<Vec<_>>().join(",")
    }

    /// So many days begin, the last of them with this score; of those that were passed over nothing is known.
    pub(super) fn begin(&mut self, days: u16, score: Option<Decimal>) {
        if days == 0 {
            return;
        }
        let unknown = if self.0.is_empty() { 0 } else { usize::from(days.min(LONGEST_MEMORY)) - 1 };
        self.0.splice(0..0, std::iter::once(score).chain(std::iter::repeat_n(None, unknown)));
        self.0.truncate(LONGEST_MEMORY.into());
    }

    /// The highest score at the start of the last `days` days.
    pub(super) fn best(&self, days: u16) -> Option<Decimal> {
        self.last(days).iter().flatten().copied().max()
    }

    /// How many days ago a score was last above `threshold`, among the last `days` days.
    pub(super) fn last_above(&self, threshold: Decimal, days: u16) -> Option<usize> {
        self.last(days).iter().position(|score| score.is_some_and(|score| score > threshold))
    }

    fn last(&self, days: u16) -> &[Option<Decimal>] {
        &self.0[..self.0.len().min(days.into())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_survive_their_column_and_forget_what_is_too_old() {
        let mut scores = DayScores::read("8012,-,7950");
        assert_eq!(scores.0, [Some(Decimal::new(8_012, 2)), None, Some(Decimal::new(7_950, 2))]);
        scores.begin(3, Some(Decimal::from(50)));
        assert_eq!(scores.write(), "5000,-,-,8012,-,7950");
        scores.begin(400, None);
        assert_eq!(scores.0.len(), usize::from(LONGEST_MEMORY));
        assert_eq!(DayScores::read("").0, []);
    }

    #[test]
    fn only_the_last_days_are_looked_at() {
        let scores = DayScores::read("5000,7000,-,9000");
        assert_eq!((scores.best(3), scores.best(4)), (Some(Decimal::from(70)), Some(Decimal::from(90))));
        assert_eq!(
            (scores.last_above(Decimal::from(60), 4), scores.last_above(Decimal::from(95), 4)),
            (Some(1), None)
        );
    }
}
