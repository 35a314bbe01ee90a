//! Which rule a customer keeps: all that there are, laid out on a calendar once, and tried on the payments of each.

use super::runs::Rule;
use crate::calendar::{Calendar, Day};
use crate::numbers::to_f64;

/// Payments that are looked at: habits change.
const PAYMENTS: usize = 60;
/// A rule is none that does not hold for so many of ten payments, …
pub(super) const HOLDS: f64 = 8.5;
/// … and nobody keeps one without exception.
const EXCEPTIONS: f64 = 0.02;
/// With fewer payments nothing is said.
pub(super) const FEWEST: usize = 5;
/// Days of the month of which pairs are tried.
const PAIRED: usize = 8;
/// What it takes to choose a rule among others, as a logarithm: one weekday, every second week or two weekdays, …
const COSTS_OF_WEEKDAYS: [f64; 2] = [3.0, 4.0];
/// … one day of the month, two of them.
const COSTS_OF_DATES: [f64; 2] = [5.0, 8.0];

/// The rules that somebody may keep.
#[derive(Debug)]
pub(super) struct Rules {
    business: Days,
    weekdays: Vec<(Rule, f64, Days)>,
    /// For each day of the month, money that moves after a day that is no business day, and such that moves before it.
    dates: [Vec<(u8, Days)>; 2],
}

impl Rules {
    /// All of them, on the days of a calendar.
    pub(super) fn new(calendar: &Calendar) -> Self {
        let none = || Days::none(calendar);
        let mut business = none();
        let mut weekdays: [Days; 5] = std::array::from_fn(|_| none());
        let mut fortnights: [[Days; 2]; 5] = std::array::from_fn(|_| [none(), none()]);
        let mut dates: [[Days; 31]; 2] = std::array::from_fn(|_| std::array::from_fn(|_| none()));
        for (day, date) in calendar.days() {
            // The days on which money moves that a rule would move on this one.
            let moves = [false, true].map(|is_before| calendar.business(day, is_before));
            let weekday = usize::from(date.weekday);
            if date.is_business {
                business.add(day);
            }
            if let (Some(days), Some(of_weeks)) = (weekdays.get_mut(weekday), fortnights.get_mut(weekday)) {
                days.add(moves[0]);
                of_weeks[usize::from(date.is_odd_week)].add(moves[0]);
            }
            // The 31st is the last day of any month, and so is what a shorter one does not have.
            let named = if date.day == date.last { date.day..=31 } else { date.day..=date.day };
            for (dates, moves) in dates.iter_mut().zip(moves) {
                named.clone().for_each(|number| dates[usize::from(number) - 1].add(moves));
            }
        }
        let [one, two] = COSTS_OF_WEEKDAYS;
        let of = |weekday: u8| &weekdays[usize::from(weekday)];
        let mut candidates = Vec::new();
        for (weekday, of_weeks) in (0..).zip(fortnights) {
            candidates.push((Rule::Weekdays(vec![weekday]), one, of(weekday).clone()));
            let of_weeks = [false, true].into_iter().zip(of_weeks);
            candidates
                .extend(of_weeks.map(|(is_odd, days)| (Rule::Fortnight { weekday, is_odd }, two, days)));
            let pairs = (0..weekday).map(|other| (vec![other, weekday], of(other).with(of(weekday))));
            candidates.extend(pairs.map(|(weekdays, days)| (Rule::Weekdays(weekdays), two, days)));
        }
        Self { business, weekdays: candidates, dates: dates.map(|days| (1..).zip(days).collect()) }
    }

    /// The rule that explains payments best, next to paying on any day: by the likelihood of as many payments on its days, less what it
    /// takes to choose it among others. Payments are in order.
    pub(super) fn kept(&self, payments: &[Day]) -> Rule {
        let recent = &payments[payments.len().saturating_sub(PAYMENTS)..];
        if recent.len() < FEWEST {
            return Rule::Any;
        }
        let (mut best, mut kept) = (0.0, Rule::Any);
        let mut try_out = |days: &Days, cost: f64, rule: &dyn Fn() -> Rule| {
            let score = self.score(days, recent) - cost;
            if score > best {
                (best, kept) = (score, rule());
            }
        };
        for (rule, cost, days) in &self.weekdays {
            try_out(days, *cost, &|| rule.clone());
        }
        let [one, two] = COSTS_OF_DATES;
        for (is_before, dates) in [false, true].into_iter().zip(&self.dates) {
            let rule = |days: Vec<u8>| Rule::Dates { days, is_before };
            let hits = dates.iter().map(|(day, days)| (days.hits(recent), *day, days));
            let mut hits: Vec<(usize, u8, &Days)> = hits.collect();
            hits.sort_unstable_by_key(|(hits, day, _)| std::cmp::Reverse((*hits, *day)));
            let likely = &hits[..PAIRED];
            for (place, (_, day, days)) in likely.iter().enumerate() {
                try_out(days, one, &|| rule(vec![*day]));
                for (_, other, others) in &likely[..place] {
                    let pair = || rule(vec![*other.min(day), *other.max(day)]);
                    try_out(&days.with(others), two, &pair);
                }
            }
        }
        kept
    }

    /// The logarithm of how much likelier days of a rule make the payments than any business day does.
    fn score(&self, runs: &Days, payments: &[Day]) -> f64 {
        let (Some(first), Some(last)) = (payments.first(), payments.last()) else { return f64::MIN };
        let hits = runs.hits(payments);
        let (days, run_days) = (self.business.count(*first, *last), runs.count(*first, *last));
        let [all, hits, days, run_days] = [payments.len(), hits, days, run_days].map(to_f64);
        if hits * 10.0 < all * HOLDS || days < 1.0 {
            return f64::MIN;
        }
        let share = (run_days / days).clamp(0.005, 0.98);
        let exceptions = ((all - hits + 0.5) / (all + 1.0)).clamp(EXCEPTIONS, 0.5);
        hits * ((1.0 - exceptions) / share).ln() + (all - hits) * (exceptions / (1.0 - share)).ln()
    }
}

/// Some days of a calendar, a bit for each.
#[derive(Clone, Debug)]
struct Days {
    first: Day,
    words: Vec<u64>,
}

/// Days that a word has.
const WORD: usize = 64;

impl Days {
    fn none(calendar: &Calendar) -> Self {
        Self { first: calendar.first(), words: vec![0; calendar.len().div_ceil(WORD)] }
    }

    /// Adds a day; one outside of the calendar is none.
    fn add(&mut self, day: Day) {
        let place = usize::try_from(day - self.first);
        if let Some((word, place)) =
            place.ok().and_then(|place| Some((self.words.get_mut(place / WORD)?, place)))
        {
            *word |= 1 << (place % WORD);
        }
    }

    /// These and others of the same calendar.
    fn with(&self, others: &Self) -> Self {
        let words = self.words.iter().zip(&others.words).map(|(these, others)| these | others);
        Self { first: self.first, words: words.collect() }
    }

    fn has(&self, day: Day) -> bool {
        let word = self.words.get(self.place(day) / WORD);
        word.is_some_and(|word| word & (1 << (self.place(day) % WORD)) != 0)
    }

    fn place(&self, day: Day) -> usize {
        usize::try_from(day - self.first).unwrap_or_default()
    }

    /// How many of some days are among them.
    fn hits(&self, days: &[Day]) -> usize {
        days.iter().filter(|day| self.has(**day)).count()
    }

    /// How many there are from one day to another.
    fn count(&self, first: Day, last: Day) -> usize {
        let (first, last) = (self.place(first), self.place(last));
        let within = |number: usize| {
            let from = first.saturating_sub(number * WORD).min(WORD);
            let to = (last + 1).saturating_sub(number * WORD).min(WORD);
            let below = |places: usize| if places == WORD { u64::MAX } else { (1 << places) - 1 };
            below(to) & !below(from)
        };
        let words = self.words.iter().enumerate().map(|(number, word)| word & within(number));
        words.map(|word| usize::try_from(word.count_ones()).unwrap_or_default()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::tests::calendar;
    use super::*;
    use crate::calendar::tests::on;

    /// The first run on or after each of forty days.
    fn payments(rule: &Rule) -> Vec<Day> {
        let runs = rule.runs(&calendar());
        (0..40).map(|number| runs.next(on(2025, 2, 1) + number * 9)).collect()
    }

    #[test]
    fn the_rule_that_somebody_keeps_is_found() {
        for rule in [
            Rule::Weekdays(vec![3]),
            Rule::Weekdays(vec![1, 4]),
            Rule::Fortnight { weekday: 2, is_odd: true },
            Rule::Dates { days: vec![5, 20], is_before: false },
            Rule::Dates { days: vec![15, 31], is_before: true },
            Rule::Dates { days: vec![10], is_before: false },
        ] {
            assert_eq!(Rules::new(&calendar()).kept(&payments(&rule)), rule);
        }
    }

    #[test]
    fn who_pays_on_any_day_keeps_no_rule() {
        let any: Vec<Day> = payments(&Rule::Any);
        assert_eq!(Rules::new(&calendar()).kept(&any), Rule::Any);
        assert_eq!(
            Rules::new(&calendar()).kept(&payments(&Rule::Weekdays(vec![3]))[..4]),
            Rule::Any,
            "too few to tell"
        );
    }

    #[test]
    fn a_rule_that_is_kept_but_for_an_exception_is_one() {
        let mut payments = payments(&Rule::Weekdays(vec![3]));
        payments[7] += 1;
        assert_eq!(Rules::new(&calendar()).kept(&payments), Rule::Weekdays(vec![3]));
    }

    /// The days on which money moves where a rule is kept.
    fn days(rules: &Rules, rule: &Rule) -> Days {
        match rule {
            Rule::Any => rules.business.clone(),
            Rule::Weekdays(_) | Rule::Fortnight { .. } => {
                rules.weekdays.iter().find(|(of, ..)| of == rule).unwrap().2.clone()
            }
            Rule::Dates { days, is_before } => {
                let of = |day: &u8| &rules.dates[usize::from(*is_before)][usize::from(*day) - 1].1;
                days.iter().skip(1).fold(of(&days[0]).clone(), |all, day| all.with(of(day)))
            }
        }
    }

    #[test]
    fn each_rule_has_its_days() {
        let (calendar, rules) = (calendar(), Rules::new(&calendar()));
        let dates = [1, 15, 28, 29, 30, 31]
            .into_iter()
            .flat_map(|day| [false, true].map(|is_before| Rule::Dates { days: vec![day, 31], is_before }));
        for rule in rules.weekdays.iter().map(|(rule, ..)| rule.clone()).chain(dates).chain([Rule::Any]) {
            let (days, runs) = (days(&rules, &rule), rule.runs(&calendar));
            for (day, _) in calendar.days() {
                assert_eq!(days.has(day), runs.is_run(day), "{rule:?} on {day}");
            }
        }
    }

    #[test]
    fn days_are_counted_wherever_they_begin_and_end() {
        let (calendar, rule) = (calendar(), Rule::Weekdays(vec![1, 4]));
        let (days, runs) = (days(&Rules::new(&calendar), &rule), rule.runs(&calendar));
        let first = on(2025, 5, 1);
        for last in first..first + 200 {
            let counted = (first..=last).filter(|day| runs.is_run(*day)).count();
            assert_eq!(days.count(first, last), counted, "up to {last}");
        }
    }
}
