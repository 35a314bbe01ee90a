//! Holds: placed, proposed, released, and what each of them says. docs/credit-decisions.md, "Holds".

use chrono::{DateTime, NaiveDate, Utc};
use contract::audit::{Status as Verdict, json};
use contract::{Audit, Mode, Outbox};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::Ledger;
use super::bucket::{Bucket, Key};
use super::checks::{Check, Standing, join, split};
use super::settings::Action;
use crate::store::Hold;

/// What a hold is at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    None,
    Shadow,
    Suggested,
    Held,
}

impl Status {
    const ALL: [Self; 4] = [Self::None, Self::Shadow, Self::Suggested, Self::Held];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Shadow => "shadow",
            Self::Suggested => "suggested",
            Self::Held => "held",
        }
    }

    pub(super) fn of(hold: Option<&Hold>) -> Self {
        Self::ALL
            .into_iter()
            .find(|status| hold.is_some_and(|hold| hold.status == status.as_str()))
            .unwrap_or(Self::None)
    }
}

/// A check that fails, as events and audit rows show it.
#[derive(Debug, Serialize)]
struct Failing {
    check: Check,
    figure: Option<Decimal>,
    at: Decimal,
    release: Decimal,
    text: String,
}

/// `hold_placed` and `hold_suggested`.
#[derive(Serialize)]
struct Placed<'a> {
    company_id: i32,
    partner_id: i32,
    partner_name: &'a str,
    currency: &'a str,
    total: Decimal,
    credit_limit: Option<Decimal>,
    checks: &'a [Failing],
    missing: Option<Decimal>,
    release: &'a str,
    orders: &'a [i32],
}

/// `hold_released`: what it was, and why it is over.
#[derive(Serialize)]
struct Released<'a> {
    company_id: i32,
    partner_id: i32,
    partner_name: &'a str,
    was: Status,
    why: &'a str,
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
    before: Status,
    after: Status,
    missing: Option<Decimal>,
    release: &'a str,
    orders: &'a [i32],
}

/// What is to be told.
struct Decision<'a> {
    key: Key,
    before: Status,
    after: Status,
    hold: &'a Hold,
    checks: &'a [Check],
    standing: &'a Standing,
    orders: &'a [i32],
    /// Why there is no hold, if there is none.
    why: &'a str,
    now: DateTime<Utc>,
}

/// How many documents an audit row names.
pub(super) const NAMED: usize = 100;

impl Ledger {
    /// The limit that counts: the customer's own, or the raised one while it lasts, whichever is higher.
    pub(super) fn limit_in_force(&self, key: Key, today: NaiveDate) -> Option<Decimal> {
        let own = self.own_limit(key)?;
        let hold = self.tables.holds.get((key.company, key.partner));
        let raised = hold.filter(|hold| hold.raised_until.is_some_and(|until| today <= until));
        Some(
            raised
                .and_then(|hold| hold.raised_limit)
                .filter(|_| own > Decimal::ZERO)
                .map_or(own, |raised| own.max(raised)),
        )
    }

    /// The customer's own limit.
    pub(super) fn own_limit(&self, key: Key) -> Option<Decimal> {
        self.tables.exposures.get((key.company, key.partner)).and_then(|exposure| exposure.credit_limit)
    }

    /// Decides about the hold of a customer whose checks `failing` fail. True when anything changed.
    pub(super) fn decide_hold(
        &mut self,
        key: Key,
        standing: &Standing,
        failing: &[Check],
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> bool {
        let today = self.day(now);
        let id = (key.company, key.partner);
        let old = self.tables.holds.get(id).cloned();
        if old.is_none() && failing.is_empty() {
            return false;
        }
        let mut hold = old.clone().unwrap_or_else(|| Hold::none(key.company, key.partner, now));
        lapse(&mut hold, today, now, outbox);

        let holding: Vec<_> = failing
            .iter()
            .copied()
            .filter(|check| self.settings.check(*check).action == Action::Hold)
            .collect();
        let mut released = split(&hold.released);
        released.retain(|check| holding.contains(check));
        hold.released = join(&released);
        let checks: Vec<_> = holding.iter().copied().filter(|check| !released.contains(check)).collect();

        let before = Status::of(old.as_ref());
        let after = match self.settings.mode {
            Mode::Off => Status::None,
            _ if checks.is_empty() || hold.exempt_until.is_some() => Status::None,
            Mode::Shadow => Status::Shadow,
            Mode::Suggest => Status::Suggested,
            Mode::Auto => Status::Held,
        };
        let orders = if after == Status::None { Vec::new() } else { self.orders_to_hold(key) };
        let names = orders.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let news = before != after
            || (after != Status::None && (hold.checks != join(&checks) || hold.orders != names));
        let why = self.why_not(&hold, &holding);
        self.describe(&mut hold, after, &checks, standing, today);
        hold.orders = names;
        if before != after {
            hold.since = (after != Status::None).then_some(now);
        }
        if news {
            let (checks, orders, why) = (checks.as_slice(), orders.as_slice(), why.as_str());
            self.announce(
                &Decision { key, before, after, hold: &hold, checks, standing, orders, why, now },
                outbox,
            );
        }
        let row = (after != Status::None || hold.says_anything()).then_some(hold);
        let unchanged = match (&old, &row) {
            (Some(old), Some(new)) => Hold { updated_at: old.updated_at, ..new.clone() } == *old,
            (old, new) => old.is_none() && new.is_none(),
        };
        if unchanged {
            return false;
        }
        self.tables.holds.set(id, row.map(|row| Hold { updated_at: now, ..row }));
        true
    }

    /// Orders that are not delivered, in the order of their ids, but for those that unapplied payments cover.
    fn orders_to_hold(&self, key: Key) -> Vec<i32> {
        let mut paid = -self.contributions.sums(key).of(Bucket::Unapplied);
        let mut held = Vec::new();
        for (id, order) in self.open_orders.of(key) {
            let left = i128::from(order.left.0.max(order.amount.0));
            if paid >= left {
                paid -= left;
                continue;
            }
            paid = 0;
            if order.undelivered {
                held.push(id);
            }
        }
        held
    }

    /// Why there is no hold (any more).
    fn why_not(&self, hold: &Hold, holding: &[Check]) -> String {
        let person = || {
            let (person, note) =
                (hold.person.as_deref().unwrap_or("somebody"), hold.note.as_deref().unwrap_or("no reason"));
            format!("{person}: {note}")
        };
        let released = split(&hold.released);
        if holding.is_empty() {
            "no check that holds fails".into()
        } else if hold.exempt_until.is_some() || holding.iter().all(|check| released.contains(check)) {
            person()
        } else if self.settings.mode == Mode::Off {
            "the rule is off".into()
        } else {
            "the rule's mode was changed".into()
        }
    }

    fn failing(&self, checks: &[Check], standing: &Standing, today: NaiveDate) -> Vec<Failing> {
        let failing = |check: &Check| {
            let of = self.settings.check(*check);
            Failing {
                check: *check,
                figure: standing.figure(*check, today).map(|figure| figure.round_dp(2).normalize()),
                at: of.at,
                release: of.release,
                text: standing.reason(*check, of, today),
            }
        };
        checks.iter().map(failing).collect()
    }

    /// Why it is held, what is missing, and what would release it.
    fn describe(
        &self,
        hold: &mut Hold,
        status: Status,
        checks: &[Check],
        standing: &Standing,
        today: NaiveDate,
    ) {
        hold.status = status.as_str().into();
        if status == Status::None {
            hold.checks.clear();
            hold.reason.clear();
            hold.release.clear();
            hold.missing = None;
            return;
        }
        hold.checks = join(checks);
        let failing = self.failing(checks, standing, today);
        hold.reason = failing.iter().map(|failing| failing.text.as_str()).collect::<Vec<_>>().join("; ");
        let decimals = self.decimals(hold.company_id);
        let missing =
            checks.iter().filter_map(|check| standing.missing(*check, self.settings.check(*check))).max();
        hold.missing = missing.map(|missing| {
            let mut missing = missing.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity);
            missing.rescale(decimals);
            missing
        });
        let mut ways = Vec::new();
        if let Some(missing) = hold.missing {
            ways.push(format!("a payment of {missing} {}", self.currency(hold.company_id)));
        }
        if checks.contains(&Check::NoPayment) {
            ways.push("any payment".into());
        }
        if checks.contains(&Check::ScoreDrop)
            && let Some(day) = standing.drop_ends
        {
            ways.push(format!("{day}, when the better scores are too long ago"));
        }
        hold.release = ways.join("; and ");
    }

    fn announce(&self, decision: &Decision<'_>, outbox: &mut Outbox) {
        let Decision { key, before, after, hold, checks, standing, orders, why, now } = *decision;
        let today = self.day(now);
        let failing = self.failing(checks, standing, today);
        let name: String = self.name(key.partner);
        let currency = self.currency(key.company);
        let (company_id, partner_id) = (key.company, key.partner);
        let entity = || format!("partner-{partner_id}");
        let was_told = matches!(before, Status::Held | Status::Suggested);
        if was_told && before != after && !(before == Status::Suggested && after == Status::Held) {
            let event = Released { company_id, partner_id, partner_name: &name, was: before, why };
            outbox.emit("hold_released", company_id, entity(), now, &event);
        }
        if matches!(after, Status::Held | Status::Suggested) {
            let event = Placed {
                company_id,
                partner_id,
                partner_name: &name,
                currency: &currency,
                total: standing.total,
                credit_limit: standing.limit,
                checks: &failing,
                missing: hold.missing,
                release: &hold.release,
                orders,
            };
            let kind = if after == Status::Held { "hold_placed" } else { "hold_suggested" };
            outbox.emit(kind, company_id, entity(), now, &event);
        }
        let (status, reasoning) = match after {
            Status::None => (
                if before == Status::Shadow { Verdict::Shadow } else { Verdict::Executed },
                format!("{name} is not held any more: {why}."),
            ),
            Status::Shadow => (Verdict::Shadow, format!("{name} would be held: {}.", hold.reason)),
            Status::Suggested => (Verdict::Suggested, format!("{name} should be held: {}.", hold.reason)),
            Status::Held => (Verdict::Executed, format!("{name} is held: {}.", hold.reason)),
        };
        let input = Input {
            company_id,
            partner_id,
            currency: &currency,
            total: standing.total,
            receivable: standing.receivable,
            overdue: standing.overdue,
            credit_limit: standing.limit,
            checks: &failing,
            open_items: self.contributions.receivable_items(key).map(|(_, id, _)| id).take(NAMED).collect(),
            open_orders: self.open_orders.of(key).map(|(id, _)| id).take(NAMED).collect(),
        };
        outbox.audit(Audit {
            action: "hold",
            time: now,
            record: Some(("res.partner", partner_id)),
            status,
            confidence: None,
            reasoning,
            input: json(&input),
            output: json(&Output { before, after, missing: hold.missing, release: &hold.release, orders }),
        });
    }
}

/// What people allowed ends with its last day.
fn lapse(hold: &mut Hold, today: NaiveDate, now: DateTime<Utc>, outbox: &mut Outbox) {
    let exemption = ("exemption", hold.exempt_until.take_if(|until| *until < today));
    let limit = ("raised limit", hold.raised_until.take_if(|until| *until < today));
    if limit.1.is_some() {
        hold.raised_limit = None;
    }
    for (what, until) in [exemption, limit].into_iter().filter(|(_, until)| until.is_some()) {
        outbox.audit(Audit {
            action: "lapse",
            time: now,
            record: Some(("res.partner", hold.partner_id)),
            status: Verdict::Executed,
            confidence: None,
            reasoning: format!("The {what} is over."),
            input: json(&serde_json::json!({ "company_id": hold.company_id, "partner_id": hold.partner_id, "until": until })),
            output: "{}".into(),
        });
    }
}

impl Hold {
    /// None, and nothing that a person decided.
    pub(super) fn none(company_id: i32, partner_id: i32, now: DateTime<Utc>) -> Self {
        Self {
            company_id,
            partner_id,
            status: Status::None.as_str().into(),
            checks: String::new(),
            reason: String::new(),
            release: String::new(),
            missing: None,
            orders: String::new(),
            since: None,
            released: String::new(),
            exempt_until: None,
            raised_limit: None,
            raised_until: None,
            person: None,
            note: None,
            updated_at: now,
        }
    }

    /// Whether a person's decision is in it that has not lapsed.
    fn says_anything(&self) -> bool {
        !self.released.is_empty() || self.exempt_until.is_some() || self.raised_until.is_some()
    }
}
