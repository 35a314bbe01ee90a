//! What `forecast` does in situations that people talk about, beyond those of public reports.

use chrono::Days;
use forecast::domain::bridge;
use forecast::domain::grid::Grid;
use forecast::store::{Company, Component, Item, Kind, Payment, RowChange, StatementLine};
use forecasting::calendar::day;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

use super::story::{BANK, CHF, CUSTOMERS, EUR, SECOND_BANK, Story, VENDORS, at, dec, on, usual};
use Component::{Ap, Ar, Recurring};

const ONE: i32 = CUSTOMERS + 3;
const VENDOR: i32 = VENDORS + 3;

fn events(story: &mut Story, kind: &str) -> Vec<Value> {
    let events = story.driver.take_events();
    let of_kind = events.into_iter().filter(|event| event.event_type == kind);
    of_kind.map(|event| serde_json::from_str(&event.data).unwrap()).collect()
}

/// What was expected to move, did not: the balance was predicted too high by that.
#[test]
fn a_day_that_has_passed_is_scored_and_its_forecasts_stay() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(2, 3), at(3, 5), "1000.00");
    });
    let predicted = story.balance(at(3, 5));
    assert!((predicted - dec("11000")).abs() < dec("20"));
    story.driver.take_events();
    story.until(at(3, 6));
    let id = Grid { today: day(at(3, 4)) }.id_of(day(at(3, 5))).unwrap();
    let score = story.tables().accuracy.get(id).cloned().unwrap();
    assert_eq!((score.forecast_id, score.target_date), (id, at(3, 5)));
    assert_eq!((score.predicted_balance, score.actual_balance), (predicted, dec("10000.00")));
    let percent = score.error_pct.unwrap();
    assert!((percent - dec("9.97")).abs() < dec("0.1"), "{percent}");
    let resolved = events(&mut story, "resolved");
    assert_eq!(resolved[0]["target_date"], json!(at(3, 5)));
    assert_eq!(resolved[0]["predictions"][0]["days_ahead"], json!(1));
    let rows = story.tables().forecasts.iter().filter(|row| row.forecast_date == at(3, 4)).count();
    assert_eq!(rows, 103, "the forecast of a day that is over is final");
    assert_eq!(story.tables().forecasts.len(), 3 * 103);
}

/// A bank line that nobody has matched, with the customer's name on it, is the money of the invoice: it does not come twice.
#[test]
fn a_bank_line_that_is_not_matched_is_taken_off_what_the_customer_owes() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(2, 16), at(3, 18), "1000.00");
    });
    story.writes(|books| {
        let cash = books.plain(BANK, Some(ONE), at(3, 4), "600.00");
        let (move_id, line_id) = (cash.move_id, cash.id);
        books.item(Item { line_id: Some(line_id), ..cash });
        let line =
            StatementLine { id: line_id, move_id, partner_id: Some(ONE), label: None, reconciled: false };
        books.put(RowChange::StatementLine(line_id, Some(line)));
    });
    story.expects(Ar, &[(at(3, 18), "400")]);
    assert_eq!(story.position(1).opening, dec("10600.00"));
    story.has(at(3, 18), "11000", "20");
}

/// An invoice that is disputed is not expected before the dispute is over, and as ever after it.
#[test]
fn a_dispute_puts_an_invoice_off() {
    let mut invoice = 0;
    let mut story = usual(|books| invoice = books.invoice(ONE, at(2, 16), at(3, 18), "1000.00"));
    story.asks(
        "dispute",
        json!({ "item": invoice, "until": "2026-04-15", "reason": "two boxes are missing" }),
    );
    story.expects(Ar, &[(at(4, 15), "1000")]);
    assert!(story.document(Kind::Item, invoice).why.contains("disputed until 2026-04-15"));
    story.asks("withdraw", json!({ "item": invoice, "reason": "they were found" }));
    story.expects(Ar, &[(at(3, 18), "1000")]);
}

/// A shortfall is told once, again when it is another one, and taken back when there is enough.
#[test]
fn a_shortfall_is_told_with_its_drivers_and_cleared() {
    let mut story = usual(|books| {
        books.invoice(ONE, at(3, 2), at(4, 20), "30000.00");
    });
    story.driver.take_events();
    let mut bill = 0;
    story.writes(|books| bill = books.bill(VENDOR, at(3, 4), at(4, 8), "25000.00"));
    let told = events(&mut story, "shortfall_predicted");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["first_day"], json!(at(4, 8)));
    let drivers: Vec<&Value> = told[0]["drivers"].as_array().unwrap().iter().collect();
    assert!(drivers.iter().any(|driver| driver["id"] == json!(bill)), "{drivers:?}");
    assert!(
        drivers.iter().any(|driver| driver["expected"] == json!(at(4, 20))),
        "what comes too late: {drivers:?}"
    );
    story.writes(|books| {
        books.bill(VENDOR, at(3, 4), at(7, 8), "10.00");
    });
    assert_eq!(events(&mut story, "shortfall_predicted"), Vec::<Value>::new(), "nothing of it has changed");
    story.writes(|books| books.cancel(bill));
    assert_eq!(events(&mut story, "shortfall_cleared").len(), 1);
}

/// What moves a balance is told document by document.
#[test]
fn a_bridge_says_what_has_moved() {
    let mut invoice = 0;
    let mut story = usual(|books| invoice = books.invoice(ONE, at(2, 4), at(3, 6), "12400.00"));
    let friday = day(at(3, 6));
    story.asks("promise", json!({ "item": invoice, "date": "2026-03-10", "reason": "on the telephone" }));
    let row = story.document(Kind::Item, invoice);
    let moved = bridge::moved(&row, row.before.as_ref().unwrap(), friday).unwrap();
    assert!((moved.by + dec("12400")).abs() < dec("60"), "{moved:?}");
    assert_eq!(moved.what, "moved from Fri 6 Mar to Tue 10 Mar");
    story.writes(|books| books.pay(invoice, at(3, 4), "12400.00"));
    let row = story.document(Kind::Item, invoice);
    let moved = bridge::moved(&row, row.before.as_ref().unwrap(), day(at(3, 10))).unwrap();
    assert_eq!((moved.by, moved.what.as_str()), (dec("-12400.00"), "is done, or gone"));
    let position = story.position(1);
    assert_eq!(position.opening - position.opening_before, dec("12400.00"), "and it is in the bank");
}

/// What was told does not come again while it moves by less than matters.
#[test]
fn small_changes_are_not_told() {
    let mut story = usual(|_| {});
    story.driver.take_events();
    story.writes(|books| {
        books.invoice(ONE, at(3, 4), at(3, 20), "5.00");
    });
    assert_eq!(events(&mut story, "updated"), Vec::<Value>::new());
    story.writes(|books| {
        books.invoice(ONE, at(3, 4), at(3, 20), "5000.00");
    });
    let updated = events(&mut story, "updated");
    assert_eq!(updated.len(), 1);
    assert!(updated[0]["because"][0]["name"].as_str().unwrap().starts_with("DOC/"), "{updated:?}");
}

/// The rent was paid today: it does not come tomorrow as well.
#[test]
fn what_comes_again_and_came_early_does_not_come_again() {
    let fridays: Vec<_> = (0..12).map(|week| at(2, 27) - Days::new(7 * week)).collect();
    let mut story = usual(|books| {
        for day in &fridays {
            books.moves(Some(6), None, *day, "-700.00");
        }
    });
    assert!(story.flows(Recurring).contains_key(&at(3, 6)));
    // Two days early.
    story.writes(|books| {
        books.moves(Some(6), None, at(3, 4), "-700.00");
    });
    let next = story.flows(Recurring).into_keys().next();
    assert_eq!(next, Some(at(3, 13)));
}

/// An expected payment is in the drill-down of one document, and documents add up to each row.
#[test]
fn documents_add_up_to_rows() {
    let mut story = usual(|books| {
        for n in 0..7_u64 {
            let due = at(3, 10) + Days::new(n * 9);
            books.invoice(ONE + i32::try_from(n % 3).unwrap(), due - Days::new(30), due, "333.33");
            books.bill(VENDOR, due - Days::new(30), due, "77.77");
        }
    });
    let today = day(at(3, 4));
    let grid = Grid { today };
    for component in [Ar, Ap] {
        let flows = story.flows(component);
        let documents: Vec<_> =
            story.tables().documents.iter().filter(|row| row.component == component).cloned().collect();
        let mut before = today;
        for target in grid.targets() {
            let sum: i64 =
                documents.iter().map(|row| row.expected.until(target) - row.expected.until(before)).sum();
            let on = forecasting::calendar::date(target);
            assert_eq!(
                Decimal::new(sum, 2),
                flows.get(&on).copied().unwrap_or_default(),
                "{component} on {on}"
            );
            before = target;
        }
    }
}

/// A shop takes money each week that nobody has ordered. When forecasts have missed it for long enough, they expect it.
#[test]
fn what_forecasts_miss_each_week_is_expected() {
    let mut story = usual(|_| {});
    let takes = |story: &mut Story, weeks: std::ops::Range<u64>| {
        for wednesday in weeks.map(|week| at(3, 4) + Days::new(7 * week)) {
            story.until(wednesday);
            story.writes(|books| {
                books.moves(None, None, wednesday, "700.00");
            });
        }
    };
    takes(&mut story, 0..12);
    assert!(story.flows(Recurring).is_empty(), "it is tried out first");
    takes(&mut story, 12..20);
    let today = story.position(1).forecast_date;
    let until = |story: &mut Story, last: u64| {
        let flows = story.flows(Recurring).into_iter();
        flows.filter(|(on, _)| *on <= today + Days::new(last)).map(|(_, amount)| amount).sum::<Decimal>()
    };
    assert_eq!(until(&mut story, 7), dec("700.00"), "{:?}", story.flows(Recurring));
    assert_eq!(until(&mut story, 14), dec("1400.00"));
    assert_eq!(until(&mut story, 181), dec("1400.00"), "further ahead it was not tried out yet");
    let row = story.document(Kind::Residual, 1);
    assert_eq!(row.why, "forecasts of 2 of 25 weeks would have been better with it");
    let of_rows = story.tables().company_forecasts.iter().filter(|row| row.forecast_date == today);
    assert_eq!(of_rows.map(|row| row.residual_expected).sum::<Decimal>(), dec("1400.00"));
}

/// What comes twice a month comes twice a month on each day that begins, and a payment of today is one of them.
#[test]
fn several_payments_of_one_amount_stay_as_many() {
    let days = (0..14).map(|month| (2025 + month / 12, u32::try_from(month % 12 + 1).unwrap()));
    let days: Vec<_> =
        days.flat_map(|(year, month)| [10, 20].map(|number| on(year, month, number))).collect();
    let mut story = usual(|books| {
        for day in &days {
            books.moves(Some(6), None, *day, "-80.00");
        }
    });
    for day in [at(3, 5), at(3, 6), at(3, 9)] {
        story.until(day);
        assert_eq!(story.tables().repetitions.iter().count(), 2, "on {day}");
    }
    story.writes(|books| {
        books.moves(Some(6), None, at(3, 9), "-80.00");
    });
    let next: Vec<_> = story.flows(Recurring).into_keys().take(2).collect();
    assert_eq!(next, [at(3, 20), at(4, 10)], "that of the 10th has come a day early");
}

/// Somebody else, of whom there is a text alone, too, has got as much today.
#[test]
fn a_payment_with_another_text_is_another_one() {
    let mut story = usual(|books| {
        for week in 0..12 {
            books.moves(None, Some("Cleaners"), at(2, 27) - Days::new(7 * week), "-700.00");
        }
        books.moves(None, Some("New windows"), at(3, 4), "-700.00");
    });
    assert_eq!(story.flows(Recurring).into_keys().next(), Some(at(3, 6)));
}

/// A bill that is credited in full stands for no rent any more.
#[test]
fn what_is_gone_stands_for_nothing() {
    let mut bill = 0;
    let mut story = usual(|books| {
        for month in 0..12 {
            let (year, month) = (2025 + (month + 2) / 12, u32::try_from((month + 2) % 12 + 1).unwrap());
            books.moves(Some(VENDOR), None, on(year, month, 25), "-1500.00");
        }
        bill = books.bill(VENDOR, at(2, 23), at(3, 25), "1500.00");
    });
    let next = |story: &mut Story| story.flows(Recurring).into_keys().next();
    assert_ne!(next(&mut story), Some(at(3, 25)));
    story.writes(|books| {
        let refund = books.document("in_refund", VENDOR, at(3, 4), at(3, 4), "1500.00");
        books.settle(bill, refund, "1500.00");
    });
    assert_eq!(next(&mut story), Some(at(3, 25)));
}

/// Money that came back from a supplier is no money of a customer, whether its bank line is matched or not.
#[test]
fn a_suppliers_refund_stays_one_when_its_bank_line_comes() {
    let mut story = usual(|books| {
        books.bill(VENDOR, at(2, 14), at(3, 16), "1000.00");
        books.document("in_refund", VENDOR, at(2, 20), at(3, 9), "600.00");
        let refund = Payment {
            id: 1,
            company_id: Some(1),
            partner_id: VENDOR,
            currency_id: Some(EUR),
            amount: dec("600.00"),
            of_supplier: true,
            day: at(3, 3),
        };
        books.put(RowChange::Payment(1, Some(refund)));
    });
    story.expects(Ap, &[(at(3, 16), "1000")]);
    story.expects_within(Ar, &[(at(3, 5), "600")], "0");
    story.writes(|books| {
        // The bank has taken a fee.
        let cash = books.plain(BANK, Some(VENDOR), at(3, 4), "597.50");
        let (move_id, id) = (cash.move_id, cash.id);
        books.item(Item { line_id: Some(id), ..cash });
        let line = StatementLine { id, move_id, partner_id: Some(VENDOR), label: None, reconciled: false };
        books.put(RowChange::StatementLine(id, Some(line)));
    });
    story.expects(Ap, &[(at(3, 16), "1000")]);
    story.expects(Ar, &[]);
}

/// A company in francs, and nobody has entered what a franc is worth: it is not worth one euro.
#[test]
fn money_of_another_company_without_a_rate_is_named_and_counts_nothing() {
    let mut story = usual(|books| {
        let second = Company {
            id: 2,
            path: Json(vec![2]),
            currency_id: CHF,
            partner_id: None,
            transfer_account_id: None,
        };
        books.put(RowChange::Company(2, Some(second)));
        let francs = books.plain(SECOND_BANK, None, at(3, 2), "5000.00");
        books.item(Item { company_id: 2, currency_id: Some(CHF), ..francs });
    });
    let group = story.position(0);
    assert_eq!(group.problem.as_deref(), Some("rate missing CHF: enter a rate of CHF in Odoo"));
    assert_eq!(group.opening, story.position(1).opening);
}
