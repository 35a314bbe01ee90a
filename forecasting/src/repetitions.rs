//! Payments that come again: the rent on the 10th, wages on the last business day, 200 each Monday.
//!
//! A cadence is one that explains the payments of a series, each within a few days but for a few exceptions, and each time with one payment.
//! It has ended when two payments in a row did not come; one that is missing once is not expected later. Where all payments of a partner
//! are no series, those of one amount may be one, or several: wages in the middle and at the end of the month.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, Day, date};
use crate::numbers::to_f64;

/// Payments that have to be seen.
const FEWEST: usize = 3;
/// Payments that are looked at: habits change.
const MOST: usize = 60;
/// Payments that have to be seen where amounts vary.
const FEWEST_VARYING: usize = 6;
/// Payments that an amount is told from.
const AMOUNTS: usize = 12;
/// Amounts that differ by less than this share are the same.
const SAME: f64 = 0.02;
/// Amounts that deviate by more than this share of their mean are no series.
const VARIES: f64 = 0.30;
/// So much of what is looked at has to be explained: payments by their days, amounts by prices.
const EXPLAINED: f64 = 0.8;
/// Of payments, as a share of those that came, so many may be missing.
const MISSING: f64 = 0.17;
/// The days of a cadence are told by so many of the last payments: the last one may be an exception, …
const ANCHORS: usize = 3;
/// … but not where a cadence costs no more than this.
const WELL: f64 = 0.7;
/// Amounts that are tried by themselves where a series has others in between.
const APART: usize = 5;
/// Series that payments of one amount may be.
const AT_ONCE: usize = 4;

/// A payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The day on which it moved.
    pub day: Day,
    /// How much, in the smallest unit of its currency; negative where it went out.
    pub amount: i64,
}

/// When payments come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cadence {
    /// On a weekday every so many weeks: on the next business day where it is none.
    Weeks {
        /// How many weeks are between two.
        every: i32,
        /// One of the days.
        on: Day,
    },
    /// On a day of the month every so many months.
    Months {
        /// How many months are between two.
        every: i32,
        /// One of the months, counted from the year 0.
        month: i32,
        /// The day, of which 31 is the last one of any month.
        day: u32,
        /// Whether the money moves before a day that is no business day, not after it.
        is_before: bool,
    },
}

/// A series of payments that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// When they come.
    pub cadence: Cadence,
    /// How much is expected of each.
    pub amount: i64,
    /// By how much they deviate from that; 0 where all are the same.
    pub deviation: i64,
    /// The day of the last one.
    pub last: Day,
    /// How many were seen.
    pub seen: usize,
    /// The number of the one that is expected next.
    next: i32,
}

impl Repetition {
    /// The days after `today` and up to `until` on which it is expected.
    pub fn days(&self, calendar: &Calendar, today: Day, until: Day) -> Vec<Day> {
        let all = (self.next..).map(|number| self.cadence.on(number, calendar));
        all.take_while(|day| *day <= until).filter(|day| *day > today).collect()
    }
}

impl Cadence {
    /// Days between two of its days, about.
    pub fn period(self) -> i32 {
        match self {
            Self::Weeks { every, .. } => 7 * every,
            Self::Months { every, .. } => 30 * every,
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Weeks { every, on } => {
                let weekday = date(on).format("%A");
                if every == 1 {
                    format!("each {weekday}")
                } else {
                    format!("a {weekday} every {every} weeks")
                }
            }
            Self::Months { every, day, is_before, .. } => {
                let day = if day == 31 { "on the last day".to_owned() } else { format!("on the {day}.") };
                let day = if is_before { format!("{day} or the business day before it") } else { day };
                if every == 1 {
                    format!("{day} of each month")
                } else {
                    format!("{day} every {every} months")
                }
            }
        }
    }

    /// How far a payment may be from its day.
    fn tolerance(self) -> i32 {
        match self {
            Self::Weeks { every, .. } => every,
            Self::Months { every, .. } => (3 + every).min(15),
        }
    }

    /// The day with a number, which is 0 for the one that it is described by.
    fn on(self, number: i32, calendar: &Calendar) -> Day {
        match self {
            Self::Weeks { every, on } => calendar.business(on + 7 * every * number, false),
            Self::Months { every, month, day, is_before } => {
                calendar.business(in_month(month + every * number, day), is_before)
            }
        }
    }

    /// The number of the day that is nearest to another.
    fn nearest(self, to: Day, calendar: &Calendar) -> i32 {
        let guess = match self {
            Self::Weeks { every, on } => (to - on).div_euclid(7 * every),
            Self::Months { every, month, .. } => (month_of(to) - month).div_euclid(every),
        };
        let distance = |number: &i32| (self.on(*number, calendar) - to).abs();
        (guess - 1..=guess + 1).min_by_key(distance).unwrap_or(guess)
    }
}

fn month_of(day: Day) -> i32 {
    let date = date(day);
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default()
}

/// A day of a month, or its last one.
fn in_month(month: i32, day: u32) -> Day {
    let (year, number) = (month.div_euclid(12), u32::try_from(month.rem_euclid(12) + 1).unwrap_or(1));
    let first = NaiveDate::from_ymd_opt(year, number, 1).unwrap_or_default();
    let last = u32::from(first.num_days_in_month());
    crate::calendar::day(first) + i32::try_from(day.clamp(1, last)).unwrap_or(1) - 1
}

/// The series among payments of one partner in one direction, in the order of their days, that go on after `today`: one that all of them
/// are, or those of single amounts.
pub fn find(flows: &[Flow], calendar: &Calendar, today: Day) -> Vec<Repetition> {
    let days = by_day(flows);
    let whole = || series(&days, calendar).into_iter().collect::<Vec<_>>();
    // Where two came on one day, they may be of two series.
    let is_one_each = days.len() == flows.len();
    let mut found = if is_one_each { whole() } else { Vec::new() };
    if found.is_empty() {
        found = by_amount(flows, calendar);
    }
    if found.is_empty() && !is_one_each {
        found = whole();
    }
    found.retain(|one| !one.has_ended(calendar, today));
    found
}

/// The series of which each has one amount.
fn by_amount(flows: &[Flow], calendar: &Calendar) -> Vec<Repetition> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for flow in flows {
        *counts.entry(flow.amount).or_default() += 1;
    }
    let mut amounts: Vec<(usize, i64)> = counts.into_iter().map(|(amount, count)| (count, amount)).collect();
    amounts.retain(|(count, _)| *count >= FEWEST);
    amounts.sort_unstable_by_key(|of| std::cmp::Reverse(*of));
    let alike = |amount: i64| flows.iter().filter(|flow| flow.amount == amount).copied().collect();
    amounts.into_iter().take(APART).flat_map(|(_, amount)| at_once(alike(amount), calendar)).collect()
}

/// The series that payments of one amount are: one of all of them, or several at the same time, such as on the 10th and on the 20th; none
/// where too many are left over.
fn at_once(mut flows: Vec<Flow>, calendar: &Calendar) -> Vec<Repetition> {
    let flows = flows.split_off(flows.len().saturating_sub(MOST * AT_ONCE));
    if let Some(one) = series(&flows, calendar) {
        return vec![one];
    }
    let all = to_f64(flows.len());
    let (mut rest, mut found) = (flows, Vec::new());
    while rest.len() >= FEWEST && found.len() < AT_ONCE {
        let parts = anchors(&rest).flat_map(|anchor| around(anchor, |_| true)).filter_map(|cadence| {
            let (of, others) = part(cadence, &rest, calendar);
            let cost = cost(cadence, &of, calendar)?;
            Some((of.len(), cost, cadence, of, others))
        });
        // The one that explains most of them, and of those the one that does it best.
        let best = parts.max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let Some((_, _, cadence, of, others)) = best else { break };
        found.extend(repetition(cadence, &of, calendar));
        rest = others;
    }
    let left = to_f64(rest.len());
    if found.len() > 1 && left <= (1.0 - EXPLAINED) * all { found } else { Vec::new() }
}

/// The payments that are on the days of a cadence, one on each, and the others.
fn part(cadence: Cadence, flows: &[Flow], calendar: &Calendar) -> (Vec<Flow>, Vec<Flow>) {
    let mut nearest: BTreeMap<i32, (i32, usize)> = BTreeMap::new();
    for (place, flow) in flows.iter().enumerate() {
        let number = cadence.nearest(flow.day, calendar);
        let distance = (cadence.on(number, calendar) - flow.day).abs();
        if distance <= cadence.tolerance() {
            let of = nearest.entry(number).or_insert((distance, place));
            *of = (*of).min((distance, place));
        }
    }
    let is_one: BTreeSet<usize> = nearest.into_values().map(|(_, place)| place).collect();
    let (of, others): (Vec<_>, Vec<_>) =
        flows.iter().enumerate().partition(|(place, _)| is_one.contains(place));
    let flows = |of: Vec<(usize, &Flow)>| of.into_iter().map(|(_, flow)| *flow).collect();
    (flows(of), flows(others))
}

/// Payments of one day are one.
fn by_day(flows: &[Flow]) -> Vec<Flow> {
    let mut days: Vec<Flow> = Vec::new();
    for flow in flows {
        match days.last_mut() {
            Some(last) if last.day == flow.day => last.amount = last.amount.saturating_add(flow.amount),
            _ => days.push(*flow),
        }
    }
    days
}

/// The series that all payments are; `None` where their days or their amounts have no pattern.
fn series(flows: &[Flow], calendar: &Calendar) -> Option<Repetition> {
    let flows = &flows[flows.len().saturating_sub(MOST)..];
    if flows.len() < FEWEST {
        return None;
    }
    let mut best: Option<(f64, Cadence)> = None;
    for anchor in anchors(flows) {
        let known = around(anchor, |period| lasts(flows, period))
            .filter_map(|cadence| Some((cost(cadence, flows, calendar)?, cadence)));
        best = best.into_iter().chain(known).min_by(|a, b| a.0.total_cmp(&b.0));
        if best.is_some_and(|(cost, _)| cost <= WELL) {
            break;
        }
    }
    repetition(best?.1, flows, calendar)
}

/// The series with a cadence; `None` where amounts have no pattern.
fn repetition(cadence: Cadence, flows: &[Flow], calendar: &Calendar) -> Option<Repetition> {
    let last = flows.last()?.day;
    let (amount, deviation) = amount(flows)?;
    let next = cadence.nearest(last, calendar) + 1;
    Some(Repetition { cadence, amount, deviation, last, seen: flows.len(), next })
}

impl Repetition {
    /// Whether two payments in a row have not come.
    fn has_ended(&self, calendar: &Calendar, today: Day) -> bool {
        let grace = self.cadence.tolerance();
        self.cadence.on(self.next + 1, calendar) + grace <= today
    }
}

/// The days by which cadences are told, the latest first.
fn anchors(flows: &[Flow]) -> impl Iterator<Item = Day> + '_ {
    flows.iter().rev().take(ANCHORS).map(|flow| flow.day)
}

/// Whether payments last about as long as so many would that are a period apart, a few of which are missing.
fn lasts(flows: &[Flow], period: i32) -> bool {
    let (Some(first), Some(last)) = (flows.first(), flows.last()) else { return false };
    let (span, period) = (f64::from(last.day - first.day), f64::from(period));
    let periods = to_f64(flows.len() - 1);
    let missing = MISSING * to_f64(flows.len());
    // The first or the last one may be an exception.
    (periods - 1.0) * period <= span && span <= (periods + missing + 1.0) * period
}

/// The cadences that payments near to a day may have, of periods that may be theirs; of those that explain them as well as each other the
/// first is meant.
fn around(anchor: Day, may_be: impl Fn(i32) -> bool) -> impl Iterator<Item = Cadence> {
    let weeks: Vec<i32> = [1, 2, 3, 4].into_iter().filter(|every| may_be(7 * every)).collect();
    let months: Vec<i32> = [1, 2, 3, 6, 12].into_iter().filter(|every| may_be(30 * every)).collect();
    let weeks = weeks
        .into_iter()
        .flat_map(move |every| (-2..=2).map(move |by| Cadence::Weeks { every, on: anchor + by }));
    let weeks =
        weeks.filter(|cadence| matches!(cadence, Cadence::Weeks { on, .. } if (on + 3).rem_euclid(7) < 5));
    let months = months.into_iter().flat_map(move |every| {
        [false, true].into_iter().flat_map(move |is_before| {
            (1..=31_u32).flat_map(move |day| {
                (-1..=1).map(move |by| Cadence::Months {
                    every,
                    month: month_of(anchor) + by,
                    day,
                    is_before,
                })
            })
        })
    });
    let near = months.filter(move |cadence| match cadence {
        Cadence::Months { month, day, .. } => (in_month(*month, *day) - anchor).abs() <= 6,
        Cadence::Weeks { .. } => true,
    });
    weeks.chain(near)
}

/// How badly a cadence explains payments: days between each and its day on average, and more where one is missing or is an exception; `None`
/// where it does not explain them.
fn cost(cadence: Cadence, flows: &[Flow], calendar: &Calendar) -> Option<f64> {
    let count = to_f64(flows.len());
    let share = |of: i32| f64::from(of) / count;
    let (mut before, mut off, mut missing, mut exceptions) = (None, 0, 0, 0);
    for flow in flows {
        let number = cadence.nearest(flow.day, calendar);
        let skipped = before.map_or(0, |before: i32| number - before - 1);
        let distance = (cadence.on(number, calendar) - flow.day).abs();
        let is_exception = distance > cadence.tolerance();
        missing += skipped;
        exceptions += i32::from(is_exception);
        off += if is_exception { 0 } else { distance };
        // Each day has one payment, and it is no series of which many are missing, or came when nobody expected them.
        if skipped < 0 || share(missing) > MISSING || share(exceptions) > 1.0 - EXPLAINED {
            return None;
        }
        before = Some(number);
    }
    // Three payments that are about a month apart are no series yet.
    let is_close = share(off) <= if flows.len() > FEWEST { 2.0 } else { 0.7 };
    is_close.then_some(share(off) + 6.0 * share(missing) + 10.0 * share(exceptions))
}

/// What is expected of the next payment, and how far off that may be; `None` where the amounts are not alike.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "amounts of money in cents")]
fn amount(flows: &[Flow]) -> Option<(i64, i64)> {
    let recent: Vec<f64> = flows.iter().rev().take(AMOUNTS).map(|flow| flow.amount as f64).collect();
    if let Some(price) = price(&recent) {
        let same: Vec<f64> = recent.iter().copied().filter(|amount| is_same(*amount, price)).collect();
        return Some((price as i64, deviation(&same).1.round() as i64));
    }
    let (mean, deviation) = deviation(&recent);
    (recent.len() >= FEWEST_VARYING && deviation <= VARIES * mean.abs())
        .then_some((mean.round() as i64, deviation.round() as i64))
}

/// The price that holds, of amounts with the latest first: the latest that was asked twice in a row, where nearly all are prices. One that
/// was raised counts from the second time on, and what came once does not.
fn price(recent: &[f64]) -> Option<f64> {
    let times = |price: f64| recent.iter().filter(|amount| is_same(**amount, price)).count();
    let of_prices = recent.iter().filter(|amount| times(**amount) > 1).count();
    let explained = to_f64(of_prices) / to_f64(recent.len());
    let twice = recent.windows(2).find(|pair| is_same(pair[0], pair[1]))?;
    (explained >= EXPLAINED && of_prices >= FEWEST).then_some(twice[0])
}

fn is_same(amount: f64, price: f64) -> bool {
    (amount - price).abs() <= SAME * price.abs()
}

fn deviation(values: &[f64]) -> (f64, f64) {
    let count = to_f64(values.len());
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::on;

    fn calendar() -> Calendar {
        Calendar::new(on(2024, 1, 1), on(2028, 12, 31), &BTreeSet::new())
    }

    fn flows(days: &[Day], amount: i64) -> Vec<Flow> {
        days.iter().map(|day| Flow { day: *day, amount }).collect()
    }

    /// The days after `today` within half a year, of the only series.
    fn expected(flows: &[Flow], today: Day) -> Vec<(i64, String)> {
        let found = find(flows, &calendar(), today);
        let all = found.iter().flat_map(|one| {
            one.days(&calendar(), today, today + 181)
                .into_iter()
                .map(|day| (one.amount, date(day).to_string()))
        });
        all.collect()
    }

    fn monthly(number: u32, from: (i32, u32), count: u32) -> Vec<Day> {
        let first = month_of(on(from.0, from.1, 1));
        let months = (0..count).map(|n| first + i32::try_from(n).unwrap());
        months.map(|month| calendar().business(in_month(month, number), false)).collect()
    }

    const F: (i32, u32, u32) = (2026, 3, 4);

    fn today() -> Day {
        on(F.0, F.1, F.2)
    }

    /// Case 1 of public reports.
    #[test]
    fn rent_on_the_tenth_or_the_next_business_day() {
        let rent = flows(&monthly(10, (2025, 3), 12), -150_000);
        let next: Vec<_> = expected(&rent, today()).into_iter().take(3).collect();
        assert_eq!(
            next,
            [
                (-150_000, "2026-03-10".into()),
                (-150_000, "2026-04-10".into()),
                (-150_000, "2026-05-11".into())
            ]
        );
    }

    /// Case 2: nothing on the 5th of January, the 3rd of February and the 3rd of March.
    #[test]
    fn what_was_missing_twice_has_ended() {
        let paid = flows(&monthly(3, (2025, 2), 11), -30_000);
        assert_eq!(expected(&paid, today()), []);
        assert_ne!(expected(&paid, on(2026, 2, 4)), [], "once may be a mistake");
        assert_eq!(
            expected(&paid, on(2026, 2, 4))[0].1,
            "2026-03-03",
            "and what is missing is not expected tomorrow"
        );
    }

    /// Case 15: the last business day, and the balance falls on the 29th of May because the 31st is a Sunday.
    #[test]
    fn wages_on_the_last_business_day() {
        let days = [
            on(2025, 9, 30),
            on(2025, 10, 31),
            on(2025, 11, 28),
            on(2025, 12, 31),
            on(2026, 1, 30),
            on(2026, 2, 27),
        ];
        let next: Vec<String> =
            expected(&flows(&days, -1_200_000), today()).into_iter().take(3).map(|of| of.1).collect();
        assert_eq!(next, ["2026-03-31", "2026-04-30", "2026-05-29"]);
    }

    /// Case 16: the last day of each month, next business day if that is none, in a leap year.
    #[test]
    fn the_last_day_of_february_in_a_leap_year() {
        let days = [
            on(2027, 8, 31),
            on(2027, 9, 30),
            on(2027, 11, 1),
            on(2027, 11, 30),
            on(2027, 12, 31),
            on(2028, 1, 31),
        ];
        let next: Vec<String> =
            expected(&flows(&days, -9_000), on(2028, 2, 1)).into_iter().take(3).map(|of| of.1).collect();
        assert_eq!(next, ["2028-02-29", "2028-03-31", "2028-05-01"]);
    }

    /// Case 23: what has moved in this month does not move again.
    #[test]
    fn each_monday() {
        let mondays: Vec<Day> = (0..26).map(|week| on(2026, 3, 2) - 7 * (25 - week)).collect();
        let next: Vec<String> =
            expected(&flows(&mondays, -20_000), today()).into_iter().take(4).map(|of| of.1).collect();
        assert_eq!(next, ["2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]);
    }

    #[test]
    fn other_cadences_are_told_apart() {
        let every = |step: i32| flows(&(0..7).map(|n| on(2025, 8, 5) + step * n).collect::<Vec<_>>(), -100);
        let words = |flows: &[Flow], today: Day| {
            find(flows, &calendar(), today).first().map(|one| one.cadence.words())
        };
        assert_eq!(words(&every(14), on(2025, 11, 2)), Some("a Tuesday every 2 weeks".into()));
        let quarters = flows(&[on(2025, 1, 15), on(2025, 4, 15), on(2025, 7, 15), on(2025, 10, 15)], -500);
        assert_eq!(words(&quarters, on(2025, 11, 2)), Some("on the 15. every 3 months".into()));
        let years = flows(&[on(2024, 2, 1), on(2025, 2, 3), on(2026, 2, 2)], -900);
        assert_eq!(words(&years, today()), Some("on the 1. every 12 months".into()));
        let halves = flows(&[on(2024, 2, 1), on(2024, 8, 1), on(2025, 2, 3), on(2025, 8, 1)], -900);
        assert_eq!(words(&halves, on(2026, 1, 4)), Some("on the 1. every 6 months".into()));
        assert_eq!(words(&every(21), on(2025, 12, 20)), Some("a Tuesday every 3 weeks".into()));
    }

    #[test]
    fn a_price_that_was_raised_stays_raised_from_the_second_time_on() {
        let raised = |times: usize| {
            let mut rent = flows(&monthly(10, (2025, 3), 12), -150_000);
            for flow in rent.iter_mut().rev().take(times) {
                flow.amount = -160_000;
            }
            expected(&rent, today())[0].0
        };
        assert_eq!([0, 1, 2, 3, 11].map(raised), [-150_000, -150_000, -160_000, -160_000, -160_000]);
    }

    #[test]
    fn what_came_once_besides_or_instead_does_not_come_again() {
        let mut bonus = flows(&monthly(10, (2025, 3), 12), -150_000);
        bonus[9].amount = -300_000;
        assert_eq!(expected(&bonus, today())[0], (-150_000, "2026-03-10".into()));
        let mut repairs = flows(&monthly(10, (2025, 3), 12), -150_000);
        repairs.push(Flow { day: on(2026, 2, 10), amount: -40_000 });
        assert_eq!(expected(&repairs, today())[0], (-150_000, "2026-03-10".into()));
    }

    #[test]
    fn a_payment_on_another_day_is_an_exception() {
        for early in [0, 5, 11] {
            let mut wages = flows(&monthly(25, (2025, 3), 12), -150_000);
            wages[early].day -= 9;
            assert_eq!(expected(&wages, today())[0].1, "2026-03-25", "the {early}th was early");
        }
        let mut wages = flows(&monthly(25, (2025, 3), 12), -150_000);
        for late in [0, 4, 5] {
            wages[late].day += 9;
        }
        assert!(find(&wages, &calendar(), today()).is_empty(), "too many");
    }

    #[test]
    fn one_amount_may_come_on_several_days() {
        let both = |one: u32, other: u32| {
            let mut days = monthly(one, (2025, 3), 12);
            days.extend(monthly(other, (2025, 3), 12));
            days.sort_unstable();
            let all = expected(&flows(&days, -8_000), today());
            let mut days: Vec<String> = all.into_iter().map(|of| of.1).collect();
            days.sort_unstable();
            days.truncate(4);
            days
        };
        assert_eq!(both(10, 12), ["2026-03-10", "2026-03-12", "2026-04-10", "2026-04-13"]);
        assert_eq!(both(15, 31), ["2026-03-16", "2026-03-31", "2026-04-15", "2026-04-30"]);
        assert_eq!(both(15, 15), ["2026-03-16", "2026-03-16", "2026-04-15", "2026-04-15"]);
    }

    #[test]
    fn amounts_that_vary_are_expected_as_their_mean_and_wild_ones_not_at_all() {
        let vary = |by: i64| {
            let mut power = flows(&monthly(10, (2025, 3), 12), -100_000);
            (0..).zip(power.iter_mut()).for_each(|(n, flow)| flow.amount += by * (n % 3 - 1) + n);
            find(&power, &calendar(), today())
        };
        assert_eq!((vary(10_000)[0].amount, vary(10_000)[0].deviation), (-99_995, 8_166));
        assert!(vary(60_000).is_empty());
    }

    /// Three invoices that a customer has paid a month apart are no series.
    #[test]
    fn few_payments_of_various_amounts_are_none() {
        let days = [on(2025, 12, 19), on(2026, 1, 23), on(2026, 2, 20)];
        let flows =
            days.into_iter().zip([238_000, 174_000, 310_500]).map(|(day, amount)| Flow { day, amount });
        assert!(find(&flows.collect::<Vec<_>>(), &calendar(), today()).is_empty());
    }

    #[test]
    fn a_series_among_other_payments_is_found_by_its_amount() {
        let mut all = flows(&monthly(10, (2025, 3), 12), -150_000);
        all.extend(flows(&[on(2025, 5, 3), on(2025, 5, 27), on(2025, 12, 2)], -40_000));
        all.sort_unstable_by_key(|flow| flow.day);
        assert_eq!(expected(&all, today())[0], (-150_000, "2026-03-10".into()));
    }

    #[test]
    fn payments_without_a_pattern_are_no_series() {
        let days = [3, 20, 31, 75, 80, 117, 160, 171, 230].map(|after| on(2025, 6, 2) + after);
        assert!(find(&flows(&days, -100), &calendar(), today()).is_empty());
        assert!(find(&flows(&days[..2], -100), &calendar(), today()).is_empty());
        assert!(find(&[], &calendar(), today()).is_empty());
    }
}
