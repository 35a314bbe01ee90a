//! Holds: placed, proposed, released, and what each of them says. decisions.md, "Holds".

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use contract::audit::{Status as Verdict, json};
use contract::{Audit, Mode, Outbox};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use sqlx::types::Json;

use super::bucket::{Bucket, Key};
use super::events::{Failing, HoldData, HoldPlaced, HoldReleased, HoldSuggested};
use super::pending;
use super::position::Position;
use super::settings::{Consequence, Settings};
use super::view::View;
use crate::store::{Check, Hold, HoldStatus};

impl Hold {
    /// None, and nothing that a person decided.
    pub(super) fn none(key: Key, now: DateTime<Utc>) -> Self {
        Self {
            company_id: key.company,
            partner_id: key.partner,
            status: HoldStatus::None,
            checks: Json::default(),
            reason: String::new(),
            release: String::new(),
            missing: None,
            accepted: Json::default(),
            orders: Json::default(),
            since: None,
            released: Json::default(),
            exempt_until: None,
            raised_limit: None,
            raised_until: None,
            person: None,
            note: None,
            updated_at: now,
        }
    }

    /// Whether a person's decision is in it that has not lapsed.
    pub(super) fn says_anything(&self) -> bool {
        !self.released.is_empty() || self.exempt_until.is_some() || self.raised_until.is_some()
    }

    /// What people allowed ends with its last day.
    pub(super) fn lapse(&mut self, today: NaiveDate, now: DateTime<Utc>, outbox: &mut Outbox) {
        let exemption = ("exemption", self.exempt_until.take_if(|until| *until < today));
        let limit = ("raised limit", self.raised_until.take_if(|until| *until < today));
        if limit.1.is_some() {
            self.raised_limit = None;
        }
        for (what, until) in [exemption, limit].into_iter().filter(|(_, until)| until.is_some()) {
            outbox.audit(Audit {
                action: "lapse",
                time: now,
                record: Some(("res.partner", self.partner_id)),
                status: Verdict::Executed,
                confidence: None,
                reasoning: format!("The {what} is over."),
                input: json(&serde_json::json!({ "company_id": self.company_id, "partner_id": self.partner_id, "until": until })),
                output: "{}".into(),
            });
        }
    }

    /// What it has to be while these checks hold.
    pub(super) fn due_status(&self, checks: &[Check], mode: Mode) -> HoldStatus {
        match mode {
            Mode::Off => HoldStatus::None,
            _ if checks.is_empty() || self.exempt_until.is_some() => HoldStatus::None,
            _ if !self.accepted.is_empty() => HoldStatus::Held,
            Mode::Shadow => HoldStatus::Shadow,
            Mode::Suggest => HoldStatus::Suggested,
            Mode::Auto => HoldStatus::Held,
        }
    }

    /// Why there is no hold (any more), although the checks `holding` fail.
    pub(super) fn why_not(&self, holding: &[Check], mode: Mode) -> String {
        if holding.is_empty() {
            "no check that holds fails".into()
        } else if self.exempt_until.is_some() || holding.iter().all(|check| self.released.contains(check)) {
            let person = self.person.as_deref().unwrap_or("somebody");
            format!("{person}: {}", self.note.as_deref().unwrap_or("no reason"))
        } else if mode == Mode::Off {
            "the rule is off".into()
        } else {
            "the rule's mode places no holds by itself".into()
        }
    }

    /// What it is, why, what is missing, and what would release it.
    pub(super) fn describe(
        &mut self,
        view: View<'_>,
        status: HoldStatus,
        failing: &[Failing],
        position: &Position,
    ) {
        if self.status != status {
            self.since = (status != HoldStatus::None).then_some(view.now);
        }
        self.status = status;
        if status != HoldStatus::Held {
            self.accepted.clear();
        }
        self.checks.clear();
        self.reason.clear();
        self.release.clear();
        self.missing = None;
        if status == HoldStatus::None {
            return;
        }
        self.checks.extend(failing.iter().map(|failing| failing.check));
        self.reason = failing.iter().map(|failing| failing.text.as_str()).collect::<Vec<_>>().join("; ");
        let missing = |check: &Check| check.missing(position, view.settings.check(*check));
        let decimals = view.state.tables.decimals(self.company_id);
        self.missing = self.checks.iter().filter_map(missing).max().map(|missing| {
            let mut missing = missing.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity);
            missing.rescale(decimals);
            missing
        });
        let mut ways = Vec::new();
        if let Some(missing) = self.missing {
            ways.push(format!("a payment of {missing} {}", view.state.tables.currency(self.company_id)));
        }
        if self.checks.contains(&Check::NoPayment) {
            ways.push("any payment".into());
        }
        if self.checks.contains(&Check::ScoreDrop)
            && let Some(day) = position.drop_ends
        {
            ways.push(format!("{day}, when the better scores are too long ago"));
        }
        self.release = ways.join("; and ");
    }
}

/// The checks that hold a customer, if they fail.
pub(super) fn holding(failing: &[Check], settings: &Settings) -> Vec<Check> {
    let holds = |check: &Check| settings.check(*check).action == Consequence::Hold;
    failing.iter().copied().filter(holds).collect()
}

/// Checks that fail, with their figures.
pub(super) fn figures(view: View<'_>, checks: &[Check], position: &Position) -> Vec<Failing> {
    let failing = |&check: &Check| {
        let settings = view.settings.check(check);
        Failing {
            check,
            figure: check.figure(position, view.today).map(|figure| figure.round_dp(2).normalize()),
            at: settings.at,
            release: settings.release,
            text: check.reason(position, settings, view.today),
        }
    };
    checks.iter().map(failing).collect()
}

/// Orders that are not delivered, in the order of their ids, but for those that unapplied payments cover, and those of a branch, or of
/// the root company, whose own limit lets the checks `checks` pass. `before` are those that were held.
pub(super) fn orders_to_hold(
    view: View<'_>,
    key: Key,
    checks: &[Check],
    position: &Position,
    before: &[i32],
) -> Vec<i32> {
    let state = view.state;
    let limits = state.limits_of_branches(key, view.today);
    let of_root = state.limit_of_root(key, view.today);
    let fails = |company: i32| {
        let own = limits.get(&company).copied().filter(|limit| *limit > Decimal::ZERO).or(of_root);
        let position = Position { limit: own, ..position.clone() };
        let of_company =
            |id: &i32| state.tables.orders.get(*id).is_some_and(|order| order.company_id == company);
        let before = before.iter().any(of_company);
        checks.iter().any(|check| check.fails(&position, view.settings.check(*check), before, view.today))
    };
    let of_companies: BTreeSet<_> = state.open_orders.rows_of(key).map(|(_, order)| order.company).collect();
    let failing: BTreeSet<_> = of_companies.into_iter().filter(|company| fails(*company)).collect();
    let pending = pending::beyond(&state.contributions, &state.pending, key).0;
    let mut paid = (pending - state.contributions.sums(key).amount(Bucket::Unapplied)).max(0);
    let mut held = Vec::new();
    for (id, order) in state.open_orders.rows_of(key) {
        let left = order.left.0.max(order.amount.0);
        if paid >= left {
            paid -= left;
            continue;
        }
        paid = 0;
        if order.undelivered && failing.contains(&order.company) {
            held.push(id);
        }
    }
    held
}

/// A hold that is another one than before.
pub(super) struct Transition<'a> {
    pub(super) before: HoldStatus,
    pub(super) hold: &'a Hold,
    /// The checks that fail, whether or not anything follows from them.
    pub(super) failing: &'a [Failing],
    pub(super) position: &'a Position,
    /// Why there is no hold, if there is none.
    pub(super) why: &'a str,
}

/// What a decision rests on, for `audit_logs`.
#[derive(Serialize)]
struct Input<'a> {
    company_id: i32,
    partner_id: i32,
    currency: &'a str,
    total: Decimal,
    receivable: Decimal,
    overdue: Decimal,
    credit_limit: Option<Decimal>,
    checks: &'a [Failing],
    /// Ids of `account.move.line` and `sale.order`.
    open_items: Vec<i32>,
    open_orders: Vec<i32>,
}

/// What was decided, for `audit_logs`.
#[derive(Serialize)]
struct Output<'a> {
    before: HoldStatus,
    after: HoldStatus,
    missing: Option<Decimal>,
    release: &'a str,
    orders: &'a [i32],
}

impl Transition<'_> {
    /// Emits it and writes it down.
    pub(super) fn emit(&self, view: View<'_>, outbox: &mut Outbox) {
        let Self { before, hold, failing, position, why } = *self;
        let (company_id, partner_id, after) = (hold.company_id, hold.partner_id, hold.status);
        let tables = &view.state.tables;
        let (name, currency) = (tables.name(partner_id), tables.currency(company_id));
        let was_emitted = matches!(before, HoldStatus::Held | HoldStatus::Suggested);
        if was_emitted && before != after && !(before == HoldStatus::Suggested && after == HoldStatus::Held) {
            let event = HoldReleased { company_id, partner_id, partner_name: &name, was: before, why };
            outbox.emit(view.now, &event);
        }
        if matches!(after, HoldStatus::Held | HoldStatus::Suggested) {
            let data = HoldData {
                company_id,
                partner_id,
                partner_name: &name,
                currency: &currency,
                total: position.total,
                credit_limit: position.limit,
                checks: failing,
                missing: hold.missing,
                release: &hold.release,
                orders: &hold.orders,
                order_numbers: hold
                    .orders
                    .iter()
                    .filter_map(|order| tables.orders.get(*order))
                    .map(|row| row.name.as_str())
                    .collect(),
            };
            if after == HoldStatus::Held {
                outbox.emit(view.now, &HoldPlaced(data));
            } else {
                outbox.emit(view.now, &HoldSuggested(data));
            }
        }
        let (status, reasoning) = match after {
            HoldStatus::None => (
                if before == HoldStatus::Shadow { Verdict::Shadow } else { Verdict::Executed },
                format!("{name} is not held any more: {why}."),
            ),
            HoldStatus::Shadow => (Verdict::Shadow, format!("{name} would be held: {}.", hold.reason)),
            HoldStatus::Suggested => (Verdict::Suggested, format!("{name} should be held: {}.", hold.reason)),
            HoldStatus::Held => (Verdict::Executed, format!("{name} is held: {}.", hold.reason)),
        };
        let key = Key::from((company_id, partner_id));
        let input = Input {
            company_id,
            partner_id,
            currency: &currency,
            total: position.total,
            receivable: position.receivable,
            overdue: position.overdue,
            credit_limit: position.limit,
            checks: failing,
            open_items: view.open_items(key),
            open_orders: view.open_orders(key),
        };
        let (missing, release, orders) = (hold.missing, &hold.release, &hold.orders);
        outbox.audit(Audit {
            action: "hold",
            time: view.now,
            record: Some(("res.partner", partner_id)),
            status,
            confidence: None,
            reasoning,
            input: json(&input),
            output: json(&Output { before, after, missing, release, orders }),
        });
    }
}
