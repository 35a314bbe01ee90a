//! Payments that come again, and for which no document exists yet.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use forecasting::calendar::{Day, date, day};
use forecasting::repetitions::{self, Flow};
use sqlx::types::Json;

use super::cash::Role;
use super::expected::Expected;
use super::money::{major, minor};
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Item, Kind, Repetition};

/// Days that are looked back.
const BACK: Day = 1_100;
/// A document stands for a payment that comes again if it is at least this part of it.
const PART: i64 = 4;

/// Whose payments are one series: a company's, of a partner or with a text, in one direction.
type Series = (i32, Option<i32>, String, bool);

impl State {
    /// Finds what comes again, as of the end of the day before.
    pub(super) fn find_repetitions(&mut self) {
        let Some(today) = self.day() else { return };
        let mut flows: BTreeMap<Series, Vec<(i32, Flow)>> = BTreeMap::new();
        for item in self.tables.items.iter().filter(|item| item.day < today) {
            if let Some((series, flow)) = self.flow(item, today) {
                flows.entry(series).or_default().push((item.id, flow));
            }
        }
        let mut known: BTreeMap<(Series, i64), i32> = BTreeMap::new();
        for row in self.tables.repetitions.iter() {
            let series = (row.company_id, row.partner_id, row.label.clone(), row.is_incoming);
            // Of several series of one partner each is known by its amount.
            known.insert((series, row.series.amount), row.id);
        }
        let mut rows = Vec::new();
        for (series, mut flows) in flows {
            flows.sort_unstable_by_key(|(id, flow)| (flow.day, *id));
            let flows: Vec<Flow> = flows.into_iter().map(|(_, flow)| flow).collect();
            let Some(lessons) = self.lessons.as_ref().and_then(|of| of.get(&series.0)) else { continue };
            let found = repetitions::find(&flows, &lessons.calendar, day(today) - 1);
            rows.extend(found.into_iter().map(|one| (series.clone(), one)));
        }
        let mut last = self.tables.clock.get(1).map_or(0, |clock| clock.last_repetition);
        let mut kept = Vec::new();
        for (series, one) in rows {
            let id = known.remove(&(series.clone(), one.amount)).unwrap_or_else(|| {
                last += 1;
                last
            });
            kept.push(self.repetition(id, series, one));
        }
        for id in known.into_values() {
            self.tables.repetitions.set(id, None);
        }
        for row in kept {
            self.tables.repetitions.set(row.id, Some(row));
        }
        self.clock(|clock| clock.last_repetition = last);
    }

    fn repetition(&self, id: i32, series: Series, one: repetitions::Repetition) -> Repetition {
        let (company_id, partner_id, label, is_incoming) = series;
        Repetition {
            id,
            company_id,
            until: self.ends(company_id, partner_id),
            partner_id,
            label,
            is_incoming,
            cadence: one.cadence.words(),
            amount: major(one.amount, self.decimals(company_id)),
            seen: i32::try_from(one.seen).unwrap_or(i32::MAX),
            last_date: date(one.last),
            series: Json(one),
        }
    }

    /// A payment that may come again: of a partner, or with a text, and not between own banks.
    fn flow(&self, item: &Item, today: NaiveDate) -> Option<(Series, Flow)> {
        if self.role(item) != Role::Cash || day(item.day) < day(today) - BACK || self.is_transfer(item) {
            return None;
        }
        let company = self.tables.root(item.company_id);
        let line = item.line_id.and_then(|id| self.tables.lines.get(id));
        let partner = item.partner_id.or_else(|| line.and_then(|line| line.partner_id));
        let partner = partner.map(|partner| self.tables.commercial(partner));
        let text = || item.label.as_deref().or_else(|| line?.label.as_deref()).map(words).unwrap_or_default();
        let label = if partner.is_some() { String::new() } else { text() };
        if partner.is_none() && label.is_empty() {
            return None;
        }
        let amount = self.to_company(company, item.amount, self.currency_of(item)).ok()?;
        Some(((company, partner, label, amount > 0), Flow { day: day(item.day), amount }))
    }

    /// The last day of the subscription that a partner has.
    fn ends(&self, company: i32, partner: Option<i32>) -> Option<NaiveDate> {
        let orders = self.tables.sale_orders.iter().filter(|order| {
            let of_partner = order.partner_id.map(|partner| self.tables.commercial(partner)) == partner;
            of_partner
                && order.is_subscription
                && order.company_id.is_none_or(|own| self.tables.root(own) == company)
        });
        let mut ends: Vec<Option<NaiveDate>> = orders.map(|order| order.until).collect();
        ends.sort_unstable();
        // One without an end goes on.
        if ends.first()?.is_none() { None } else { ends.last().copied().flatten() }
    }

    /// What is expected of payments that come again: each day for which no document of the partner stands yet.
    pub(super) fn recurring(&self, id: i32) -> Option<Claim> {
        let row = self.tables.repetitions.get(id)?;
        let lessons = self.lessons.as_ref()?.get(&row.company_id)?;
        let grid = self.grid();
        let until = row.until.map_or(grid.last(), |until| day(until).min(grid.last()));
        let mut days = row.series.days(&lessons.calendar, grid.today, until);
        for stands in self.standing_for(row) {
            let nearest = (0..days.len()).min_by_key(|place| (days[*place] - stands).abs());
            let near =
                nearest.filter(|place| (days[*place] - stands).abs() <= row.series.cadence.period() / 2);
            near.map(|place| days.remove(place));
        }
        if days.is_empty() {
            return None;
        }
        let decimals = self.decimals(row.company_id);
        let expected = Expected::of(decimals, days.into_iter().map(|on| (on, row.series.amount)));
        Some(Claim {
            kind: Kind::Repetition,
            id,
            company: row.company_id,
            component: Component::Recurring,
            partner: row.partner_id,
            name: self.called(row),
            currency: self.currency(row.company_id)?,
            due: None,
            amount: expected.total(),
            deviation: row.series.deviation,
            expected,
            why: format!("{}, {} times so far", row.cadence, row.seen),
            problem: None,
        })
    }

    /// The days of documents, and of payments of today, that are of such a payment, in order.
    fn standing_for(&self, row: &Repetition) -> Vec<Day> {
        let Some(partner) = row.partner_id else { return Vec::new() };
        let documents = self.indexes.documents(partner).filter_map(|key| self.tables.documents.get(key));
        let decimals = self.decimals(row.company_id);
        let least = row.series.amount.abs() / PART;
        let counts = documents.filter(|of| {
            let is_incoming = matches!(of.component, Component::Ar | Component::Pipeline);
            of.company_id == row.company_id
                && of.component != Component::Recurring
                && of.kind != Kind::Lead
                && is_incoming == row.is_incoming
                && minor(of.amount, decimals).unwrap_or_default() > least
        });
        let mut days: Vec<Day> = counts
            .filter_map(|of| match of.kind {
                Kind::Item => of.due.map(day),
                _ => of.expected.likeliest(),
            })
            .collect();
        days.extend(self.moved_today(row));
        days.sort_unstable();
        days
    }

    /// Today once for each payment of the partner that has moved: it may have come early.
    fn moved_today(&self, row: &Repetition) -> Vec<Day> {
        let Some(today) = self.day() else { return Vec::new() };
        let items = row
            .partner_id
            .into_iter()
            .flat_map(|partner| self.indexes.partners_of_commercial.members(partner));
        let items = items.flat_map(|partner| self.indexes.open_of_partner.members(partner));
        let of_today = items.filter_map(|id| self.tables.items.get(id)).filter(|item| item.day == today);
        let flows = of_today.filter_map(|item| self.flow(item, today));
        let of_series = flows.filter(|((company, _, _, is_incoming), flow)| {
            let is_enough = flow.amount.abs() > row.series.amount.abs() / PART;
            *company == row.company_id && *is_incoming == row.is_incoming && is_enough
        });
        of_series.map(|_| day(today)).collect()
    }

    /// What payments that come again are called.
    fn called(&self, row: &Repetition) -> String {
        let partner = row.partner_id.and_then(|partner| self.tables.partners.get(partner));
        partner.map_or_else(|| row.label.clone(), |partner| partner.name.clone())
    }
}

/// The words of a text, without the numbers and dates that differ each time.
fn words(text: &str) -> String {
    let is_word =
        |word: &&str| word.chars().any(char::is_alphabetic) && !word.chars().any(|c| c.is_ascii_digit());
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(is_word);
    words.take(6).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_not_what_a_payment_is_called() {
        assert_eq!(words("Payroll 2026-02, run 17"), "payroll run");
        assert_eq!(words("SEPA DD MREF M-0815 Stadtwerke"), "sepa dd mref m stadtwerke");
        assert_eq!(words("4711 / 12"), "");
    }
}
