//! Payments that come again, and for which no document exists yet.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use forecasting::calendar::{Day, date, day};
use forecasting::repetitions::{self, Flow};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::cash::Role;
use super::expected::Expected;
use super::money::{major, minor};
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Document, Item, Kind, Repetition, SaleOrder};

/// Days that are looked back.
const BACK: Day = 1_100;
/// A document stands for a payment that comes again if it is at least this part of it.
const PART: i64 = 4;
/// Amounts that differ by less than this part are about the same.
const ABOUT: i64 = 20;
/// Letters of a month's name that is cut off.
const SHORT: usize = 3;
/// What months are called.
const MONTHS: &str = "january february march april may june july august september october november december \
    januar jänner februar märz mai juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre \
    décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre";

/// Whose payments are one series: a company's, of a partner or with a text, in one direction.
type Series = (i32, Option<i32>, String, bool);

/// A document, or a payment that has moved, that may be one of those that come again.
#[derive(Clone)]
struct Standing {
    day: Day,
    /// How much, in the company's currency, without a sign.
    amount: i64,
    label: String,
}

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
        // Of several series of one partner each is known by its amount, and of those of one amount by its cadence.
        let mut known: BTreeMap<(Series, i64), BTreeMap<i32, String>> = BTreeMap::new();
        for row in self.tables.repetitions.iter() {
            let series = (row.company_id, row.partner_id, row.label.clone(), row.is_incoming);
            known.entry((series, row.series.amount)).or_default().insert(row.id, row.cadence.clone());
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
            let of_amount = known.entry((series.clone(), one.amount)).or_default();
            let cadence = one.cadence.words();
            let same = of_amount.iter().find(|(_, of)| **of == cadence).or(of_amount.iter().next());
            let id = same.map_or_else(
                || {
                    last += 1;
                    last
                },
                |(id, _)| *id,
            );
            of_amount.remove(&id);
            kept.push(self.repetition(id, series, one));
        }
        for id in known.into_values().flat_map(BTreeMap::into_keys) {
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
            until: if is_incoming { self.ends(company_id, partner_id, one.amount) } else { None },
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

    /// The last day of the subscription that money comes in by: the one of this amount, if there is one.
    fn ends(&self, company: i32, partner: Option<i32>, amount: i64) -> Option<NaiveDate> {
        let orders = self.tables.sale_orders.iter().filter(|order| {
            let of_partner = order.partner_id.map(|partner| self.tables.commercial(partner)) == partner;
            of_partner
                && order.is_subscription
                && order.company_id.is_none_or(|own| self.tables.root(own) == company)
        });
        let of_amount = |order: &SaleOrder| {
            let lines = self.indexes.lines_of_sale_order.members(order.id);
            let lines = lines.filter_map(|id| self.tables.sale_order_lines.get(id));
            let total = lines.fold(Decimal::ZERO, |sum, line| sum.saturating_add(line.total));
            self.to_company(company, total, order.currency_id).is_ok_and(|total| is_about(total, amount))
        };
        let (of_amount, others): (Vec<_>, Vec<_>) =
            orders.map(|order| (of_amount(order), order.until)).partition(|(of_amount, _)| *of_amount);
        let mut ends = if of_amount.is_empty() { others } else { of_amount };
        ends.sort_unstable();
        // One without an end goes on.
        if ends.first()?.1.is_none() { None } else { ends.last().and_then(|(_, until)| *until) }
    }

    /// What is expected of payments that come again: each day for which nothing stands yet. `stands` has the days of documents and payments
    /// that are of them.
    pub(super) fn recurring(&self, id: i32, stands: &[Day]) -> Option<Claim> {
        let row = self.tables.repetitions.get(id)?;
        let lessons = self.lessons.as_ref()?.get(&row.company_id)?;
        let grid = self.grid();
        let until = row.until.map_or(grid.last(), |until| day(until).min(grid.last()));
        let mut days = row.series.days(&lessons.calendar, grid.today, until);
        for stands in stands.iter().copied() {
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

    /// The days of documents, and of payments of today, that are of payments that come again: each is of one of them.
    pub(super) fn standing_for(&self, repetitions: &BTreeSet<i32>) -> BTreeMap<i32, Vec<Day>> {
        let mut groups: BTreeMap<(i32, Option<i32>, bool), Vec<&Repetition>> = BTreeMap::new();
        for row in repetitions.iter().filter_map(|id| self.tables.repetitions.get(*id)) {
            groups.entry((row.company_id, row.partner_id, row.is_incoming)).or_default().push(row);
        }
        let moved = if groups.is_empty() { BTreeMap::new() } else { self.moved_today() };
        let mut stands: BTreeMap<i32, Vec<Day>> = BTreeMap::new();
        for (group, rows) in groups {
            // A payment with another text is another payment, whatever its amount.
            let is_called = |of: &&Standing| rows.iter().any(|row| of.label == row.label);
            let of_today = moved.get(&group).into_iter().flatten().filter(is_called).cloned();
            for standing in self.documents_of(group).into_iter().chain(of_today) {
                if let Some(row) = self.is_of(&rows, &standing) {
                    stands.entry(row).or_default().push(standing.day);
                }
            }
        }
        for days in stands.values_mut() {
            days.sort_unstable();
        }
        stands
    }

    /// The documents of a partner in one direction.
    fn documents_of(&self, (company, partner, is_incoming): (i32, Option<i32>, bool)) -> Vec<Standing> {
        let documents = self.indexes.documents(partner.unwrap_or_default());
        let documents = documents.filter_map(|key| self.tables.documents.get(key)).filter(|of| {
            let comes_in = matches!(of.component, Component::Ar | Component::Pipeline);
            let is_gone = of.amount.is_zero() && of.problem.is_none();
            of.company_id == company
                && comes_in == is_incoming
                && of.component != Component::Recurring
                && of.kind != Kind::Lead
                && !is_gone
        });
        let standing = documents.filter_map(|of| {
            // When it is paid, however late that is.
            let day = of.expected.likeliest().or(of.due.map(day))?;
            Some(Standing { day, amount: self.whole(of), label: self.label_of(of) })
        });
        standing.collect()
    }

    /// How much a document was before a part of it was paid, in its company's currency, without a sign.
    fn whole(&self, document: &Document) -> i64 {
        let item = self.tables.items.get(document.id).filter(|_| document.kind == Kind::Item);
        let whole = item.and_then(|item| {
            self.to_company(document.company_id, item.amount.abs(), self.currency_of(item)).ok()
        });
        whole.or_else(|| minor(document.amount, document.decimals())).unwrap_or_default()
    }

    /// What is written on a document that has no partner.
    fn label_of(&self, document: &Document) -> String {
        let item = self.tables.items.get(document.id);
        let item = item.filter(|_| matches!(document.kind, Kind::Item | Kind::UnderWay));
        item.and_then(|item| item.label.as_deref()).map(words).unwrap_or_default()
    }

    /// Of which of several payments that come again a document or a payment is. It is of one with its partner or its text, if it is large
    /// enough, or else of one of about its amount: of the one whose amount is nearest, and then whose day is.
    fn is_of(&self, rows: &[&Repetition], standing: &Standing) -> Option<i32> {
        let candidates = rows.iter().filter_map(|row| {
            let own = row.series.amount.saturating_abs();
            let is_called = row.partner_id.is_some() || row.label == standing.label;
            let is_enough =
                if is_called { standing.amount > own / PART } else { is_about(standing.amount, own) };
            let off = (standing.amount - own).saturating_abs();
            is_enough.then(|| (!is_called, off, self.distance(row, standing.day), row.id))
        });
        candidates.min().map(|(.., id)| id)
    }

    /// How far a day is from the nearest one on which a payment comes again, or came last.
    fn distance(&self, row: &Repetition, to: Day) -> Day {
        let Some(lessons) = self.lessons.as_ref().and_then(|of| of.get(&row.company_id)) else {
            return Day::MAX;
        };
        let period = row.series.cadence.period();
        let days = row.series.days(&lessons.calendar, row.series.last - 1, to + 2 * period);
        days.into_iter().chain([row.series.last]).map(|on| (on - to).abs()).min().unwrap_or(Day::MAX)
    }

    /// What has moved today: it may have come early.
    fn moved_today(&self) -> BTreeMap<(i32, Option<i32>, bool), Vec<Standing>> {
        let mut moved: BTreeMap<_, Vec<Standing>> = BTreeMap::new();
        let Some(today) = self.day() else { return moved };
        let of_today = self.indexes.items_of_day.members(day(today));
        let flows = of_today.filter_map(|id| self.flow(self.tables.items.get(id)?, today));
        for ((company, partner, label, is_incoming), flow) in flows {
            let standing = Standing { day: day(today), amount: flow.amount.saturating_abs(), label };
            moved.entry((company, partner, is_incoming)).or_default().push(standing);
        }
        moved
    }

    /// What payments that come again are called.
    fn called(&self, row: &Repetition) -> String {
        let partner = row.partner_id.and_then(|partner| self.tables.partners.get(partner));
        partner.map_or_else(|| row.label.clone(), |partner| partner.name.clone())
    }
}

/// Whether an amount is about another one.
fn is_about(amount: i64, other: i64) -> bool {
    (amount - other).saturating_abs() <= other.saturating_abs() / ABOUT
}

/// The words of a text, without the numbers, dates and names of months that differ each time.
fn words(text: &str) -> String {
    let is_word =
        |word: &&str| word.chars().any(char::is_alphabetic) && !word.chars().any(|c| c.is_ascii_digit());
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(is_word).map(str::to_lowercase);
    words.filter(|word| !is_month(word)).take(6).collect::<Vec<_>>().join(" ")
}

/// Whether a word is the name of a month in English, German, French or Spanish, or begins like one and is cut off.
fn is_month(word: &str) -> bool {
    MONTHS
        .split_whitespace()
        .any(|month| month == word || word.chars().count() == SHORT && month.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_not_what_a_payment_is_called() {
        assert_eq!(words("Payroll 2026-02, run 17"), "payroll run");
        assert_eq!(words("SEPA DD MREF M-0815 Stadtwerke"), "sepa dd mref m stadtwerke");
        assert_eq!(words("4711 / 12"), "");
        for text in ["Rent March", "Rent MAR 26", "Rent, März", "Rent août", "RENT JAN/26", "Rent enero"] {
            assert_eq!(words(text), "rent", "{text}");
        }
        assert_eq!(words("Marina Juniper"), "marina juniper");
    }
}
