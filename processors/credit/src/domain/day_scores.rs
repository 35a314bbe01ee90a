//! Scores at the start of each day, the latest first, as `day_scores` holds them: hundredths with a comma between them.

use std::borrow::Cow;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::settings::LONGEST_MEMORY;

/// A customer's scores. They stay the text that they are stored as: a day that begins looks at the last of them and adds one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DayScores<'a>(Cow<'a, str>);

impl<'a> DayScores<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(super) fn write(self) -> String {
        self.0.into_owned()
    }

    /// Days begin, the last of them with this score. Nothing is known of those that were passed over.
    pub(super) fn begin(&mut self, days: u16, score: Option<Decimal>) {
        if days == 0 {
            return;
        }
        let mut stored: &str = &self.0;
        let unknown = if stored.is_empty() { 0 } else { usize::from(days.min(LONGEST_MEMORY)) - 1 };
        let entries = stored.split(',').filter(|entry| !entry.is_empty()).count();
        for _ in usize::from(LONGEST_MEMORY)..=entries + unknown {
            stored = stored.rsplit_once(',').map_or("", |(head, _)| head);
        }
        let hundredths = score.and_then(|score| (score * Decimal::ONE_HUNDRED).to_i64());
        let mut text = hundredths.map_or("-".into(), |hundredths| hundredths.to_string());
        text.reserve_exact(2 * unknown + 1 + stored.len());
        (0..unknown).for_each(|_| text.push_str(",-"));
        if !stored.is_empty() {
            text.push(',');
            text.push_str(stored);
        }
        self.0 = Cow::Owned(text);
    }

    /// The highest score at the start of the last `days` days.
    pub(super) fn best(&self, days: u16) -> Option<Decimal> {
        self.last(days).flatten().max().map(|hundredths| Decimal::new(hundredths, 2))
    }

    /// How many days ago a score was last above `threshold`, among the last `days` days.
    pub(super) fn last_above(&self, threshold: Decimal, days: u16) -> Option<usize> {
        let threshold = (threshold * Decimal::ONE_HUNDRED).floor().to_i64()?;
        self.last(days).position(|score| score.is_some_and(|score| score > threshold))
    }

    /// The scores of the last days in hundredths, `None` where there was none.
    fn last(&self, days: u16) -> impl Iterator<Item = Option<i64>> {
        self.0.split(',').take(days.into()).map(|entry| entry.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_survive_their_column_and_drop_what_is_too_old() {
        let mut scores = DayScores::read("8012,-,7950");
        assert_eq!(scores.last(9).collect::<Vec<_>>(), [Some(8_012), None, Some(7_950)]);
        scores.begin(3, Some(Decimal::from(50)));
        assert_eq!(scores.0, "5000,-,-,8012,-,7950");
        scores.begin(400, None);
        assert_eq!(scores.write(), vec!["-"; usize::from(LONGEST_MEMORY)].join(","));
        let mut first = DayScores::read("");
        first.begin(3, Some(Decimal::ONE));
        assert_eq!(first.write(), "100");
    }

    #[test]
    fn the_oldest_day_leaves_a_full_memory() {
        let full = (1..=LONGEST_MEMORY).map(|score| score.to_string()).collect::<Vec<_>>().join(",");
        let mut scores = DayScores::read(&full);
        scores.begin(2, None);
        let stored = (1..=LONGEST_MEMORY - 2).map(|score| score.to_string());
        let expected: Vec<_> = ["-".to_owned(), "-".to_owned()].into_iter().chain(stored).collect();
        assert_eq!(scores.write(), expected.join(","));
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
