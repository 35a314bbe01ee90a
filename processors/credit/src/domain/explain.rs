//! Why a customer stands as it does: the documents behind each bucket, every check, the parts of the score, the decision, and
//! what would change it.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Mode, Table};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

use super::Ledger;
use super::bucket::{Bucket, Key};
use super::checks::{Check, split};
use super::day_scores::DayScores;
use super::settings::Action;
use crate::store::Hold;

/// A customer in one company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Root company.
    pub company_id: i32,
    /// ISO 4217 code of its currency; all amounts are in it.
    pub currency: String,
    /// The sum of all buckets.
    pub total: Decimal,
    /// The buckets that are not empty, with their documents.
    pub buckets: Vec<BucketExplained>,
    /// The customer's own limit.
    pub credit_limit: Option<Decimal>,
    /// The limit that counts: a raised one while it lasts.
    pub limit_in_force: Option<Decimal>,
    /// Every check that is made.
    pub checks: Vec<CheckExplained>,
    /// The score and what it is made of.
    pub score: ScoreExplained,
    /// When the limit is going to be exceeded, as things stand.
    pub breach_on: Option<NaiveDate>,
    /// How far the rule lets the automation go.
    #[schema(value_type = String)]
    pub mode: Mode,
    /// The hold, or what people decided about it.
    pub hold: Option<HoldExplained>,
    /// What was decided, in a sentence.
    pub decision: String,
    /// What would change it, in sentences.
    pub would_change: Vec<String>,
}

/// A bucket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BucketExplained {
    /// not_due, overdue, unapplied, draft_invoiced or to_invoice.
    pub bucket: &'static str,
    /// The sum.
    pub amount: Decimal,
    /// What it is the sum of.
    pub documents: Vec<DocumentExplained>,
}

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentExplained {
    /// account.move.line or sale.order.
    pub model: &'static str,
    /// Its id in Odoo.
    pub id: i32,
    /// The journal entry of a journal item.
    pub move_id: Option<i32>,
    /// What it contributes.
    pub amount: Decimal,
    /// When it is due, or ships.
    pub date: Option<NaiveDate>,
}

/// A check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckExplained {
    /// Which one.
    pub check: Check,
    /// warn or hold.
    pub action: &'static str,
    /// What it measured; NULL where there is nothing to measure.
    pub figure: Option<Decimal>,
    /// It fails above this.
    pub at: Decimal,
    /// Once it failed, it passes at or below this.
    pub release: Decimal,
    /// Whether it fails.
    pub fails: bool,
    /// The payment that would let it pass, where a payment would.
    pub missing: Option<Decimal>,
}

/// A credit score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScoreExplained {
    /// 0 to 100; NULL without a payment history.
    pub credit_score: Option<Decimal>,
    /// low, medium, high, critical, or normal for "not scored yet".
    pub risk_level: String,
    /// Its parts, in order of weight.
    pub parts: Vec<PartExplained>,
    /// Payments and overdue items that the payment history rests on; fewer than 3 are no history.
    pub experiences: i32,
}

/// A part of a score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartExplained {
    /// payment_history, utilisation, overdue or order_volume.
    pub part: &'static str,
    /// 0 to 100; NULL for insufficient history.
    pub value: Option<Decimal>,
    /// From 0 to 1.
    pub weight: f64,
}

/// A hold, and what people decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HoldExplained {
    /// none, shadow, suggested or held.
    pub status: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Why.
    pub reason: String,
    /// The payment that would release it.
    pub missing: Option<Decimal>,
    /// What would release it.
    pub release: String,
    /// Ids of the orders that it is about.
    pub orders: Vec<i32>,
    /// Checks that a person lets pass until they have passed by themselves.
    pub released_checks: Vec<Check>,
    /// No hold up to and including this day.
    pub exempt_until: Option<NaiveDate>,
    /// A limit in place of the customer's own …
    pub raised_limit: Option<Decimal>,
    /// … up to and including this day.
    pub raised_until: Option<NaiveDate>,
    /// Who decided last, and why.
    pub person: Option<String>,
    /// Why.
    pub note: Option<String>,
}

impl From<&Hold> for HoldExplained {
    fn from(hold: &Hold) -> Self {
        Self {
            status: hold.status.clone(),
            since: hold.since,
            reason: hold.reason.clone(),
            missing: hold.missing,
            release: hold.release.clone(),
            orders: hold.orders.split(',').filter_map(|id| id.parse().ok()).collect(),
            released_checks: split(&hold.released),
            exempt_until: hold.exempt_until,
            raised_limit: hold.raised_limit,
            raised_until: hold.raised_until,
            person: hold.person.clone(),
            note: hold.note.clone(),
        }
    }
}

impl Ledger {
    /// Explains a customer in every company that knows it, as of `now`.
    pub fn explain(&mut self, partner: i32, now: DateTime<Utc>) -> Vec<Explanation> {
        let today = self.day(now);
        self.place(today);
        let mut keys: BTreeSet<Key> = self.assessable(today).into_iter().collect();
        // What people decided stands even where nothing is owed.
        keys.extend(self.tables.holds.iter().map(|row| Key::from(row.key())));
        keys.into_iter().filter(|key| key.partner == partner).map(|key| self.explain_in(key, today)).collect()
    }

    fn explain_in(&self, key: Key, today: NaiveDate) -> Explanation {
        let id = (key.company, key.partner);
        let assessment = self.tables.assessments.get(id);
        let hold = self.tables.holds.get(id);
        let mut standing = self.standing(key, today);
        standing.score = assessment.and_then(|row| row.credit_score);
        standing.best_score = assessment.and_then(|row| {
            DayScores::read(&row.day_scores).best(self.settings.check(Check::ScoreDrop).days)
        });
        let failing = assessment.map_or_else(Vec::new, |row| split(&row.failing));
        let checks = self.settings.checks().map(|(check, of)| CheckExplained {
            check,
            action: if of.action == Action::Hold { "hold" } else { "warn" },
            figure: standing.figure(check, today).map(|figure| figure.round_dp(2).normalize()),
            at: of.at,
            release: of.release,
            fails: failing.contains(&check),
            missing: failing.contains(&check).then(|| standing.missing(check, of)).flatten(),
        });
        let checks: Vec<_> = checks.collect();
        let parts = self.parts(key, &standing, &self.experience(key, today), today);
        let weights = self.settings.weights;
        let part = |part, value: Option<Decimal>, weight| PartExplained { part, value, weight };
        let rounded = |value| Decimal::from_f64(value).map(|value| value.round_dp(2));
        let score = ScoreExplained {
            credit_score: standing.score,
            risk_level: assessment.map_or_else(String::new, |row| row.risk_level.clone()),
            parts: vec![
                part(
                    "payment_history",
                    assessment.and_then(|row| row.payment_history),
                    weights.payment_history,
                ),
                part("utilisation", rounded(parts.utilisation), weights.utilisation),
                part("overdue", rounded(parts.overdue), weights.overdue),
                part("order_volume", assessment.map(|row| row.order_volume), weights.order_volume),
            ],
            experiences: assessment.map_or(0, |row| row.experiences),
        };
        let scaled = |amount| self.scaled(key.company, amount);
        let (decision, would_change) =
            decision(hold, &checks, assessment.and_then(|row| row.breach_on), self.settings.mode);
        Explanation {
            company_id: key.company,
            currency: self.currency(key.company),
            total: standing.total,
            buckets: self.buckets(key),
            credit_limit: self.tables.exposures.get(id).and_then(|row| row.credit_limit).map(scaled),
            limit_in_force: self.limit_in_force(key, today).map(scaled),
            checks,
            score,
            breach_on: assessment.and_then(|row| row.breach_on),
            mode: self.settings.mode,
            hold: hold.map(HoldExplained::from),
            decision,
            would_change,
        }
    }

    fn buckets(&self, key: Key) -> Vec<BucketExplained> {
        let names = [
            (Bucket::NotDue, "not_due"),
            (Bucket::Overdue, "overdue"),
            (Bucket::Unapplied, "unapplied"),
            (Bucket::DraftInvoiced, "draft_invoiced"),
            (Bucket::ToInvoice, "to_invoice"),
        ];
        let explained = names.map(|(bucket, name)| {
            let mut documents = Vec::new();
            for (id, part) in self.contributions.items_of(key).filter(|(_, part)| part.bucket == bucket) {
                let move_id = self.tables.items.get(id).map(|item| item.move_id);
                let amount = self.amount(key, part.amount.0);
                documents.push(DocumentExplained {
                    model: "account.move.line",
                    id,
                    move_id,
                    amount,
                    date: part.due,
                });
            }
            for (id, order) in self.open_orders.of(key).filter(|_| bucket == Bucket::ToInvoice) {
                let amount = self.amount(key, order.amount.0);
                documents.push(DocumentExplained {
                    model: "sale.order",
                    id,
                    move_id: None,
                    amount,
                    date: order.ships,
                });
            }
            documents.sort_by_key(|document| (document.date, document.model, document.id));
            let amount = documents.iter().map(|document| document.amount).sum();
            BucketExplained { bucket: name, amount, documents }
        });
        explained.into_iter().filter(|bucket| !bucket.documents.is_empty()).collect()
    }

    fn amount(&self, key: Key, amount: i64) -> Decimal {
        contract::Money::sum_to_decimal(amount.into(), self.decimals(key.company))
    }
}

/// What was decided, and what would change it.
fn decision(
    hold: Option<&Hold>,
    checks: &[CheckExplained],
    breach_on: Option<NaiveDate>,
    mode: Mode,
) -> (String, Vec<String>) {
    let mut would_change = Vec::new();
    let exempt = hold.is_some_and(|hold| hold.exempt_until.is_some());
    if mode == Mode::Off {
        would_change.push("the rule is off: whatever fails, nobody is held".to_owned());
    }
    let decision = match hold.map_or("none", |hold| hold.status.as_str()) {
        "held" => "orders that are not delivered are on hold".to_owned(),
        "suggested" => "a hold on orders that are not delivered is suggested".into(),
        "shadow" => "orders that are not delivered would be on hold, but the rule only watches".into(),
        _ => "no hold".into(),
    };
    if let Some(hold) = hold {
        if !hold.release.is_empty() {
            would_change.push(format!("released by {}", hold.release));
        }
        if let Some(until) = hold.exempt_until {
            would_change.push(format!("the exemption ends with {until}"));
        }
        if let Some(until) = hold.raised_until {
            would_change.push(format!("the raised limit ends with {until}"));
        }
        if !hold.released.is_empty() {
            would_change.push(format!(
                "a person released it; it holds again once {} has passed and fails anew",
                hold.released
            ));
        }
    }
    let may_hold = mode != Mode::Off && !exempt;
    for check in checks.iter().filter(|check| may_hold && check.action == "hold" && !check.fails) {
        if let Some(figure) = check.figure {
            would_change.push(format!("{} above {} (now {figure}) would hold", check.check, check.at));
        }
    }
    if let Some(day) = breach_on {
        would_change.push(format!("the limit is going to be exceeded on {day}, as things stand"));
    }
    (decision, would_change)
}
