//! What comes again and is there already: a document, or a payment that has moved, stands for it.

use chrono::{Days, NaiveDate};
use forecast::store::{Account, Component, Item, RowChange};

use super::{SOMEBODY, all_pay_four_weeks_late, first, last_business_days};
use crate::cases::{LANDLORD, VENDOR, business, monthly, pay_each};
use crate::story::{BANK, Books, PAYABLE, TRANSFER, at, dec, on, usual};
use Component::{Ap, Recurring};

/// The account of a credit card.
const CARD: i32 = 70;
/// An account on which wages wait that is no payable.
const WAGES: i32 = 71;

/// OCA/account-financial-reporting#1225: wages were missing in a cash flow, because the account on which they
/// wait is a current liability and no payable. They are expected all the same, as they come again: once, on
/// the last business day.
#[test]
fn wages_that_wait_on_another_account_are_expected_as_they_come_again() {
    let mut story = usual(|books| {
        let account = Account { id: WAGES, account_type: "liability_current".into(), reconcile: true };
        books.put(RowChange::Account(WAGES, Some(account)));
        payrolls(books);
        payslips_of_march(books, WAGES);
    });
    story.expects(Ap, &[]);
    let first: Vec<_> = story.flows(Recurring).into_iter().take(2).collect();
    assert_eq!(first, [(at(3, 31), dec("-12000.00")), (at(4, 30), dec("-12000.00"))]);
}

/// Dolibarr/dolibarr#22298: wages that were entered and not yet paid were not among what a bank account will
/// pay. They are, and where they are, the payment that comes again on that day is the same one: neither has a
/// partner, but both are called payroll.
#[test]
fn wages_that_are_entered_are_not_expected_beside_those_that_come_again() {
    let mut story = usual(|books| {
        payrolls(books);
        payslips_of_march(books, PAYABLE);
    });
    story.expects(Ap, &[(at(3, 31), "12000")]);
    let first: Vec<_> = story.flows(Recurring).into_iter().take(2).collect();
    assert_eq!(first, [(at(4, 30), dec("-12000.00")), (at(5, 29), dec("-12000.00"))]);
}

/// OCA/account-financial-reporting#1000: what was forecast stayed when there was an invoice for it, so that
/// 100 came twice. Here everybody pays four weeks late. A customer is invoiced 1,000 each month, due on the
/// 20th; what was due on 20 February comes on 20 March. That it comes again around that day is the same
/// money.
#[test]
fn who_is_invoiced_each_month_and_pays_late_is_expected_once() {
    let mut story = all_pay_four_weeks_late(|books| {
        for due in monthly(20, (2025, 3), 12) {
            let invoice = books.invoice(SOMEBODY, due - Days::new(15), due, "1000.00");
            let paid = due + Days::new(28);
            if paid <= at(3, 4) {
                books.pay(invoice, paid, "1000.00");
            }
        }
    });
    story.has(at(3, 31), "11000", "60");
    let recurring = story.flows(Recurring);
    assert!(recurring.keys().all(|day| *day > at(3, 31)), "{recurring:?}");
}

/// odoo/odoo#14997: a bill that was paid with a credit card was still owed to its vendor. It is not; but the
/// bank pays the card, 800 on the 15th of each month. The card is no bank: what goes there has gone.
#[test]
fn what_is_paid_with_a_card_is_paid_when_the_bank_pays_the_card() {
    let mut story = usual(|books| {
        let account = Account { id: CARD, account_type: "liability_credit_card".into(), reconcile: false };
        books.put(RowChange::Account(CARD, Some(account)));
        let bill = books.bill(VENDOR, at(2, 1), at(3, 3), "250.00");
        let payment = books.plain(PAYABLE, Some(VENDOR), at(3, 3), "250.00");
        let card = books.plain(CARD, Some(VENDOR), at(3, 3), "-250.00");
        let move_id = payment.move_id;
        let payment = books.item(Item { of_payment: true, ..payment });
        books.item(Item { move_id, of_payment: true, ..card });
        books.settle(bill, payment, "250.00");
        for day in monthly(15, (2025, 3), 12) {
            let out = transfer(books, BANK, day, "-800.00");
            let arrives = transfer(books, CARD, day, "800.00");
            books.settle(out, arrives, "800.00");
        }
    });
    story.expects(Ap, &[]);
    let paid = dec("-800.00");
    let first: Vec<_> = story.flows(Recurring).into_iter().take(3).collect();
    assert_eq!(first, [(at(3, 16), paid), (at(4, 15), paid), (at(5, 15), paid)]);
}

/// firefly-iii/firefly-iii#3629: A bill of the 10th was paid on the 5th, and was still expected on the 10th.
/// Here the rent of the 8th leaves on 3 March. March is done; April and May come as ever.
#[test]
fn rent_that_was_paid_six_days_early_is_paid_and_comes_again_next_month() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(8, (2025, 3), 12), "-1500.00");
        books.moves(Some(LANDLORD), None, at(3, 3), "-1500.00");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 8), dec("-1500.00")), (at(5, 8), dec("-1500.00"))]);
}

/// hiroppy/mf-dashboard#321: What has no payee was expected once more although it was recorded already. The
/// wages of March are posted as an open item of nobody, due on the day on which they are paid.
#[test]
fn wages_that_are_posted_without_a_partner_are_not_expected_once_more() {
    let mut story = usual(|books| {
        for (number, day) in (9..).zip(last_business_days()) {
            books.moves(None, Some(&format!("Payroll {number}")), day, "-12000.00");
        }
        let wages = books.plain(PAYABLE, None, at(3, 2), "-12000.00");
        books.item(Item { due: Some(at(3, 31)), label: Some("Payroll 15".into()), ..wages });
    });
    story.expects(Ap, &[(at(3, 31), "12000")]);
    assert_eq!(first(&mut story, 1), [(at(4, 30), dec("-12000.00"))]);
}

/// actualbudget/actual#8029: What was posted already, on its day or up to two days early, was forecast
/// besides. Here the payments have a text and no partner.
#[test]
fn what_has_only_a_text_and_came_two_days_early_does_not_come_again() {
    let mut story = usual(|books| {
        for week in 0..12 {
            books.moves(None, Some("Cleaners"), at(2, 27) - Days::new(7 * week), "-700.00");
        }
    });
    assert_eq!(first(&mut story, 1), [(at(3, 6), dec("-700.00"))]);
    story.writes(|books| {
        books.moves(None, Some("Cleaners"), at(3, 4), "-700.00");
    });
    assert_eq!(first(&mut story, 1), [(at(3, 13), dec("-700.00"))]);
}

/// firefly-iii/firefly-iii#3744: A bill of which a part was paid was shown as if all of it were settled. Of
/// 1,500 rent 1,200 have left: 300 are still to come, and not 1,800.
#[test]
fn the_rest_of_a_rent_that_is_paid_in_part_is_all_that_is_left_of_it() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        let bill = books.bill(LANDLORD, at(2, 23), at(3, 10), "1500.00");
        books.pay(bill, at(3, 2), "1200.00");
    });
    story.expects(Ap, &[(at(3, 10), "300")]);
    assert_eq!(first(&mut story, 2), [(at(4, 10), dec("-1500.00")), (at(5, 11), dec("-1500.00"))]);
}

/// plaintextaccounting/hledger#1236: Instalments that were entered ahead kept all repetitions out until the
/// last of them.
#[test]
fn instalments_that_are_booked_ahead_do_not_hide_the_rent() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        pay_each(books, 8, &[at(4, 1), at(5, 4), at(6, 1)], "-100.00");
    });
    story.expects_within(Ap, &[(at(4, 1), "100"), (at(5, 4), "100"), (at(6, 1), "100")], "0");
    let rent = dec("-1500.00");
    assert_eq!(first(&mut story, 3), [(at(3, 10), rent), (at(4, 10), rent), (at(5, 11), rent)]);
    story.has(at(4, 10), "6900", "0");
}

/// otherworld-dev/Budget#311: What was due on the 1st and paid on the 2nd was booked for the next month
/// besides. Here it is paid today, two business days late: nothing more comes in March, and April comes once.
#[test]
fn what_is_paid_a_little_late_is_of_its_own_month() {
    let mut story = usual(|books| pay_each(books, SOMEBODY, &monthly(1, (2025, 3), 12), "-30.90"));
    story.writes(|books| {
        books.moves(Some(SOMEBODY), None, at(3, 4), "-30.90");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 1), dec("-30.90")), (at(5, 1), dec("-30.90"))]);
}

/// MattFaz/actuali#465: Rent that came three days before its day was shown as overdue all the same.
#[test]
fn rent_that_was_paid_three_days_early_is_paid() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(6, (2025, 3), 12), "-1500.00");
        books.moves(Some(LANDLORD), None, at(3, 3), "-1500.00");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 6), dec("-1500.00")), (at(5, 6), dec("-1500.00"))]);
}

/// firefly-iii/firefly-iii#1162: Two contracts with one operator could not be told apart by a range of
/// amounts. The bill of the one, 10 due on the 12th, does not stand for the other, 20 on the 5th.
#[test]
fn a_bill_stands_for_the_contract_of_its_amount() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(5, (2025, 3), 12), "-20.00");
        pay_each(books, SOMEBODY, &monthly(12, (2025, 3), 12), "-10.00");
        books.bill(SOMEBODY, at(3, 2), at(3, 12), "10.00");
    });
    story.expects(Ap, &[(at(3, 12), "10")]);
    let expected = [(at(3, 5), dec("-20.00")), (at(4, 6), dec("-20.00")), (at(4, 13), dec("-10.00"))];
    assert_eq!(first(&mut story, 3), expected);
}

/// OCA/account-financial-reporting#1000: 100 that were forecast and an invoice of 100 came to 200. A customer
/// pays each invoice twenty days late. That of 10 March is the money of 30 March.
#[test]
fn an_invoice_stands_for_the_payment_that_it_leads_to_however_late_that_is() {
    let customer = 9;
    let mut story = usual(|books| {
        for (year, month) in (3..=12).map(|month| (2025, month)).chain([(2026, 1), (2026, 2)]) {
            let due = on(year, month, 10);
            let invoice = books.invoice(customer, due - Days::new(30), due, "1000.00");
            books.pay(invoice, business(due + Days::new(20)), "1000.00");
        }
        books.invoice(customer, at(2, 8), at(3, 10), "1000.00");
    });
    assert_eq!(first(&mut story, 1), [(at(4, 30), dec("1000.00"))]);
}

/// One end of a transfer between two accounts of the company; the other item of its entry is between them.
fn transfer(books: &mut Books, account: i32, day: NaiveDate, amount: &str) -> i32 {
    let end = books.plain(account, None, day, amount);
    let (move_id, line_id) = (end.move_id, Some(end.id));
    books.item(Item { line_id, label: Some("Card settlement".into()), ..end });
    let between = books.plain(TRANSFER, None, day, &(-dec(amount)).to_string());
    books.item(Item { move_id, line_id, ..between })
}

/// Wages of half a year, paid on the last business day; the bank lines name nobody.
fn payrolls(books: &mut Books) {
    let days = [on(2025, 9, 30), on(2025, 10, 31), on(2025, 11, 28), on(2025, 12, 31), at(1, 30), at(2, 27)];
    for day in days {
        books.moves(None, Some(&format!("Payroll {}", day.format("%m/%Y"))), day, "-12000.00");
    }
}

/// The wages of March are entered on an account; their entry names nobody.
fn payslips_of_march(books: &mut Books, account: i32) {
    let item = books.plain(account, None, at(3, 3), "-12000.00");
    books.item(Item { due: Some(at(3, 31)), label: Some("Payroll 03/2026".into()), ..item });
}
