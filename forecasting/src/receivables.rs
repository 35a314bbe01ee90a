//! When open invoices are paid.
//!
//! An invoice is ready to be paid some time after the day on which it is due (`curve`): how long depends on the customer, as far as it is
//! known, on others with such terms and amounts, and on everybody. It is paid at the customer's next run (`runs`), and not while the
//! customer is closed (`closings`). What is open today was not ready at the last run, and what is left is spread over the days to come.

pub mod backtest;
mod change;
mod closings;
mod curve;
mod regime;
mod rules;
mod runs;

use std::collections::{BTreeMap, BTreeSet};

pub use runs::Rule;

use crate::calendar::{Calendar, Day};
use crate::numbers::to_f64;
use closings::{Closings, OfOne};
use curve::{Curve, Curves, Seen};
use regime::{Regimes, Shift};
use rules::Rules;
use runs::Runs;

/// Days before the first invoice and after today that are looked at.
const MARGIN: Day = 400;

/// An invoice, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Invoice {
    /// Who owes it.
    pub customer: i32,
    /// The day on which it was issued.
    pub issued: Day,
    /// The day on which it is due.
    pub due: Day,
    /// How much is received when it is paid.
    pub amount: f64,
    /// The day on which it was paid; none while it is open.
    pub paid: Option<Day>,
}

/// Whose habits runs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habits {
    /// Each customer pays on days of its own.
    OfEach,
    /// One pays all invoices: what a company owes.
    OfOne,
}

/// When customers pay, as far as it is known on a day.
#[derive(Debug)]
pub struct Forecaster {
    today: Day,
    bands: Bands,
    customers: BTreeMap<i32, Customer>,
    curves: Curves,
    any: Runs,
    closings: Closings,
    regimes: Regimes,
}

#[derive(Debug)]
struct Customer {
    number: usize,
    invoices: usize,
    rule: Rule,
    /// None where it pays on the days on which everybody does.
    runs: Option<Runs>,
}

/// Amounts up to which invoices are small, or of a usual size.
#[derive(Clone, Copy, Debug, Default)]
struct Bands(f64, f64);

impl Bands {
    fn of(invoices: &[Invoice]) -> Self {
        let mut amounts: Vec<f64> = invoices.iter().map(|invoice| invoice.amount).collect();
        amounts.sort_unstable_by(f64::total_cmp);
        let third = |number: usize| amounts.get(amounts.len() * number / 3).copied().unwrap_or_default();
        Self(third(1), third(2))
    }

    /// Invoices of one segment have about the same terms and size, and are a customer's first, or not.
    fn segment(self, invoice: &Invoice, is_first: bool) -> u16 {
        let terms = [10, 21, 37, 52, 75].iter().filter(|days| invoice.due - invoice.issued > **days).count();
        let size = usize::from(invoice.amount >= self.0) + usize::from(invoice.amount >= self.1);
        u16::try_from(terms * 6 + size * 2 + usize::from(is_first)).unwrap_or_default()
    }
}

impl Forecaster {
    /// From all invoices that were issued up to a day, and what was paid of them up to its end. Money moves on no holiday.
    pub fn fit(invoices: &[Invoice], today: Day, holidays: &BTreeSet<Day>, habits: Habits) -> Self {
        let first = invoices.iter().map(|invoice| invoice.issued).min().unwrap_or(today);
        let calendar = Calendar::new(first - MARGIN, today + MARGIN, holidays);
        let mut order: Vec<&Invoice> = invoices.iter().collect();
        order.sort_by_key(|invoice| invoice.issued);
        let mut payments: BTreeMap<i32, Vec<Day>> = BTreeMap::new();
        let mut terms: BTreeMap<i32, Vec<(Day, Day)>> = BTreeMap::new();
        for invoice in &order {
            payments.entry(invoice.customer).or_default().extend(invoice.paid);
            let paid = invoice.paid.map(|paid| (invoice.due, paid));
            terms.entry(invoice.customer).or_default().extend(paid);
        }
        for days in payments.values_mut() {
            *days = sorted(std::mem::take(days));
        }
        let rules = Rules::new(&calendar);
        let house = match habits {
            Habits::OfEach => Rule::Any,
            Habits::OfOne => rules.kept(&sorted(payments.values().flatten().copied().collect())),
        };
        let any = house.runs(&calendar);
        let mut customers: BTreeMap<i32, Customer> = BTreeMap::new();
        for (number, (customer, days)) in payments.iter().enumerate() {
            let rule = match habits {
                // Who is invoiced once a month and pays in time pays on about the same day of each month, too.
                Habits::OfEach if keeps_terms(&terms[customer], &calendar) => Rule::Any,
                Habits::OfEach => rules.kept(days),
                Habits::OfOne => house.clone(),
            };
            let runs = (rule != house).then(|| rule.runs(&calendar));
            customers.insert(*customer, Customer { number, invoices: 0, rule, runs });
        }
        let closings = Closings::of_payments(&payments.into_values().collect::<Vec<_>>(), today);
        let bands = Bands::of(invoices);
        let mut seen = Vec::with_capacity(order.len());
        for invoice in order {
            let Some(customer) = customers.get_mut(&invoice.customer) else { continue };
            let segment = bands.segment(invoice, customer.invoices == 0);
            customer.invoices += 1;
            seen.extend(customer.seen(invoice, segment, today, &any, &closings));
        }
        let curves = curve::fit(&seen, customers.len());
        let regimes = vec![(None, 1.0)];
        let mut forecaster = Self { today, bands, customers, curves, any, closings, regimes };
        forecaster.weigh_regimes(invoices);
        forecaster
    }

    /// Weighs the regimes that there may be, by what was paid in the last weeks and what was not.
    fn weigh_regimes(&mut self, invoices: &[Invoice]) {
        let from = self.today - regime::BACK;
        let is_recent =
            |invoice: &&Invoice| invoice.issued <= self.today && invoice.paid.is_none_or(|paid| paid > from);
        let recent: Vec<&Invoice> = invoices.iter().filter(is_recent).collect();
        let step = recent.len().div_ceil(regime::MOST).max(1);
        let sample: Vec<(&Invoice, Payer<'_>)> =
            recent.into_iter().step_by(step).map(|invoice| (invoice, self.payer(invoice))).collect();
        let likelihood = |shift: Option<Shift>| {
            let of = |(invoice, payer): &(&Invoice, Payer<'_>)| {
                let open = |day: Day| payer.open(invoice.due, day, shift);
                let before = open(from.max(invoice.issued - 1));
                let seen = match invoice.paid {
                    None => open(self.today),
                    Some(paid) => open(paid - 1) - open(paid),
                };
                // Nobody is sure of a curve: there is always something else.
                (0.98 * (seen / before.max(1e-9)).clamp(0.0, 1.0) + 0.02 / 200.0).ln()
            };
            sample.iter().map(of).sum()
        };
        self.regimes = regime::weighed(self.today, likelihood);
    }

    /// The rule that a customer keeps.
    pub fn rule(&self, customer: i32) -> &Rule {
        self.customers.get(&customer).map_or(&Rule::Any, |customer| &customer.rule)
    }

    /// Which share of an invoice that is open today is open at the end of a later day: from 0 to 1, and never more than on a day before.
    pub fn open(&self, invoice: &Invoice, day: Day) -> f64 {
        self.open_after(invoice, [day])[0]
    }

    /// The same at the end of several days.
    pub fn open_after<const N: usize>(&self, invoice: &Invoice, days: [Day; N]) -> [f64; N] {
        let payer = self.payer(invoice);
        let mut open = [0.0; N];
        for (shift, likely) in &self.regimes {
            // One that is issued later may be paid on that very day.
            let today = payer.open(invoice.due, self.today.max(invoice.issued - 1), *shift);
            for (open, day) in open.iter_mut().zip(days) {
                let is_open = day <= self.today || today <= 0.0;
                let share = if is_open { 1.0 } else { payer.open(invoice.due, day, *shift) / today };
                *open += likely * share.clamp(0.0, 1.0);
            }
        }
        open
    }

    /// Who pays an invoice.
    fn payer(&self, invoice: &Invoice) -> Payer<'_> {
        let customer = self.customers.get(&invoice.customer);
        Payer {
            runs: customer.and_then(|customer| customer.runs.as_ref()).unwrap_or(&self.any),
            curve: self.curve(invoice, customer),
            closings: self.closings.of(customer.map_or(usize::MAX, |customer| customer.number)),
        }
    }

    /// Of a customer who is hardly known, the curve of such invoices.
    fn curve(&self, invoice: &Invoice, customer: Option<&Customer>) -> &Curve {
        match customer {
            Some(customer) if customer.invoices > 1 => &self.curves.customers[customer.number],
            _ => self.curves.segments.get(&self.bands.segment(invoice, true)).unwrap_or(&self.curves.all),
        }
    }
}

/// How somebody pays.
struct Payer<'a> {
    runs: &'a Runs,
    curve: &'a Curve,
    closings: OfOne<'a>,
}

impl Payer<'_> {
    /// Which share of invoices that are due on a day is open at the end of another.
    fn open(&self, due: Day, day: Day, shift: Option<Shift>) -> f64 {
        self.closings.open(day, |day| {
            let open = |day: Day| self.curve.open(day - due);
            let run = self.runs.previous(day);
            shift.map_or_else(|| open(run), |shift| shift.open(run, open))
        })
    }
}

/// Whether nearly all invoices were paid so many days after they were due, or on the next business day.
fn keeps_terms(paid: &[(Day, Day)], calendar: &Calendar) -> bool {
    let mut delays: BTreeMap<Day, usize> = BTreeMap::new();
    for (due, paid) in paid {
        *delays.entry(paid - due).or_default() += 1;
    }
    let usual = delays.into_iter().max_by_key(|(delay, count)| (*count, -delay)).map(|(delay, _)| delay);
    let kept = usual.map_or(0, |usual| {
        let is_kept = |(due, paid): &&(Day, Day)| calendar.business(due + usual, false) == *paid;
        paid.iter().filter(is_kept).count()
    });
    paid.len() >= rules::FEWEST && to_f64(kept) * 10.0 >= rules::HOLDS * to_f64(paid.len())
}

fn sorted(mut days: Vec<Day>) -> Vec<Day> {
    days.sort_unstable();
    days
}

impl Customer {
    /// What is known of an invoice's time; `None` where that is nothing yet.
    fn seen(
        &self,
        invoice: &Invoice,
        segment: u16,
        today: Day,
        any: &Runs,
        closings: &Closings,
    ) -> Option<Seen> {
        let runs = self.runs.as_ref().unwrap_or(any);
        // While a customer is closed, and while what has piled up is paid, nobody knows what has become ready since it closed.
        let closings = closings.of(self.number);
        let closed = |day: Day| Some(runs.previous(closings.around(day)?.0 - 1));
        // It may be paid on the day on which it is issued.
        let (issued, due) = (invoice.issued - 1 - invoice.due, invoice.due);
        let seen = |after: Day, until: Day| {
            let until = (until - due).max(issued + 1);
            Seen { customer: self.number, segment, issued, after: (after - due).clamp(issued, until), until }
        };
        let Some(paid) = invoice.paid else {
            let last = closed(today).unwrap_or(runs.previous(today));
            let age = last - due;
            return (last >= invoice.issued).then(|| Seen { after: age, until: age, ..seen(last, last) });
        };
        let before = if runs.is_run(paid) { runs.previous(paid - 1) } else { any.previous(paid - 1) };
        let one = seen(closed(paid).map_or(before, |closed| closed.min(before)), paid);
        Some(Seen { after: one.after.min(one.until - 1), ..one })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::on;

    const HOLIDAYS: [(u32, u32); 2] = [(4, 3), (4, 6)];

    fn holidays() -> BTreeSet<Day> {
        HOLIDAYS.iter().map(|(month, number)| on(2026, *month, *number)).collect()
    }

    fn invoice(customer: i32, due: Day, paid: Option<Day>) -> Invoice {
        Invoice { customer, issued: due - 30, due, amount: 1_000.0, paid }
    }

    /// What is expected on a day of an invoice that is open.
    fn expected(forecaster: &Forecaster, invoice: &Invoice, day: Day) -> f64 {
        invoice.amount * (forecaster.open(invoice, day - 1) - forecaster.open(invoice, day))
    }

    /// Case 26 of public reports: K pays on the first Thursday on or after the due day.
    #[test]
    fn who_pays_on_thursdays_pays_on_the_next_one() {
        let today = on(2026, 3, 4);
        let calendar = Calendar::new(on(2025, 1, 1), today, &holidays());
        let thursdays = Rule::Weekdays(vec![3]).runs(&calendar);
        let paid = (0..40).map(|number| on(2025, 5, 5) + number * 7 + number % 5);
        let history: Vec<Invoice> = paid.map(|due| invoice(1, due, Some(thursdays.next(due)))).collect();
        let (friday, thursday) = (invoice(1, on(2026, 3, 13), None), invoice(1, on(2026, 3, 12), None));
        let all: Vec<Invoice> = history.into_iter().chain([friday, thursday]).collect();
        let forecaster = Forecaster::fit(&all, today, &holidays(), Habits::OfEach);
        assert_eq!(forecaster.rule(1), &Rule::Weekdays(vec![3]));
        let days: Vec<(i32, f64)> = (-1..40)
            .map(|n| (n, expected(&forecaster, &friday, today + n).round()))
            .filter(|x| x.1 > 1.0)
            .collect();
        assert!(expected(&forecaster, &friday, on(2026, 3, 19)) > 800.0, "{days:?}");
        assert!(expected(&forecaster, &thursday, on(2026, 3, 12)) > 800.0);
        assert!(expected(&forecaster, &friday, on(2026, 3, 18)).abs() < 1e-9, "not on a Wednesday");
    }

    /// Case 21: half of all were paid on the due day, half 45 days later. One that is overdue is not paid tomorrow.
    #[test]
    fn what_is_overdue_is_paid_as_others_of_its_age_were() {
        let today = on(2026, 3, 4);
        let due = |number: i32| calendar_business(on(2025, 3, 3) + number * 4);
        let history = (0..60).map(|number| {
            let delay = if number % 2 == 0 { 0 } else { 45 };
            invoice(number % 6, due(number), Some(calendar_business(due(number) + delay)))
        });
        let late = invoice(3, on(2026, 2, 2), None);
        let all: Vec<Invoice> = history.chain([late]).collect();
        let forecaster = Forecaster::fit(&all, today, &BTreeSet::new(), Habits::OfEach);
        assert!(expected(&forecaster, &late, on(2026, 3, 5)) < 50.0);
        let about = forecaster.open(&late, on(2026, 3, 17)) - forecaster.open(&late, on(2026, 3, 23));
        assert!(about > 0.85, "{about}");
    }

    fn calendar_business(day: Day) -> Day {
        Calendar::new(on(2025, 1, 1), on(2026, 12, 31), &BTreeSet::new()).business(day, false)
    }

    #[test]
    fn a_forecast_never_takes_back_what_it_expects_and_knows_somebody_new() {
        let today = on(2026, 3, 4);
        let history = (0..80).map(|number| {
            invoice(number % 5, on(2025, 4, 1) + number * 3, Some(on(2025, 4, 6) + number * 3))
        });
        let new = invoice(99, on(2026, 3, 18), None);
        let all: Vec<Invoice> = history.chain([new]).collect();
        let forecaster = Forecaster::fit(&all, today, &BTreeSet::new(), Habits::OfEach);
        let open: Vec<f64> = (today..today + 200).map(|day| forecaster.open(&new, day)).collect();
        assert!(open.windows(2).all(|pair| 0.0 <= pair[1] && pair[1] <= pair[0] && pair[0] <= 1.0));
        assert!(open[14] > 0.9 && open[25] < 0.1, "five days after it is due: {open:?}");
        let nobody = Forecaster::fit(&[], today, &BTreeSet::new(), Habits::OfEach);
        assert!(
            (expected(&nobody, &new, new.due) - 900.0).abs() < 1e-9,
            "where nothing is known it is paid when it is due"
        );
    }
}
