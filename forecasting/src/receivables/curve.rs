//! How long after the day on which it is due an invoice is ready to be paid: the share that is open after each delay, of everybody, of a
//! segment, of a customer.
//!
//! Product-limit estimate with late entry: Kaplan and Meier, "Nonparametric estimation from incomplete observations", Journal of the American
//! Statistical Association 53 (1958). Who pays in runs was ready at some time since the run before; that is estimated together with the
//! curve: Turnbull, "The empirical distribution function with arbitrarily grouped, censored and truncated data", Journal of the Royal
//! Statistical Society B 38 (1976).

use std::collections::BTreeMap;
use std::ops::Range;

use super::change;
use crate::numbers::to_f64;

/// Delays in days that are told apart; what is earlier or later counts as the first or the last of them.
const DELAYS: Range<i32> = -60..261;
/// How many delays there are.
pub(super) const COUNT: usize = 321;
/// How often the times of those who pay in runs are estimated anew.
const ROUNDS: usize = 10;
/// What is known of a segment counts as much as one invoice of a customer, at each delay, …
const OF_SEGMENT: f64 = 1.0;
/// … what is known of everybody as much as so many of a segment.
const OF_ALL: f64 = 20.0;
/// Before anything is known of anybody, so many invoices are assumed: …
const ASSUMED: f64 = 0.25;
/// … this share of them is paid on the day on which it is due, …
const ON_THE_DAY: f64 = 0.9;
/// … and this share of the others on each of so many days after it.
const LATER: f64 = 0.005;
const SOON: usize = 92;
/// So many customers do not change by chance at the same time.
const SEVERAL: usize = 6;

/// Which share of invoices is open after each delay.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    hazards: Vec<f64>,
    open: Vec<f64>,
}

/// What is known of an invoice, in days from the day on which it is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) customer: usize,
    pub(super) segment: u16,
    /// When it was issued.
    pub(super) issued: i32,
    /// It was not ready then, …
    pub(super) after: i32,
    /// … and it was then; the same as `after` where it is open.
    pub(super) until: i32,
}

/// All curves.
#[derive(Clone, Debug)]
pub(super) struct Curves {
    pub(super) all: Curve,
    pub(super) segments: BTreeMap<u16, Curve>,
    pub(super) customers: Vec<Curve>,
}

/// At each delay, how many could have been ready then, and how many were.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    at_risk: Vec<f64>,
    ready: Vec<f64>,
}

fn place(delay: i32) -> usize {
    usize::try_from(delay.clamp(DELAYS.start, DELAYS.end - 1) - DELAYS.start).unwrap_or(0)
}

impl Curve {
    fn new(hazards: Vec<f64>) -> Self {
        let open = hazards.iter().scan(1.0, |open, hazard| {
            *open *= 1.0 - hazard;
            Some(*open)
        });
        Self { open: open.collect(), hazards }
    }

    /// The share that is open after a delay.
    pub(super) fn open(&self, delay: i32) -> f64 {
        if delay < DELAYS.start { 1.0 } else { self.open[place(delay)] }
    }
}

impl Counts {
    /// Of these.
    pub(super) fn of(seen: &[(&Seen, Vec<f64>)]) -> Self {
        let mut counts = Self::new();
        for (seen, shares) in seen {
            counts.see(seen, shares);
        }
        counts
    }

    pub(super) fn new() -> Self {
        Self { at_risk: vec![0.0; COUNT], ready: vec![0.0; COUNT] }
    }

    /// Those that are not in others, which are a part of them.
    pub(super) fn without(&self, others: &Self) -> Self {
        let less = |all: &[f64], others: &[f64]| {
            all.iter().zip(others).map(|(all, other)| (all - other).max(0.0)).collect()
        };
        Self { at_risk: less(&self.at_risk, &others.at_risk), ready: less(&self.ready, &others.ready) }
    }

    /// How many could have been ready at a delay, and how many were.
    pub(super) fn at(&self, at: usize) -> (f64, f64) {
        (self.at_risk[at], self.ready[at])
    }

    /// The hazards, where `weight` invoices of `usual` ones are added.
    fn curve(&self, usual: impl Fn(usize) -> f64, weight: f64) -> Curve {
        let hazard =
            |at: usize| ((self.ready[at] + weight * usual(at)) / (self.at_risk[at] + weight)).min(1.0);
        Curve::new((0..COUNT).map(hazard).collect())
    }

    /// Adds an invoice, whose time is spread as `shares` say.
    pub(super) fn see(&mut self, seen: &Seen, shares: &[f64]) {
        let (first, last) = (place(seen.issued) + 1, place(seen.until));
        let spread_from = last + 1 - shares.len();
        let mut left = 1.0;
        for at in first..=last {
            self.at_risk[at] += left;
            if let Some(share) = at.checked_sub(spread_from).and_then(|at| shares.get(at)) {
                self.ready[at] += share;
                left -= share;
            }
        }
    }
}

/// Fits all curves to what is known of `customers` customers' invoices, in the order in which they were issued.
pub(super) fn fit(seen: &[Seen], customers: usize) -> Curves {
    // From which of its invoices on each customer counts.
    let mut since = vec![0; customers];
    let mut curves = estimated(seen, &since, None);
    for _ in 1..ROUNDS {
        curves = estimated(seen, &since, Some(&curves));
    }
    changes(seen, &curves, &mut since);
    estimated(seen, &since, Some(&curves))
}

/// Notes the customers who have changed. Where several of them changed, and nearly all in the same direction, it is not they who have.
fn changes(seen: &[Seen], curves: &Curves, since: &mut [usize]) {
    let mut of_customers: Vec<Vec<(&Seen, Vec<f64>)>> = vec![Vec::new(); since.len()];
    for one in seen {
        of_customers[one.customer].push((one, shares(one, &curves.customers[one.customer])));
    }
    let (mut known, mut changed, mut later) = (0, 0, 0);
    for (of_customer, since) in of_customers.iter().zip(since.iter_mut()) {
        let Some((last, _)) = of_customer.last() else { continue };
        let segment = curves.segments.get(&last.segment).unwrap_or(&curves.all);
        let usual = |at: usize| segment.hazards[at];
        *since = change::since(of_customer, usual, OF_SEGMENT);
        known += usize::from(of_customer.len() >= 2 * change::FEWEST);
        if *since > 0 {
            let (before, after) = of_customer.split_at(*since);
            let mean =
                |of: &[(&Seen, Vec<f64>)]| Counts::of(of).curve(usual, OF_SEGMENT).open.iter().sum::<f64>();
            changed += 1;
            later += usize::from(mean(after) > mean(before));
        }
    }
    let one_way = later.max(changed - later);
    if changed >= SEVERAL.max(known / 12) && one_way * 4 > changed * 3 {
        since.fill(0);
    }
}

/// The curves, where times of those who pay in runs are spread by the curves of before.
fn estimated(seen: &[Seen], since: &[usize], before: Option<&Curves>) -> Curves {
    let customers = since.len();
    let mut all = Counts::new();
    let mut of_segments: BTreeMap<u16, Counts> = BTreeMap::new();
    let mut of_customers = vec![Counts::new(); customers];
    // How much of a customer's invoices is in each segment.
    let mut mixtures: Vec<BTreeMap<u16, f64>> = vec![BTreeMap::new(); customers];
    let mut number = vec![0; customers];
    let mut shares = Vec::new();
    for one in seen {
        spread(one, before.map(|curves| &curves.customers[one.customer]), &mut shares);
        all.see(one, &shares);
        of_segments.entry(one.segment).or_insert_with(Counts::new).see(one, &shares);
        if number[one.customer] >= since[one.customer] {
            of_customers[one.customer].see(one, &shares);
            *mixtures[one.customer].entry(one.segment).or_default() += 1.0;
        }
        number[one.customer] += 1;
    }
    // Nobody is expected to pay at a time at which nobody was seen to, but on the day on which it is due and soon after it.
    let due = place(0);
    let usual = |at: usize| match at.checked_sub(due) {
        Some(0) => ON_THE_DAY,
        Some(1..=SOON) => LATER,
        _ => 0.0,
    };
    let all = all.curve(usual, ASSUMED);
    let segments: BTreeMap<u16, Curve> = of_segments
        .into_iter()
        .map(|(segment, counts)| (segment, counts.curve(|at| all.hazards[at], OF_ALL)))
        .collect();
    let customers = of_customers.iter().zip(&mixtures).map(|(counts, mixture)| {
        let invoices: f64 = mixture.values().sum();
        let parts = mixture.iter().map(|(segment, part)| (part / invoices, &segments[segment]));
        let parts: Vec<(f64, &Curve)> = parts.collect();
        let usual = |at: usize| {
            let of_parts = parts.iter().map(|(part, curve)| part * curve.hazards[at]);
            if parts.is_empty() { all.hazards[at] } else { of_parts.sum() }
        };
        counts.curve(usual, OF_SEGMENT)
    });
    Curves { customers: customers.collect(), all: all.clone(), segments }
}

/// How likely an invoice was ready at each of the delays at which it may have been: the last is `until`. Nothing where it is open.
fn shares(seen: &Seen, curve: &Curve) -> Vec<f64> {
    let mut shares = Vec::new();
    spread(seen, Some(curve), &mut shares);
    shares
}

/// The same, where there may be no curve yet, into a list that is used again.
fn spread(seen: &Seen, curve: Option<&Curve>, shares: &mut Vec<f64>) {
    let (after, until) = (place(seen.after.max(seen.issued)), place(seen.until));
    shares.clear();
    if let Some(curve) = curve {
        shares.extend((after..until).map(|at| curve.open[at] - curve.open[at + 1]));
    }
    let mut sum: f64 = shares.iter().sum();
    if sum < 1e-9 {
        // Where nothing is known yet, the day on which it is due is the likeliest by far.
        let due = place(0);
        let equal = |at| if at == due { 20.0 * to_f64(until - after) } else { 1.0 };
        shares.clear();
        shares.extend((after + 1..=until).map(equal));
        sum = shares.iter().sum();
    }
    for share in shares {
        *share /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(customer: usize, delay: i32) -> Seen {
        Seen { customer, segment: 0, issued: -30, after: delay - 1, until: delay }
    }

    fn open(customer: usize, age: i32) -> Seen {
        Seen { customer, segment: 0, issued: -30, after: age, until: age }
    }

    #[test]
    fn half_is_paid_when_due_and_half_later() {
        let seen: Vec<Seen> = (0..400).map(|number| paid(0, if number % 2 == 0 { 0 } else { 45 })).collect();
        let curve = &fit(&seen, 1).customers[0];
        assert!(curve.open(-1) > 0.97 && curve.open(-61) > 0.999, "{}", curve.open(-1));
        assert!((curve.open(0) - 0.5).abs() < 0.02, "{}", curve.open(0));
        assert!((curve.open(44) / curve.open(0) - 1.0).abs() < 0.02);
        assert!(curve.open(45) < 0.02);
    }

    /// Report 29 of `cases.md`: ten were paid on the due day, ten are open and 100 days overdue. An average over paid invoices would say
    /// that all are paid.
    #[test]
    fn what_is_open_counts() {
        let seen: Vec<Seen> =
            (0..400).map(|number| if number % 2 == 0 { paid(0, 0) } else { open(0, 100) }).collect();
        let curve = &fit(&seen, 1).customers[0];
        assert!((curve.open(0) - 0.5).abs() < 0.02, "{}", curve.open(0));
        assert!(curve.open(99) / curve.open(0) > 0.98);
    }

    #[test]
    fn a_customer_who_is_hardly_known_pays_like_the_others() {
        let seen: Vec<Seen> = (0..300).map(|_| paid(0, 10)).chain([paid(1, 30)]).collect();
        let curves = fit(&seen, 3);
        assert!((0.2..0.9).contains(&curves.customers[1].open(10)), "{}", curves.customers[1].open(10));
        assert!(curves.customers[2].open(10) < 0.1, "one who is not known at all");
        assert!(curves.segments[&0].open(9) > 0.95);
    }

    /// Runs are a week apart, and each tells no more than that. Together they say that all are ready on the fourth day.
    #[test]
    fn what_happens_between_two_runs_is_told_by_all_together() {
        let runs = |number: i32| (4 - number % 7, 11 - number % 7);
        let seen: Vec<Seen> = (0..700)
            .map(|number| {
                let (after, until) = runs(number);
                Seen { customer: 0, segment: 0, issued: -30, after: after - 1, until: until - 1 }
            })
            .collect();
        let curve = &fit(&seen, 1).customers[0];
        assert!(curve.open(3) - curve.open(4) > 0.3, "{:?}", &curve.open[60..72]);
    }
}
