//! Why a customer stands as it does: the documents behind each bucket, every check, the parts of the score, the decision, and
//! what would change it.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Mode, Money, Table};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

use super::bucket::{Bucket, Key};
use super::day_scores::DayScores;
use super::position::Position;
use super::score::Parts;
use super::settings::{Consequence, Settings};
use super::state::State;
use super::view::View;
use crate::store::{Assessment, Check, Hold, HoldStatus};

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
    /// What it is at present.
    pub status: HoldStatus,
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

impl HoldExplained {
    fn from_row(hold: &Hold) -> Self {
        Self {
            status: hold.status,
            since: hold.since,
            reason: hold.reason.clone(),
            missing: hold.missing,
            release: hold.release.clone(),
            orders: hold.orders.to_vec(),
            released_checks: hold.released.to_vec(),
            exempt_until: hold.exempt_until,
            raised_limit: hold.raised_limit,
            raised_until: hold.raised_until,
            person: hold.person.clone(),
            note: hold.note.clone(),
        }
    }
}

/// Explains a customer in every company that knows it, as of `now`.
pub(crate) fn explain(
    state: &mut State,
    settings: &Settings,
    partner: i32,
    now: DateTime<Utc>,
) -> Vec<Explanation> {
    let today = state.calendar.day(now);
    state.place(today);
    let mut keys: BTreeSet<Key> = state.assessable(today).into_iter().collect();
    // What people decided stands even where nothing is owed.
    keys.extend(state.tables.holds.iter().map(|row| Key::from(row.key())));
    let view = View { state, settings, now, today };
    keys.into_iter().filter(|key| key.partner == partner).map(|key| explain_in(view, key)).collect()
}

fn explain_in(view: View<'_>, key: Key) -> Explanation {
    let View { state, settings, today, .. } = view;
    let tables = &state.tables;
    let assessment = tables.assessments.get(key.id());
    let hold = tables.holds.get(key.id());
    let mut position = Position::new(view, key);
    position.score = assessment.and_then(|row| row.credit_score);
    position.best_score = assessment
        .and_then(|row| DayScores::read(&row.day_scores).best(settings.check(Check::ScoreDrop).days));
    let failing = assessment.map_or(&[][..], |row| row.failing.as_slice());
    let checks = settings.checks().map(|(check, settings)| CheckExplained {
        check,
        action: if settings.action == Consequence::Hold { "hold" } else { "warn" },
        figure: check.figure(&position, today).map(|figure| figure.round_dp(2).normalize()),
        at: settings.at,
        release: settings.release,
        fails: failing.contains(&check),
        missing: failing.contains(&check).then(|| check.missing(&position, settings)).flatten(),
    });
    let checks: Vec<_> = checks.collect();
    let scaled = |amount| tables.scaled(key.company, amount);
    let breach_on = assessment.and_then(|row| row.breach_on);
    let (decision, would_change) = decision(hold, &checks, breach_on, settings.mode);
    Explanation {
        company_id: key.company,
        currency: tables.currency(key.company),
        total: position.total,
        buckets: buckets(state, key),
        credit_limit: tables.own_limit(key).map(scaled),
        limit_in_force: tables.limit_in_force(key, today).map(scaled),
        checks,
        score: score(view, key, assessment, &position),
        breach_on,
        mode: settings.mode,
        hold: hold.map(HoldExplained::from_row),
        decision,
        would_change,
    }
}

/// The score and its parts. The history and the volume are those of the assessment: they rest on more than one customer's rows.
fn score(view: View<'_>, key: Key, assessment: Option<&Assessment>, position: &Position) -> ScoreExplained {
    let parts = Parts::new(view, key, position, &view.state.experience(key, view.today));
    let weights = view.settings.weights;
    let part = |part, value: Option<Decimal>, weight| PartExplained { part, value, weight };
    let rounded = |value| Decimal::from_f64(value).map(|value| value.round_dp(2));
    let history = assessment.and_then(|row| row.payment_history);
    ScoreExplained {
        credit_score: position.score,
        risk_level: assessment.map_or_else(String::new, |row| row.risk_level.to_string()),
        parts: vec![
            part("payment_history", history, weights.payment_history),
            part("utilisation", rounded(parts.utilisation), weights.utilisation),
            part("overdue", rounded(parts.overdue), weights.overdue),
            part("order_volume", assessment.map(|row| row.order_volume), weights.order_volume),
        ],
        experiences: assessment.map_or(0, |row| row.experiences),
    }
}

/// The buckets that are not empty, with their documents.
fn buckets(state: &State, key: Key) -> Vec<BucketExplained> {
    let names = [
        (Bucket::NotDue, "not_due"),
        (Bucket::Overdue, "overdue"),
        (Bucket::Unapplied, "unapplied"),
        (Bucket::DraftInvoiced, "draft_invoiced"),
    ];
    let decimals = state.tables.decimals(key.company);
    let amount = |amount: Money| Money::sum_to_decimal(amount.0, decimals);
    let explained = names.map(|(bucket, name)| {
        let items = state.contributions.items_of(key).filter(|(_, part)| part.bucket == bucket);
        let items = items.map(|(id, part)| DocumentExplained {
            model: "account.move.line",
            id,
            move_id: state.tables.items.get(id).map(|item| item.move_id),
            amount: amount(part.amount),
            date: part.due,
        });
        let documents: Vec<_> = items.collect();
        let amount = documents.iter().map(|document| document.amount).sum();
        BucketExplained { bucket: name, amount, documents }
    });
    let orders = state.open_orders.rows_of(key).map(|(id, order)| DocumentExplained {
        model: "sale.order",
        id,
        move_id: None,
        amount: amount(order.amount),
        date: order.ships,
    });
    // Orders are added up in their currency: the sum may differ from the orders', each converted by itself, in its last digits.
    let to_invoice = Money::sum_to_decimal(state.ordered.sum(key, &state.rates, &state.tables), decimals);
    let to_invoice =
        BucketExplained { bucket: "to_invoice", amount: to_invoice, documents: orders.collect() };
    let mut buckets: Vec<_> = explained.into_iter().chain([to_invoice]).collect();
    buckets.retain(|bucket| !bucket.documents.is_empty());
    for bucket in &mut buckets {
        bucket.documents.sort_by_key(|document| (document.date, document.model, document.id));
    }
    buckets
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
    let decision = match hold.map_or(HoldStatus::None, |hold| hold.status) {
        HoldStatus::Held => "orders that are not delivered are on hold",
        HoldStatus::Suggested => "a hold on orders that are not delivered is suggested",
        HoldStatus::Shadow => "orders that are not delivered would be on hold, but the rule only watches",
        HoldStatus::None => "no hold",
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
            let released: Vec<_> = hold.released.iter().map(|check| check.as_str()).collect();
            would_change.push(format!(
                "a person released it; it holds again once {} has passed and fails anew",
                released.join(",")
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
    (decision.to_owned(), would_change)
}
