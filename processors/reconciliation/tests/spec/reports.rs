//! What people have reported of other programs that match bank lines, one small case each, with what is right. Each names its report. The
//! engine's own cases are in `matching/tests/engine/reports.rs`.

use reconciliation::store::{CurrencyRate, Entry, Item, LineStatus, PartnerBank, RowChange, StatementLine};
use rust_decimal::Decimal;
use serde_json::json;

use super::story::{
    ALPHA, BETA, OUTSTANDING, PAYABLE, Story, TRANSFER, USD, day, dec, invoice, line, of, paid, story,
};

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
