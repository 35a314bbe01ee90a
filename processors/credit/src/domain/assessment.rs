//! A customer's assessment in one company, and the event about its score.

use chrono::Days;
use contract::audit::{Status, json};
use contract::{Audit, Outbox};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::breach::breach;
use super::bucket::Key;
use super::day_scores::DayScores;
use super::events::{Score, ScoreChanged};
use super::position::Position;
use super::score::{Parts, in_hundredths, risk, two_digits};
use super::view::View;
use crate::store::{Assessment, Check, RiskLevel};

/// A score is emitted when it is this far from the one that was last emitted.
const LEAST_MOVE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// Assesses a customer, of whom `old` is what was said before. `new_days` days have begun since then. What the scores of past days
/// say is added to `position`.
pub(super) fn assess(
    view: View<'_>,
    key: Key,
    old: Option<&Assessment>,
    new_days: u16,
    position: &mut Position,
) -> Assessment {
    let View { state, settings, now, today } = view;
    let experience = state.experience(key, today);
    let parts = Parts::new(view, key, position, &experience);
    let score = parts.credit_score(settings.weights);
    let mut scores = DayScores::read(old.map_or("", |old| &old.day_scores));
    scores.begin(new_days, score);
    let drop = settings.check(Check::ScoreDrop);
    position.score = score;
    position.best_score = scores.best(drop.days);
    let too_good = score.and_then(|score| scores.last_above(score + drop.release, drop.days));
    position.drop_ends = too_good.and_then(|days_ago| {
        today.checked_add_days(Days::new(u64::from(drop.days).saturating_sub(days_ago as u64)))
    });
    let before = old.map_or(&[][..], |old| &old.failing);
    let fails = |check: Check, settings| check.fails(position, settings, before.contains(&check), today);
    let failing: Vec<_> = settings
        .checks()
        .filter(|(check, settings)| fails(*check, settings))
        .map(|(check, _)| check)
        .collect();
    Assessment {
        company_id: key.company,
        partner_id: key.partner,
        experiences: i32::try_from(experience.count).unwrap_or(i32::MAX),
        payment_history: parts.payment_history.map(two_digits),
        order_volume: two_digits(parts.order_volume),
        credit_score: score,
        risk_level: risk(score, &failing, settings),
        failing: Json(failing),
        breach_on: breach(view, key, position),
        day_scores: scores.write(),
        told_score: old.and_then(|old| old.told_score).map(in_hundredths),
        told_risk: old.map_or(RiskLevel::Normal, |old| old.told_risk),
        updated_at: now,
    }
}

/// What is left to say of a customer about whom there is nothing to say any more.
pub(super) fn nothing(old: &Assessment) -> Assessment {
    Assessment {
        credit_score: None,
        risk_level: RiskLevel::Normal,
        failing: Json::default(),
        told_score: old.told_score.map(in_hundredths),
        ..old.clone()
    }
}

/// Emits a score that is far enough from the one that was last emitted, or has another risk level, and notes that it was emitted.
pub(super) fn emit_score(view: View<'_>, key: Key, new: &mut Assessment, outbox: &mut Outbox) {
    let moved = match (new.told_score, new.credit_score) {
        (Some(emitted), Some(score)) => (emitted - score).abs() >= LEAST_MOVE,
        (emitted, score) => emitted.is_some() != score.is_some(),
    };
    if !moved && new.told_risk == new.risk_level {
        return;
    }
    let View { state, settings, now, .. } = view;
    let name = state.tables.name(key.partner);
    let event = ScoreChanged {
        company_id: key.company,
        partner_id: key.partner,
        partner_name: &name,
        before: Score { credit_score: new.told_score, risk_level: new.told_risk },
        after: Score { credit_score: new.credit_score, risk_level: new.risk_level },
        payment_history: new.payment_history,
        order_volume: new.order_volume,
        experiences: new.experiences,
        failing: &new.failing,
    };
    outbox.emit(now, &event);
    let score =
        |score: Option<Decimal>| score.map_or("insufficient history".into(), |score| score.to_string());
    let weights = settings.weights;
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
            "failing": new.failing,
            "weights": [weights.payment_history, weights.utilisation, weights.overdue, weights.order_volume],
            "settlements": view.settlements(key),
        })),
        output: json(&event.after),
    });
    (new.told_score, new.told_risk) = (new.credit_score, new.risk_level);
}
