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
use super::pending::{self, decimal};
use super::position::Position;
use super::score::Parts;
use super::settings::{Consequence, Settings};
use super::state::State;
use super::to_invoice::OpenOrder;
use super::view::View;
use crate::store::{Assessment, Check, Exposure, Hold, HoldStatus, Tables};

/// A customer in one company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Root company.
    pub company_id: i32,
    /// ISO 4217 code of its currency; all amounts are in it.
    pub currency: String,
    /// What is owed: the sum of all buckets but `committed`, which counts only where the rule says so.
    pub total: Decimal,
    /// Payments that have no journal entry yet, so that Odoo still counts what they pay; checks do not. Negative where more of
    /// them went to the customer.
    pub in_payment: Decimal,
    /// What Odoo shows as to be invoiced.
    pub to_invoice_odoo: Decimal,
    /// Why that is not `to_invoice`, where it is not.
    pub why_not_odoo: Option<String>,
    /// The buckets that are not empty, with their documents.
    pub buckets: Vec<BucketExplained>,
    /// The customer's own limit, or the company's default.
    pub credit_limit: Option<Decimal>,
    /// The limit that counts: a raised one while it lasts.
    pub limit_in_force: Option<Decimal>,
    /// Limits that count for orders of a branch.
    pub branch_limits: Vec<BranchLimit>,
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

/// A limit that a branch has set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BranchLimit {
    /// The branch.
    pub company_id: i32,
    /// Its limit.
    pub limit: Decimal,
}

/// A bucket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BucketExplained {
    /// not_due, overdue, unapplied, draft_invoiced, to_invoice or committed.
    pub bucket: &'static str,
    /// The sum.
    pub amount: Decimal,
    /// What it is the sum of.
    pub documents: Vec<DocumentExplained>,
}

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentExplained {
    /// account.move.line, sale.order, or account.payment.
    pub model: &'static str,
    /// Its id in Odoo.
    pub id: i32,
    /// Its number, or that of a journal item's entry, where it has one.
    pub number: Option<String>,
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
    #[serde(serialize_with = "contract::api::time::optional::serialize")]
    pub since: Option<DateTime<Utc>>,
    /// Why.
    pub reason: String,
    /// The payment that would release it.
    pub missing: Option<Decimal>,
    /// What would release it.
    pub release: String,
    /// Checks whose hold a person accepted when it was suggested, as long as they hold.
    pub accepted_checks: Vec<Check>,
    /// Ids of the orders that it is about.
    pub orders: Vec<i32>,
    /// Their numbers.
    pub order_numbers: Vec<String>,
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
    fn from_row(hold: &Hold, tables: &Tables) -> Self {
        let number = |order: &i32| {
            let name = tables.orders.get(*order).map(|order| order.name.clone());
            name.filter(|name| !name.is_empty()).unwrap_or_else(|| order.to_string())
        };
        Self {
            accepted_checks: hold.accepted.to_vec(),
            order_numbers: hold.orders.iter().map(number).collect(),
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
    // Or where there is a limit.
    let roots = state.tables.roots().into_iter().map(|company| Key { company, partner });
    keys.extend(roots.filter(|key| state.own_limit(*key).is_some()));
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
    let hold = hold.map(|hold| HoldExplained::from_row(hold, tables));
    let (decision, would_change) = decision(hold.as_ref(), &checks, breach_on, settings.mode);
    let exposure = tables.exposures.get(key.id());
    let amount = |of: fn(&Exposure) -> Decimal| scaled(exposure.map_or(Decimal::ZERO, of));
    let (to_invoice, to_invoice_odoo) = (amount(|row| row.to_invoice), amount(|row| row.to_invoice_odoo));
    let branch_limits = state.limits_of_branches(key, today).into_iter();
    let branch_limits =
        branch_limits.map(|(company_id, limit)| BranchLimit { company_id, limit: scaled(limit) });
    Explanation {
        company_id: key.company,
        currency: tables.currency(key.company),
        total: amount(|row| row.total),
        in_payment: scaled(decimal(pending::sum(&state.pending, key))),
        to_invoice_odoo,
        why_not_odoo: (to_invoice != to_invoice_odoo).then(|| {
            "down payments that are posted are taken off here; Odoo counts them twice, as orders and as invoices \
             (https://github.com/odoo/odoo/issues/238909)"
                .into()
        }),
        buckets: buckets(state, key),
        credit_limit: state.own_limit(key).map(scaled),
        limit_in_force: state.limit_in_force(key, today).map(scaled),
        branch_limits: branch_limits.collect(),
        checks,
        score: score(view, key, assessment, &position),
        breach_on,
        mode: settings.mode,
        hold,
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
        (Bucket::Committed, "committed"),
    ];
    let decimals = state.tables.decimals(key.company);
    let amount = |amount: Money| Money::sum_to_decimal(amount.0, decimals);
    let explained = names.map(|(bucket, name)| {
        let items = state.contributions.items_of(key).filter(|(_, part)| part.bucket == bucket);
        let items = items.map(|(id, part)| DocumentExplained {
            model: "account.move.line",
            id,
            number: state
                .tables
                .items
                .get(id)
                .and_then(|item| item.number.clone())
                .filter(|number| number != "/"),
            move_id: state.tables.items.get(id).map(|item| item.move_id),
            amount: amount(part.amount),
            date: part.due,
        });
        let documents: Vec<_> = items.collect();
        let amount = documents.iter().map(|document| document.amount).sum();
        BucketExplained { bucket: name, amount, documents }
    });
    let mut buckets = explained.into_iter().collect::<Vec<_>>();
    // Orders are added up in their currency: the sum may differ from the orders', each converted by itself, in its last digits.
    let sums = state.ordered.sums(key, &state.rates, &state.tables);
    let orders = |of: fn(&OpenOrder) -> Money| {
        let orders = state.open_orders.rows_of(key).filter(move |(_, order)| of(order) != Money::ZERO);
        let orders = orders.map(move |(id, order)| DocumentExplained {
            model: "sale.order",
            id,
            number: state
                .tables
                .orders
                .get(id)
                .map(|order| order.name.clone())
                .filter(|name| !name.is_empty()),
            move_id: None,
            amount: amount(of(order)),
            date: order.ships,
        });
        orders.collect::<Vec<_>>()
    };
    let sum = |sum| Money::sum_to_decimal(sum, decimals);
    if let Some(committed) = buckets.last_mut() {
        committed.amount += sum(sums.committed);
        committed.documents.extend(orders(|order| order.committed));
    }
    buckets.push(BucketExplained {
        bucket: "to_invoice",
        amount: sum(sums.to_invoice),
        documents: orders(|order| order.amount),
    });
    buckets.retain(|bucket| !bucket.documents.is_empty());
    for bucket in &mut buckets {
        bucket.documents.sort_by_key(|document| (document.date, document.model, document.id));
    }
    buckets
}

/// What was decided, and what would change it.
fn decision(
    hold: Option<&HoldExplained>,
    checks: &[CheckExplained],
    breach_on: Option<NaiveDate>,
    mode: Mode,
) -> (String, Vec<String>) {
    let mut would_change = Vec::new();
    let exempt = hold.is_some_and(|hold| hold.exempt_until.is_some());
    if mode == Mode::Off {
        would_change.push("the rule is off: whatever fails, nobody is held".to_owned());
    }
    let status = hold.map_or(HoldStatus::None, |hold| hold.status);
    let what = match hold.map_or(&[][..], |hold| hold.order_numbers.as_slice()) {
        [] => "no order waits for delivery now; new orders".into(),
        numbers => format!("the orders that are not delivered ({})", numbers.join(", ")),
    };
    let decision = match status {
        HoldStatus::Held => format!("{what} are on hold"),
        HoldStatus::Suggested => format!("a hold is suggested: {what} would wait"),
        HoldStatus::Shadow => format!("{what} would be on hold, but the rule only watches"),
        HoldStatus::None => "no hold".into(),
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
        if !hold.released_checks.is_empty() {
            let released: Vec<_> = hold.released_checks.iter().map(|check| check.as_str()).collect();
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
    (decision, would_change)
}
