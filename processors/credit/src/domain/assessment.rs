//! A customer's scores, checks and prediction in one company, and the events that tell of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::audit::{Status, json};
use contract::{Audit, Money, Outbox, Table};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::Ledger;
use super::bucket::Key;
use super::checks::{Check, Document, Standing, join, split};
use super::holds::NAMED;
use super::payments::{Experience, PROMPT};
use super::settings::{Action, LONGEST_MEMORY};
use super::volume::{total, volume};
use crate::store::{Assessment, Norm, Ranked};

/// An event tells of a score that is this far from the one last told.
const TELLING: Decimal = Decimal::from_parts(5, 0, 0, false, 0);
/// Overdue counts in full from this age on.
const OLD_DAYS: i64 = 90;

/// A risk level before anything is known: the seed's default.
pub(super) const NORMAL: &str = "normal";
/// Risk levels, the worst last.
pub(super) const RISKS: [&str; 5] = [NORMAL, "low", "medium", "high", "critical"];

/// `score_changed`.
#[derive(Serialize)]
struct ScoreChanged<'a> {
    company_id: i32,
    partner_id: i32,
    partner_name: &'a str,
    before: Told<'a>,
    after: Told<'a>,
    payment_history: Option<Decimal>,
    order_volume: Decimal,
    experiences: i32,
    failing: Vec<Check>,
}

#[derive(Serialize)]
struct Told<'a> {
    credit_score: Option<Decimal>,
    risk_level: &'a str,
}

/// `limit_breach_predicted` and `limit_breach_cleared`.
#[derive(Serialize)]
struct BreachNews<'a> {
    company_id: i32,
    partner_id: i32,
    partner_name: &'a str,
    credit_limit: Option<Decimal>,
    total: Decimal,
    breach_on: Option<NaiveDate>,
    before: Option<NaiveDate>,
}

/// The parts of a credit score, 0 to 100 each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) payment_history: Option<f64>,
    pub(super) utilisation: f64,
    pub(super) overdue: f64,
    pub(super) order_volume: f64,
}

/// What customers of a company are measured against until the next day begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Frozen {
    mean: f64,
    /// Positive revenues, sorted.
    revenues: Vec<i64>,
}

impl Ledger {
    /// A day begins: the company's means and distributions are what they are now.
    pub(super) fn freeze(&mut self, today: NaiveDate) {
        let mut means: FxHashMap<i32, Experience> = FxHashMap::default();
        // Every company, so that the day is known even where nobody is assessed.
        let mut frozen: FxHashMap<i32, Frozen> =
            self.roots().into_iter().map(|company| (company, Frozen::default())).collect();
        let mut gone: FxHashSet<Key> = self.tables.ranked.iter().map(|row| Key::from(row.key())).collect();
        for key in self.assessable(today) {
            means.entry(key.company).or_default().join(self.experience(key, today));
            let revenue = total(&self.revenue(key, today));
            let company = frozen.entry(key.company).or_default();
            if revenue > 0 {
                company.revenues.push(revenue);
                gone.remove(&key);
                self.rank(key, Some(revenue));
            }
        }
        for key in gone {
            self.rank(key, None);
        }
        for (company, frozen) in &mut frozen {
            frozen.revenues.sort_unstable();
            frozen.mean = means.get(company).and_then(Experience::mean).unwrap_or(PROMPT);
            self.tables
                .norms
                .set(*company, Some(Norm { company_id: *company, mean: frozen.mean, day: today }));
        }
        let gone: Vec<_> = self.tables.norms.iter().map(|norm| norm.company_id).collect();
        for company in gone.into_iter().filter(|company| !frozen.contains_key(company)) {
            self.tables.norms.set(company, None);
        }
        self.frozen = frozen;
        self.assessed_on = Some(today);
    }

    /// Remembers the revenue that a customer is ranked by today.
    fn rank(&mut self, key: Key, revenue: Option<i64>) {
        let id = (key.company, key.partner);
        if self.tables.ranked.get(id).map(|row| row.revenue) != revenue {
            let row = revenue.map(|revenue| Ranked { company_id: id.0, partner_id: id.1, revenue });
            self.tables.ranked.set(id, row);
        }
    }

    /// What was frozen before a restart.
    pub(super) fn thaw(&mut self) {
        for norm in self.tables.norms.iter() {
            self.frozen.entry(norm.company_id).or_default().mean = norm.mean;
            self.assessed_on = Some(norm.day);
        }
        for row in self.tables.ranked.iter() {
            self.frozen.entry(row.company_id).or_default().revenues.push(row.revenue);
        }
        self.frozen.values_mut().for_each(|frozen| frozen.revenues.sort_unstable());
    }

    /// All that checks look at.
    pub(super) fn standing(&self, key: Key, today: NaiveDate) -> Standing {
        let scaled = |amount| self.scaled(key.company, amount);
        let limit = self.limit_in_force(key, today).filter(|limit| *limit > Decimal::ZERO);
        let mut standing = Standing {
            limit: limit.map(scaled),
            last_payment: self.last_payment(key, today),
            ..Standing::default()
        };
        if let Some(row) = self.tables.exposures.get((key.company, key.partner)) {
            standing.total = scaled(row.total);
            standing.receivable = scaled(row.not_due + row.overdue);
            standing.overdue = scaled(row.overdue);
            standing.oldest_due = row.oldest_due;
        }
        let ago = |days: Decimal| {
            days.trunc()
                .to_u64()
                .and_then(|days| today.checked_sub_days(Days::new(days)))
                .unwrap_or(NaiveDate::MIN)
        };
        let long_ago = ago(self.settings.check(Check::OverdueShare).days.into());
        let oldest = ago(self.settings.check(Check::OldestOpen).release).min(today);
        for (due, id, amount) in self.contributions.receivable_items(key) {
            let amount = decimal(amount);
            if due < long_ago {
                standing.long_overdue += amount;
            }
            if due < oldest {
                standing.oldest += amount;
            }
            standing.consider(Document { model: "account.move.line", id, amount });
        }
        let horizon = Days::new(self.settings.check(Check::Horizon).days.into());
        let horizon = today.checked_add_days(horizon).unwrap_or(NaiveDate::MAX);
        for (id, order) in self.open_orders.of(key) {
            let amount = decimal(order.amount);
            if order.ships.is_some_and(|ships| ships > horizon) {
                standing.ships_later += amount;
            }
            if order.amount != Money::ZERO {
                standing.consider(Document { model: "sale.order", id, amount });
            }
        }
        standing
    }

    /// The parts of a customer's credit score.
    pub(super) fn parts(
        &self,
        key: Key,
        standing: &Standing,
        experience: &Experience,
        today: NaiveDate,
    ) -> Parts {
        let frozen = self.frozen.get(&key.company);
        let share = |figure: Option<Decimal>| {
            figure.and_then(|figure| figure.to_f64()).unwrap_or(0.0).clamp(0.0, 100.0)
        };
        let overdue = if standing.receivable > Decimal::ZERO {
            share((standing.overdue * Decimal::ONE_HUNDRED).checked_div(standing.receivable))
        } else {
            0.0
        };
        let age = standing.oldest_due.map_or(0, |due| (today - due).num_days().clamp(0, OLD_DAYS));
        #[allow(clippy::cast_precision_loss, reason = "at most 90")]
        let age = age as f64 / OLD_DAYS as f64;
        Parts {
            payment_history: experience.history(frozen.map_or(PROMPT, |frozen| frozen.mean)),
            utilisation: 100.0 - share(standing.figure(Check::Utilisation, today)),
            overdue: 100.0 - overdue * age,
            order_volume: volume(
                &self.revenue(key, today),
                frozen.map_or(&[], |frozen| frozen.revenues.as_slice()),
            ),
        }
    }

    /// The credit score; `None` without a payment history.
    pub(super) fn credit_score(&self, parts: &Parts) -> Option<Decimal> {
        let weights = self.settings.weights;
        let score = weights.payment_history * parts.payment_history?
            + weights.utilisation * parts.utilisation
            + weights.overdue * parts.overdue
            + weights.order_volume * parts.order_volume;
        Some(two_digits(score))
    }

    /// Assesses a customer. `new_days` days have begun since the last time. True when anything changed.
    pub(super) fn decide_assessment(
        &mut self,
        key: Key,
        new_days: u16,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> bool {
        let (id, today) = ((key.company, key.partner), self.day(now));
        let old = self.tables.assessments.get(id).cloned();
        let mut standing = self.standing(key, today);
        if !self.is_assessable(key, today) {
            if let Some(old) = &old {
                let mut gone = Assessment { credit_score: None, risk_level: NORMAL.into(), ..old.clone() };
                gone.told_score = gone.told_score.map(in_hundredths);
                self.tell_score(key, &mut gone, &[], now, outbox);
                self.tell_breach(key, &standing, old.breach_on, None, now, outbox);
                self.tables.assessments.set(id, None);
            }
            return self.decide_hold(key, &standing, &[], now, outbox) || old.is_some();
        }
        let experience = self.experience(key, today);
        let parts = self.parts(key, &standing, &experience, today);
        let score = self.credit_score(&parts);
        let mut scores = old.as_ref().map_or_else(Vec::new, |old| DayScores::read(&old.day_scores));
        DayScores::begin(&mut scores, new_days, score);
        standing.score = score;
        let drop = self.settings.check(Check::ScoreDrop);
        let remembered = &scores[..scores.len().min(drop.days.into())];
        standing.best_score = best(remembered);
        let too_good = |before: &Option<Decimal>| {
            before.is_some_and(|before| score.is_some_and(|score| before - score > drop.release))
        };
        standing.drop_ends = remembered.iter().position(too_good).and_then(|days_ago| {
            let days = u64::from(drop.days).saturating_sub(days_ago as u64);
            today.checked_add_days(Days::new(days))
        });

        let before = old.as_ref().map_or_else(Vec::new, |old| split(&old.failing));
        let failing: Vec<_> = self
            .settings
            .checks()
            .filter(|(check, of)| standing.fails(*check, of, before.contains(check), today))
            .map(|(check, _)| check)
            .collect();
        let risk = self.risk(score, &failing);
        let breach_on = self.breach(key, &standing, today);
        let mut new = Assessment {
            company_id: key.company,
            partner_id: key.partner,
            experiences: i32::try_from(experience.count).unwrap_or(i32::MAX),
            payment_history: parts.payment_history.map(two_digits),
            order_volume: two_digits(parts.order_volume),
            credit_score: score,
            risk_level: risk.into(),
            failing: join(&failing),
            breach_on,
            day_scores: DayScores::write(&scores),
            told_score: old.as_ref().and_then(|old| old.told_score).map(in_hundredths),
            told_risk: old.as_ref().map_or_else(|| NORMAL.into(), |old| old.told_risk.clone()),
            updated_at: now,
        };
        self.tell_score(key, &mut new, &failing, now, outbox);
        self.tell_breach(key, &standing, old.as_ref().and_then(|old| old.breach_on), breach_on, now, outbox);
        let held = self.decide_hold(key, &standing, &failing, now, outbox);
        if let Some(old) = &old {
            new.updated_at = old.updated_at;
            if new == *old {
                return held;
            }
            new.updated_at = now;
        }
        self.tables.assessments.set(id, Some(new));
        true
    }

    /// The highest of the scores that [`Check::ScoreDrop`] looks at.
    pub(super) fn best_score(&self, day_scores: &str) -> Option<Decimal> {
        let scores = DayScores::read(day_scores);
        best(&scores[..scores.len().min(self.settings.check(Check::ScoreDrop).days.into())])
    }

    /// Whether there is anything to say about a customer.
    fn is_assessable(&self, key: Key, today: NaiveDate) -> bool {
        self.tables.exposures.get((key.company, key.partner)).is_some()
            || self.payments.of(key).any(|(_, payment)| payment.counts(today))
            || self.sales.of(key).any(|(_, sale)| sale.counts(today))
    }

    /// Everybody about whom there is something to say.
    pub(super) fn assessable(&self, today: NaiveDate) -> BTreeSet<Key> {
        let exposed = self.tables.exposures.iter().map(|row| Key::from(row.key()));
        let payments =
            self.payments.iter().filter(|(.., payment)| payment.counts(today)).map(|(key, ..)| key);
        let sales = self.sales.iter().filter(|(.., sale)| sale.counts(today)).map(|(key, ..)| key);
        exposed.chain(payments).chain(sales).collect()
    }

    fn risk(&self, score: Option<Decimal>, failing: &[Check]) -> &'static str {
        let critical = failing.iter().any(|check| self.settings.check(*check).action == Action::Hold);
        match score {
            _ if critical => RISKS[4],
            Some(score) if score >= self.settings.risk.low => RISKS[1],
            Some(score) if score >= self.settings.risk.medium => RISKS[2],
            Some(_) => RISKS[3],
            None => NORMAL,
        }
    }

    fn tell_score(
        &self,
        key: Key,
        new: &mut Assessment,
        failing: &[Check],
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) {
        let moved = match (new.told_score, new.credit_score) {
            (Some(told), Some(score)) => (told - score).abs() >= TELLING,
            (told, score) => told.is_some() != score.is_some(),
        };
        if !moved && new.told_risk == new.risk_level {
            return;
        }
        let name = self.name(key.partner);
        let event = ScoreChanged {
            company_id: key.company,
            partner_id: key.partner,
            partner_name: &name,
            before: Told { credit_score: new.told_score, risk_level: &new.told_risk },
            after: Told { credit_score: new.credit_score, risk_level: &new.risk_level },
            payment_history: new.payment_history,
            order_volume: new.order_volume,
            experiences: new.experiences,
            failing: failing.to_vec(),
        };
        outbox.emit("score_changed", key.company, format!("partner-{}", key.partner), now, &event);
        let score =
            |score: Option<Decimal>| score.map_or("insufficient history".into(), |score| score.to_string());
        let weights = self.settings.weights;
        outbox.audit(Audit {
            action: "score",
            time: now,
            record: Some(("res.partner", key.partner)),
            status: Status::Executed,
            confidence: None,
            reasoning: format!(
                "The credit score of {name} went from {} ({}) to {} ({}).",
                score(new.told_score),
                new.told_risk,
                score(new.credit_score),
                new.risk_level
            ),
            input: json(&serde_json::json!({
                "company_id": key.company,
                "partner_id": key.partner,
                "payment_history": new.payment_history,
                "order_volume": new.order_volume,
                "experiences": new.experiences,
                "failing": failing,
                "weights": [weights.payment_history, weights.utilisation, weights.overdue, weights.order_volume],
                "settlements": self.payments.of(key).map(|(id, _)| id).take(NAMED).collect::<Vec<_>>(),
            })),
            output: json(&event.after),
        });
        new.told_score = new.credit_score;
        new.told_risk.clone_from(&new.risk_level);
    }

    fn tell_breach(
        &self,
        key: Key,
        standing: &Standing,
        before: Option<NaiveDate>,
        after: Option<NaiveDate>,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) {
        if before == after {
            return;
        }
        let name = self.name(key.partner);
        let event = BreachNews {
            company_id: key.company,
            partner_id: key.partner,
            partner_name: &name,
            credit_limit: standing.limit,
            total: standing.total,
            breach_on: after,
            before,
        };
        let kind = if after.is_some() { "limit_breach_predicted" } else { "limit_breach_cleared" };
        outbox.emit(kind, key.company, format!("partner-{}", key.partner), now, &event);
        outbox.audit(Audit {
            action: "predict_breach",
            time: now,
            record: Some(("res.partner", key.partner)),
            status: Status::Executed,
            confidence: None,
            reasoning: match after {
                Some(day) => format!("As things stand, {name} exceeds the limit on {day}."),
                None => format!("The breach of the limit of {name} is not ahead any more."),
            },
            input: json(&serde_json::json!({
                "company_id": key.company,
                "partner_id": key.partner,
                "total": standing.total,
                "credit_limit": standing.limit,
                "open_items": self.contributions.receivable_items(key).map(|(_, id, _)| id).take(NAMED).collect::<Vec<_>>(),
                "open_orders": self.open_orders.of(key).map(|(id, _)| id).take(NAMED).collect::<Vec<_>>(),
            })),
            output: json(&serde_json::json!({ "breach_on": after, "before": before })),
        });
    }

    pub(super) fn name(&self, partner: i32) -> String {
        self.tables.partners.get(partner).map_or_else(|| format!("partner {partner}"), |row| row.name.clone())
    }
}

/// Scores at the start of each day, the latest first, as `day_scores` holds them: hundredths with a comma between them.
struct DayScores;

impl DayScores {
    fn read(text: &str) -> Vec<Option<Decimal>> {
        let score = |text: &str| text.parse::<i64>().ok().map(|hundredths| Decimal::new(hundredths, 2));
        text.split(',').filter(|text| !text.is_empty()).map(score).collect()
    }

    fn write(scores: &[Option<Decimal>]) -> String {
        let text = |score: &Option<Decimal>| {
            let hundredths = score.and_then(|score| (score * Decimal::ONE_HUNDRED).to_i64());
            hundredths.map_or("-".into(), |hundredths| hundredths.to_string())
        };
        scores.iter().map(text).collect::<Vec<_>>().join(",")
    }

    /// So many days begin, the last of them with this score; of those that were passed over nothing is known.
    fn begin(scores: &mut Vec<Option<Decimal>>, days: u16, score: Option<Decimal>) {
        if days == 0 {
            return;
        }
        let unknown = if scores.is_empty() { 0 } else { usize::from(days.min(LONGEST_MEMORY)) - 1 };
        scores.splice(0..0, std::iter::once(score).chain(std::iter::repeat_n(None, unknown)));
        scores.truncate(LONGEST_MEMORY.into());
    }
}

fn best(scores: &[Option<Decimal>]) -> Option<Decimal> {
    scores.iter().flatten().copied().max()
}

fn decimal(amount: Money) -> Decimal {
    Decimal::new(amount.0, Money::SCALE)
}

fn two_digits(value: f64) -> Decimal {
    in_hundredths(Decimal::from_f64(value).unwrap_or_default())
}

/// With two digits after the point, whatever Postgres returned.
fn in_hundredths(score: Decimal) -> Decimal {
    let mut score = score.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    score.rescale(2);
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_scores_survive_their_column_and_forget_what_is_too_old() {
        let mut scores = DayScores::read("8012,-,7950");
        assert_eq!(scores, [Some(Decimal::new(8_012, 2)), None, Some(Decimal::new(7_950, 2))]);
        DayScores::begin(&mut scores, 3, Some(Decimal::from(50)));
        assert_eq!(DayScores::write(&scores), "5000,-,-,8012,-,7950");
        DayScores::begin(&mut scores, 400, None);
        assert_eq!(scores.len(), usize::from(LONGEST_MEMORY));
        assert_eq!(DayScores::read(""), []);
    }
}
