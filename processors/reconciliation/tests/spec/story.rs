//! A company whose bank lines come, are matched and taken back as Odoo writes it.

use chrono::{DateTime, NaiveDate, TimeDelta};
use contract::Outcome;
use contract::testkit::Driver;
use reconciliation::Reconciliation;
use reconciliation::store::{
    Account, BankLine, Company, Currency, Entry, How, Item, Journal, Model, Partial, Partner, Proposal,
    RowChange, Session, StatementLine, Tables,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

pub(super) const RECEIVABLE: i32 = 7;
pub(super) const PAYABLE: i32 = 16;
pub(super) const BANK: i32 = 45;
pub(super) const TRANSFER: i32 = 48;
pub(super) const SUSPENSE: i32 = 47;
pub(super) const OUTSTANDING: i32 = 50;
pub(super) const CHARGES: i32 = 60;
pub(super) const EUR: i32 = 1;
pub(super) const USD: i32 = 2;
pub(super) const ALPHA: i32 = 11;
pub(super) const BETA: i32 = 12;

pub(super) struct Story(pub(super) Driver<Reconciliation>);

pub(super) fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, number).unwrap()
}

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A company in euros with two banks, two customers, and a branch with two branches of its own side by side.
pub(super) fn story() -> Story {
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
pub(super) fn invoice(id: i32, partner: i32, amount: &str) -> Item {
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

pub(super) fn line(id: i32, amount: &str, label: &str) -> StatementLine {
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

/// A model of Odoo 18 that books lines whose label has a text on an account.
pub(super) fn model(id: i32, text: &str) -> Model {
    Model {
        id,
        company_id: 1,
        sequence: 10,
        is_former: true,
        books: true,
        names: true,
        asks_more: false,
        payer_id: None,
        needs_partner: false,
        is_credit: None,
        amount: None,
        least: Decimal::ZERO,
        most: Decimal::ZERO,
        label: Some(How::Contains),
        label_text: Some(text.into()).filter(|text: &String| !text.is_empty()),
        notes: None,
        notes_text: None,
        details: None,
        details_text: None,
    }
}

pub(super) fn of(name: &str, line: StatementLine) -> StatementLine {
    StatementLine { partner_name: Some(name.into()), ..line }
}

impl Story {
    pub(super) fn writes(&mut self, rows: impl IntoIterator<Item = RowChange>) {
        let now = self.0.clock() + TimeDelta::minutes(1);
        self.0.transaction(rows, now);
    }

    pub(super) fn issues(&mut self, items: impl IntoIterator<Item = Item>) {
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

    pub(super) fn receives(&mut self, lines: impl IntoIterator<Item = StatementLine>) {
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
    pub(super) fn matches(&mut self, line: &StatementLine, paid: &[(&Item, &str)]) {
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

    /// What Odoo writes when a line is booked on an account.
    pub(super) fn books(&mut self, line: &StatementLine, account: i32) {
        let own = Item {
            id: 3_000 + line.id * 10,
            move_id: line.move_id,
            partner_id: None,
            account_id: Some(account),
            residual: Decimal::ZERO,
            line_id: Some(line.id),
            ..invoice(line.id, ALPHA, &(-line.amount).to_string())
        };
        self.writes([
            RowChange::StatementLine(
                line.id,
                Some(StatementLine { residual: Decimal::ZERO, reconciled: true, ..line.clone() }),
            ),
            RowChange::Item(own.id, Some(own)),
        ]);
    }

    /// What Odoo writes when that is taken back.
    pub(super) fn takes_back(&mut self, line: &StatementLine, paid: &[(&Item, &str)]) {
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

    pub(super) fn tables(&mut self) -> &Tables {
        self.0.tables()
    }

    pub(super) fn row(&mut self, line: i32) -> BankLine {
        self.tables().lines.get(line).unwrap().clone()
    }

    pub(super) fn first(&mut self, line: i32) -> Proposal {
        self.tables().proposals.get((line, 1)).unwrap().clone()
    }

    /// The items and amounts of the first proposal.
    pub(super) fn pays(&mut self, line: i32) -> Vec<(i32, String)> {
        self.first(line).allocations.iter().map(|of| (of.item_id, of.amount.to_string())).collect()
    }

    /// All items that any proposal of a line names.
    pub(super) fn named(&mut self, line: i32) -> Vec<i32> {
        let tables = self.tables();
        let proposals = (1..=3).filter_map(|rank| tables.proposals.get((line, rank)));
        proposals.flat_map(|row| row.allocations.iter().map(|of| of.item_id)).collect()
    }

    pub(super) fn session(&mut self) -> Session {
        self.tables().sessions.iter().find(|session| session.user_id.is_none()).unwrap().clone()
    }

    pub(super) fn lets_it_match(&mut self) {
        assert!(self.0.rule("match", json!({ "mode": "auto", "probation": 0 })));
    }

    pub(super) fn asks(&mut self, action: &str, arguments: Value) -> Result<String, String> {
        match self.0.request("anna", action, arguments) {
            Outcome::Done(text) => Ok(text),
            Outcome::Refused(why) => Err(why),
        }
    }
}

pub(super) fn paid(all: &[(i32, &str)]) -> Vec<(i32, String)> {
    all.iter().map(|(id, amount)| (*id, (*amount).to_owned())).collect()
}
