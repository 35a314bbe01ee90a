//! How long an evaluation takes among how many open items, and what those take. `make bench`; ITEMS (100,000) sets how many.

#![allow(clippy::cast_precision_loss, reason = "rates for people")]

use std::time::Instant;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use contract::testkit::Driver;
use forecast::Forecast;
use forecast::store::{Account, Company, Currency, Entry, Item, Partial, Partner, RowChange};
use rust_decimal::Decimal;
use sqlx::types::Json;

/// Evaluations that are timed.
const EVALUATIONS: i32 = 2_000;
/// Documents that change between two of them.
const CHANGED: i32 = 5;
const RECEIVABLE: i32 = 7;
const PAYABLE: i32 = 16;
const BANK: i32 = 45;

fn main() {
    let count: i32 = std::env::var("ITEMS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let partners = (count / 20).max(1);
    let today = NaiveDate::from_ymd_opt(2026, 3, 4).unwrap_or_default();
    let now = today.and_hms_opt(8, 0, 0).unwrap_or_default().and_utc();
    let before = resident();
    let mut rows = books(partners);
    // As many that were paid as are open.
    for id in 0..count {
        rows.extend(paid(id, partners, today));
    }
    rows.extend((0..count).flat_map(|id| open(id, partners, today)));
    let began = Instant::now();
    let mut driver: Driver<Forecast> = Driver::behind(rows, now);
    let first = began.elapsed().as_secs_f64();
    println!(
        "{count} open items of {partners} partners, and as many that were paid: {:.0} MB; the first forecast of all takes {first:.2} s",
        resident().saturating_sub(before) as f64 / 1e6
    );

    let mut times = Vec::new();
    let mut clock: DateTime<chrono::Utc> = now;
    for number in 0..EVALUATIONS {
        let changed = (0..CHANGED).map(|n| (number * 7_919 + n * 104_729) % count);
        let rows: Vec<RowChange> = changed.flat_map(|id| later(id, partners, today, number)).collect();
        clock += TimeDelta::seconds(5);
        driver.transaction(rows, clock);
        clock += TimeDelta::seconds(60);
        let began = Instant::now();
        driver.tick(clock);
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    let quantile = |share: usize| times[times.len() * share / 100];
    println!(
        "an evaluation of {CHANGED} changed documents takes {:.2} ms, 99 % below {:.2} ms",
        quantile(50),
        quantile(99)
    );
    let tomorrow = (today + Days::new(1 + u64::try_from((clock - now).num_days()).unwrap_or_default()))
        .and_hms_opt(0, 0, 0);
    let began = Instant::now();
    driver.tick(tomorrow.unwrap_or_default().and_utc() + TimeDelta::days(1));
    println!("a day begins in {:.2} s", began.elapsed().as_secs_f64() / 2.0);
}

fn books(partners: i32) -> Vec<RowChange> {
    let company =
        Company { id: 1, path: Json(vec![1]), currency_id: 1, partner_id: None, transfer_account_id: None };
    let account = |id, account_type: &str| {
        RowChange::Account(id, Some(Account { id, account_type: account_type.into(), reconcile: true }))
    };
    let mut rows = vec![
        RowChange::Company(1, Some(company)),
        RowChange::Currency(1, Some(Currency { id: 1, name: "EUR".into(), decimals: 2 })),
        account(RECEIVABLE, "asset_receivable"),
        account(PAYABLE, "liability_payable"),
        account(BANK, "asset_cash"),
    ];
    rows.extend((1..=partners).map(|id| {
        let name = format!("Partner {id}");
        RowChange::Partner(id, Some(Partner { id, name, commercial_id: id, country_id: None }))
    }));
    rows
}

/// Something different for each number.
fn mixed(number: i32, most: i32) -> i32 {
    (number.wrapping_mul(0x9E37_79B1_u32.cast_signed()))
        .unsigned_abs()
        .checked_rem(most.unsigned_abs())
        .unwrap_or(0)
        .cast_signed()
}

fn item(id: i32, partner: i32, day: NaiveDate, due: NaiveDate, of_customer: bool) -> Item {
    let cents = i64::from(5_000 + mixed(id, 400_000));
    let amount = Decimal::new(if of_customer { cents } else { -cents }, 2);
    Item {
        id,
        move_id: id,
        number: Some(format!("INV/2026/{id:07}")),
        label: None,
        company_id: 1,
        partner_id: Some(partner),
        account_id: Some(if of_customer { RECEIVABLE } else { PAYABLE }),
        currency_id: Some(1),
        amount,
        residual: amount,
        reconciled: false,
        day,
        due: Some(due),
        discount_day: None,
        discounted: None,
        promised: None,
        of_payment: false,
        line_id: None,
        order_line_id: None,
    }
}

fn days(number: i32) -> Days {
    Days::new(u64::from(number.unsigned_abs()))
}

/// An invoice or a bill that was issued within the last weeks and is not due yet.
fn open(id: i32, partners: i32, today: NaiveDate) -> [RowChange; 2] {
    let day = today - days(mixed(id, 28));
    document(item(1 + id, 1 + id % partners, day, day + days(30), id % 3 > 0))
}

/// The same, due some days later than it was.
fn later(id: i32, partners: i32, today: NaiveDate, by: i32) -> [RowChange; 2] {
    let day = today - days(mixed(id, 28));
    document(item(1 + id, 1 + id % partners, day, day + days(31 + by % 20), id % 3 > 0))
}

fn document(item: Item) -> [RowChange; 2] {
    let move_type = if item.amount.is_sign_negative() { "in_invoice" } else { "out_invoice" };
    let entry = Entry { id: item.move_id, move_type: move_type.into(), day: item.day, origin: None };
    [RowChange::Entry(entry.id, Some(entry)), RowChange::Item(item.id, Some(item))]
}

/// One that was paid some days after it was due.
fn paid(id: i32, partners: i32, today: NaiveDate) -> Vec<RowChange> {
    let (own, base) = (10_000_000 + id, 20_000_000 + 4 * id);
    let partner = 1 + id % partners;
    let due = today - days(32 + mixed(id, 600));
    let owed = item(own, partner, due - days(30), due, id % 3 > 0);
    let paid_on = due + days(mixed(partner, 25) + mixed(id, 7));
    let counter = Item {
        id: base,
        move_id: base,
        amount: -owed.amount,
        residual: Decimal::ZERO,
        reconciled: true,
        day: paid_on,
        line_id: Some(id),
        number: None,
        ..owed.clone()
    };
    let cash = Item {
        id: base + 1,
        account_id: Some(BANK),
        amount: owed.amount,
        residual: owed.amount,
        reconciled: false,
        ..counter.clone()
    };
    let (debit_id, credit_id) = if owed.amount.is_sign_negative() { (base, own) } else { (own, base) };
    let owed = Item { residual: Decimal::ZERO, reconciled: true, ..owed };
    let partial = Partial { id, debit_id, credit_id };
    let [entry, owed] = document(owed);
    vec![
        entry,
        owed,
        RowChange::Item(counter.id, Some(counter)),
        RowChange::Item(cash.id, Some(cash)),
        RowChange::Partial(id, Some(partial)),
    ]
}

/// Bytes of memory that the process has.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4_096
}
