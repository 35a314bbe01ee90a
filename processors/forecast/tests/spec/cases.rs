//! Small situations after public reports of forecasts that were wrong, with what is right. Numbers are those of the cases; the situation
//! that they share is [`usual`](crate::story::usual).

mod books;
mod calendar;
mod counted_once;
mod payers;

use chrono::{Days, NaiveDate};
use forecast::store::Item;

use crate::story::{Books, CUSTOMERS, OUTSTANDING, PAYABLE, VENDORS, on};

pub(crate) const LANDLORD: i32 = 5;
pub(crate) const ONE: i32 = CUSTOMERS + 3;
pub(crate) const VENDOR: i32 = VENDORS + 3;

/// The business day on a day of each of some months, or after it.
pub(crate) fn monthly(number: u32, from: (i32, u32), count: u32) -> Vec<NaiveDate> {
    let month = |n: u32| (from.0 + i32::try_from((from.1 - 1 + n) / 12).unwrap(), (from.1 - 1 + n) % 12 + 1);
    (0..count).map(|n| business(on(month(n).0, month(n).1, number))).collect()
}

pub(crate) fn business(mut day: NaiveDate) -> NaiveDate {
    while chrono::Datelike::weekday(&day).num_days_from_monday() > 4 {
        day = day + Days::new(1);
    }
    day
}

pub(crate) fn pay_each(books: &mut Books, partner: i32, days: &[NaiveDate], amount: &str) {
    for day in days {
        books.moves(Some(partner), None, *day, amount);
    }
}

/// A payment of a bill waits on the account of outstanding payments.
fn payment_under_way(books: &mut Books, bill: i32, day: NaiveDate, amount: &str) -> i32 {
    let payment = books.plain(PAYABLE, Some(VENDOR), day, amount);
    let waits = books.plain(OUTSTANDING, Some(VENDOR), day, &format!("-{amount}"));
    let move_id = payment.move_id;
    let payment = books.item(Item { of_payment: true, ..payment });
    let waits = books.item(Item { move_id, of_payment: true, ..waits });
    books.settle(bill, payment, amount);
    waits
}
