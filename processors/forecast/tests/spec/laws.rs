//! The laws, and what `forecast` has to be for them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::testkit::{Specimen, Step};
use contract::{Emitted, laws};
use forecast::Forecast;
use forecast::store::{
    Account, Company, Country, Currency, CurrencyRate, Entry, Item, Kind, Lead, Partial, Partner, Payment,
    PurchaseOrder, PurchaseOrderLine, RowChange, SaleOrder, SaleOrderLine, Stage, StatementLine, Tables,
};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

use super::story::{BANK, EUR, OUTSTANDING, PAYABLE, RECEIVABLE, TRANSFER, USD, on};

const CHARGES: i32 = 60;

fn day(number: u32) -> NaiveDate {
    on(2026, 1 + number / 28, 1 + number % 28)
}

fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2).normalize()
}

/// Items of invoices, bills, payments and bank lines that share few entries.
fn item() -> impl Strategy<Value = Item> {
    let accounts = vec![RECEIVABLE, RECEIVABLE, PAYABLE, BANK, BANK, OUTSTANDING, TRANSFER, CHARGES];
    let what =
        (1..9_i32, select(accounts), select(vec![10_000_i64, 25_000, -25_000, -8_000, 90_000]), 0..3_i64);
    let whose = (1..3_i32, prop::option::of(11..14_i32), 1..3_i32, 0..40_u32, prop::option::of(0..90_u32));
    let of = (any::<bool>(), prop::option::weighted(0.3, 1..5_i32), prop::option::weighted(0.2, 1..3_i32));
    (what, whose, of).prop_map(
        |((id, account, amount, paid), (company_id, partner_id, currency_id, at, due), of)| {
            let residual = amount - amount / 2 * paid;
            let (of_payment, line_id, order_line_id) = of;
            Item {
                id,
                move_id: 100 + id / 2,
                number: Some(format!("INV/{id}")),
                label: (id % 3 == 0).then(|| "Rent of the hall".into()),
                company_id,
                partner_id,
                account_id: Some(account),
                currency_id: Some(currency_id),
                amount: cents(amount),
                residual: cents(residual),
                reconciled: residual == 0,
                day: day(at),
                due: due.map(day),
                discount_day: (id == 3).then(|| day(at + 9)),
                discounted: (id == 3).then(|| cents(amount * 98 / 100)),
                promised: (id == 4).then(|| day(at + 30)),
                of_payment,
                line_id,
                order_line_id,
            }
        },
    )
}

/// Rent that is paid each week or so.
fn rent() -> impl Strategy<Value = Item> {
    (0..8_i32, prop::bool::weighted(0.8)).prop_map(|(n, has_partner)| Item {
        id: 50 + n,
        move_id: 150 + n,
        number: None,
        label: Some(format!("Rent {n}")),
        company_id: 1,
        partner_id: has_partner.then_some(13),
        account_id: Some(BANK),
        currency_id: Some(EUR),
        amount: cents(-50_000),
        residual: cents(-50_000),
        reconciled: false,
        day: on(2025, 11, 3) + chrono::Days::new(u64::try_from(n * 7).unwrap()),
        due: None,
        discount_day: None,
        discounted: None,
        promised: None,
        of_payment: false,
        line_id: None,
        order_line_id: None,
    })
}

fn entry() -> impl Strategy<Value = RowChange> {
    let kinds = select(vec!["out_invoice", "out_refund", "in_invoice", "in_refund"]);
    (100..105_i32, kinds, 0..40_u32, prop::option::of(select(vec!["S1", "S2", "S1, S2"]))).prop_map(
        |(id, kind, at, origin)| {
            let row = Entry { id, move_type: kind.into(), day: day(at), origin: origin.map(Into::into) };
            RowChange::Entry(id, Some(row))
        },
    )
}

fn order() -> impl Strategy<Value = RowChange> {
    let sale = (1..3_i32, 0..40_u32, prop::option::of(11..14_i32), prop::option::of(1..3_i32), any::<bool>())
        .prop_map(|(id, at, partner_id, lead_id, is_subscription)| {
            let row = SaleOrder {
                id,
                name: format!("S{id}"),
                company_id: Some(1),
                partner_id,
                currency_id: Some(EUR),
                day: day(at),
                lead_id,
                is_subscription,
                until: is_subscription.then(|| day(60)),
            };
            RowChange::SaleOrder(id, Some(row))
        });
    let sale_line = (1..4_i32, 1..3_i32, 0..3_i64).prop_map(|(id, order_id, invoiced)| {
        let row = SaleOrderLine {
            id,
            order_id,
            untaxed: cents(40_000),
            total: cents(47_600),
            invoiced: cents(20_000 * invoiced),
        };
        RowChange::SaleOrderLine(id, Some(row))
    });
    let purchase = (1..3_i32, 0..40_u32, prop::option::of(11..14_i32)).prop_map(|(id, at, partner_id)| {
        let row = PurchaseOrder {
            id,
            name: format!("P{id}"),
            company_id: None,
            partner_id,
            currency_id: Some(USD),
            day: day(at),
        };
        RowChange::PurchaseOrder(id, Some(row))
    });
    let purchase_line = (1..3_i32, 1..3_i32).prop_map(|(id, order_id)| {
        let row = PurchaseOrderLine { id, order_id, untaxed: cents(30_000), total: cents(30_000) };
        RowChange::PurchaseOrderLine(id, Some(row))
    });
    let lead =
        (1..4_i32, prop::option::of(select(vec![1, 2, 4])), any::<bool>(), prop::option::of(10..80_u32))
            .prop_map(|(id, stage_id, active, deadline)| {
                let row = Lead {
                    id,
                    name: format!("Lead {id}"),
                    company_id: (id == 2).then_some(2),
                    partner_id: Some(10 + id),
                    stage_id,
                    active,
                    probability: if active { Decimal::from(40) } else { Decimal::ZERO },
                    revenue: cents(500_000),
                    deadline: deadline.map(day),
                    begun: day(1),
                    closed: (!active || stage_id == Some(4)).then(|| day(20)),
                };
                RowChange::Lead(id, Some(row))
            });
    prop_oneof![
        3 => sale,
        3 => sale_line,
        1 => purchase,
        1 => purchase_line,
        3 => lead,
        1 => (1..3_i32).prop_map(|id| RowChange::SaleOrder(id, None)),
        1 => (1..4_i32).prop_map(|id| RowChange::SaleOrderLine(id, None)),
        1 => (1..3_i32).prop_map(|id| RowChange::PurchaseOrder(id, None)),
        1 => (1..4_i32).prop_map(|id| RowChange::Lead(id, None)),
    ]
}

fn partner(id: i32, commercial_id: i32, name: &str) -> RowChange {
    let row = Partner { id, name: name.into(), commercial_id, country_id: (id == 1).then_some(57) };
    RowChange::Partner(id, Some(row))
}

fn row_change() -> impl Strategy<Value = RowChange> {
    let line =
        (1..5_i32, prop::option::of(11..14_i32), any::<bool>()).prop_map(|(id, partner_id, reconciled)| {
            let label = Some("Hall".into());
            RowChange::StatementLine(
                id,
                Some(StatementLine { id, move_id: 100 + id, partner_id, label, reconciled }),
            )
        });
    let partial = (1..9_i32, 1..9_i32).prop_map(|(debit_id, credit_id)| {
        let id = 10 * debit_id + credit_id;
        RowChange::Partial(id, Some(Partial { id, debit_id, credit_id }))
    });
    let payment = (1..3_i32, 11..14_i32, select(vec![5_000_i64, -7_000]), any::<bool>(), 0..40_u32).prop_map(
        |(id, partner_id, amount, of_supplier, at)| {
            let row = Payment {
                id,
                company_id: (id == 1).then_some(1),
                partner_id,
                currency_id: None,
                amount: cents(amount),
                of_supplier,
                day: day(at),
            };
            RowChange::Payment(id, Some(row))
        },
    );
    let rate = (1..3_i32, 0..20_u32, select(vec![9_i64, 10, 11]), prop::bool::weighted(0.8)).prop_map(
        |(id, at, tenths, is_there)| {
            let row = CurrencyRate {
                id,
                currency_id: USD,
                company_id: None,
                day: day(at),
                rate: Decimal::new(tenths, 1),
            };
            RowChange::CurrencyRate(id, is_there.then_some(row))
        },
    );
    let names = select(vec!["Alpha", "Beta"]);
    prop_oneof![
        10 => item().prop_map(|row| RowChange::Item(row.id, Some(row))),
        2 => (1..9_i32).prop_map(|id| RowChange::Item(id, None)),
        6 => rent().prop_map(|row| RowChange::Item(row.id, Some(row))),
        1 => (50..58_i32).prop_map(|id| RowChange::Item(id, None)),
        4 => entry(),
        1 => (100..105_i32).prop_map(|id| RowChange::Entry(id, None)),
        4 => partial,
        1 => (1..9_i32, 1..9_i32).prop_map(|(a, b)| RowChange::Partial(10 * a + b, None)),
        3 => line,
        1 => (1..5_i32).prop_map(|id| RowChange::StatementLine(id, None)),
        2 => payment,
        1 => (1..3_i32).prop_map(|id| RowChange::Payment(id, None)),
        6 => order(),
        2 => rate,
        2 => (11..14_i32, 11..14_i32, names).prop_map(|(id, commercial, name)| partner(id, commercial, name)),
        1 => (12..14_i32).prop_map(|id| RowChange::Partner(id, None)),
        1 => any::<bool>().prop_map(|won| RowChange::Stage(2, Some(Stage { id: 2, sequence: 2, is_won: won }))),
        1 => any::<bool>().prop_map(|reconcile| account(OUTSTANDING, "asset_current", reconcile)),
    ]
}

fn account(id: i32, account_type: &str, reconcile: bool) -> RowChange {
    RowChange::Account(id, Some(Account { id, account_type: account_type.into(), reconcile }))
}

/// Each mode of the rule, settings that cannot be used, and every request.
fn control() -> impl Strategy<Value = Step<RowChange>> {
    let mode = select(vec!["off", "shadow", "suggest", "auto", "always"]);
    let rule = (mode, select(vec![0, 100, 900]), any::<bool>()).prop_map(|(mode, floor, has_holiday)| {
        let holidays = if has_holiday { vec!["2026-02-02"] } else { Vec::new() };
        Step::Rule("warn", json!({ "mode": mode, "floor": floor, "materiality": 50, "holidays": holidays }))
    });
    let item = || 1..9_i32;
    let said = (item(), select(vec!["2026-02-10", "2026-04-01", "2025-01-01"]), any::<bool>()).prop_map(
        |(item, on, is_promise)| {
            if is_promise {
                Step::Request("promise", json!({ "item": item, "date": on, "reason": "they said so" }))
            } else {
                Step::Request("dispute", json!({ "item": item, "until": on, "reason": "it is broken" }))
            }
        },
    );
    let withdraw = item().prop_map(|item| Step::Request("withdraw", json!({ "item": item, "reason": "no" })));
    let adjustments = select(vec![
        json!([{ "op": "delay_partner", "partner": 12, "days": 14 }]),
        json!([{ "op": "delay_all_receivables", "days": 9 }, { "op": "scale", "component": "ap", "factor": "1.5" }]),
        json!([{ "op": "add", "date": "2026-02-20", "amount": "-900", "label": "a machine" }]),
        json!([{ "op": "remove", "kind": "item", "id": 3 }, { "op": "fx_rate", "currency": "USD", "rate": "0.8" }]),
        json!([{ "op": "lose_customer", "partner": 11 }]),
    ]);
    let scenario = (adjustments, prop::option::of(0..3_i32)).prop_map(|(adjustments, company)| {
        Step::Request(
            "create_scenario",
            json!({ "name": "what if", "company": company, "adjustments": adjustments }),
        )
    });
    let of_scenario = (1..4_i32, select(vec!["run_scenario", "remove_scenario"]))
        .prop_map(|(scenario, action)| Step::Request(action, json!({ "scenario": scenario })));
    prop_oneof![2 => rule, 3 => said, 1 => withdraw, 2 => scenario, 1 => of_scenario]
}

struct Cash;

/// What a company has told of shortfalls.
fn shortfall(company: impl Into<Value>, first_day: &Value, lowest: &Value) -> String {
    json!([company.into(), first_day, lowest]).to_string()
}

impl Specimen for Cash {
    type Processor = Forecast;
    const CASES: u32 = 100;

    fn first_snapshot() -> Vec<RowChange> {
        let company = |id: i32| {
            let row = Company {
                id,
                path: Json(vec![id]),
                currency_id: if id == 1 { EUR } else { USD },
                partner_id: Some(id),
                transfer_account_id: Some(TRANSFER),
            };
            RowChange::Company(id, Some(row))
        };
        let currency =
            |id, name: &str| RowChange::Currency(id, Some(Currency { id, name: name.into(), decimals: 2 }));
        vec![
            company(1),
            company(2),
            currency(EUR, "EUR"),
            currency(USD, "USD"),
            account(RECEIVABLE, "asset_receivable", true),
            account(PAYABLE, "liability_payable", true),
            account(BANK, "asset_cash", false),
            account(TRANSFER, "asset_current", true),
            account(CHARGES, "expense", false),
            RowChange::Country(57, Some(Country { id: 57, code: "DE".into() })),
            RowChange::Stage(1, Some(Stage { id: 1, sequence: 1, is_won: false })),
            RowChange::Stage(4, Some(Stage { id: 4, sequence: 70, is_won: true })),
            partner(1, 1, "My Company"),
            partner(2, 2, "My Other Company"),
        ]
    }

    fn row_change() -> BoxedStrategy<RowChange> {
        row_change().boxed()
    }

    fn control() -> BoxedStrategy<Step<RowChange>> {
        control().boxed()
    }

    /// What is expected of each document, and what there is; how wide intervals are depends on how good earlier forecasts were.
    fn conclusions(tables: &Tables) -> Vec<String> {
        let documents = tables.documents.iter().filter(|row| !row.amount.is_zero() || row.problem.is_some());
        let mut lines: Vec<String> = documents
            .map(|row| {
                // Repetitions are numbered as they were found.
                let id = if row.kind == Kind::Repetition { 0 } else { row.id };
                format!(
                    "{} {id} {} {} {:?} {} {} {} {:?} {} {:?}",
                    row.kind,
                    row.company_id,
                    row.component,
                    row.partner_id,
                    row.name,
                    row.amount,
                    row.group_amount,
                    row.expected.parts(),
                    row.why,
                    row.problem
                )
            })
            .collect();
        let today = tables.clock.get(1).map(|clock| clock.day);
        let rows = tables.company_forecasts.iter().filter(|row| Some(row.forecast_date) == today);
        lines.extend(rows.map(|row| {
            let flows = [row.ar_expected, row.ap_expected, row.pipeline_expected, row.recurring_expected];
            format!("{} {} {} {flows:?}", row.company_id, row.target_date, row.predicted_balance)
        }));
        lines.extend(
            tables
                .positions
                .iter()
                .map(|row| format!("{} {} {:?} {}", row.company_id, row.opening, row.shortfall, row.lowest)),
        );
        lines.sort_unstable();
        lines
    }

    fn folded(events: &[Emitted]) -> Vec<String> {
        let mut told = BTreeMap::new();
        for event in events {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            let company = data["company_id"].as_i64();
            match event.event_type {
                "shortfall_predicted" => {
                    let line = shortfall(company, &data["first_day"], &data["lowest"]);
                    told.insert(company, line);
                }
                "shortfall_cleared" => drop(told.remove(&company)),
                _ => {}
            }
        }
        told.into_values().collect()
    }

    fn stored(tables: &Tables) -> Vec<String> {
        let rows = tables.positions.iter();
        let told = rows.filter(|row| row.told.shortfall.is_some() && !row.told.is_silent);
        let told: BTreeMap<i32, String> = told
            .map(|row| {
                (
                    row.company_id,
                    shortfall(row.company_id, &json!(row.told.shortfall), &json!(row.told.lowest)),
                )
            })
            .collect();
        told.into_values().collect()
    }
}

laws!(Cash);
