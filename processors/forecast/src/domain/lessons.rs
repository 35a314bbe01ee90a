//! What was learned of how long things take in a company: until invoices are paid, orders are invoiced, opportunities are won.

use std::collections::{BTreeMap, BTreeSet};

use forecasting::calendar::{Calendar, Day, day};
use forecasting::holidays;
use forecasting::receivables::{Forecaster, Habits, Invoice};
use forecasting::wins::{Closed, Wins};

use super::grid::SLOTS;
use super::state::State;
use crate::store::{Component, History, Story};

/// Days that are looked ahead for things that lead to an invoice.
const AHEAD: usize = 181;
/// Into how many days the times of such things are put together.
const POINTS: usize = 5;
/// What is known of all counts as much as so many discounts of a customer, …
const OF_ALL: f64 = 3.0;
/// … and what is assumed of all, half of which are taken, as much as so many.
const ASSUMED: f64 = 0.2;
/// Days after a discount's last one on which it is still given.
const GRACE: Day = 2;
/// Years of holidays before and after today.
const YEARS: i32 = 4;

/// What was learned of a company.
#[derive(Debug)]
pub(super) struct Lessons {
    today: Day,
    pub(super) calendar: Calendar,
    pub(super) receivables: Forecaster,
    pub(super) payables: Forecaster,
    sales: Forecaster,
    purchases: Forecaster,
    leads: Forecaster,
    wins: Wins,
    /// Days from issue until due that are usual: with customers, with suppliers.
    terms: [Terms; 2],
    /// How often discounts were taken, and how often they could be, by partner: of customers, and by us.
    discounts: [BTreeMap<i32, (f64, f64)>; 2],
    /// Days for which opportunities are open that are won.
    open_for: i32,
}

#[derive(Debug, Default)]
struct Terms {
    of_partners: BTreeMap<i32, i32>,
    usual: i32,
}

impl Terms {
    fn of<'h>(rows: impl Iterator<Item = &'h History>) -> Self {
        let mut of_partners: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        let mut all = Vec::new();
        for row in rows {
            let days = day(row.due) - day(row.begun);
            of_partners.entry(row.partner_id).or_default().push(days);
            all.push(days);
        }
        let of_partners = of_partners.into_iter().map(|(partner, days)| (partner, median(days)));
        Self { of_partners: of_partners.collect(), usual: median(all) }
    }

    fn get(&self, partner: Option<i32>) -> i32 {
        partner.and_then(|partner| self.of_partners.get(&partner)).copied().unwrap_or(self.usual)
    }
}

fn median(mut days: Vec<i32>) -> i32 {
    days.sort_unstable();
    days.get(days.len() / 2).copied().unwrap_or_default()
}

impl Lessons {
    /// From what was known of a company at the beginning of a day, in order.
    pub(super) fn of(rows: &[&History], today: Day, holidays: &BTreeSet<Day>) -> Self {
        let of = |story: Story| rows.iter().copied().filter(move |row| row.story == story);
        let fit = |story: Story, habits| {
            // When opportunities are won, those say that were.
            let counts = |row: &&History| story != Story::Lead || row.done.is_some() && row.lost_at.is_none();
            let invoices: Vec<Invoice> = of(story).filter(counts).map(|row| invoice(row, today)).collect();
            Forecaster::fit(&invoices, today, holidays, habits)
        };
        let closed = of(Story::Lead).filter_map(|row| {
            let done = row.done?;
            let (days, is_won) = (day(done) - day(row.begun), row.lost_at.is_none());
            Some(Closed { stage: row.lost_at.unwrap_or_default(), days, is_won })
        });
        let won = of(Story::Lead).filter(|row| row.lost_at.is_none());
        let open_for = won.filter_map(|row| Some(day(row.done?) - day(row.begun))).collect();
        Self {
            today,
            calendar: Calendar::new(today - 1_200, today + 400, holidays),
            receivables: fit(Story::Receivable, Habits::OfEach),
            payables: fit(Story::Payable, Habits::OfOne),
            sales: fit(Story::Sale, Habits::OfEach),
            purchases: fit(Story::Purchase, Habits::OfEach),
            leads: fit(Story::Lead, Habits::OfEach),
            wins: Wins::of(closed),
            terms: [Terms::of(of(Story::Receivable)), Terms::of(of(Story::Payable))],
            discounts: [discounts(of(Story::Receivable), today), discounts(of(Story::Payable), today)],
            open_for: median(open_for),
        }
    }

    /// The next business day on a day or after it, but not before tomorrow.
    pub(super) fn next_business(&self, on: Day) -> Day {
        self.calendar.business(on.max(self.today + 1), false)
    }

    /// How likely a customer takes a discount, or we take that of a supplier.
    pub(super) fn takes_discount(&self, component: Component, partner: Option<i32>) -> f64 {
        let discounts = &self.discounts[usize::from(component == Component::Ap)];
        let of = |partner: i32| discounts.get(&partner).copied().unwrap_or_default();
        let all = of(0);
        let usual = (all.0 + ASSUMED / 2.0) / (all.1 + ASSUMED);
        let own = partner.map(of).unwrap_or_default();
        (own.0 + OF_ALL * usual) / (own.1 + OF_ALL)
    }

    /// How likely an opportunity is won that was made on a day.
    pub(super) fn wins(&self, stage: i32, begun: Day, said: f64) -> f64 {
        self.wins.probability(stage, self.today - begun, said)
    }

    /// When an opportunity is expected to close of which nobody has said it; `None` where nobody knows.
    pub(super) fn closes(&self, begun: Day) -> Option<Day> {
        (self.open_for > 0).then(|| begun + self.open_for)
    }

    /// The days on which an opportunity may be won, and how likely each is.
    pub(super) fn won_on(&self, partner: Option<i32>, begun: Day, due: Day) -> Vec<(Day, f64)> {
        self.points(&self.leads, &open(partner, begun, due))
    }

    /// The share of an order that is not paid at the end of each of these days, if it is confirmed on one of some days.
    pub(super) fn order_open(
        &self,
        of_sale: bool,
        partner: Option<i32>,
        confirmed: &[(Day, f64)],
        days: &[Day; SLOTS],
    ) -> [f64; SLOTS] {
        let (invoiced, paid, terms) = if of_sale {
            (&self.sales, &self.receivables, self.terms[0].get(partner))
        } else {
            (&self.purchases, &self.payables, self.terms[1].get(partner))
        };
        let mut open_share = [1.0; SLOTS];
        for (confirmed, likely) in confirmed {
            for (issued, share) in self.points(invoiced, &open(partner, *confirmed, *confirmed)) {
                let left = paid.open_after(&open(partner, issued, issued + terms), *days);
                for (open, left) in open_share.iter_mut().zip(left) {
                    *open -= likely * share * (1.0 - left);
                }
            }
        }
        open_share.map(|open| open.clamp(0.0, 1.0))
    }

    /// The days on which something is done that is open, put together into a few, and how likely each is.
    fn points(&self, of: &Forecaster, invoice: &Invoice) -> Vec<(Day, f64)> {
        let first = self.today + 1;
        let days: [Day; AHEAD] = std::array::from_fn(|n| first + i32::try_from(n).unwrap_or_default());
        let open = of.open_after(invoice, days);
        let all = 1.0 - open[AHEAD - 1];
        if all <= 0.0 {
            return Vec::new();
        }
        let mut points: Vec<(Day, f64)> = Vec::new();
        let share = all / f64::from(u8::try_from(POINTS).unwrap_or(1));
        for (n, _) in (0_u8..).zip(0..POINTS) {
            let until = share * (f64::from(n) + 0.5);
            let at = open.iter().position(|open| 1.0 - open >= until).unwrap_or(AHEAD - 1);
            match points.last_mut() {
                Some((day, likely)) if *day == days[at] => *likely += share,
                _ => points.push((days[at], share)),
            }
        }
        points
    }
}

fn open(partner: Option<i32>, issued: Day, due: Day) -> Invoice {
    Invoice { customer: partner.unwrap_or_default(), issued, due, amount: 0.0, paid: None }
}

/// Something that took its time. A discount that was taken was due on its last day.
fn invoice(row: &History, today: Day) -> Invoice {
    let is_taken = takes_discount(row, today) == Some(true);
    let due = row.discount_day.filter(|_| is_taken).unwrap_or(row.due);
    Invoice {
        customer: row.partner_id,
        issued: day(row.begun),
        due: day(due),
        amount: row.amount,
        paid: row.done.map(day),
    }
}

/// How often discounts were taken, and how often they could be; nobody has the number 0, which has what is true of all.
fn discounts<'h>(rows: impl Iterator<Item = &'h History>, today: Day) -> BTreeMap<i32, (f64, f64)> {
    let mut discounts: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let Some(taken) = takes_discount(row, today) else { continue };
        for partner in BTreeSet::from([row.partner_id, 0]) {
            let of = discounts.entry(partner).or_default();
            *of = (of.0 + if taken { 1.0 } else { 0.0 }, of.1 + 1.0);
        }
    }
    discounts
}

/// Whether a discount was taken; `None` where there is none, or it can still be taken.
fn takes_discount(row: &History, today: Day) -> Option<bool> {
    let last = day(row.discount_day?) + GRACE;
    let done = row.done.map(day);
    (done.is_some() || today > last).then(|| done.is_some_and(|done| done <= last))
}

impl State {
    /// Works out what was learned, where that is not done yet.
    pub(super) fn learn_lessons(&mut self) {
        if self.lessons.is_some() {
            return;
        }
        let today = self.grid().today;
        let mut of_companies: BTreeMap<i32, Vec<&History>> =
            self.roots().into_iter().map(|company| (company, Vec::new())).collect();
        for row in self.tables.history.iter() {
            of_companies.entry(row.company_id).or_default().push(row);
        }
        let lessons = of_companies.into_iter().map(|(company, mut rows)| {
            // The same figures whatever the order in which a database answers.
            rows.sort_unstable_by_key(|row| (row.begun, row.story, row.id));
            (company, Lessons::of(&rows, today, &self.holidays(company)))
        });
        self.lessons = Some(lessons.collect());
    }

    /// Days on which a company's banks move no money.
    fn holidays(&self, company: i32) -> BTreeSet<Day> {
        let partner =
            self.tables.companies.get(company).and_then(|row| self.tables.partners.get(row.partner_id?));
        let country = partner.and_then(|row| self.tables.countries.get(row.country_id?));
        let year = self.day().map_or(1970, |day| chrono::Datelike::year(&day));
        let of_country = country.map(|row| holidays::of(&row.code, year - YEARS..=year + 1));
        let configured = self.settings.holidays.iter().map(|date| day(*date));
        of_country.into_iter().flatten().chain(configured).collect()
    }
}
