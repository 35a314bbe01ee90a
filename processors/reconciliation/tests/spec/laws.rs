//! The laws, and what `reconciliation` has to be for them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::testkit::{Specimen, Step};
use contract::{Emitted, laws};
use proptest::prelude::*;
use proptest::sample::select;
use reconciliation::Reconciliation;
use reconciliation::store::{
    Account, BankLine, Company, Currency, CurrencyRate, Entry, Item, Journal, LineStatus, Model,
    ModelJournal, ModelLine, ModelPayer, Partial, Partner, PartnerBank, Proposal, RowChange, StatementLine,
    Tables,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

const RECEIVABLE: i32 = 7;
const CASH: i32 = 45;
const SUSPENSE: i32 = 47;
const OUTSTANDING: i32 = 50;
const CHARGES: i32 = 60;
const NAMES: [&str; 3] = ["Brückner Maschinenbau GmbH", "Nolan Bakery Inc.", "Atlas Freight Ltd"];
const IBANS: [&str; 3] = ["DE89370400440532013000", "GB33BUKB20201555555555", "FR1420041010050500013M02606"];

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, number).unwrap()
}

fn amount(cents: i64) -> Decimal {
    Decimal::new(cents, 2).normalize()
}

/// An item of a customer's invoice, open, paid in part, or paid.
fn item() -> impl Strategy<Value = Item> {
    let what = (1..7_i32, select(vec![10_000_i64, 25_000, 25_050, -8_000]), 0..3_i64, 1..4_i32);
    let whose = (1..3_i32, select(vec![RECEIVABLE, RECEIVABLE, OUTSTANDING, CHARGES]), 1..3_i32, 2..28_u32);
    (what, whose).prop_map(|((id, cents, paid, partner), (company_id, account_id, currency_id, due))| {
        let residual = cents - cents / 2 * paid;
        Item {
            id,
            move_id: 100 + id,
            number: Some(format!("INV/2026/{:05}", 100 + id)),
            reference: (id == 3).then(|| "PO-77123".into()),
            company_id,
            partner_id: Some(10 + partner),
            account_id: Some(account_id),
            currency_id: Some(currency_id),
            amount: amount(cents),
            residual: amount(residual),
            reconciled: residual == 0,
            day: day(1),
            due: day(due),
            discount_day: (id == 2).then(|| day(20)),
            discounted: (id == 2).then(|| amount(cents * 98 / 100)),
            of_payment: account_id == OUTSTANDING,
            of_product: false,
            line_id: None,
        }
    })
}

/// The counterpart of a bank line that is matched, or is booked on an account.
fn counterpart() -> impl Strategy<Value = Item> {
    (1..7_i32, select(vec![RECEIVABLE, CHARGES, SUSPENSE, CASH])).prop_map(|(line, account_id)| Item {
        id: 20 + line,
        move_id: 200 + line,
        number: Some(format!("BNK1/2026/{line:05}")),
        reference: None,
        company_id: 1,
        partner_id: None,
        account_id: Some(account_id),
        currency_id: Some(1),
        amount: amount(-10_000),
        residual: Decimal::ZERO,
        reconciled: account_id == RECEIVABLE,
        day: day(14),
        due: day(14),
        discount_day: None,
        discounted: None,
        of_payment: false,
        of_product: false,
        line_id: Some(line),
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let of_line = (1..7_i32, prop::bool::weighted(0.9), 5..20_u32).prop_map(|(line, posted, on)| Entry {
        id: 200 + line,
        move_type: "entry".into(),
        posted,
        day: Some(day(on)),
        payment_reference: None,
        reference: None,
        narration: (line == 5).then(|| "<p>INV/2026/00102</p>".into()),
        line_id: Some(line),
    });
    let invoice =
        (1..7_i32, select(vec!["out_invoice", "out_refund", "in_invoice"])).prop_map(|(id, kind)| Entry {
            id: 100 + id,
            move_type: kind.into(),
            posted: true,
            day: Some(day(1)),
            payment_reference: (id == 4).then(|| "RF18539007547034".into()),
            reference: None,
            narration: None,
            line_id: None,
        });
    prop_oneof![2 => of_line, 1 => invoice]
}

fn statement_line() -> impl Strategy<Value = StatementLine> {
    let label = select(vec![
        "INV/2026/00101",
        "Rechnung 2026/00102 und 00103",
        "Kontoführung",
        "RF18 5390 0754 7034",
        "thank you",
        "payment less 50 cents INV/2026/00106",
    ]);
    let what = (1..7_i32, select(vec![10_000_i64, 25_000, 25_050, -8_000, -990, 35_000]), label);
    let who = (
        prop::option::of(11..14_i32),
        prop::option::of(select(&NAMES[..])),
        prop::option::of(select(&IBANS[..])),
    );
    (what, who, prop::bool::weighted(0.35), prop::bool::weighted(0.1)).prop_map(
        |((id, cents, label), (partner_id, name, iban), reconciled, foreign)| StatementLine {
            id,
            move_id: 200 + id,
            journal_id: 5 + id % 2,
            company_id: (id == 4).then_some(2),
            partner_id,
            partner_name: name.map(Into::into),
            account_number: iban.map(Into::into),
            label: Some(label.into()),
            details: None,
            bank_id: None,
            amount: amount(cents),
            foreign_currency_id: foreign.then_some(2),
            foreign_amount: if foreign { amount(cents) } else { Decimal::ZERO },
            residual: if reconciled { Decimal::ZERO } else { amount(-cents) },
            reconciled,
        },
    )
}

fn partial() -> impl Strategy<Value = Partial> {
    (1..7_i32, 1..7_i32, select(vec![10_000_i64, 12_500, 25_000])).prop_map(|(item, line, cents)| Partial {
        id: 10 * item + line,
        debit_id: item,
        credit_id: 20 + line,
        debit_amount: amount(cents),
        credit_amount: amount(cents),
    })
}

fn partner(id: i32, name: &str) -> RowChange {
    RowChange::Partner(id, Some(Partner { id, name: name.into(), commercial_id: id, company_id: None }))
}

fn row_change() -> impl Strategy<Value = RowChange> {
    let bank = (1..4_i32, 11..14_i32, select(&IBANS[..]));
    let rate = (1..3_i32, 1..20_u32, select(vec![9_i64, 10, 11]));
    prop_oneof![
        8 => item().prop_map(|row| RowChange::Item(row.id, Some(row))),
        1 => (1..7_i32).prop_map(|id| RowChange::Item(id, None)),
        4 => counterpart().prop_map(|row| RowChange::Item(row.id, Some(row))),
        6 => entry().prop_map(|row| RowChange::Entry(row.id, Some(row))),
        10 => statement_line().prop_map(|row| RowChange::StatementLine(row.id, Some(row))),
        1 => (1..7_i32).prop_map(|id| RowChange::StatementLine(id, None)),
        4 => partial().prop_map(|row| RowChange::Partial(row.id, Some(row))),
        2 => (1..7_i32, 1..7_i32).prop_map(|(item, line)| RowChange::Partial(10 * item + line, None)),
        2 => (11..14_i32, select(&NAMES[..])).prop_map(|(id, name)| partner(id, name)),
        1 => (11..14_i32).prop_map(|id| RowChange::Partner(id, None)),
        2 => bank.prop_map(|(id, partner_id, number)| {
            RowChange::PartnerBank(id, Some(PartnerBank { id, partner_id, number: number.into() }))
        }),
        1 => rate.prop_map(|(id, on, tenths)| {
            let rate = Decimal::new(tenths, 1);
            RowChange::CurrencyRate(id, Some(CurrencyRate { id, currency_id: 2, company_id: None, day: day(on), rate }))
        }),
        3 => model(),
        1 => select(vec![None, Some(6)]).prop_map(|moves| RowChange::Journal(5, Some(journal(5, moves.is_some())))),
    ]
}

/// Two reconciliation models, which come, change and go, and so do their lines and whom they name.
fn model() -> impl Strategy<Value = RowChange> {
    let text = select(vec!["kontoführung", "thank", "rechnung"]);
    let whom = (prop::option::of(11..14_i32), any::<bool>());
    let row = (1..3_i32, text, whom).prop_map(|(id, text, (payer_id, is_former))| Model {
        sequence: 10 - id,
        is_former,
        books: id == 1,
        payer_id,
        ..super::story::model(id, text)
    });
    let line = (1..3_i32, any::<bool>()).prop_map(|(id, is_whole)| {
        RowChange::ModelLine(id, Some(ModelLine { id, model_id: 1, account_id: Some(CHARGES), is_whole }))
    });
    let payer = (1..4_i32, prop::option::weighted(0.7, 11..14_i32)).prop_map(|(id, payer_id)| {
        let label = Some(["INV", "thank", ".*"][usize::try_from(id).unwrap() - 1].into());
        RowChange::ModelPayer(
            id,
            payer_id.map(|payer_id| ModelPayer { id, model_id: 2, payer_id, label, notes: None }),
        )
    });
    let of_journal = any::<bool>().prop_map(|is_there| {
        RowChange::ModelJournal((1, 5), is_there.then_some(ModelJournal { model_id: 1, journal_id: 5 }))
    });
    prop_oneof![
        4 => row.prop_map(|row| RowChange::Model(row.id, Some(row))),
        1 => (1..3_i32).prop_map(|id| RowChange::Model(id, None)),
        2 => line,
        1 => (1..3_i32).prop_map(|id| RowChange::ModelLine(id, None)),
        2 => payer,
        1 => of_journal,
    ]
}

fn journal(id: i32, moves_money: bool) -> Journal {
    Journal {
        id,
        company_id: 1,
        code: format!("BNK{id}"),
        moves_money,
        suspense_account_id: Some(SUSPENSE),
        currency_id: None,
    }
}

/// Each mode of the rule, settings that cannot be used, and every request.
fn control() -> impl Strategy<Value = Step<RowChange>> {
    let mode = select(vec!["off", "shadow", "suggest", "auto", "auto", "always"]);
    let rule = (mode, prop::bool::ANY).prop_map(|(mode, own)| {
        let journals = if own { json!({ "5": "auto", "6": "shadow" }) } else { json!({}) };
        Step::Rule("match", json!({ "mode": mode, "journals": journals, "probation": 0 }))
    });
    let line = || 1..7_i32;
    let proposal =
        (line(), 1..4_i32, select(vec!["accept", "refuse", "refuse"])).prop_map(|(line, rank, action)| {
            Step::Request(action, json!({ "line": line, "rank": rank, "reason": "as agreed" }))
        });
    let allocate = (line(), 1..7_i32, prop::option::of(Just(CHARGES))).prop_map(|(line, item, account)| {
        Step::Request(
            "allocate",
            json!({ "line": line, "items": [{ "item": item }], "account": account, "reason": "they said so" }),
        )
    });
    let skip = line().prop_map(|line| Step::Request("skip", json!({ "line": line, "reason": "later" })));
    let open = (5..7_i32).prop_map(|journal| Step::Request("open_session", json!({ "journal": journal })));
    let session = (1..5_i32, select(vec!["resume_session", "complete_session"]))
        .prop_map(|(session, action)| Step::Request(action, json!({ "session": session })));
    let switch = (1..8_i32, any::<bool>()).prop_map(|(rule, on)| {
        Step::Request("switch_rule", json!({ "rule": rule, "on": on, "reason": "it is odd" }))
    });
    prop_oneof![2 => rule, 4 => proposal, 2 => allocate, 1 => skip, 2 => open, 1 => session, 1 => switch]
}

struct BankLines;

/// What somebody may know of a line.
fn told(row: &BankLine, proposals: &[&Proposal]) -> String {
    let shown = matches!(row.status, LineStatus::Proposed | LineStatus::MatchRequested | LineStatus::Skipped);
    let proposals: Vec<Value> = proposals
        .iter()
        .filter(|_| shown)
        .map(|row| json!([row.rank, row.kind, row.allocations.0, row.account_id, row.auto]))
        .collect();
    json!([
        row.id,
        row.company_id,
        row.journal_id,
        row.day,
        row.amount,
        row.currency,
        row.status,
        row.allocations.0,
        row.account_id,
        row.decided_by,
        row.reason,
        row.session_id,
        row.auto,
        proposals
    ])
    .to_string()
}

impl Specimen for BankLines {
    type Processor = Reconciliation;
    const CASES: u32 = 400;

    fn first_snapshot() -> Vec<RowChange> {
        let company = |id, path: &[i32]| Company {
            id,
            path: Json(path.to_vec()),
            currency_id: 1,
            partner_id: Some(id),
        };
        let currency = |id, name: &str| Currency { id, name: name.into(), decimals: 2 };
        let account = |id, account_type: &str, reconcile| {
            RowChange::Account(
                id,
                Some(Account { id, account_type: account_type.into(), reconcile, code: None }),
            )
        };
        vec![
            RowChange::Company(1, Some(company(1, &[1]))),
            RowChange::Company(2, Some(company(2, &[1, 2]))),
            RowChange::Currency(1, Some(currency(1, "EUR"))),
            RowChange::Currency(2, Some(currency(2, "USD"))),
            RowChange::Journal(6, Some(journal(6, true))),
            account(RECEIVABLE, "asset_receivable", true),
            account(CASH, "asset_cash", false),
            account(SUSPENSE, "asset_current", false),
            account(OUTSTANDING, "asset_current", true),
            account(CHARGES, "expense", false),
            partner(1, "My Company"),
        ]
    }

    fn row_change() -> BoxedStrategy<RowChange> {
        row_change().boxed()
    }

    fn control() -> BoxedStrategy<Step<RowChange>> {
        control().boxed()
    }

    /// Which lines there are, and whether they are done. What is proposed depends on what was learned on the way.
    fn conclusions(tables: &Tables) -> Vec<String> {
        let mut lines: Vec<_> = tables
            .lines
            .iter()
            .map(|row| format!("{} {} {} {}", row.id, row.journal_id, row.amount, row.status.is_done()))
            .collect();
        lines.sort();
        lines
    }

    fn folded(events: &[Emitted]) -> Vec<String> {
        let mut lines = BTreeMap::new();
        for event in events {
            let of_line =
                ["line_proposed", "match_requested", "matched", "unmatched"].contains(&event.event_type);
            if !of_line {
                continue;
            }
            let data: Value = serde_json::from_str(&event.data).unwrap();
            let proposals: Vec<Value> = data["proposals"]
                .as_array()
                .unwrap()
                .iter()
                .map(|of| json!([of["rank"], of["kind"], of["allocations"], of["account_id"], of["auto"]]))
                .collect();
            let line = json!([
                data["line_id"],
                data["company_id"],
                data["journal_id"],
                data["day"],
                data["amount"],
                data["currency"],
                data["status"],
                data["allocations"],
                data["account_id"],
                data["decided_by"],
                data["reason"],
                data["session_id"],
                data["auto"],
                proposals
            ]);
            lines.insert(data["line_id"].as_i64(), (data["status"] == "gone", line.to_string()));
        }
        lines.into_values().filter(|(gone, _)| !gone).map(|(_, line)| line).collect()
    }

    fn stored(tables: &Tables) -> Vec<String> {
        let mut rows: Vec<&BankLine> =
            tables.lines.iter().filter(|row| row.status != LineStatus::Past).collect();
        rows.sort_unstable_by_key(|row| row.id);
        let line = |row: &BankLine| {
            let proposals: Vec<&Proposal> =
                (1..4).filter_map(|rank| tables.proposals.get((row.id, rank))).collect();
            told(row, &proposals)
        };
        rows.into_iter().map(line).collect()
    }
}

laws!(BankLines);
