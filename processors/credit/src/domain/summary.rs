//! A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::bucket::Key;
use super::view::View;
use crate::store::{Assessment, HoldStatus, RiskLevel, Score};

/// What `DECIMAL(15,2)` holds: 9,999,999,999,999.99.
const LARGEST: Decimal = Decimal::from_parts(0xA4C6_7FFF, 0x0003_8D7E, 0, false, 2);

/// What `VARCHAR(255)` holds.
const LONGEST_NAME: usize = 255;

/// The company whose currency the lines are in, and what amounts of each root company are worth in it.
pub(super) struct Main {
    company: i32,
    rates: BTreeMap<i32, Decimal>,
}

impl Main {
    /// The configured company, or the lowest root company; `None` where there is none.
    pub(super) fn new(view: View<'_>) -> Option<Self> {
        let View { state, .. } = view;
        let company = state.main_company.or_else(|| state.tables.roots().first().copied())?;
        let currency = |company| state.tables.currency_id(company);
        let rate = |from| {
            let (from, to) = currency(from).zip(currency(company))?;
            state.rates.convert(Decimal::ONE, company, from, to)
        };
        let roots = state.tables.roots();
        let rates = roots.into_iter().map(|root| (root, rate(root).unwrap_or(Decimal::ONE))).collect();
        Some(Self { company, rates })
    }
}

/// A customer's companies together.
struct Combined {
    known: bool,
    exposure: Decimal,
    overdue: Decimal,
    limit: Decimal,
    /// Some company sets no limit.
    unlimited: bool,
    credit_score: Option<Decimal>,
    payment_history: Option<Decimal>,
    order_volume: Option<Decimal>,
    risk: RiskLevel,
    reasons: Vec<String>,
}

impl Combined {
    /// None of them yet.
    fn new() -> Self {
        Self {
            known: false,
            exposure: Decimal::ZERO,
            overdue: Decimal::ZERO,
            limit: Decimal::ZERO,
            unlimited: false,
            credit_score: None,
            payment_history: None,
            order_volume: None,
            risk: RiskLevel::Normal,
            reasons: Vec::new(),
        }
    }

    /// The worst of all scores counts.
    fn assess(&mut self, row: &Assessment) {
        let worst = |all: Option<Decimal>, one: Option<Decimal>| [all, one].into_iter().flatten().min();
        self.credit_score = worst(self.credit_score, row.credit_score);
        self.payment_history = worst(self.payment_history, row.payment_history);
        self.order_volume = worst(self.order_volume, Some(row.order_volume));
        self.risk = self.risk.max(row.risk_level);
    }
}

/// A customer's line; `None` where no company knows anything about it.
pub(super) fn summary(view: View<'_>, customer: i32, main: &Main) -> Option<Score> {
    let View { state, now, today, .. } = view;
    let tables = &state.tables;
    let mut all = Combined::new();
    for (&company, &rate) in &main.rates {
        let key = Key { company, partner: customer };
        let (exposure, assessment) = (tables.exposures.get(key.id()), tables.assessments.get(key.id()));
        if exposure.is_none() && assessment.is_none() {
            continue;
        }
        if let Some(row) = exposure {
            all.exposure += convert(row.total, rate);
            all.overdue += convert(row.overdue, rate);
        }
        match state.limit_in_force(key, today) {
            Some(limit) => all.limit += convert(limit, rate),
            None => all.unlimited = true,
        }
        if let Some(row) = assessment {
            all.assess(row);
        }
        let hold = tables.holds.get(key.id());
        if let Some(hold) = hold.filter(|hold| hold.status == HoldStatus::Held) {
            all.reasons.push(format!("company {company}: {}", hold.reason));
        }
        all.known = true;
    }
    if !all.known {
        return None;
    }
    let decimals = tables.decimals(main.company).min(2);
    let fit = |amount: Decimal| {
        amount
            .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
            .clamp(-LARGEST, LARGEST)
    };
    Some(Score {
        customer_id: customer,
        customer_name: tables.name(customer).chars().take(LONGEST_NAME).collect(),
        credit_score: all.credit_score,
        credit_limit: (!all.unlimited).then(|| fit(all.limit)),
        current_exposure: fit(all.exposure),
        overdue_amount: fit(all.overdue),
        payment_history_score: all.payment_history,
        order_volume_score: all.order_volume,
        risk_level: all.risk,
        hold_active: !all.reasons.is_empty(),
        hold_reason: (!all.reasons.is_empty()).then(|| all.reasons.join("\n")),
        last_calculated: now.naive_utc(),
        created_at: now.naive_utc(),
    })
}

fn convert(amount: Decimal, rate: Decimal) -> Decimal {
    amount.checked_mul(rate).unwrap_or(LARGEST).clamp(-LARGEST, LARGEST)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_largest_amount_is_what_the_column_holds() {
        assert_eq!(super::LARGEST.to_string(), "9999999999999.99");
    }
}
