//! Money in other currencies.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use forecast::store::{Component, Currency, CurrencyRate, Item, RowChange};
use rust_decimal::Decimal;
use serde_json::json;

use super::{second_company, under_way};
use crate::cases::ONE;
use crate::story::{Books, SECOND_BANK, Story, USD, at, dec, on, rate, story, usual};
use Component::Ar;

/// OCA/l10n-belgium#73: dollars in a bank were shown at the rate of the day on which they came. 1,000 were
/// booked one for one; a dollar is worth 0.70 today. With 9,000 euros there are 9,700.
#[test]
fn money_in_another_currency_is_worth_what_it_is_worth_today() {
    let mut story = usual(dollars_in_a_bank);
    assert_eq!(story.position(1).opening, dec("9700.00"));
    story.has(at(5, 29), "9700", "0");
}

/// third-culture-software/bhima#3554: when the rate changed, what there was in a till in another currency was
/// not what it was worth. If a dollar were 0.60, the 1,000 dollars in the bank would be 600 euros: 9,600 in
/// all, and not what they are at 0.70.
#[test]
fn a_scenario_of_a_rate_is_one_of_the_money_that_there_is() {
    let mut story = usual(dollars_in_a_bank);
    let adjustments = json!([{ "op": "fx_rate", "currency": "USD", "rate": "0.60" }]);
    story.asks(
        "create_scenario",
        json!({ "name": "the dollar falls", "company": 1, "adjustments": adjustments }),
    );
    assert_eq!(scenario_balance(&mut story, at(3, 5)), dec("9600.00"));
    assert_eq!(scenario_balance(&mut story, at(5, 29)), dec("9600.00"));
}

/// frappe/erpnext#33678: of a payment in another currency that is dated later, the amount and what remained
/// of the invoice were wrong. The invoice is 1,000 dollars, the cheque for 20 March 600; at 0.90 they are 540
/// then, and 360 when the invoice is due.
#[test]
fn a_cheque_in_another_currency_leaves_the_rest_of_its_invoice() {
    let mut story = usual(|books| {
        rate(books, USD, "1.1111111111111111111111");
        let invoice = books.invoice(ONE, at(2, 14), at(3, 16), "1000.00");
        let dollars = Item { currency_id: Some(USD), ..books.get(invoice) };
        books.item(dollars);
        under_way(books, invoice, at(3, 20), "600.00");
    });
    story.expects(Ar, &[(at(3, 16), "360"), (at(3, 20), "540")]);
}

/// odoo/odoo#9861: rates that all companies share are for one unit of the first company's currency, which has
/// no rate itself; they failed a company that has another currency. At 1.25 dollars for a euro its invoice of
/// 1,000 euros is 1,250 dollars.
#[test]
fn rates_that_are_shared_hold_in_a_company_with_another_currency() {
    let mut story = usual(|books| {
        second_company(books, USD);
        rate(books, USD, "1.25");
        let invoice = books.invoice(ONE, at(2, 14), at(3, 16), "1000.00");
        let of_second = Item { company_id: 2, promised: Some(at(3, 16)), ..books.get(invoice) };
        books.item(of_second);
    });
    assert_eq!(story.flows_of(2, Ar), BTreeMap::from([(at(3, 16), dec("1250.00"))]));
    assert_eq!(story.flows_of(0, Ar), BTreeMap::from([(at(3, 16), dec("1000.00"))]));
}

/// frappe/erpnext#4017: an amount in yuan was shown as if it were in the company's currency. A company that
/// counts in yen, which have no decimals, has an invoice of 1,000.50 dollars; at 150.25 yen for a dollar that
/// is 150,325 yen (150,325.125).
#[test]
fn an_amount_in_a_currency_without_decimals_has_none() {
    let yen = 4;
    let mut story = usual(|books| {
        let currency = Currency { id: yen, name: "JPY".into(), decimals: 0 };
        books.put(RowChange::Currency(yen, Some(currency)));
        second_company(books, yen);
        for (id, currency_id, of) in [(700_001, USD, "1"), (700_002, yen, "150.25")] {
            let rate = CurrencyRate { id, currency_id, company_id: Some(2), day: at(1, 1), rate: dec(of) };
            books.put(RowChange::CurrencyRate(rate.id, Some(rate)));
        }
        let invoice = books.invoice(ONE, at(2, 14), at(3, 16), "1000.50");
        let of_second =
            Item { company_id: 2, currency_id: Some(USD), promised: Some(at(3, 16)), ..books.get(invoice) };
        books.item(of_second);
    });
    assert_eq!(story.flows_of(2, Ar), BTreeMap::from([(at(3, 16), dec("150325"))]));
}

/// frappe/erpnext#31888: Dollars in the bank were worth what they had cost, not what they are worth. 5
/// dollars came at 10, one left at 20; today a dollar is 20, so that 4 dollars are 80.
#[test]
fn dollars_in_the_bank_are_worth_what_a_dollar_is_today() {
    let mut story = with_dollars();
    assert_eq!(story.position(1).opening, dec("10080.00"));
    story.has(at(3, 5), "10080", "0");
}

/// letehaha/budget-tracker#491: Balances in another currency stayed at a rate that did not hold any more. If
/// a dollar were 10, 4 dollars in the bank would be 40.
#[test]
fn another_rate_in_a_scenario_changes_what_the_bank_balance_is_worth() {
    let mut story = with_dollars();
    let adjustments = json!([{ "op": "fx_rate", "currency": "USD", "rate": "10" }]);
    story.asks("create_scenario", json!({ "name": "weak", "company": 1, "adjustments": adjustments }));
    let result = story.tables().scenarios.get(1).unwrap().result_data.0.clone();
    let balance: Decimal = result["rows"][0]["balance"].as_str().unwrap().parse().unwrap();
    assert_eq!(balance, dec("10040.00"));
}

/// 1,000 dollars are in a bank of which the books say that they are as many euros; a dollar is worth 0.70
/// today.
fn dollars_in_a_bank(books: &mut Books) {
    rate(books, USD, "1.4285714285714285714286");
    let cash = books.plain(SECOND_BANK, None, at(2, 2), "1000.00");
    books.item(Item { currency_id: Some(USD), ..cash });
}

fn scenario_balance(story: &mut Story, day: NaiveDate) -> Decimal {
    let result = story.tables().scenarios.get(1).unwrap().result_data.0.clone();
    let rows = result["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["target_date"] == json!(day)).unwrap();
    row["balance"].as_str().unwrap().parse().unwrap()
}

/// 4 dollars in the second bank, which came at 10 and are worth 20 today, beside 10,000 in the first.
fn with_dollars() -> Story {
    story(
        at(3, 4),
        "10004.00",
        |_| Some(0),
        |books| {
            let id = books.id();
            let before = CurrencyRate {
                id,
                currency_id: USD,
                company_id: None,
                day: on(2025, 6, 1),
                rate: dec("0.1"),
            };
            books.put(RowChange::CurrencyRate(id, Some(before)));
            rate(books, USD, "0.05");
            for (day, amount) in [(on(2025, 6, 2), "5.00"), (at(3, 3), "-1.00")] {
                let item = books.plain(SECOND_BANK, None, day, amount);
                books.item(Item { currency_id: Some(USD), ..item });
            }
        },
    )
}
