//! How customers behave.

use chrono::{Days, NaiveDate};
use forecast::store::{Component, Item, Lead};
use rust_decimal::Decimal;
use serde_json::json;

use super::{ONE, VENDOR, business};
use crate::story::{Books, CUSTOMERS, PAYABLE, at, dec, delay, on, story, usual};
use Component::{Ar, Pipeline};

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
    let others =
        flows.iter().filter(|(day, _)| **day != at(3, 18) && **day <= at(6, 26)).map(|(_, amount)| *amount);
    assert!(others.sum::<Decimal>() <= dec("50"), "the others within a hundred days: {flows:?}");
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
