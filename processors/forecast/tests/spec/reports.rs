//! What people have reported of other programs that say how much cash there will be, one small case each, with what is right by the rules of
//! `cases`. Each names its report.

mod counted_once;
mod currencies;
mod documents;
mod payers;
mod repetitions;

use chrono::NaiveDate;
use forecast::store::{Company, Component, Item, RowChange};
use rust_decimal::Decimal;
use sqlx::types::Json;

use crate::story::{Books, OUTSTANDING, Story, at, on, story};
use Component::Recurring;

/// Somebody of whom the history knows nothing.
const SOMEBODY: i32 = 6;

/// A second company, which is partner 2.
fn second_company(books: &mut Books, currency_id: i32) {
    let company =
        Company { id: 2, path: Json(vec![2]), currency_id, partner_id: Some(2), transfer_account_id: None };
    books.put(RowChange::Company(2, Some(company)));
}

/// A registered payment of so much of an item, which waits on the account of outstanding payments.
fn under_way(books: &mut Books, owed: i32, day: NaiveDate, amount: &str) {
    let item = books.get(owed);
    let out = item.amount.is_sign_negative();
    let signed = |positive: bool| if positive { amount.to_owned() } else { format!("-{amount}") };
    let counter = books.plain(item.account_id.unwrap(), item.partner_id, day, &signed(out));
    let waits = books.plain(OUTSTANDING, item.partner_id, day, &signed(!out));
    let (move_id, currency_id) = (counter.move_id, item.currency_id);
    let counter = books.item(Item { currency_id, of_payment: true, ..counter });
    books.item(Item { move_id, currency_id, of_payment: true, ..waits });
    books.settle(owed, counter, amount);
}

/// All customers of the history pay four weeks after the due day, and we pay when it is due.
fn all_pay_four_weeks_late(situation: impl FnOnce(&mut Books)) -> Story {
    story(
        at(3, 4),
        "10000.00",
        // The first three would be paid later than today: they were never issued.
        |n| (n >= 3).then_some(28),
        |books| {
            books.forget_open_history();
            situation(books);
        },
    )
}

/// The first days on which something comes again, and how much.
fn first(story: &mut Story, count: usize) -> Vec<(NaiveDate, Decimal)> {
    story.flows(Recurring).into_iter().take(count).collect()
}

/// The last business days of six months.
fn last_business_days() -> [NaiveDate; 6] {
    [on(2025, 9, 30), on(2025, 10, 31), on(2025, 11, 28), on(2025, 12, 31), at(1, 30), at(2, 27)]
}
