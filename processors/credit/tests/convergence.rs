//! Any order of changes, decided upon at any moments, ends in the exposures and scores of a fresh start from the final rows.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contract::Outbox;
use credit::domain::Ledger;
use credit::event::Event;
use credit::store::{
    Account, Assessment, Company, Currency, Exposure, Invoice, InvoicedLine, Item, Partner, Product,
    SaleOrder, SaleOrderLine, Settlement, Tables, Template,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// A row's key and its last state, by table.
type Rows = BTreeMap<(u8, i32, i32), Event>;

fn key(event: &Event) -> (u8, i32, i32) {
    match event {
        Event::Company(id, _) => (0, *id, 0),
        Event::Currency(id, _) => (1, *id, 0),
        Event::CurrencyRate(id, _) => (2, *id, 0),
        Event::Partner(id, _) => (3, *id, 0),
        Event::Account(id, _) => (4, *id, 0),
        Event::Product(id, _) => (5, *id, 0),
        Event::Template(id, _) => (6, *id, 0),
        Event::Invoice(id, _) => (7, *id, 0),
        Event::Item(id, _) => (8, *id, 0),
        Event::SaleOrder(id, _) => (9, *id, 0),
        Event::SaleOrderLine(id, _) => (10, *id, 0),
        Event::InvoicedLine((item, line), _) => (11, *item, *line),
        Event::Settlement(id, _) => (12, *id, 0),
    }
}

fn cents(range: std::ops::Range<i64>) -> impl Strategy<Value = Decimal> {
    range.prop_map(|cents| Decimal::new(cents, 2))
}

/// Few ids, so that changes meet: rows come, change, depend on what is not there yet, and go.
fn event() -> impl Strategy<Value = Event> {
    let id = || 1..4_i32;
    let day = (0..20_i32).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(739_000 + day).unwrap());
    let item = (
        1..9_i32,
        id(),
        id(),
        id(),
        id(),
        any::<bool>(),
        day.clone(),
        cents(-500..900),
        0..5_i64,
        any::<bool>(),
    );
    let invoice = (id(), any::<bool>(), any::<bool>(), id(), id(), day.clone(), cents(-500..900));
    let settlement = (1..6_i32, 1..9_i32, 1..9_i32, day, cents(1..900));
    let line = (
        1..6_i32,
        id(),
        proptest::option::of(id()),
        1..5_i64,
        0..5_i64,
        0..5_i64,
        cents(1..9_000),
        any::<bool>(),
    );
    prop_oneof![
        1 => (id(), id(), id()).prop_map(|(id, root_id, currency_id)| Event::Company(id, Some(Company { id, root_id, currency_id }))),
        1 => (id(), 0..4_i32).prop_map(|(id, decimals)| Event::Currency(id, Some(Currency { id, name: format!("C{id}"), decimals }))),
        3 => (id(), id(), proptest::option::of(0..900_i32)).prop_map(|(id, commercial_id, limit)| {
            let credit_limit = limit.map(|limit| format!(r#"{{"1":"{limit}"}}"#));
            Event::Partner(id, Some(Partner { id, name: format!("P{id}"), commercial_id, credit_limit }))
        }),
        1 => (id(), any::<bool>()).prop_map(|(id, receivable)| Event::Account(id, Some(Account { id, receivable }))),
        1 => (id(), id()).prop_map(|(id, template_id)| Event::Product(id, Some(Product { id, template_id }))),
        1 => (id(), any::<bool>()).prop_map(|(id, by_delivery)| Event::Template(id, Some(Template { id, by_delivery }))),
        3 => invoice.prop_map(|(id, draft, refund, company_id, partner, day, untaxed)| {
            Event::Invoice(id, Some(Invoice { id, draft, refund, company_id, partner_id: Some(partner), day: Some(day), untaxed }))
        }),
        1 => id().prop_map(|id| Event::Invoice(id, None)),
        4 => settlement.prop_map(|(id, debit_id, credit_id, day, amount)| {
            Event::Settlement(id, Some(Settlement { id, debit_id, credit_id, day, amount }))
        }),
        1 => (1..6_i32).prop_map(|id| Event::Settlement(id, None)),
        6 => item.prop_map(|(id, move_id, company_id, partner, account, draft, due, residual, quantity, falls_due)| {
            Event::Item(id, Some(Item { id, move_id, company_id, partner_id: Some(partner), account_id: Some(account), draft,
                due: Some(due), residual, quantity: quantity.into(), falls_due, debit: residual >= Decimal::ZERO }))
        }),
        2 => (1..9_i32).prop_map(|id| Event::Item(id, None)),
        2 => (id(), id(), id()).prop_map(|(id, company_id, partner_id)| {
            Event::SaleOrder(id, Some(SaleOrder { id, company_id, partner_id, currency_rate: Decimal::ONE, ships_at: None }))
        }),
        1 => id().prop_map(|id| Event::SaleOrder(id, None)),
        4 => line.prop_map(|(id, order_id, product_id, ordered, delivered, invoiced, price_total, open)| {
            Event::SaleOrderLine(id, Some(SaleOrderLine { id, order_id, product_id, ordered: ordered.into(),
                delivered: delivered.into(), invoiced: invoiced.into(), price_total, open }))
        }),
        1 => (1..6_i32).prop_map(|id| Event::SaleOrderLine(id, None)),
        2 => (1..9_i32, 1..6_i32, any::<bool>()).prop_map(|(item_id, order_line_id, there)| {
            Event::InvoicedLine((item_id, order_line_id), there.then_some(InvoicedLine { item_id, order_line_id }))
        }),
    ]
}

fn ledger() -> Ledger {
    Ledger::new(Tables::default(), chrono_tz::UTC, None)
}

fn moment(day: i32) -> DateTime<Utc> {
    NaiveDate::from_num_days_from_ce_opt(739_000 + day).unwrap().and_hms_opt(12, 0, 0).unwrap().and_utc()
}

/// Exposures in the order of their keys, without the time of their last change.
fn exposures(ledger: &Ledger) -> Vec<Exposure> {
    let mut rows: Vec<_> = ledger.tables.exposures.iter().cloned().collect();
    rows.sort_by_key(|row| (row.company_id, row.partner_id));
    for row in &mut rows {
        row.updated_at = DateTime::default();
    }
    rows
}

/// What is known of each customer, but for what depends on the way there: scores of past days, what was told, failing checks
/// that would not have failed without having failed before.
fn assessments(ledger: &Ledger) -> Vec<impl std::fmt::Debug + PartialEq + use<>> {
    let known = |row: &Assessment| {
        let id = (row.company_id, row.partner_id);
        (id, row.experiences, row.payment_history, row.order_volume, row.credit_score, row.breach_on)
    };
    let mut rows: Vec<_> = ledger.tables.assessments.iter().map(known).collect();
    rows.sort_by_key(|row| row.0);
    rows
}

#[test]
fn what_a_currency_without_cents_rounds_to_nothing_is_there_when_it_gets_cents() {
    let mut ledger = ledger();
    let currency = |decimals| Event::Currency(1, Some(Currency { id: 1, name: "XXX".into(), decimals }));
    let item = Item {
        id: 1,
        move_id: 1,
        company_id: 1,
        partner_id: Some(7),
        account_id: Some(3),
        draft: false,
        due: None,
        residual: Decimal::new(-1, 2),
        quantity: Decimal::ZERO,
        falls_due: false,
        debit: false,
    };
    for change in [
        Event::Company(1, Some(Company { id: 1, root_id: 1, currency_id: 1 })),
        Event::Account(3, Some(Account { id: 3, receivable: true })),
        Event::Item(1, Some(item)),
        currency(0),
    ] {
        ledger.apply(change);
    }
    ledger.decide(moment(1), &mut Outbox::default());
    assert!(exposures(&ledger).is_empty());
    ledger.apply(currency(2));
    ledger.decide(moment(1), &mut Outbox::default());
    assert_eq!(exposures(&ledger)[0].total, Decimal::new(-1, 2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_changes_converges(changes in proptest::collection::vec((event(), any::<bool>()), 1..60)) {
        let (mut ours, mut last) = (ledger(), Rows::new());
        let mut day = 0;
        for (change, decide) in &changes {
            ours.apply(change.clone());
            last.insert(key(change), change.clone());
            if *decide {
                day += 1;
                ours.decide(moment(day / 3), &mut Outbox::default());
            }
        }
        ours.decide(moment(25), &mut Outbox::default());

        let mut fresh = ledger();
        for change in last.values() {
            fresh.apply(change.clone());
        }
        fresh.decide(moment(25), &mut Outbox::default());
        prop_assert_eq!(exposures(&ours), exposures(&fresh));
        prop_assert_eq!(assessments(&ours), assessments(&fresh));
        for row in exposures(&ours) {
            prop_assert_eq!(row.total, row.not_due + row.overdue + row.unapplied + row.draft_invoiced + row.to_invoice);
        }
    }
}
