//! The books of the forecast itself.

use chrono::{Days, NaiveDate};
use forecast::store::{Company, Component, Item, Kind, RowChange};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::{ONE, VENDOR, monthly};
use crate::story::{BANK, Books, EUR, SECOND_BANK, TRANSFER, at, dec, on, story, usual};
use Component::{Ap, Ar, Recurring};

#[test]
fn case_24_twice_in_a_day() {
    let mut invoice = 0;
    let mut story = usual(|_| {});
    story.writes(|books| invoice = books.invoice(ONE, at(2, 10), at(3, 12), "600.00"));
    story.expects(Ar, &[(at(3, 12), "600")]);
    story.writes(|books| {
        let credit = books.document("out_refund", ONE, at(3, 4), at(3, 4), "-600.00");
        books.settle(invoice, credit, "600.00");
    });
    story.expects(Ar, &[]);
    let rows = story.tables().forecasts.iter().filter(|row| row.target_date == at(3, 12)).count();
    assert_eq!(rows, 1, "one row for a day, whenever it is evaluated");
    let row = story.document(Kind::Item, invoice);
    let before = row.before.as_ref().unwrap();
    let target = forecasting::calendar::day(at(3, 12));
    let moved = forecast::domain::bridge::moved(&row, before, target).unwrap();
    assert!((moved.by - dec("-600")).abs() <= dec("12"), "{moved:?}");
    assert_eq!(row.evaluation, story.position(1).evaluation);
}

#[test]
fn case_25_a_transfer_between_own_banks() {
    let transfer = |books: &mut Books, from: i32, day: NaiveDate, amount: &str| {
        let cash = books.plain(from, None, day, amount);
        let (move_id, line_id) = (cash.move_id, Some(cash.id));
        books.item(Item { line_id, label: Some("Transfer".into()), ..cash });
        let between = books.plain(TRANSFER, None, day, &(-dec(amount)).to_string());
        books.item(Item { move_id, line_id, ..between })
    };
    let mut story = usual(|books| {
        for day in monthly(4, (2025, 3), 12) {
            let out = transfer(books, BANK, day, "-5000.00");
            let arrives = transfer(books, SECOND_BANK, day + Days::new(2), "5000.00");
            books.settle(out, arrives, "5000.00");
        }
        transfer(books, BANK, at(3, 4), "-5000.00");
        // What is on its way counts: 10,000 in all.
        let item = books.plain(BANK, None, on(2020, 1, 1), "5000.00");
        books.item(item);
    });
    for component in [Ar, Ap, Recurring] {
        assert!(story.flows(component).is_empty(), "{component}");
    }
    let opening = story.position(1).opening;
    story.has(at(3, 5), &opening.to_string(), "0");
    story.has(at(9, 1), &opening.to_string(), "0");
    assert_eq!(opening, dec("15000.00"), "10,000 in the banks, 5,000 between them");
}

#[test]
fn case_33_the_same_bill_twice() {
    let mut bills = [0; 2];
    let mut story =
        usual(|books| bills = [(); 2].map(|()| books.bill(VENDOR, at(2, 14), at(3, 16), "1200.00")));
    story.expects(Ap, &[(at(3, 16), "2400")]);
    story.writes(|books| books.cancel(bills[1]));
    story.expects(Ap, &[(at(3, 16), "1200")]);
}

#[test]
fn case_34_two_companies() {
    let mut story = usual(|books| {
        let second = Company {
            id: 2,
            path: Json(vec![2]),
            currency_id: EUR,
            partner_id: Some(2),
            transfer_account_id: None,
        };
        books.put(RowChange::Company(2, Some(second)));
        books.invoice(2, at(2, 14), at(3, 16), "5000.00");
        let bill = books.bill(1, at(2, 14), at(3, 16), "5000.00");
        let of_second = Item { company_id: 2, ..books.get(bill) };
        books.item(of_second);
    });
    story.expects(Ar, &[(at(3, 16), "5000")]);
    let of_second = story.flows_of(2, Ap);
    assert!((of_second[&at(3, 16)] - dec("5000")).abs() <= dec("500"), "{of_second:?}");
    assert!(story.flows_of(0, Ar).is_empty() && story.flows_of(0, Ap).is_empty());
    let group =
        story.tables().forecasts.iter().find(|row| row.target_date == at(3, 16)).unwrap().predicted_balance;
    assert_eq!(group, dec("10000.00"));
}

#[test]
fn case_35_the_sum_of_rows() {
    let late = |n: i32| Some(if n % 10 < 7 { 0 } else { 7 });
    let mut items = Vec::new();
    let mut story = story(
        at(3, 4),
        "10000.00",
        |n| late(n).filter(|days| n > 3 || *days == 0),
        |books| {
            books.forget_open_history();
            items = ["33.33", "33.33", "33.34"]
                .map(|amount| books.invoice(9, at(2, 14), at(3, 16), amount))
                .to_vec();
        },
    );
    story.expects_within(Ar, &[(at(3, 16), "70"), (at(3, 23), "30")], "0.08");
    let flows = story.flows(Ar);
    let rows: Vec<_> = items.iter().map(|id| story.document(Kind::Item, *id)).collect();
    for (day, amount) in flows {
        let day = forecasting::calendar::day(day);
        let before = if day - forecasting::calendar::day(at(3, 4)) > 90 { 7 } else { 1 };
        let sum: i64 =
            rows.iter().map(|row| row.expected.until(day) - row.expected.until(day - before)).sum();
        assert_eq!(Decimal::new(sum, 2), amount, "drill-down of {day}");
    }
    for row in rows {
        assert!(Decimal::new(row.expected.total(), 2) <= row.amount);
    }
}
