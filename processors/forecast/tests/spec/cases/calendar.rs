//! Money that was forgotten, and days on which it moves.

use chrono::{Days, NaiveDate};
use forecast::store::{Component, Item, Kind};
use serde_json::json;

use super::{ONE, VENDOR, business, monthly, pay_each, payment_under_way};
use crate::story::{Books, CHF, CUSTOMERS, PAYABLE, USD, at, dec, on, rate, story, usual};
use Component::{Ap, Ar, Recurring};

#[test]
fn case_14_vat() {
    let mut story = usual(|books| {
        pay_each(books, 7, &monthly(20, (2025, 3), 12), "-4000.00");
        let tax = books.plain(PAYABLE, Some(7), at(3, 3), "-4300.00");
        books.item(Item { due: Some(at(3, 20)), ..tax });
    });
    story.expects(Ap, &[(at(3, 20), "4300")]);
    let first: Vec<_> = story.flows(Recurring).into_iter().take(2).collect();
    assert_eq!(first, [(at(4, 20), dec("-4000.00")), (at(5, 20), dec("-4000.00"))]);
}

#[test]
fn case_15_payroll_on_the_last_business_day() {
    let days = [on(2025, 9, 30), on(2025, 10, 31), on(2025, 11, 28), on(2025, 12, 31), at(1, 30), at(2, 27)];
    let mut story = story(
        at(3, 4),
        "30000.00",
        |_| Some(0),
        |books| {
            for (number, day) in (9..).zip(days) {
                books.moves(None, Some(&format!("Payroll {number}/2025")), day, "-12000.00");
            }
        },
    );
    let first: Vec<_> = story.flows(Recurring).into_iter().take(3).collect();
    let wages = dec("-12000.00");
    assert_eq!(first, [(at(3, 31), wages), (at(4, 30), wages), (at(5, 29), wages)]);
    for (day, balance) in [(at(3, 31), "18000"), (at(4, 30), "6000"), (at(5, 29), "-6000")] {
        story.has(day, balance, "0");
    }
    assert_eq!(story.position(1).shortfall, Some(at(5, 29)));
}

#[test]
fn case_16_the_last_day_of_the_month_in_a_leap_year() {
    let today = on(2028, 2, 1);
    let days = [
        on(2027, 8, 31),
        on(2027, 9, 30),
        on(2027, 11, 1),
        on(2027, 11, 30),
        on(2027, 12, 31),
        on(2028, 1, 31),
    ];
    let mut story = story(today, "10000.00", |_| Some(0), |books| pay_each(books, 6, &days, "-90.00"));
    let first: Vec<_> = story.flows(Recurring).into_iter().take(3).collect();
    let debit = dec("-90.00");
    assert_eq!(first, [(on(2028, 2, 29), debit), (on(2028, 3, 31), debit), (on(2028, 5, 1), debit)]);
}

#[test]
fn case_17_foreign_currency() {
    let mut story = usual(|books| {
        // Odoo's rates are units of the currency for one of the company's.
        rate(books, USD, "1.1111111111111111111111");
        let invoice = books.invoice(ONE, at(2, 14), at(3, 16), "1000.00");
        let dollars = Item { currency_id: Some(USD), residual: dec("600.00"), ..books.get(invoice) };
        books.item(dollars);
    });
    story.expects(Ar, &[(at(3, 16), "540")]);
    assert_eq!(
        story.tables().documents.iter().find(|row| row.currency_id == USD).unwrap().amount,
        dec("540.00")
    );
}

#[test]
fn case_18_no_rate() {
    let mut invoice = 0;
    let mut story = usual(|books| {
        invoice = books.invoice(ONE, at(2, 14), at(3, 16), "500.00");
        let francs = Item { currency_id: Some(CHF), ..books.get(invoice) };
        books.item(francs);
        books.invoice(CUSTOMERS + 4, at(2, 14), at(3, 16), "200.00");
    });
    story.expects(Ar, &[(at(3, 16), "200")]);
    let problem = story.document(Kind::Item, invoice).problem.unwrap();
    assert!(problem.contains("rate missing CHF"), "{problem}");
}

#[test]
fn case_19_absurd_dates() {
    let mut absurd = Vec::new();
    let mut story = usual(|books| {
        absurd = [on(9999, 12, 31), on(1900, 1, 1)]
            .into_iter()
            .zip(["700.00", "300.00"])
            .map(|(due, amount)| books.invoice(ONE, at(3, 2), due, amount))
            .collect();
        books.invoice(ONE, at(3, 2), at(3, 18), "400.00");
        let without = books.invoice(CUSTOMERS + 5, at(3, 9), at(3, 9), "55.00");
        let without = Item { due: None, ..books.get(without) };
        books.item(without);
    });
    story.expects(Ar, &[(at(3, 18), "400"), (at(3, 9), "55")]);
    for (id, amount) in absurd.into_iter().zip(["700.00", "300.00"]) {
        let row = story.document(Kind::Item, id);
        assert_eq!((row.amount, row.expected.is_nothing()), (dec(amount), true));
        assert!(row.problem.unwrap().contains("no usable date"));
    }
}

#[test]
fn case_20_a_discount_for_early_payment() {
    let terms = |books: &mut Books, item: i32| {
        let item = books.get(item);
        let amount = (item.amount * dec("0.98")).round_dp(2);
        books.item(Item { discount_day: Some(item.day + Days::new(10)), discounted: Some(amount), ..item });
    };
    let mut invoice = 0;
    let mut story = story(
        at(3, 4),
        "10000.00",
        |_| None,
        |books| {
            // In place of the history: everybody has paid on the tenth day.
            let rows: Vec<i32> = Books::due_days(at(3, 4), 30)
                .into_iter()
                .enumerate()
                .map(|(n, paid)| {
                    let customer = CUSTOMERS + i32::try_from(n % 20).unwrap();
                    let item = books.invoice(
                        customer,
                        paid - Days::new(10),
                        paid + Days::new(20),
                        &format!("{}.00", 700 + n * 13),
                    );
                    terms(books, item);
                    books.pay(item, paid, &books.get(item).amount.to_string());
                    item
                })
                .collect();
            assert_eq!(rows.len(), 30);
            invoice = books.invoice(ONE, at(3, 2), at(4, 1), "1000.00");
            terms(books, invoice);
            books.forget_open_history();
        },
    );
    story.expects(Ar, &[(at(3, 12), "980")]);
    let row = story.document(Kind::Item, invoice);
    assert!(row.expected.total() <= 98_000, "the 20 are no receipt later");
}

#[test]
fn case_23_the_running_period() {
    let mondays: Vec<NaiveDate> = (0..26).map(|week| at(3, 2) - Days::new(7 * week)).collect();
    let mut story = usual(|books| pay_each(books, 6, &mondays, "-200.00"));
    let march: Vec<_> = story.flows(Recurring).into_iter().filter(|(day, _)| *day <= at(3, 31)).collect();
    assert_eq!(march, [9, 16, 23, 30].map(|number| (at(3, number), dec("-200.00"))));
}

#[test]
fn case_26_payment_runs() {
    let (k, l) = (8, 9);
    let thursday = |mut day: NaiveDate| {
        while chrono::Datelike::weekday(&day) != chrono::Weekday::Thu {
            day = day + Days::new(1);
        }
        day
    };
    let fifth_or_twentieth = |mut day: NaiveDate| {
        while !matches!(chrono::Datelike::day(&day), 5 | 20) {
            day = day + Days::new(1);
        }
        business(day)
    };
    let mut story = usual(|books| {
        for n in 0..40_u64 {
            let due = on(2025, 4, 1) + Days::new(n * 8 + n % 5);
            for (customer, paid) in [(k, thursday(due)), (l, fifth_or_twentieth(due))] {
                if paid > at(3, 4) {
                    continue;
                }
                let amount = format!("{}.00", 500 + n * 37 % 900);
                let invoice = books.invoice(customer, due - Days::new(30), due, &amount);
                books.pay(invoice, paid, &amount);
            }
        }
        for (customer, due, amount) in [
            (k, at(3, 13), "1000.00"),
            (k, at(3, 12), "600.00"),
            (l, at(3, 9), "700.00"),
            (l, at(3, 21), "300.00"),
        ] {
            books.invoice(customer, due - Days::new(30), due, amount);
        }
    });
    story.sets(json!({ "holidays": ["2026-04-03", "2026-04-06"] }));
    let expected = [(at(3, 19), "1000"), (at(3, 12), "600"), (at(3, 20), "700"), (at(4, 7), "300")];
    story.expects(Ar, &expected);
}

#[test]
fn case_27_holidays_in_a_row() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(3, 4), at(4, 3), "500.00");
        let bill = books.bill(VENDOR, at(3, 4), at(4, 3), "800.00");
        payment_under_way(books, bill, at(4, 4), "800.00");
    });
    story.sets(json!({ "holidays": ["2026-04-03", "2026-04-06"] }));
    story.expects(Ar, &[(at(4, 7), "500")]);
    story.expects_within(Ap, &[(at(4, 7), "800")], "0");
}
