//! From rows to what the engine is told: items, partners, lines, rates.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use matching::rates::Rates;
use matching::records::{Currency, Day, Discount, Item, Kind, Line, Names, Partner};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::state::Indexes;
use crate::store::{self, StatementLine, Tables};

/// Days from the beginning of the calendar to 1970.
const EPOCH: i32 = 719_163;
/// What rates are relative to where the company's own currency has some, too. No currency of Odoo's has this id.
const BASE: Currency = Currency(0);

/// Days since 1970.
pub(super) fn days(date: NaiveDate) -> Day {
    date.num_days_from_ce() - EPOCH
}

/// The day that so many days since 1970 are.
pub(super) fn date(days: Day) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(days.saturating_add(EPOCH)).unwrap_or_default()
}

/// A currency, as the engine calls it.
pub(super) fn currency(id: i32) -> Currency {
    Currency(u16::try_from(id).unwrap_or(u16::MAX))
}

/// An amount in the currency's smallest unit; `None` where it is too large for any bank.
pub(super) fn minor(amount: Decimal, decimals: u32) -> Option<i64> {
    let scaled = amount.checked_mul(Decimal::from(10_i64.pow(decimals)))?;
    scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

/// The same back.
pub(super) fn major(amount: i64, decimals: u32) -> Decimal {
    Decimal::new(amount, decimals)
}

/// A probability with four digits.
pub(super) fn probability(value: f64) -> Decimal {
    let mut rounded = Decimal::from_f64(value).unwrap_or_default().round_dp(4);
    rounded.rescale(4);
    rounded
}

/// An open item, or one that was paid, and what it was in all; `None` where it is nothing that a bank line may pay.
///
/// As Odoo chooses candidates: what is posted on an account whose items are matched; a registered payment by its outstanding item, not by
/// what it settles. <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_bank_statement_line.py>
pub(super) fn item(row: &store::Item, tables: &Tables, suspense: &BTreeSet<i32>) -> Option<(Item, i64)> {
    let account = tables.accounts.get(row.account_id?)?;
    let moves_money = matches!(account.account_type.as_str(), "asset_cash" | "liability_credit_card");
    if !account.reconcile || moves_money || suspense.contains(&account.id) {
        return None;
    }
    let is_due = matches!(account.account_type.as_str(), "asset_receivable" | "liability_payable");
    if (is_due && row.of_payment) || (!is_due && row.of_product) {
        return None;
    }
    let entry = tables.entries.get(row.move_id);
    let document = entry.filter(|entry| entry.move_type != "entry");
    let is_open = !row.reconciled && !row.residual.is_zero();
    // Of what is closed, numbers are remembered that somebody may quote.
    if !(is_open || row.reconciled && document.is_some()) {
        return None;
    }
    let currency_id = row.currency_id?;
    let decimals = tables.decimals(currency_id);
    let amount = minor(row.amount, decimals)?;
    let residual = if is_open { minor(row.residual, decimals)? } else { 0 };
    let kind = match document.map(|document| document.move_type.as_str()) {
        Some("out_invoice" | "out_receipt") => Kind::Invoice,
        Some("out_refund" | "in_refund") => Kind::CreditNote,
        Some("in_invoice" | "in_receipt") => Kind::Bill,
        _ if row.of_payment => Kind::Payment,
        _ if row.line_id.is_some() && !is_due => Kind::Transfer,
        _ => Kind::Unknown,
    };
    let quoted = document.and_then(|document| document.payment_reference.as_deref());
    let number = row.number.as_deref().unwrap_or_default();
    let discount = row.discount_day.zip(row.discounted).and_then(|(until, discounted)| {
        let amount = minor(row.amount - discounted, decimals)?;
        (amount != 0 && !discounted.is_zero()).then(|| Box::new(Discount { until: days(until), amount }))
    });
    let item = Item {
        id: row.id,
        names: Names::new(
            number,
            quoted.filter(|quoted| *quoted != number).unwrap_or_default(),
            row.reference.as_deref().unwrap_or_default(),
        ),
        partner: row.partner_id,
        date: days(row.day),
        due: days(row.due),
        residual,
        currency: currency(currency_id),
        kind,
        discount,
    };
    Some((item, amount))
}

/// A partner, as a company sees it; `None` where it does not.
pub(super) fn partner(id: i32, company: i32, tables: &Tables, indexes: &Indexes) -> Option<Partner> {
    let row = tables.partners.get(id)?;
    let is_known =
        |owner: i32| tables.path(company).contains(&owner) || tables.path(owner).contains(&company);
    if !row.company_id.is_none_or(is_known) {
        return None;
    }
    let root = tables.root(company);
    let accounts = indexes.banks_of_partner.members(id);
    let accounts = accounts.filter_map(|bank| Some(tables.banks.get(bank)?.number.clone())).collect();
    Some(Partner {
        id,
        name: row.name.clone(),
        accounts,
        parent: Some(row.commercial_id).filter(|parent| *parent != id),
        own: tables.companies.iter().any(|own| own.partner_id == Some(id) && tables.root(own.id) == root),
    })
}

/// The currency in which a line is matched: the one in which it was paid.
pub(super) fn line_currency(row: &StatementLine, tables: &Tables) -> Option<i32> {
    let journal = tables.journals.get(row.journal_id)?;
    let of_company = || tables.companies.get(journal.company_id).map(|company| company.currency_id);
    row.foreign_currency_id.or(journal.currency_id).or_else(of_company)
}

/// What is not matched of a line; all of it where nothing is.
pub(super) fn open_amount(row: &StatementLine) -> Decimal {
    let whole = if row.foreign_currency_id.is_some() { row.foreign_amount } else { row.amount };
    if row.residual.is_zero() || row.reconciled { whole } else { -row.residual }
}

/// A bank line as the engine reads it; `None` where it is on no statement: its entry is not posted, or its journal has none.
pub(super) fn line(row: &StatementLine, tables: &Tables) -> Option<Line> {
    let journal = tables.journals.get(row.journal_id).filter(|journal| journal.moves_money)?;
    let entry = tables.entries.get(row.move_id).filter(|entry| entry.posted)?;
    let currency_id = line_currency(row, tables)?;
    Some(Line {
        id: row.id.into(),
        journal: journal.id.into(),
        date: days(entry.day?),
        amount: minor(open_amount(row), tables.decimals(currency_id))?,
        currency: currency(currency_id),
        text: text(row, entry),
        partner: row.partner_id,
        name: row.partner_name.clone().unwrap_or_default(),
        account: row.account_number.clone().unwrap_or_default(),
        bank_id: row.bank_id.clone().unwrap_or_default(),
        ..Line::default()
    })
}

/// All that is written on a line, each thing once.
fn text(row: &StatementLine, entry: &store::Entry) -> String {
    let details = row.details.as_deref().map(values).unwrap_or_default();
    let narration = entry.narration.as_deref().map(without_tags).unwrap_or_default();
    let parts = [row.label.as_deref(), entry.reference.as_deref(), Some(&narration), Some(&details)];
    let mut text = String::new();
    for part in parts.into_iter().flatten().map(str::trim) {
        if !part.is_empty() && !text.contains(part) {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(part);
        }
    }
    text
}

/// The texts and numbers of a JSON document, one after the other.
fn values(json: &str) -> String {
    fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => into.push(text.clone()),
            serde_json::Value::Number(number) => into.push(number.to_string()),
            serde_json::Value::Array(all) => all.iter().for_each(|value| collect(value, into)),
            serde_json::Value::Object(all) => all.values().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        collect(&value, &mut all);
    }
    all.join(" ")
}

/// Characters that HTML writes otherwise; the one that they all begin with is the last.
const CHARACTERS: [(&str, &str); 6] =
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];

/// The text of HTML.
pub(super) fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut is_tag = false;
    for character in html.chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                text.push(' ');
            }
            _ if is_tag => {}
            _ => text.push(character),
        }
    }
    for (written, character) in CHARACTERS {
        text = text.replace(written, character);
    }
    text.trim().to_owned()
}

/// The rates of a company: those of its root. Its own go before those of all; a currency without any is worth one.
/// <https://github.com/odoo/odoo/blob/18.0/odoo/addons/base/models/res_currency.py>
pub(super) fn rates(company: i32, tables: &Tables) -> Rates {
    let root = tables.root(company);
    let mut rates = Rates::default();
    for row in tables.currencies.iter() {
        rates.set_base(currency(row.id));
        rates.set_decimals(currency(row.id), tables.decimals(row.id));
    }
    let own: BTreeSet<i32> =
        tables.rates.iter().filter(|row| row.company_id == Some(root)).map(|row| row.currency_id).collect();
    let mut rows: Vec<_> = tables
        .rates
        .iter()
        .filter(|row| {
            row.company_id == Some(root) || row.company_id.is_none() && !own.contains(&row.currency_id)
        })
        .collect();
    // Of two for a day the later one holds.
    rows.sort_unstable_by_key(|row| row.id);
    for row in rows {
        rates.set(currency(row.currency_id), BASE, days(row.day), row.rate.to_f64().unwrap_or_default());
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(days(day), 20_779);
        assert_eq!(date(20_779), day);
    }

    #[test]
    fn amounts_are_in_the_smallest_unit() {
        assert_eq!(minor("12.345".parse().unwrap(), 2), Some(1235));
        assert_eq!(minor("-12".parse().unwrap(), 0), Some(-12));
        assert_eq!(minor(Decimal::MAX, 2), None);
        assert_eq!(major(1235, 2).to_string(), "12.35");
    }

    #[test]
    fn notes_and_details_are_read_as_text() {
        assert_eq!(without_tags("<p>Invoice&nbsp;12 &lt;&#39;A&amp;B&#39;&gt;</p>"), "Invoice 12 <'A&B'>");
        assert_eq!(values(r#"{"purpose": "Rent", "codes": ["A", 7], "none": null}"#), "A 7 Rent");
        assert_eq!(values("no json"), "");
    }
}
