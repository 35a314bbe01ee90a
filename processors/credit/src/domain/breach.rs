//! The day on which a limit is going to be exceeded, as things stand: decisions.md, "Predicted breach".

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use contract::audit::{Status, json};
use contract::{Audit, Money, Outbox};

use super::bucket::Key;
use super::events::{BreachData, LimitBreachCleared, LimitBreachPredicted};
use super::position::Position;
use super::view::View;
use crate::store::Check;

/// How far the exposure is carried forward.
const AHEAD: u64 = 90;

/// The first day on which the exposure within the horizon is above the limit; `None` where it is so already.
pub(super) fn breach(view: View<'_>, key: Key, position: &Position) -> Option<NaiveDate> {
    let View { state, settings, today, .. } = view;
    let limit = position.limit?;
    let mut exposure = position.total - position.ships_later;
    if exposure > limit {
        return None;
    }
    let last = today.checked_add_days(Days::new(AHEAD))?;
    let mut changes: BTreeMap<NaiveDate, i128> = BTreeMap::new();
    for (due, _, amount) in state.receivable(key).filter(|(due, ..)| *due >= today) {
        let change = changes.entry(due.succ_opt()?).or_default();
        *change = change.saturating_sub(amount.0);
    }
    let horizon = Days::new(settings.check(Check::Horizon).days.into());
    let horizon_ends = today.checked_add_days(horizon)?;
    for (_, order) in state.open_orders.rows_of(key) {
        if let Some(ships) = order.ships.filter(|ships| *ships > horizon_ends) {
            let change = changes.entry(ships.checked_sub_days(horizon)?).or_default();
            *change = change.saturating_add(order.counted(settings).0);
        }
    }
    for (day, change) in changes.range(..=last) {
        exposure += Money::sum_to_decimal(*change, Money::SCALE);
        if exposure > limit {
            return Some(*day);
        }
    }
    None
}

/// Emits that the predicted day is another one, or that there is none any more.
pub(super) fn emit(
    view: View<'_>,
    key: Key,
    position: &Position,
    before: Option<NaiveDate>,
    after: Option<NaiveDate>,
    outbox: &mut Outbox,
) {
    if before == after {
        return;
    }
    let View { state, now, .. } = view;
    let name = state.tables.name(key.partner);
    let data = BreachData {
        company_id: key.company,
        partner_id: key.partner,
        partner_name: &name,
        credit_limit: position.limit,
        total: position.total,
        breach_on: after,
        before,
    };
    match after {
        Some(_) => outbox.emit(now, &LimitBreachPredicted(data)),
        None => outbox.emit(now, &LimitBreachCleared(data)),
    }
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
            "total": position.total,
            "credit_limit": position.limit,
            "open_items": view.open_items(key),
            "open_orders": view.open_orders(key),
        })),
        output: json(&serde_json::json!({ "breach_on": after, "before": before })),
    });
}
