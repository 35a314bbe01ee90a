//! A customer's scores, checks and prediction in one company, and the events that tell of them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::audit::{Status, json};
use contract::{Audit, Money, Outbox, Table};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::Ledger;
use super::bucket::Key;
use super::checks::{Check, Document, Standing, join, split};
use super::day_scores::DayScores;
use super::holds::NAMED;
use super::payments::{Experience, PROMPT};
use super::settings::Action;
use super::volume::volume;
use crate::store::Assessment;

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

impl Ledger {
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
        let mut scores = DayScores::read(old.as_ref().map_or("", |old| &old.day_scores));
        scores.begin(new_days, score);
        let drop = self.settings.check(Check::ScoreDrop);
        standing.score = score;
        standing.best_score = scores.best(drop.days);
        let too_good = score.and_then(|score| scores.last_above(score + drop.release, drop.days));
        standing.drop_ends = too_good.and_then(|days_ago| {
            today.checked_add_days(Days::new(u64::from(drop.days).saturating_sub(days_ago as u64)))
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
            day_scores: scores.write(),
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

    /// Whether there is anything to say about a customer.
    fn is_assessable(&self, key: Key, today: NaiveDate) -> bool {
        self.tables.exposures.get((key.company, key.partner)).is_some()
            || self.payments.of(key).any(|(_, payment)| payment.counts(today))
            || self.sales.of(key).any(|(_, sale)| sale.counts(today))
    }

    /// Everybody about whom there is something to say, in order.
    pub(super) fn assessable(&self, today: NaiveDate) -> Vec<Key> {
        let payments =
            self.payments.iter().filter(|(.., payment)| payment.counts(today)).map(|(key, ..)| key);
        let sales = self.sales.iter().filter(|(.., sale)| sale.counts(today)).map(|(key, ..)| key);
        let mut keys: Vec<Key> = payments.chain(sales).collect();
        // A customer's rows stand together.
        keys.dedup();
        keys.extend(self.tables.exposures.iter().map(|row| Key::from(row.key())));
        keys.sort_unstable();
        keys.dedup();
        keys
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
