//! What people have reported of other programs that match bank lines, one small case each, with what is right. Each names its report;
//! those that name none are what a review of this processor has found. The engine's own cases are in `matching/tests/engine/reports.rs`.

use chrono::{DateTime, NaiveDate, TimeDelta};
use contract::Outcome;
use contract::testkit::Driver;
use reconciliation::Reconciliation;
use reconciliation::store::{
    Account, BankLine, Company, Currency, CurrencyRate, Entry, Item, Journal, LineStatus, Partial, Partner,
    PartnerBank, Proposal, RowChange, Session, StatementLine, Tables,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

const RECEIVABLE: i32 = 7;
const PAYABLE: i32 = 16;
const BANK: i32 = 45;
const TRANSFER: i32 = 48;
const SUSPENSE: i32 = 47;
const OUTSTANDING: i32 = 50;
const CHARGES: i32 = 60;
const EUR: i32 = 1;
const USD: i32 = 2;
const ALPHA: i32 = 11;
const BETA: i32 = 12;

struct Story(Driver<Reconciliation>);

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, number).unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A company in euros with two banks, two customers, and a branch with two branches of its own side by side.
fn story() -> Story {
    let company = |id, path: &[i32]| {
        let row = Company { id, path: Json(path.to_vec()), currency_id: EUR, partner_id: Some(1) };
        RowChange::Company(id, Some(row))
    };
    let currency =
        |id, name: &str| RowChange::Currency(id, Some(Currency { id, name: name.into(), decimals: 2 }));
    let account = |id, account_type: &str, reconcile| {
        let row = Account { id, account_type: account_type.into(), reconcile, code: None };
        RowChange::Account(id, Some(row))
    };
    let journal = |id, currency_id| {
        let row = Journal {
            id,
            company_id: 1,
            code: format!("BNK{id}"),
            moves_money: true,
            suspense_account_id: Some(SUSPENSE),
            currency_id,
        };
        RowChange::Journal(id, Some(row))
    };
    let partner = |id, name: &str| {
        RowChange::Partner(id, Some(Partner { id, name: name.into(), commercial_id: id, company_id: None }))
    };
    let rows = [
        company(1, &[1]),
        company(2, &[2]),
        company(3, &[1, 3]),
        company(4, &[1, 4]),
        currency(EUR, "EUR"),
        currency(USD, "USD"),
        account(RECEIVABLE, "asset_receivable", true),
        account(PAYABLE, "liability_payable", true),
        account(BANK, "asset_cash", false),
        account(SUSPENSE, "asset_current", false),
        account(TRANSFER, "asset_current", true),
        account(OUTSTANDING, "asset_current", true),
        account(CHARGES, "expense", false),
        journal(5, None),
        journal(6, None),
        journal(8, Some(USD)),
        partner(1, "Our Own Company"),
        partner(ALPHA, "Alpha Handel GmbH"),
        partner(BETA, "Beta Bau AG"),
    ];
    Story(Driver::behind(rows, DateTime::from_timestamp(1_767_600_000, 0).unwrap()))
}

/// An open invoice: its entry and its item, which have the number in common.
fn invoice(id: i32, partner: i32, amount: &str) -> Item {
    Item {
        id,
        move_id: 1_000 + id,
        number: Some(format!("INV/2026/{id:05}")),
        reference: None,
        company_id: 1,
        partner_id: Some(partner),
        account_id: Some(RECEIVABLE),
        currency_id: Some(EUR),
        amount: dec(amount),
        residual: dec(amount),
        reconciled: false,
        day: day(2),
        due: day(16),
        discount_day: None,
        discounted: None,
        of_payment: false,
        of_product: false,
        line_id: None,
    }
}

fn line(id: i32, amount: &str, label: &str) -> StatementLine {
    StatementLine {
        id,
        move_id: 2_000 + id,
        company_id: Some(1),
        journal_id: 6,
        partner_id: None,
        partner_name: None,
        account_number: None,
        label: Some(label.into()),
        details: None,
        bank_id: None,
        amount: dec(amount),
        foreign_currency_id: None,
        foreign_amount: Decimal::ZERO,
        residual: -dec(amount),
        reconciled: false,
    }
}

fn of(name: &str, line: StatementLine) -> StatementLine {
    StatementLine { partner_name: Some(name.into()), ..line }
}

impl Story {
    fn writes(&mut self, rows: impl IntoIterator<Item = RowChange>) {
        let now = self.0.clock() + TimeDelta::minutes(1);
        self.0.transaction(rows, now);
    }

    fn issues(&mut self, items: impl IntoIterator<Item = Item>) {
        let rows = items.into_iter().flat_map(|item| {
            let entry = Entry {
                id: item.move_id,
                move_type: if item.residual.is_sign_negative() { "in_invoice" } else { "out_invoice" }.into(),
                posted: true,
                day: Some(item.day),
                payment_reference: None,
                reference: None,
                narration: None,
                line_id: None,
            };
            [RowChange::Entry(entry.id, Some(entry)), RowChange::Item(item.id, Some(item))]
        });
        let rows: Vec<RowChange> = rows.collect();
        self.writes(rows);
    }

    fn receives(&mut self, lines: impl IntoIterator<Item = StatementLine>) {
        let rows = lines.into_iter().flat_map(|line| {
            let entry = Entry {
                id: line.move_id,
                move_type: "entry".into(),
                posted: true,
                day: Some(day(20)),
                payment_reference: None,
                reference: None,
                narration: None,
                line_id: Some(line.id),
            };
            [RowChange::Entry(entry.id, Some(entry)), RowChange::StatementLine(line.id, Some(line))]
        });
        let rows: Vec<RowChange> = rows.collect();
        self.writes(rows);
    }

    /// What Odoo writes when a line pays so much of an item.
    fn matches(&mut self, line: &StatementLine, paid: &[(&Item, &str)]) {
        let mut rows = vec![RowChange::StatementLine(
            line.id,
            Some(StatementLine { residual: Decimal::ZERO, reconciled: true, ..line.clone() }),
        )];
        for (number, (item, amount)) in (0..).zip(paid) {
            let amount = dec(amount);
            let own = Item {
                id: 3_000 + line.id * 10 + number,
                move_id: line.move_id,
                number: Some(format!("BNK1/2026/{:05}", line.id)),
                amount: -amount,
                residual: Decimal::ZERO,
                reconciled: true,
                line_id: Some(line.id),
                ..(*item).clone()
            };
            let (debit_id, credit_id) =
                if amount.is_sign_negative() { (own.id, item.id) } else { (item.id, own.id) };
            let partial = Partial {
                id: 5_000 + own.id,
                debit_id,
                credit_id,
                debit_amount: amount.abs(),
                credit_amount: amount.abs(),
            };
            let residual = self.tables().items.get(item.id).unwrap().residual - amount;
            let item = Item { residual, reconciled: residual.is_zero(), ..(*item).clone() };
            rows.push(RowChange::Item(own.id, Some(own)));
            rows.push(RowChange::Item(item.id, Some(item)));
            rows.push(RowChange::Partial(partial.id, Some(partial)));
        }
        self.writes(rows);
    }

    /// What Odoo writes when that is taken back.
    fn takes_back(&mut self, line: &StatementLine, paid: &[(&Item, &str)]) {
        let mut rows = vec![RowChange::StatementLine(line.id, Some(line.clone()))];
        for (number, (item, amount)) in (0..).zip(paid) {
            let own = 3_000 + line.id * 10 + number;
            let residual = self.tables().items.get(item.id).unwrap().residual + dec(amount);
            rows.push(RowChange::Item(own, None));
            rows.push(RowChange::Partial(5_000 + own, None));
            rows.push(RowChange::Item(
                item.id,
                Some(Item { residual, reconciled: false, ..(*item).clone() }),
            ));
        }
        self.writes(rows);
    }

    fn tables(&mut self) -> &Tables {
        self.0.tables()
    }

    fn row(&mut self, line: i32) -> BankLine {
        self.tables().lines.get(line).unwrap().clone()
    }

    fn first(&mut self, line: i32) -> Proposal {
        self.tables().proposals.get((line, 1)).unwrap().clone()
    }

    /// The items and amounts of the first proposal.
    fn pays(&mut self, line: i32) -> Vec<(i32, String)> {
        self.first(line).allocations.iter().map(|of| (of.item_id, of.amount.to_string())).collect()
    }

    /// All items that any proposal of a line names.
    fn named(&mut self, line: i32) -> Vec<i32> {
        let tables = self.tables();
        let proposals = (1..=3).filter_map(|rank| tables.proposals.get((line, rank)));
        proposals.flat_map(|row| row.allocations.iter().map(|of| of.item_id)).collect()
    }

    fn session(&mut self) -> Session {
        self.tables().sessions.iter().find(|session| session.user_id.is_none()).unwrap().clone()
    }

    fn lets_it_match(&mut self) {
        assert!(self.0.rule("match", json!({ "mode": "auto", "probation": 0 })));
    }

    fn asks(&mut self, action: &str, arguments: Value) -> Result<String, String> {
        match self.0.request("anna", action, arguments) {
            Outcome::Done(text) => Ok(text),
            Outcome::Refused(why) => Err(why),
        }
    }
}

fn paid(all: &[(i32, &str)]) -> Vec<(i32, String)> {
    all.iter().map(|(id, amount)| (*id, (*amount).to_owned())).collect()
}

/// erp-mafia/accounted#1259: of two equal invoices the one that was proposed was paid by another line, and the proposal stayed.
#[test]
fn what_is_paid_elsewhere_is_not_proposed_any_more() {
    let mut story = story();
    let (x, y) = (invoice(1, ALPHA, "450.00"), invoice(2, ALPHA, "450.00"));
    story.issues([x.clone(), y]);
    let (a, b) = (
        of("Alpha Handel GmbH", line(1, "450.00", "Miete")),
        of("Alpha Handel GmbH", line(2, "450.00", "INV/2026/00001")),
    );
    story.receives([a, b.clone()]);
    assert_eq!(story.pays(2), paid(&[(1, "450.00")]));
    story.matches(&b, &[(&x, "450.00")]);
    assert_eq!(story.pays(1), paid(&[(2, "450.00")]), "the other one is left");
    assert!(!story.named(1).contains(&1));
}

/// The same, when a person has accepted it and nobody has written it to Odoo yet: the request is taken back by itself.
#[test]
fn what_was_asked_for_and_is_paid_elsewhere_is_taken_back() {
    let mut story = story();
    let x = invoice(1, ALPHA, "450.00");
    story.issues([x.clone()]);
    let other = of("Beta Bau AG", line(2, "450.00", "for Alpha"));
    story.receives([of("Alpha Handel GmbH", line(1, "450.00", "Miete")), other.clone()]);
    story.asks("accept", json!({ "line": 1, "reason": "it is theirs" })).unwrap();
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.matches(&other, &[(&x, "450.00")]);
    let row = story.row(1);
    assert_eq!((row.status, row.allocations.len(), row.decided_by), (LineStatus::Proposed, 0, None));
    assert_eq!(story.pays(1), []);
}

/// odoo/odoo#16865: the same line accepted in two browsers was booked twice.
#[test]
fn what_is_asked_for_is_not_asked_for_again() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "1000.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "1000.00", "INV/2026/00001"))]);
    let accept = json!({ "line": 1, "reason": "it is theirs" });
    story.asks("accept", accept.clone()).unwrap();
    assert!(story.asks("accept", accept).unwrap_err().contains("anna has asked for that already"));
    let requested =
        story.0.take_events().iter().filter(|event| event.event_type == "match_requested").count();
    assert_eq!(requested, 1);
}

/// odoo/odoo#279278: taking one of three matches of an invoice back removed all of them.
#[test]
fn one_of_three_matches_is_taken_back_alone() {
    let mut story = story();
    let whole = invoice(1, ALPHA, "1000.00");
    story.issues([whole.clone()]);
    let parts = [("300.00", 1), ("450.00", 2), ("250.00", 3)];
    let lines: Vec<_> =
        parts.iter().map(|(amount, id)| line(*id, amount, "part of INV/2026/00001")).collect();
    story.receives(lines.clone());
    for (line, (amount, _)) in lines.iter().zip(parts) {
        story.matches(line, &[(&whole, amount)]);
    }
    let session = story.session();
    assert_eq!((session.manually_matched, session.remaining, session.total_lines), (3, 0, 3));
    story.takes_back(&lines[1], &[(&whole, "450.00")]);
    let session = story.session();
    assert_eq!((session.manually_matched, session.remaining, session.total_lines), (2, 1, 3));
    assert_eq!(story.pays(2), paid(&[(1, "450.00")]), "what is open again, whole");
    assert_eq!(story.first(2).kind, "exact");
    assert_eq!([1, 3].map(|id| story.row(id).status), [LineStatus::Matched; 2]);
}

/// OCA/account-reconcile#617: after a match was taken back the invoice was never offered again.
#[test]
fn what_is_taken_back_is_proposed_as_before() {
    let mut story = story();
    let item = invoice(1, ALPHA, "250.00");
    story.issues([item.clone()]);
    let line = of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00001"));
    story.receives([line.clone()]);
    let before = story.pays(1);
    story.matches(&line, &[(&item, "250.00")]);
    assert_eq!(story.row(1).allocations[0].amount, dec("250.00"));
    story.takes_back(&line, &[(&item, "250.00")]);
    assert_eq!(story.pays(1), before);
    assert_eq!(story.row(1).status, LineStatus::Proposed);
}

/// frappe/erpnext#51601: one withdrawal was matched with two payments of its amount.
#[test]
fn no_more_is_allocated_than_the_line_has() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "10.00"), invoice(2, ALPHA, "10.00")]);
    story.receives([line(1, "10.00", "?")]);
    let both = json!({ "line": 1, "items": [{ "item": 1 }, { "item": 2 }], "reason": "both" });
    assert!(story.asks("allocate", both).unwrap_err().contains("add up to 20.00 EUR, and line 1 has 10.00"));
    let more = json!({ "line": 1, "items": [{ "item": 1, "amount": "10.01" }], "reason": "all" });
    assert!(story.asks("allocate", more).unwrap_err().contains("10.00 is open"));
}

/// odoo/odoo#23070, #192507: invoices of another company, and of a branch beside one's own, were proposed.
#[test]
fn a_line_pays_what_its_company_and_its_branches_have() {
    let mut story = story();
    let of_company = |id, company_id| Item { company_id, ..invoice(id, ALPHA, "100.00") };
    story.issues([of_company(2, 2), of_company(3, 3), of_company(4, 4)]);
    let own = |id, company| StatementLine {
        company_id: Some(company),
        ..of("Alpha Handel GmbH", line(id, "100.00", "invoice"))
    };
    story.receives([own(13, 3)]);
    assert_eq!(story.named(13), [3], "neither its sister's nor another company's");
    story.receives([own(11, 1)]);
    let named = story.named(11);
    assert!(named.contains(&4) && !named.contains(&2), "{named:?}");
}

/// odoo/odoo#98708: a line with a foreign currency and no amount in it counted as done.
#[test]
fn a_foreign_currency_without_an_amount_is_none() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "100.00")]);
    let columns = json!({ "move_id": 2001, "company_id": 1, "journal_id": 6, "partner_id": null, "partner_name": null,
        "account_number": null, "payment_ref": "INV/2026/00001", "transaction_details": null, "unique_import_id": null,
        "amount": "100.00", "foreign_currency_id": USD, "amount_currency": "0.0", "amount_residual": 0.0,
        "is_reconciled": false });
    let columns = serde_json::from_value(columns).unwrap();
    let line = <StatementLine as contract::FromSource>::from_columns(1, columns).unwrap().unwrap();
    story.receives([line]);
    assert_eq!((story.row(1).amount, story.row(1).currency.as_str()), (dec("100.00"), "EUR"));
    assert_eq!(story.pays(1), paid(&[(1, "100.00")]));
}

/// OCA/account-reconcile#1011: an invoice in dollars was cut to its figure in euros, in a journal in dollars.
#[test]
fn what_is_paid_in_the_invoices_currency_is_compared_in_it() {
    let mut story = story();
    let rate = CurrencyRate { id: 1, currency_id: USD, company_id: None, day: day(1), rate: dec("1.1383") };
    story.writes([RowChange::CurrencyRate(1, Some(rate))]);
    story.issues([Item { currency_id: Some(USD), ..invoice(1, ALPHA, "350.85") }]);
    story.receives([StatementLine { journal_id: 8, ..line(1, "350.85", "INV/2026/00001") }]);
    let first = story.first(1);
    assert_eq!((first.kind.as_str(), first.left_over), ("exact", dec("0.00")));
    assert_eq!(
        (&first.allocations[0].currency, first.allocations[0].left_open),
        (&"USD".to_owned(), dec("0.00"))
    );
}

/// OCA/account-reconcile#656: a rate that came later changed what a line is worth.
#[test]
fn a_later_rate_changes_no_amount() {
    let mut story = story();
    story.issues([Item { currency_id: Some(USD), ..invoice(1, ALPHA, "1000.00") }]);
    story.receives([StatementLine { journal_id: 8, ..line(1, "1000.00", "INV/2026/00001") }]);
    let before = (story.row(1), story.first(1));
    let rate = CurrencyRate { id: 1, currency_id: USD, company_id: None, day: day(1), rate: dec("1.20") };
    story.writes([RowChange::CurrencyRate(1, Some(rate))]);
    assert_eq!((story.row(1), story.first(1)), before);
}

/// odoo/odoo#168029: a third party's account that was learned for one customer beat the other customer's exact number.
#[test]
fn a_number_beats_an_account_that_was_learned() {
    let mut story = story();
    let paid_before: Vec<Item> = (1..4).map(|id| invoice(id, ALPHA, "100.00")).collect();
    story.issues(paid_before.clone());
    for (id, item) in (1..).zip(&paid_before) {
        let line = StatementLine {
            account_number: Some("DE02120300000000202051".into()),
            ..line(id, "100.00", &format!("INV/2026/{id:05}"))
        };
        story.receives([line.clone()]);
        story.matches(&line, &[(item, "100.00")]);
    }
    assert!(story.tables().rules.iter().any(|rule| rule.target_id == ALPHA && rule.holds));
    story.issues([invoice(11, ALPHA, "300.00"), invoice(12, BETA, "300.00")]);
    story.receives([StatementLine {
        account_number: Some("DE02120300000000202051".into()),
        ..line(9, "300.00", "INV/2026/00012")
    }]);
    assert_eq!(story.pays(9), paid(&[(12, "300.00")]));
}

/// odoo/odoo#81362: an account that two partners have was taken for one of them.
#[test]
fn an_account_of_two_partners_says_neither_alone() {
    let mut story = story();
    let bank = |id, partner_id| {
        RowChange::PartnerBank(
            id,
            Some(PartnerBank { id, partner_id, number: "DE02120300000000202051".into() }),
        )
    };
    story.writes([bank(1, ALPHA), bank(2, BETA)]);
    story.lets_it_match();
    story.issues([invoice(1, ALPHA, "60.00"), invoice(2, BETA, "60.00")]);
    story.receives([StatementLine {
        account_number: Some("DE02 1203 0000 0000 2020 51".into()),
        ..line(1, "60.00", "")
    }]);
    assert_eq!(story.row(1).status, LineStatus::Proposed, "nothing is booked alone");
    let named = story.named(1);
    assert!(named.contains(&1) && named.contains(&2), "{named:?}");
}

/// odoo/odoo#133005: the label `/` matched every item without a name.
#[test]
fn a_label_that_says_nothing_names_nothing() {
    let mut story = story();
    story.lets_it_match();
    story.issues([
        Item { number: None, ..invoice(1, ALPHA, "75.00") },
        Item { number: None, ..invoice(2, BETA, "40.00") },
    ]);
    story.receives([line(1, "75.00", "/")]);
    assert_eq!(story.row(1).status, LineStatus::Proposed);
    assert!(story.first(1).evidence.iter().all(|evidence| evidence.of != "number"));
    assert!(!story.named(1).contains(&2));
}

/// odoo/odoo#40601, OCA/account-reconcile#351: invoices that were cancelled, or are drafts, were proposed and matched.
#[test]
fn what_is_cancelled_is_not_proposed() {
    let mut story = story();
    let item = invoice(1, ALPHA, "100.00");
    story.issues([item.clone()]);
    story.receives([of("Alpha Handel GmbH", line(1, "100.00", "INV/2026/00001"))]);
    assert_eq!(story.pays(1), paid(&[(1, "100.00")]));
    // A row of a draft or a cancelled entry is none of those that can matter.
    story.writes([RowChange::Item(1, None)]);
    assert_eq!(story.pays(1), []);
    story.issues([item]);
    assert_eq!(story.pays(1), paid(&[(1, "100.00")]), "and posted again it is");
}

/// odoo/odoo#266189: the money that one bank sent was not offered to the other bank's line.
#[test]
fn a_transfer_between_two_banks_is_matched_on_the_way() {
    let mut story = story();
    let out = line(1, "-1000.00", "Umbuchung auf Konto 2");
    story.receives([out.clone()]);
    let under_way = Item {
        number: Some("BNK1/2026/00001".into()),
        account_id: Some(TRANSFER),
        line_id: Some(1),
        move_id: out.move_id,
        partner_id: None,
        ..invoice(31, ALPHA, "1000.00")
    };
    story.writes([
        RowChange::StatementLine(1, Some(StatementLine { residual: Decimal::ZERO, reconciled: true, ..out })),
        RowChange::Item(31, Some(under_way)),
    ]);
    assert_eq!(story.row(1).account_id, Some(TRANSFER));
    story.lets_it_match();
    story.issues([invoice(2, ALPHA, "1000.00")]);
    story.receives([StatementLine {
        journal_id: 5,
        ..of("Our Own Company", line(2, "1000.00", "Umbuchung von Konto 1"))
    }]);
    assert_eq!(story.pays(2), paid(&[(31, "1000.00")]));
    assert_eq!(story.row(2).status, LineStatus::Proposed, "transfers of our own are for a person");
}

/// odoo/odoo#30664: an invoice and a bill of one contact could not be settled by one line.
#[test]
fn an_invoice_and_a_bill_are_settled_by_what_is_between_them() {
    let mut story = story();
    let bill = Item {
        number: Some("BILL/2026/00007".into()),
        account_id: Some(PAYABLE),
        ..invoice(2, ALPHA, "-50.00")
    };
    story.issues([invoice(1, ALPHA, "100.00"), bill]);
    story.receives([of("Alpha Handel GmbH", line(1, "50.00", "INV/2026/00001 ./. BILL/2026/00007"))]);
    assert_eq!(story.pays(1), paid(&[(1, "100.00"), (2, "-50.00")]));
    assert_eq!(story.first(1).left_over, dec("0.00"));
}

/// odoo/odoo#22376: the payment of the first instalment was put on the last one.
#[test]
fn an_instalment_is_the_one_of_its_amount() {
    let mut story = story();
    let part = |id, amount, due| Item {
        number: Some("INV/2026/00001".into()),
        due: day(due),
        ..invoice(id, ALPHA, amount)
    };
    story.issues([
        part(1, "150.00", 2),
        part(2, "200.00", 12),
        part(3, "200.00", 22),
        part(4, "1450.00", 30),
    ]);
    story.receives([of("Alpha Handel GmbH", line(1, "150.00", "INV/2026/00001"))]);
    assert_eq!(story.pays(1), paid(&[(1, "150.00")]));
}

/// odoo/odoo#18972: what was booked by hand on the outstanding account was not offered to the bank line, and money counted twice.
#[test]
fn a_payment_that_is_booked_is_what_the_line_pays() {
    let mut story = story();
    let invoice = Item { residual: Decimal::ZERO, reconciled: true, ..invoice(1, ALPHA, "320.00") };
    let payment = Item {
        number: Some("PBNK1/2026/00001".into()),
        reference: Some("INV/2026/00001".into()),
        account_id: Some(OUTSTANDING),
        of_payment: true,
        ..invoice.clone()
    };
    let payment = Item { id: 2, move_id: 1_002, residual: dec("320.00"), reconciled: false, ..payment };
    story.issues([invoice]);
    story.writes([RowChange::Item(2, Some(payment))]);
    story.receives([of("Alpha Handel GmbH", line(1, "320.00", "INV/2026/00001"))]);
    assert_eq!(story.pays(1), paid(&[(2, "320.00")]), "and not the invoice, which is paid");
}

/// odoo/odoo#229267, #137511: counts were not those of the lists.
#[test]
fn counts_are_those_of_the_lines_whatever_happens_to_them() {
    let mut story = story();
    let item = invoice(1, ALPHA, "10.00");
    story.issues([item.clone()]);
    let lines: Vec<_> = (1..9).map(|id| line(id, "10.00", "?")).collect();
    story.receives(lines.clone());
    let expect = |story: &mut Story, matched, remaining| {
        let session = story.session();
        assert_eq!((session.manually_matched, session.remaining), (matched, remaining));
        let open = story.tables().lines.iter().filter(|row| !row.status.is_done()).count();
        assert_eq!(i32::try_from(open).unwrap(), remaining);
    };
    expect(&mut story, 0, 8);
    story.matches(&lines[0], &[(&item, "10.00")]);
    expect(&mut story, 1, 7);
    // Its entry is reset to draft: it is on no statement until it is posted again.
    let entry = story.tables().entries.get(2_001).unwrap().clone();
    story.writes([RowChange::Entry(2_001, Some(Entry { posted: false, ..entry.clone() }))]);
    expect(&mut story, 0, 7);
    story.writes([RowChange::Entry(2_001, Some(entry))]);
    expect(&mut story, 1, 7);
    story.takes_back(&lines[0], &[(&item, "10.00")]);
    expect(&mut story, 0, 8);
    story.writes([RowChange::StatementLine(5, None)]);
    expect(&mut story, 0, 7);
}

/// A wrong booking is worth more than fifty clicks: after one, nothing is booked alone until the journal is trusted again.
#[test]
fn a_booking_that_was_wrong_puts_the_journal_on_probation_at_once() {
    let mut story = story();
    assert!(story.0.rule("match", json!({ "mode": "auto", "probation": 1 })));
    let (right, first) =
        (invoice(1, ALPHA, "10.00"), of("Alpha Handel GmbH", line(1, "10.00", "INV/2026/00001")));
    story.issues([
        right.clone(),
        invoice(2, ALPHA, "20.00"),
        invoice(3, ALPHA, "30.00"),
        invoice(4, BETA, "20.00"),
    ]);
    story.receives([first.clone()]);
    assert_eq!(story.row(1).status, LineStatus::Proposed, "on probation");
    story.matches(&first, &[(&right, "10.00")]);
    // What was right today counts from tomorrow on.
    let tomorrow = story.0.clock() + TimeDelta::days(1);
    story.0.tick(tomorrow);
    let [second, third] = [(2, "20.00"), (3, "30.00")]
        .map(|(id, amount)| of("Alpha Handel GmbH", line(id, amount, &format!("INV/2026/{id:05}"))));
    story.receives([second.clone(), third]);
    assert_eq!([2, 3].map(|id| story.row(id).status), [LineStatus::MatchRequested; 2]);
    let other = story.tables().items.get(4).unwrap().clone();
    story.matches(&second, &[(&other, "20.00")]);
    assert_eq!(story.row(3).status, LineStatus::Proposed, "at once");
    assert_eq!(story.first(3).waits[..], ["its journal is on probation"]);
}

/// What a person has taken back is not asked for again by the automation, and its journal is on probation.
#[test]
fn what_is_taken_back_is_for_a_person() {
    let mut story = story();
    story.lets_it_match();
    let (item, other) = (invoice(1, ALPHA, "250.00"), invoice(2, ALPHA, "70.00"));
    story.issues([item.clone(), other]);
    let line = of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00001"));
    story.receives([line.clone()]);
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.matches(&line, &[(&item, "250.00")]);
    let session = story.session();
    assert_eq!((session.auto_matched, session.manually_matched), (1, 0));
    story.takes_back(&line, &[(&item, "250.00")]);
    assert_eq!(story.row(1).status, LineStatus::Proposed);
    assert_eq!(story.first(1).waits[..], ["a match of it was taken back"]);
    assert_eq!(story.session().auto_matched, 0);
}

/// Whoever takes a match back at the invoice, and matches the line's item with another, leaves the line done in Odoo all the while.
#[test]
fn what_is_matched_with_something_else_is_done_anew() {
    let mut story = story();
    story.lets_it_match();
    let (wrong, right) = (invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00"));
    story.issues([wrong.clone(), right.clone()]);
    let line = of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00001"));
    story.receives([line.clone()]);
    story.matches(&line, &[(&wrong, "250.00")]);
    assert!(story.row(1).auto);
    story.0.take_events();
    story.writes([RowChange::Partial(5_000 + 3_010, None), RowChange::Item(1, Some(wrong))]);
    story.matches(&line, &[(&right, "250.00")]);
    let row = story.row(1);
    assert_eq!((row.status, row.auto, row.decided_by), (LineStatus::Matched, false, None));
    assert_eq!(row.allocations[0].item_id, 2);
    let session = story.session();
    assert_eq!((session.auto_matched, session.manually_matched), (0, 1));
    let told: Vec<_> = story.0.take_events().iter().map(|event| event.event_type).collect();
    assert!(told.contains(&"unmatched") && told.last() == Some(&"matched"), "{told:?}");
}

/// What a person has asked for one line is not asked for another.
#[test]
fn an_item_is_asked_for_once() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "100.00")]);
    story.receives([line(1, "100.00", "?"), line(2, "100.00", "?")]);
    let allocate = |line| json!({ "line": line, "items": [{ "item": 1 }], "reason": "they said so" });
    story.asks("allocate", allocate(1)).unwrap();
    assert!(
        story.asks("allocate", allocate(2)).unwrap_err().contains("100.00 of item 1 is asked for already")
    );
}

/// Whoever refuses another proposal than the one that was accepted still wants that.
#[test]
fn another_refusal_leaves_a_request_as_it_is() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "100.00"), invoice(2, ALPHA, "300.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "100.00", "INV/2026/00001"))]);
    story.asks("accept", json!({ "line": 1, "reason": "it is" })).unwrap();
    let other =
        (2..=3).find(|rank| story.tables().proposals.get((1, *rank)).unwrap().kind != "none").unwrap();
    story.asks("refuse", json!({ "line": 1, "rank": other, "reason": "it is not" })).unwrap();
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.asks("refuse", json!({ "line": 1, "rank": 1, "reason": "it is not that either" })).unwrap();
    assert_eq!(story.row(1).status, LineStatus::Proposed);
    assert!(!story.named(1).contains(&1), "what was refused does not come again");
}

/// What is taken back while a session is completed is not in it when it goes on.
#[test]
fn a_session_that_goes_on_counts_what_is_there() {
    let mut story = story();
    let item = invoice(1, ALPHA, "10.00");
    story.issues([item.clone()]);
    let line = line(1, "10.00", "?");
    story.receives([line.clone()]);
    story.asks("open_session", json!({ "journal": 6 })).unwrap();
    story.matches(&line, &[(&item, "10.00")]);
    let own =
        |story: &mut Story| story.tables().sessions.iter().find(|of| of.user_id.is_some()).unwrap().clone();
    let id = own(&mut story).id;
    assert_eq!(own(&mut story).manually_matched, 1);
    story.asks("complete_session", json!({ "session": id })).unwrap();
    story.takes_back(&line, &[(&item, "10.00")]);
    assert_eq!(own(&mut story).manually_matched, 1, "as it was when it was completed");
    story.asks("resume_session", json!({ "session": id })).unwrap();
    let session = own(&mut story);
    assert_eq!((session.manually_matched, session.remaining, session.total_lines), (0, 1, 1));
}

/// A line in one currency that names an item in another and is less pays a part of it, in the item's currency.
#[test]
fn a_part_in_another_currency_is_no_more_than_the_line() {
    let mut story = story();
    let rate = CurrencyRate { id: 1, currency_id: USD, company_id: None, day: day(1), rate: dec("1.25") };
    story.writes([RowChange::CurrencyRate(1, Some(rate))]);
    story.issues([Item { currency_id: Some(USD), ..invoice(1, ALPHA, "1000.00") }]);
    story.receives([of("Alpha Handel GmbH", line(1, "400.00", "Teilzahlung INV/2026/00001"))]);
    let first = story.first(1);
    assert_eq!((first.kind.as_str(), story.pays(1)), ("partial", paid(&[(1, "500.00")])));
    assert_eq!(first.allocations[0].left_open, dec("500.00"));
}

/// An item of a branch that a line of the branch and one of its company both name is for a person.
#[test]
fn an_item_that_lines_of_two_companies_name_is_booked_for_neither() {
    let mut story = story();
    story.lets_it_match();
    story.issues([Item { company_id: 3, ..invoice(1, ALPHA, "100.00") }]);
    let own = |id, company| StatementLine {
        company_id: Some(company),
        ..of("Alpha Handel GmbH", line(id, "100.00", "INV/2026/00001"))
    };
    story.receives([own(1, 3)]);
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.receives([StatementLine { bank_id: Some("B".into()), ..own(2, 1) }]);
    assert_eq!([1, 2].map(|id| story.row(id).status), [LineStatus::Proposed; 2]);
}
