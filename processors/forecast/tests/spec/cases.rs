//! Small situations after public reports of forecasts that were wrong, with what is right. Numbers are those of the cases; the situation
//! that they share is [`usual`].

use chrono::{Days, NaiveDate};
use forecast::store::{Company, Component, Item, Kind, Lead, RowChange, SaleOrder};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::types::Json;

use super::story::{
    BANK, Books, CHF, CUSTOMERS, EUR, OUTSTANDING, PAYABLE, SECOND_BANK, TRANSFER, USD, VENDORS, at, dec,
    delay, on, rate, story, usual,
};
use Component::{Ap, Ar, Pipeline, Recurring};

const LANDLORD: i32 = 5;
const ONE: i32 = CUSTOMERS + 3;
const VENDOR: i32 = VENDORS + 3;

/// The business day on a day of each of some months, or after it.
fn monthly(number: u32, from: (i32, u32), count: u32) -> Vec<NaiveDate> {
    let month = |n: u32| (from.0 + i32::try_from((from.1 - 1 + n) / 12).unwrap(), (from.1 - 1 + n) % 12 + 1);
    (0..count).map(|n| business(on(month(n).0, month(n).1, number))).collect()
}

fn business(mut day: NaiveDate) -> NaiveDate {
    while chrono::Datelike::weekday(&day).num_days_from_monday() > 4 {
        day = day + Days::new(1);
    }
    day
}

fn pay_each(books: &mut Books, partner: i32, days: &[NaiveDate], amount: &str) {
    for day in days {
        books.moves(Some(partner), None, *day, amount);
    }
}

#[test]
fn case_01_rent_with_a_posted_bill() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        books.bill(LANDLORD, at(3, 2), at(3, 10), "1500.00");
    });
    story.expects(Ap, &[(at(3, 10), "1500")]);
    let recurring = story.flows(Recurring);
    let first: Vec<_> = recurring.iter().take(2).map(|(day, amount)| (*day, *amount)).collect();
    assert_eq!(first, [(at(4, 10), dec("-1500.00")), (at(5, 11), dec("-1500.00"))]);
    story.has(at(3, 10), "8500", "30");
}

#[test]
fn case_02_a_repetition_that_ended() {
    let mut story = usual(|books| pay_each(books, 6, &monthly(3, (2025, 2), 11), "-300.00"));
    story.expects(Recurring, &[]);
}

#[test]
fn case_03_the_balance_carries() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(2, 16), at(3, 18), "1000.00");
    });
    story.expects(Ar, &[(at(3, 18), "1000")]);
    story.has(at(3, 17), "10000", "20");
    for day in [at(3, 18), at(5, 29), at(9, 1)] {
        story.has(day, "11000", "20");
    }
}

#[test]
fn case_04_a_partly_invoiced_order() {
    let mut story = usual(|books| {
        books.sale_order(1, ONE, at(3, 2), "6000.00", "2400.00");
        let invoice = books.invoice(ONE, at(3, 3), at(4, 2), "2400.00");
        books.of_order(invoice, 1);
    });
    story.expects(Ar, &[(at(4, 2), "2400")]);
    story.expects(Pipeline, &[(at(4, 8), "3600")]);
}

#[test]
fn case_05_a_partly_billed_purchase_order() {
    let mut story = usual(|books| {
        books.purchase_order(1, VENDOR, at(2, 27), "5000.00");
        let bill = books.bill(VENDOR, at(3, 3), at(4, 2), "1800.00");
        books.of_purchase(bill, 1, "1800.00");
    });
    story.expects(Ap, &[(at(4, 2), "1800"), (at(4, 8), "3200")]);
}

#[test]
fn case_06_instalments() {
    let mut story = usual(|books| {
        let parts = [("400.00", at(3, 2)), ("198.00", at(4, 1)), ("198.00", at(5, 1)), ("204.00", at(5, 31))];
        let items = parts.map(|(amount, due)| books.invoice(ONE, at(3, 2), due, amount));
        books.pay(items[0], at(3, 2), "400.00");
    });
    story.expects(Ar, &[(at(4, 1), "198"), (at(5, 1), "198"), (at(6, 1), "204")]);
}

#[test]
fn case_07_partial_payments() {
    let mut story = usual(|books| {
        let invoice = books.invoice(ONE, at(2, 18), at(3, 20), "10000.00");
        for amount in ["1500.00", "1000.00", "2000.00"] {
            books.pay(invoice, at(3, 2), amount);
        }
    });
    story.expects(Ar, &[(at(3, 20), "5500")]);
    let open =
        story.tables().history.iter().filter(|row| row.partner_id == ONE && row.done.is_none()).count();
    assert_eq!(open, 1, "three part payments are no paid invoices");
}

#[test]
fn case_08_cancelled() {
    let mut story = usual(|books| {
        let invoice = books.invoice(ONE, at(2, 14), at(3, 16), "900.00");
        books.cancel(invoice);
        books.sale_order(7, ONE, at(3, 2), "700.00", "700.00");
        let of_order = books.invoice(ONE, at(3, 3), at(4, 2), "700.00");
        books.of_order(of_order, 7);
        // Its only invoice is cancelled: Odoo takes back what was invoiced.
        books.cancel(of_order);
        books.sale_line(7, "700.00", "0.00");
    });
    story.expects(Pipeline, &[(at(4, 8), "700")]);
    story.expects(Ar, &[]);
}

/// A payment of a bill waits on the account of outstanding payments.
fn payment_under_way(books: &mut Books, bill: i32, day: NaiveDate, amount: &str) -> i32 {
    let payment = books.plain(PAYABLE, Some(VENDOR), day, amount);
    let waits = books.plain(OUTSTANDING, Some(VENDOR), day, &format!("-{amount}"));
    let move_id = payment.move_id;
    let payment = books.item(Item { of_payment: true, ..payment });
    let waits = books.item(Item { move_id, of_payment: true, ..waits });
    books.settle(bill, payment, amount);
    waits
}

#[test]
fn case_09_a_payment_registered_and_not_yet_on_the_statement() {
    let mut waits = 0;
    let mut story = usual(|books| {
        let bill = books.bill(VENDOR, at(2, 1), at(3, 3), "1250.00");
        waits = payment_under_way(books, bill, at(3, 3), "1250.00");
    });
    story.expects_within(Ap, &[(at(3, 5), "1250")], "0");
    assert_eq!(story.document(Kind::UnderWay, waits).component, Ap);
    story.has(at(3, 5), "8750", "0");
    story.writes(|books| {
        let line = books.plain(BANK, Some(VENDOR), at(3, 4), "-1250.00");
        let (move_id, line_id) = (line.move_id, Some(line.id));
        books.item(Item { line_id, ..line });
        let counter = books.plain(OUTSTANDING, Some(VENDOR), at(3, 4), "1250.00");
        let counter = books.item(Item { move_id, line_id, ..counter });
        books.settle(waits, counter, "1250.00");
    });
    assert_eq!(story.position(1).opening, dec("8750.00"));
    story.expects(Ap, &[]);
}

#[test]
fn case_10_a_draft_invoice_of_an_order() {
    // A draft is no posted invoice: the order is not invoiced by it, and it is in no row. So is a draft without an order.
    let mut story = usual(|books| books.sale_order(1, ONE, at(3, 2), "1200.00", "0.00"));
    story.expects(Pipeline, &[(at(4, 8), "1200")]);
    story.expects(Ar, &[]);
}

#[test]
fn case_11_a_post_dated_payment() {
    let mut story = usual(|books| {
        let bill = books.bill(VENDOR, at(2, 8), at(3, 10), "2000.00");
        payment_under_way(books, bill, at(3, 20), "2000.00");
    });
    assert_eq!(story.position(1).opening, dec("10000.00"));
    story.expects_within(Ap, &[(at(3, 20), "2000")], "0");
    story.has(at(3, 19), "10000", "0");
    story.has(at(3, 20), "8000", "0");
}

/// The same where Odoo books payments on the bank account itself.
#[test]
fn case_11_a_post_dated_payment_on_the_bank_account() {
    let mut story = usual(|books| {
        let bill = books.bill(VENDOR, at(2, 8), at(3, 10), "2000.00");
        let payment = books.plain(PAYABLE, Some(VENDOR), at(3, 20), "2000.00");
        let cash = books.plain(BANK, Some(VENDOR), at(3, 20), "-2000.00");
        let move_id = payment.move_id;
        let payment = books.item(Item { of_payment: true, ..payment });
        books.item(Item { move_id, of_payment: true, ..cash });
        books.settle(bill, payment, "2000.00");
    });
    assert_eq!(story.position(1).opening, dec("10000.00"));
    story.expects_within(Ap, &[(at(3, 20), "2000")], "0");
}

#[test]
fn case_12_credit_notes() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(2, 14), at(3, 16), "3000.00");
        books.document("out_refund", ONE, at(2, 14), at(3, 16), "-500.00");
    });
    story.expects(Ar, &[(at(3, 16), "2500")]);
    let mut story = usual(|books| {
        books.invoice(ONE, at(2, 14), at(3, 16), "400.00");
        books.document("out_refund", ONE, at(2, 14), at(3, 16), "-700.00");
    });
    story.expects(Ar, &[]);
    story.expects(Ap, &[]);
}

#[test]
fn case_13_a_subscription_with_an_end_date() {
    let mut story = usual(|books| {
        pay_each(books, 6, &monthly(1, (2025, 6), 10), "250.00");
        let order = SaleOrder {
            id: 9,
            name: "S9".into(),
            company_id: Some(1),
            partner_id: Some(6),
            currency_id: Some(EUR),
            day: on(2025, 5, 20),
            lead_id: None,
            is_subscription: true,
            until: Some(at(4, 30)),
        };
        books.put(RowChange::SaleOrder(9, Some(order)));
        books.sale_line(9, "250.00", "2500.00");
    });
    story.expects_within(Recurring, &[(at(4, 1), "250")], "0");
    story.expects(Pipeline, &[]);
}

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

/// Half of all were paid when due, the others 45 days later.
#[test]
fn case_21_overdue_conditioned_on_age() {
    let paid = |n: i32| Some(if n % 2 == 0 { 0 } else { 45 });
    let mut story = story(
        at(3, 4),
        "10000.00",
        |n| paid(n).filter(|_| n >= 12 || n % 2 == 0),
        |books| {
            books.invoice(ONE, at(1, 3), at(2, 2), "2000.00");
            books.forget_open_history();
        },
    );
    story.expects(Ar, &[(at(3, 19), "2000")]);
}

#[test]
fn case_22_leads() {
    let lead = |id: i32, stage: i32, revenue: &str| Lead {
        id,
        name: format!("Lead {id}"),
        company_id: Some(1),
        partner_id: Some(ONE),
        stage_id: Some(stage),
        active: true,
        probability: dec("90"),
        revenue: dec(revenue),
        deadline: Some(at(3, 16)),
        begun: at(2, 14),
        closed: None,
    };
    let mut story = usual(|books| {
        let closed = Books::due_days(at(3, 4), 100);
        for (id, deadline) in (0..).zip(closed.iter().chain(&closed)) {
            let won = id % 2 == 0;
            let begun = *deadline - Days::new(40);
            let (stage, probability) = if won { (4, "100") } else { (2, "0") };
            books.lead(Lead {
                active: won,
                probability: dec(probability),
                deadline: Some(*deadline),
                begun,
                closed: Some(*deadline),
                ..lead(100 + id, stage, "5000")
            });
        }
        books.lead(Lead {
            active: false,
            probability: dec("0"),
            closed: Some(at(3, 3)),
            ..lead(1, 2, "50000")
        });
        books.lead(Lead { probability: dec("100"), closed: Some(at(3, 2)), ..lead(2, 4, "20000") });
        books.sale_order(5, ONE, at(3, 2), "20000.00", "0.00");
        books.lead(lead(3, 2, "10000"));
    });
    story.expects(Pipeline, &[(at(4, 8), "20000"), (at(4, 22), "5000")]);
}

#[test]
fn case_23_the_running_period() {
    let mondays: Vec<NaiveDate> = (0..26).map(|week| at(3, 2) - Days::new(7 * week)).collect();
    let mut story = usual(|books| pay_each(books, 6, &mondays, "-200.00"));
    let march: Vec<_> = story.flows(Recurring).into_iter().filter(|(day, _)| *day <= at(3, 31)).collect();
    assert_eq!(march, [9, 16, 23, 30].map(|number| (at(3, number), dec("-200.00"))));
}

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

#[test]
fn case_28_a_new_customer() {
    let mut story = usual(|books| {
        books.invoice(9, at(2, 16), at(3, 18), "1000.00");
    });
    story.expects(Ar, &[(at(3, 18), "1000")]);
}

#[test]
fn case_29_only_paid_invoices_seen() {
    let mut story = story(
        at(3, 4),
        "10000.00",
        |_| None,
        |books| {
            books.forget_open_history();
            for n in 0..10 {
                let customer = CUSTOMERS + n;
                let due = business(on(2025, 9, 1) + Days::new(u64::try_from(n).unwrap() * 9));
                let invoice = books.invoice(customer, due - Days::new(30), due, "100.00");
                books.pay(invoice, due, "100.00");
                books.invoice(customer + 10, at(3, 4) - Days::new(130), at(3, 4) - Days::new(100), "100.00");
            }
            books.invoice(9, at(2, 16), at(3, 18), "1000.00");
        },
    );
    let flows = story.flows(Ar);
    let paid = flows[&at(3, 18)];
    assert!((paid - dec("500")).abs() <= dec("50"), "{flows:?}");
}

#[test]
fn case_30_one_large_customer() {
    let w = 9;
    let mut story = usual(|books| {
        books.invoice(w, at(2, 18), at(3, 20), "40000.00");
        let wages = books.plain(PAYABLE, Some(4), at(3, 1), "-8000.00");
        books.item(Item { due: Some(at(3, 13)), ..wages });
        books.bill(VENDOR, at(2, 22), at(3, 24), "35000.00");
    });
    for (day, balance) in [(at(3, 13), "2000"), (at(3, 20), "42000"), (at(3, 24), "7000")] {
        story.has(day, balance, "800");
    }
    assert_eq!(story.position(1).shortfall, None);
    let before = format!("{:?}", story.tables().company_forecasts.show(""));
    story.asks("create_scenario", json!({ "name": "W is late", "company": 1, "adjustments": delay(w, 14) }));
    let result = story.tables().scenarios.get(1).unwrap().result_data.0.clone();
    let balance = |day: NaiveDate| -> Decimal {
        let rows = result["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["target_date"] == json!(day)).unwrap();
        row["balance"].as_str().unwrap().parse().unwrap()
    };
    for (day, expected) in [(at(3, 20), "2000"), (at(3, 24), "-33000"), (at(4, 3), "7000")] {
        assert!((balance(day) - dec(expected)).abs() <= dec("800"), "{day}: {}", balance(day));
    }
    assert_eq!(result["shortfall"]["first_day"], json!(at(3, 24)));
    assert_eq!(result["shortfall"]["drivers"][0][0], json!(1));
    assert_eq!(
        before,
        format!("{:?}", story.tables().company_forecasts.show("")),
        "the forecast is unchanged"
    );
    assert!(story.asks("run_scenario", json!({ "scenario": 1 })).contains("comes to the same"));
}

/// Half of all were paid when due, the others were written off.
#[test]
fn case_31_bounds() {
    let half = |n: i32| (n % 2 == 0).then_some(0);
    let mut story = story(at(3, 4), "10000.00", half, |books| {
        books.write_off_open_history();
        books.invoice(9, at(2, 16), at(3, 18), "1000.00");
    });
    story.expects_within(Ar, &[(at(3, 18), "500")], "0.05");
    let (balance, low, high) = story.row(at(5, 29));
    assert!((balance - dec("10500")).abs() <= dec("25"), "{balance}");
    assert!(
        low >= dec("10000") && low <= dec("10020") && high <= dec("11000") && high >= dec("10980"),
        "{low} {high}"
    );
}

#[test]
fn case_32_a_promise() {
    let mut invoice = 0;
    let mut story = usual(|books| invoice = books.invoice(ONE, at(1, 3), at(2, 2), "1500.00"));
    let request = json!({ "item": invoice, "date": "2026-03-27", "reason": "their accountant called" });
    story.asks("promise", request);
    story.expects_within(Ar, &[(at(3, 27), "1500")], "0");
    assert!(
        story
            .refuses("promise", json!({ "item": invoice, "date": "2026-03-01", "reason": "x" }))
            .contains("after 2026-03-04")
    );
    // Odoo has a column for it, too.
    story.asks("withdraw", json!({ "item": invoice, "reason": "they did not mean that" }));
    story.writes(|books| {
        let promised = Item { promised: Some(at(3, 30)), ..books.get(invoice) };
        books.item(promised);
    });
    story.expects_within(Ar, &[(at(3, 30), "1500")], "0");
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
