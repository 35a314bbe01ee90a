//! What would count twice: documents and what they stand for.

use forecast::store::{Component, Item, Kind, RowChange, SaleOrder};

use super::{LANDLORD, ONE, VENDOR, monthly, pay_each, payment_under_way};
use crate::story::{BANK, EUR, OUTSTANDING, PAYABLE, at, dec, on, usual};
use Component::{Ap, Ar, Pipeline, Recurring};

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
