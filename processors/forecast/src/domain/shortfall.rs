//! What people are told: that a forecast has moved, and that there will be too little.

use chrono::{DateTime, Utc};
use contract::audit::{Audit, Status, json};
use contract::{Mode, Outbox};
use forecasting::calendar::{Day, date, day};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::types::Json;

use super::bridge::{self, Moved};
use super::evaluate::{COMPONENTS, Row};
use super::events::{Driver, Moves, ShortfallCleared, ShortfallPredicted, Updated};
use super::expected::Expected;
use super::money::{major, major_sum, minor};
use super::put::Evaluation;
use super::state::{GROUP, State};
use crate::store::{Document, Position, Told};

/// Documents that are named.
const NAMED: usize = 5;
/// A change matters that is at least this part of what there is, and of what may come and go.
const PART: i128 = 100;
/// Days whose flows are told.
const SOON: usize = 30;

impl State {
    /// Tells what has moved since it was told last, and whether there will be too little.
    pub(super) fn tell(
        &mut self,
        company: i32,
        rows: &[Row],
        now: DateTime<Utc>,
        evaluation: Evaluation,
        outbox: &mut Outbox,
    ) {
        // Where there is one company, the group is the same.
        if company != GROUP && self.roots().len() < 2 {
            return;
        }
        let Some(position) = self.tables.positions.get(company).cloned() else { return };
        let mut told = position.told.0.clone();
        let decimals = self.decimals(company);
        let materiality = self.materiality(company, &position, decimals);
        if let Some((slot, by)) = moved_most(rows, &told, decimals).filter(|(_, by)| by.abs() >= materiality)
        {
            outbox.emit(now, &self.updated(&position, rows, slot, by, evaluation));
            let balances =
                rows.iter().map(|row| (row.target, i64::try_from(row.balance).unwrap_or(i64::MAX)));
            told.balances = Expected::exactly(decimals, balances.collect());
        }
        self.tell_shortfall(&position, rows, &mut told, materiality, now, outbox);
        self.tables.positions.set(company, Some(Position { told: Json(told), ..position }));
    }

    /// By how much a balance has to move before it is told.
    fn materiality(&self, company: i32, position: &Position, decimals: u32) -> i128 {
        if let Some(configured) = self.settings.materiality {
            return minor(configured, decimals).map_or(i128::MAX, i128::from).max(1);
        }
        let [most_in, most_out] = self.books.get(&company).map(super::book::Book::most).unwrap_or_default();
        let opening = minor(position.opening, decimals).map(i128::from).unwrap_or_default();
        (opening.abs().max(most_in).max(most_out) / PART).max(1)
    }

    fn updated(
        &self,
        position: &Position,
        rows: &[Row],
        slot: usize,
        by: i128,
        evaluation: Evaluation,
    ) -> Updated {
        let company = position.company_id;
        let decimals = self.decimals(company);
        let soon = rows
            .iter()
            .take(SOON)
            .fold([0_i128; 4], |sum, row| std::array::from_fn(|of| sum[of] + row.flows[of]));
        let target = rows.get(slot).map_or(0, |row| row.target);
        Updated {
            company_id: company,
            currency: self.tables.currency_code(position.currency_id),
            forecast_date: position.forecast_date,
            opening: position.opening,
            lowest: position.lowest,
            lowest_date: position.lowest_date,
            next_30_days: COMPONENTS
                .into_iter()
                .zip(soon)
                .map(|(component, amount)| Moves { component, amount: major_sum(amount, decimals) })
                .collect(),
            target_date: date(target),
            balance: rows.get(slot).map_or(Decimal::ZERO, |row| major_sum(row.balance, decimals)),
            by: major_sum(by, decimals),
            because: self.because(company, target, evaluation),
        }
    }

    /// What has moved a balance in this evaluation, the largest first.
    fn because(&self, company: i32, target: Day, evaluation: Evaluation) -> Vec<Moved> {
        let changed = self.tables.documents.iter().filter(|row| row.evaluation == evaluation.number);
        let of_company = changed.filter(|row| counts(row, company));
        let mut all: Vec<Moved> = of_company
            .filter_map(|row| {
                let before = if evaluation.is_first { &row.day_before } else { row.before.as_ref()? };
                bridge::moved(row, before, target)
            })
            .collect();
        all.sort_unstable_by(|a, b| {
            b.by.abs().cmp(&a.by.abs()).then(a.kind.cmp(&b.kind)).then(a.id.cmp(&b.id))
        });
        all.truncate(NAMED);
        all
    }

    fn tell_shortfall(
        &self,
        position: &Position,
        rows: &[Row],
        told: &mut Told,
        materiality: i128,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) {
        let mode = self.settings.mode;
        let decimals = self.decimals(position.company_id);
        let is_silent = mode == Mode::Shadow;
        let first_day = position.shortfall.filter(|_| mode != Mode::Off);
        // What was told is taken back also where the rule says nothing any more.
        let is_over = told.shortfall.is_some() && (first_day.is_none() || is_silent && !told.is_silent);
        if is_over {
            let cleared = ShortfallCleared {
                company_id: position.company_id,
                floor: position.floor,
                lowest: position.lowest,
                lowest_date: position.lowest_date,
            };
            let text = format!(
                "No shortfall is told any more: at least {} until {}.",
                position.lowest, position.lowest_date
            );
            self.write_down(position, text, json(&cleared), now, outbox);
            if !told.is_silent {
                outbox.emit(now, &cleared);
            }
            (told.shortfall, told.lowest, told.is_silent) = (None, None, false);
        }
        let Some(first_day) = first_day else { return };
        let is_deeper = told.lowest.is_none_or(|lowest| {
            let by =
                minor(position.lowest, decimals).zip(minor(lowest, decimals)).map(|(now, then)| now - then);
            by.is_none_or(|by| i128::from(by).abs() >= materiality)
        });
        if told.shortfall == Some(first_day) && told.is_silent == is_silent && !is_deeper {
            return;
        }
        let balance = rows.iter().find(|row| date(row.target) == first_day).map_or(0, |row| row.balance);
        let predicted = ShortfallPredicted {
            company_id: position.company_id,
            currency: self.tables.currency_code(position.currency_id),
            first_day,
            balance: major_sum(balance, decimals),
            floor: position.floor,
            lowest: position.lowest,
            lowest_date: position.lowest_date,
            drivers: self.drivers(position.company_id, day(first_day)),
        };
        let text = format!(
            "On {first_day} there will be {} {}, which is less than {}.",
            predicted.balance, predicted.currency, position.floor
        );
        self.write_down(position, text, json(&predicted), now, outbox);
        if !is_silent {
            outbox.emit(now, &predicted);
        }
        (told.shortfall, told.lowest, told.is_silent) = (Some(first_day), Some(position.lowest), is_silent);
    }

    fn write_down(
        &self,
        position: &Position,
        reasoning: String,
        output: String,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) {
        let company = position.company_id;
        outbox.audit(Audit {
            action: crate::WARN,
            time: now,
            record: (company != GROUP).then_some(("res.company", company)),
            status: match self.settings.mode {
                Mode::Shadow => Status::Shadow,
                Mode::Auto => Status::Executed,
                Mode::Off | Mode::Suggest => Status::Suggested,
            },
            confidence: None,
            reasoning,
            input: json!({
                "forecast_date": position.forecast_date,
                "opening": position.opening,
                "floor": position.floor,
                "model_version": super::evaluate::MODEL,
            })
            .to_string(),
            output,
        });
    }

    /// What takes most until a day, and the largest amounts that come only after it.
    fn drivers(&self, company: i32, first_day: Day) -> Vec<Driver> {
        let documents = self.tables.documents.iter().filter(|row| counts(row, company));
        let mut all: Vec<(i64, &Document)> = documents
            .filter_map(|row| {
                let until = row.expected.until(first_day).saturating_mul(row.sign());
                let later = row.expected.total().saturating_mul(row.sign()).saturating_sub(until);
                let amount = if until < 0 { until } else { later.max(0) };
                (amount != 0).then_some((amount, row))
            })
            .collect();
        all.sort_unstable_by_key(|(amount, row)| (-amount.abs(), row.kind, row.id));
        let driver = |(amount, row): (i64, &Document)| Driver {
            kind: row.kind,
            id: row.id,
            name: row.name.clone(),
            partner_id: row.partner_id,
            amount: major(amount, row.decimals()),
            expected: row.expected.likeliest().map(date),
        };
        all.into_iter().take(NAMED).map(driver).collect()
    }
}

/// Whether a document is in the figures of a company, or of the group.
pub(super) fn counts(row: &Document, company: i32) -> bool {
    if company == GROUP {
        row.amount.is_zero() || !row.group_amount.is_zero()
    } else {
        row.company_id == company
    }
}

/// The row whose balance has moved most since it was told, and by how much. Days that were not told yet are new, and have not moved;
/// where all are, everything is told.
fn moved_most(rows: &[Row], told: &Told, decimals: u32) -> Option<(usize, i128)> {
    let known = told.balances.parts();
    let of = |row: &Row| {
        let place = known.binary_search_by_key(&row.target, |(target, _)| *target).ok()?;
        Some(row.balance - i128::from(known[place].1))
    };
    let is_known = told.balances.decimals() == decimals;
    let moved = rows.iter().enumerate().filter_map(|(slot, row)| Some((slot, of(row)?))).filter(|_| is_known);
    let largest = |(slot, by): &(usize, i128)| (by.abs(), usize::MAX - slot);
    moved.max_by_key(largest).or_else(|| rows.iter().map(|row| row.balance).enumerate().max_by_key(largest))
}
