//! What there is: the sum of posted journal items on accounts of cash, and of what is between two of them, up to the day of the forecast.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Books;
use super::tables::Tables;
use crate::mirror::decimal;
use crate::report::Report;

/// A date of a row: days since 1970, or text.
fn date(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::String(text) => text.trim_end_matches('Z').parse().ok(),
        number => NaiveDate::default().checked_add_days(Days::new(number.as_u64()?)),
    }
}

pub(super) fn check(books: &Books, tables: &Tables, report: &mut Report) {
    if tables.is_due {
        report.not_checked("what there is: something has changed since the last evaluation");
        return;
    }
    let transfers: BTreeSet<i64> =
        books.companies.values().filter_map(|row| row["transfer_account_id"].as_i64()).collect();
    let root = |company: i64| {
        let path =
            books.companies.get(&company).and_then(|row| row["parent_path"].as_str()).unwrap_or_default();
        path.split('/').find_map(|id| id.parse().ok()).unwrap_or(company)
    };
    for position in tables.positions.iter().filter(|position| position.company_id != 0) {
        let mut sum = Decimal::ZERO;
        let mut is_foreign = false;
        for item in books.items.values() {
            let account = item["account_id"].as_i64().unwrap_or_default();
            let of_cash = books.accounts.get(&account).is_some_and(|row| row["account_type"] == "asset_cash");
            let counts = (of_cash || transfers.contains(&account))
                && item["parent_state"] == "posted"
                && root(item["company_id"].as_i64().unwrap_or_default()) == i64::from(position.company_id)
                && date(&item["date"]).is_some_and(|day| day <= position.forecast_date);
            if counts {
                let currency = item["currency_id"].as_i64();
                is_foreign |= currency.is_some_and(|currency| currency != i64::from(position.currency_id));
                sum += decimal(&item["balance"]);
            }
        }
        if is_foreign {
            report.not_checked("what there is in a company that has accounts in other currencies");
        } else if sum != position.opening {
            let text = format!("company {} has {}, and {sum} in Odoo", position.company_id, position.opening);
            report.violation("cash: opening", text, Vec::new());
        }
    }
    report.figure("companies with a forecast", tables.positions.len().saturating_sub(1));
}
