//! The laws, and what `credit` has to be for them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::testkit::{Driver, Specimen, Step};
use contract::{Emitted, laws};
use credit::Credit;
use credit::store::{
    Account, Assessment, Company, Currency, CurrencyRate, DefaultValue, Exposure, Invoice, InvoicedLine,
    Item, Journal, Limit, LimitField, Partner, Pending, PosLine, PosOrder, Product, RowChange, SaleOrder,
    SaleOrderLine, Settlement, Tables, Template, Unit,
};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// 17 December 2025, two weeks before the streams begin.
const DAY_ONE: i32 = 739_602;

fn cents(range: std::ops::Range<i64>) -> impl Strategy<Value = Decimal> {
    range.prop_map(|cents| Decimal::new(cents, 2))
}

/// Few ids, so that changes meet: rows come, change, depend on what is not there yet, and go.
fn row_change() -> impl Strategy<Value = RowChange> {
    let id = || 1..4_i32;
    let day = (0..20_i32).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(DAY_ONE + day).unwrap());
    let item = (
        1..9_i32,
        id(),
        id(),
        id(),
        id(),
        any::<bool>(),
        day.clone(),
        cents(-500..900),
        (0..5_i64, proptest::option::of(id())),
        any::<bool>(),
        (
            proptest::option::of((id(), cents(-900..900))),
            proptest::option::of(id()),
            any::<bool>(),
            proptest::option::of(cents(-400..100)),
        ),
    );
    let invoice = (id(), any::<bool>(), any::<bool>(), id(), id(), day.clone(), cents(-500..900));
    let settlement = (1..6_i32, 1..9_i32, 1..9_i32, day.clone(), cents(1..900));
    let rate = (id(), id(), proptest::option::of(id()), day, cents(10..900));
    let order = (id(), id(), id(), proptest::option::of(id()), cents(1..900), cents(1..900));
    let line = (
        1..6_i32,
        id(),
        proptest::option::of(id()),
        (proptest::option::of(id()), any::<bool>()),
        0..5_i64,
        0..5_i64,
        0..5_i64,
        cents(1..9_000),
        any::<bool>(),
    );
    prop_oneof![
        1 => (id(), id(), id()).prop_map(|(id, root_id, currency_id)| RowChange::Company(id, Some(Company { id, root_id, currency_id, sets_limits: id != 3 }))),
        1 => (id(), 0..4_i32).prop_map(|(id, decimals)| RowChange::Currency(id, Some(Currency { id, name: format!("C{id}"), decimals }))),
        3 => (id(), id(), proptest::option::of(0..900_i32)).prop_map(|(id, commercial_id, limit)| {
            let credit_limit = limit.map(|limit| format!(r#"{{"1":"{limit}"}}"#));
            RowChange::Partner(id, Some(Partner { id, name: format!("P{id}"), commercial_id, credit_limit }))
        }),
        2 => (id(), proptest::option::of(id()), proptest::option::of(id()), 0..900_i32).prop_map(|(id, partner_id, company_id, limit)| {
            RowChange::Limit(id, Some(Limit { id, partner_id, company_id, amount: limit.into() }))
        }),
        1 => id().prop_map(|id| RowChange::Limit(id, None)),
        9 => rarer_row_change(),
        1 => (id(), any::<bool>()).prop_map(|(id, receivable)| RowChange::Account(id, Some(Account { id, receivable }))),
        1 => (id(), id()).prop_map(|(id, template_id)| RowChange::Product(id, Some(Product { id, template_id }))),
        1 => (id(), any::<bool>()).prop_map(|(id, by_delivery)| RowChange::Template(id, Some(Template { id, by_delivery }))),
        3 => invoice.prop_map(|(id, draft, refund, company_id, partner, day, untaxed)| {
            RowChange::Invoice(id, Some(Invoice { id, draft, refund, company_id, partner_id: Some(partner), day: Some(day), untaxed }))
        }),
        1 => id().prop_map(|id| RowChange::Invoice(id, None)),
        4 => settlement.prop_map(|(id, debit_id, credit_id, day, amount)| {
            RowChange::Settlement(id, Some(Settlement { id, debit_id, credit_id, day, amount }))
        }),
        1 => (1..6_i32).prop_map(|id| RowChange::Settlement(id, None)),
        6 => item.prop_map(|(id, move_id, company_id, partner, account, draft, due, residual, (quantity, unit_id), falls_due, more)| {
            let (paid, journal_id, of_payment, drafted) = more;
            RowChange::Item(id, Some(Item { id, move_id, journal_id, number: None, of_payment, drafted, company_id, partner_id: Some(partner), account_id: Some(account), draft,
                due: Some(due), residual, quantity: quantity.into(), unit_id, falls_due, debit: residual >= Decimal::ZERO,
                down_payment: paid.is_some(), currency_id: paid.map(|(currency, _)| currency),
                amount_currency: paid.map_or(Decimal::ZERO, |(_, amount)| amount) }))
        }),
        2 => (1..9_i32).prop_map(|id| RowChange::Item(id, None)),
        1 => rate.prop_map(|(id, currency_id, company_id, day, rate)| {
            RowChange::CurrencyRate(id, Some(CurrencyRate { id, currency_id, company_id, day, rate }))
        }),
        1 => id().prop_map(|id| RowChange::CurrencyRate(id, None)),
        1 => (id(), cents(1..900)).prop_map(|(id, per_reference)| {
            RowChange::Unit(id, Some(Unit { id, per_reference, rounding: Decimal::new(1, 2) }))
        }),
        2 => order.prop_map(|(id, company_id, partner_id, currency_id, untaxed, total)| {
            RowChange::SaleOrder(id, Some(SaleOrder { id, name: format!("S{id}"), company_id, partner_id, currency_id, untaxed, total, ships_at: None }))
        }),
        1 => id().prop_map(|id| RowChange::SaleOrder(id, None)),
        4 => line.prop_map(|(id, order_id, product_id, (unit_id, down_payment), ordered, delivered, invoiced, price_total, open)| {
            RowChange::SaleOrderLine(id, Some(SaleOrderLine { id, order_id, product_id, unit_id, down_payment, ordered: ordered.into(),
                delivered: delivered.into(), invoiced: invoiced.into(), price_total, open,
                expense: if ordered == 0 && open && !down_payment { Some(price_total) } else { None } }))
        }),
        1 => (1..6_i32).prop_map(|id| RowChange::SaleOrderLine(id, None)),
        2 => (1..9_i32, 1..6_i32, any::<bool>()).prop_map(|(item_id, order_line_id, there)| {
            RowChange::InvoicedLine((item_id, order_line_id), there.then_some(InvoicedLine { item_id, order_line_id }))
        }),
    ]
}

/// The same for what only some companies have.
fn rarer_row_change() -> impl Strategy<Value = RowChange> {
    let id = || 1..4_i32;
    let day = (0..20_i32).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(DAY_ONE + day).unwrap());
    let pending = (
        id(),
        proptest::option::of(id()),
        id(),
        proptest::option::of(id()),
        cents(-300..900),
        proptest::option::of(cents(-300..900)),
        day,
    );
    prop_oneof![
        1 => (id(), any::<bool>()).prop_map(|(id, there)| RowChange::LimitField(id, there.then_some(LimitField { id }))),
        1 => (id(), id(), proptest::option::of(id()), 0..900_i32).prop_map(|(id, field_id, company_id, amount)| {
            RowChange::DefaultValue(id, (amount > 200).then(|| DefaultValue { id, field_id, company_id, amount: amount.into() }))
        }),
        1 => (id(), any::<bool>()).prop_map(|(id, moves_money)| RowChange::Journal(id, Some(Journal { id, moves_money }))),
        2 => pending.prop_map(|(id, company_id, partner_id, currency_id, amount, company_amount, day)| {
            RowChange::Pending(id, Some(Pending { id, company_id, partner_id, currency_id, amount, company_amount, day }))
        }),
        1 => id().prop_map(|id| RowChange::Pending(id, None)),
        1 => (id(), any::<bool>()).prop_map(|(id, there)| RowChange::PosOrder(id, there.then_some(PosOrder { id }))),
        2 => (id(), id(), 1..6_i32, cents(-400..900)).prop_map(|(id, pos_order_id, order_line_id, amount)| {
            RowChange::PosLine(id, (amount > Decimal::NEGATIVE_ONE).then_some(PosLine { id, pos_order_id, order_line_id, amount }))
        }),
    ]
}

/// Each mode of the rule, checks that hold, and settings that cannot be used.
fn control() -> impl Strategy<Value = Step<RowChange>> {
    let mode = select(vec!["off", "shadow", "suggest", "auto"]);
    let check =
        select(vec!["utilisation", "horizon", "oldest_open", "overdue_share", "no_payment", "score_drop"]);
    let rule =
        (mode, check, select(vec!["hold", "warn", "off", "maybe"])).prop_map(|(mode, check, action)| {
            let committed = action == "warn";
            Step::Rule("hold", json!({ "mode": mode, "checks": { check: { "action": action } }, "counts_committed": committed }))
        });
    let customer = (1..3_i32, 1..5_i32, select(vec!["2025-12-01", "2026-01-01", "2026-01-03", "2026-02-01"]));
    let actions = vec!["accept", "refuse", "release", "exempt", "raise_limit", "rise_limit"];
    let request = (select(actions), customer, 0..900_i32);
    let request = request.prop_map(|(action, (company, partner, until), limit)| {
        let mut arguments = json!({ "company_id": company, "partner_id": partner, "reason": "a talk" });
        if matches!(action, "exempt" | "raise_limit" | "rise_limit") {
            arguments["until"] = until.into();
        }
        if action == "raise_limit" {
            arguments["limit"] = limit.to_string().into();
        }
        Step::Request(action, arguments)
    });
    prop_oneof![rule, request]
}

struct Credits;

impl Specimen for Credits {
    type Processor = Credit;
    const CASES: u32 = 5_000;

    fn first_snapshot() -> Vec<RowChange> {
        vec![RowChange::Company(1, Some(Company { id: 1, root_id: 1, currency_id: 1, sets_limits: true }))]
    }

    fn row_change() -> BoxedStrategy<RowChange> {
        row_change().boxed()
    }

    fn control() -> BoxedStrategy<Step<RowChange>> {
        control().boxed()
    }

    /// Exposures but for the time of their last change; of assessments nothing that depends on the way there: scores of past days,
    /// what was emitted, failing checks that would not have failed without having failed before.
    fn conclusions(tables: &Tables) -> Vec<String> {
        let exposure = |row: &Exposure| {
            let buckets = [row.not_due, row.overdue, row.unapplied, row.draft_invoiced, row.to_invoice];
            let sum: Decimal = buckets.iter().sum();
            assert!(row.total == sum || row.total == sum + row.committed, "{row:?}");
            let buckets = buckets.into_iter().chain([row.to_invoice_odoo, row.committed, row.total]);
            let figures = buckets.chain(row.credit_limit).map(|amount| amount.normalize());
            let names = (row.company_id, row.partner_id, &row.partner_name, &row.currency);
            format!("{names:?} {:?} {:?}", figures.collect::<Vec<_>>(), row.oldest_due)
        };
        let assessment = |row: &Assessment| {
            let id = (row.company_id, row.partner_id);
            let figures =
                (row.experiences, row.payment_history, row.order_volume, row.credit_score, row.breach_on);
            format!("{id:?} {figures:?}")
        };
        let mut lines: Vec<_> = tables.exposures.iter().map(exposure).collect();
        lines.extend(tables.assessments.iter().map(assessment));
        lines.sort();
        lines
    }

    fn folded(events: &[Emitted]) -> Vec<String> {
        let mut exposures = BTreeMap::new();
        for event in events.iter().filter(|event| event.event_type == "exposure_changed") {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            let key = (data["company_id"].to_string(), data["partner_id"].to_string());
            exposures.insert(key, data["after"].clone());
        }
        exposures.retain(|_, after| !after.is_null());
        exposures
            .into_iter()
            .map(|((company, partner), after)| format!("{company} {partner} {}", total(&after)))
            .collect()
    }

    fn stored(tables: &Tables) -> Vec<String> {
        let line = |row: &Exposure| {
            let after =
                json!({ "total": row.total, "overdue": row.overdue, "credit_limit": row.credit_limit });
            (row.company_id.to_string(), row.partner_id.to_string(), total(&after))
        };
        let mut lines: Vec<_> = tables.exposures.iter().map(line).collect();
        lines.sort();
        lines.into_iter().map(|(company, partner, total)| format!("{company} {partner} {total}")).collect()
    }
}

/// Total, overdue and limit of an image, whatever its number of decimals.
fn total(image: &Value) -> String {
    let amount = |name: &str| {
        let amount = image[name].as_str().map(|text| text.parse::<Decimal>().unwrap().normalize());
        amount.map_or("none".to_owned(), |amount| amount.to_string())
    };
    [amount("total"), amount("overdue"), amount("credit_limit")].join(" ")
}

laws!(Credits);

#[test]
fn what_a_currency_without_cents_rounds_to_nothing_is_there_and_shows_when_it_gets_cents() {
    let mut driver = Driver::<Credit>::new("2026-01-05T08:00:00Z".parse().unwrap());
    let currency = |decimals| RowChange::Currency(1, Some(Currency { id: 1, name: "XXX".into(), decimals }));
    let item = Item {
        id: 1,
        move_id: 1,
        journal_id: None,
        number: None,
        of_payment: false,
        drafted: None,
        company_id: 1,
        partner_id: Some(7),
        account_id: Some(3),
        draft: false,
        due: None,
        residual: Decimal::new(-1, 2),
        quantity: Decimal::ZERO,
        unit_id: None,
        falls_due: false,
        debit: false,
        down_payment: false,
        currency_id: None,
        amount_currency: Decimal::ZERO,
    };
    let rows = [
        RowChange::Company(1, Some(Company { id: 1, root_id: 1, currency_id: 1, sets_limits: true })),
        RowChange::Account(3, Some(Account { id: 3, receivable: true })),
        RowChange::Item(1, Some(item)),
        currency(0),
    ];
    driver.transaction(rows, driver.clock());
    assert_eq!(driver.tables().exposures.get((1, 7)).unwrap().total, Decimal::ZERO);
    driver.transaction([currency(2)], driver.clock());
    assert_eq!(driver.tables().exposures.get((1, 7)).unwrap().total, Decimal::new(-1, 2));
}
