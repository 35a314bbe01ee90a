//! When people pay, and with which discounts.

use chrono::{Days, NaiveDate};
use forecast::store::{Component, Item};

use super::all_pay_four_weeks_late;
use crate::cases::{ONE, VENDOR};
use crate::story::{BANK, Books, CUSTOMERS, PAYABLE, VENDORS, at, dec, story, usual};
use Component::{Ap, Ar};

/// odoo/odoo#94050, its first review: after a part was paid without the discount, all of the discounted
/// amount was still proposed. Of 1,000, or 980 within ten days, 500 have come. The other 500 are to come: not
/// 480, and not 980.
#[test]
fn what_is_left_of_a_part_payment_has_no_discount() {
    let mut story = story(
        at(3, 4),
        "10000.00",
        |_| None,
        |books| {
            discounts_were_taken(books, false);
            let invoice = books.invoice(ONE, at(3, 2), at(4, 1), "1000.00");
            with_discount(books, invoice);
            books.pay(invoice, at(3, 3), "500.00");
            books.forget_open_history();
        },
    );
    story.has(at(5, 29), "10500", "10");
}

/// searchsap.techtarget.com/answer/Forecast-reports-not-reconciling-back-to-FI-AP-AR-GL-and-purchase-sales:
/// somebody missed in a liquidity forecast what the open bills add up to. It has less, rightly: our own
/// accountants take the discounts that vendors offer. They took all of thirty on the tenth day. A bill of
/// 1,000 with two per cent off until 12 March is paid with 980 on that day.
#[test]
fn a_discount_that_we_always_take_is_taken_off_what_we_pay() {
    let mut story = usual(|books| {
        discounts_were_taken(books, true);
        let bill = books.bill(VENDOR, at(3, 2), at(4, 1), "1000.00");
        with_discount(books, bill);
    });
    story.expects(Ap, &[(at(3, 12), "980")]);
}

/// OCA/account-invoice-reporting#225: how late customers pay and how late vendors are paid were mixed up. All
/// customers pay four weeks late, and we pay each bill when it is due. It is the same with somebody who sells
/// to us and buys from us.
#[test]
fn how_a_partner_pays_is_not_how_it_is_paid() {
    let mut story = all_pay_four_weeks_late(|books| {
        books.invoice(ONE, at(2, 16), at(3, 18), "1000.00");
        books.bill(ONE, at(2, 16), at(3, 18), "800.00");
    });
    story.expects_within(Ar, &[(at(4, 15), "1000")], "0.05");
    story.expects(Ap, &[(at(3, 18), "800")]);
}

/// OCA/mis-builder#464: what was forecast for a day that has passed was still used. Somebody in Odoo expected
/// this invoice to be paid on 2 March; it was not. What is left is that it is due on 18 March.
#[test]
fn a_day_that_was_expected_and_has_passed_says_nothing() {
    let mut story = usual(|books| {
        let invoice = books.invoice(ONE, at(2, 16), at(3, 18), "1000.00");
        let expected = Item { promised: Some(at(3, 2)), ..books.get(invoice) };
        books.item(expected);
    });
    story.expects(Ar, &[(at(3, 18), "1000")]);
}

/// OCA/account-payment#410: Bills were to be paid when they were due, and not on the last day of their
/// discount. Of 30 bills with 2 % within ten days all were paid on the tenth day; so is this one.
#[test]
fn a_bill_with_a_discount_is_paid_on_the_last_day_of_that() {
    let terms = |books: &mut Books, bill: i32| {
        let bill = books.get(bill);
        let amount = (bill.amount * dec("0.98")).round_dp(2);
        books.item(Item { discount_day: Some(bill.day + Days::new(10)), discounted: Some(amount), ..bill });
    };
    let mut story = usual(|books| {
        for (n, paid) in (0_i32..).zip(Books::due_days(at(3, 4), 30)) {
            let (issued, due) = (paid - Days::new(10), paid + Days::new(20));
            let bill = books.bill(VENDORS + n % 20, issued, due, &format!("{}.00", 700 + n * 13));
            terms(books, bill);
            pay_with_discount(books, bill, paid);
        }
        let bill = books.bill(VENDOR, at(3, 2), at(4, 1), "1000.00");
        terms(books, bill);
    });
    story.expects(Ap, &[(at(3, 12), "980")]);
}

/// 30 documents on which two per cent are off within ten days, each paid on the tenth.
fn discounts_were_taken(books: &mut Books, is_bill: bool) {
    for (n, paid) in (0_i32..).zip(Books::due_days(at(3, 4), 30)) {
        let amount = format!("{}.00", 700 + n * 13);
        let (issued, due) = (paid - Days::new(10), paid + Days::new(20));
        let item = if is_bill {
            books.bill(VENDORS + n % 20, issued, due, &amount)
        } else {
            books.invoice(CUSTOMERS + n % 20, issued, due, &amount)
        };
        with_discount(books, item);
        books.pay(item, paid, &amount);
    }
}

/// Two per cent are off within ten days.
fn with_discount(books: &mut Books, item: i32) {
    let item = books.get(item);
    let discounted = (item.amount * dec("0.98")).round_dp(2);
    books.item(Item { discount_day: Some(item.day + Days::new(10)), discounted: Some(discounted), ..item });
}

/// The bank pays what a discount has left of a bill, which is settled by that.
fn pay_with_discount(books: &mut Books, bill: i32, day: NaiveDate) {
    let owed = books.get(bill);
    let whole = (-owed.amount).to_string();
    let cash = books.plain(BANK, owed.partner_id, day, &owed.discounted.unwrap().to_string());
    let (move_id, line_id) = (cash.move_id, Some(cash.id));
    books.item(Item { line_id, ..cash });
    let counter = books.plain(PAYABLE, owed.partner_id, day, &whole);
    let counter = books.item(Item { move_id, line_id, ..counter });
    books.settle(bill, counter, &whole);
}
