//! How fast bank lines are explained, among how many open items, and what those take. `make bench`; ITEMS (100,000) sets how many.

#![allow(clippy::cast_precision_loss, reason = "rates for people")]

use std::time::Instant;

use matching::engine::{Engine, Weighed};
use matching::hypothesis::Hypothesis;
use matching::records::{Item, Line, Names, Partner};
use matching::statement::assign;

/// Lines of the statement.
const LINES: i32 = 10_000;
/// Days since 1970 of 2026-04-01.
const APRIL: i32 = 20_544;

fn main() {
    let count: i32 = std::env::var("ITEMS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let customers = count / 10;
    let mut engine = Engine::default();
    for id in 0..customers {
        let accounts = vec![account(id)];
        engine.payers.set(&Partner { id, name: name(id), accounts, ..Partner::default() });
    }
    let before = resident();
    let began = Instant::now();
    for id in 0..count {
        engine.items.set(item(id, customers));
    }
    let (seconds, bytes) = (began.elapsed().as_secs_f64(), resident().saturating_sub(before));
    println!(
        "{count} open items of {customers} customers: {:.0} MB, {} bytes each; opened {:.0} a second",
        bytes as f64 / 1e6,
        bytes / u64::from(count.unsigned_abs().max(1)),
        f64::from(count) / seconds
    );

    let lines: Vec<Line> = (0..LINES).map(|i| line(i, count, customers)).collect();
    let began = Instant::now();
    let mut times = Vec::with_capacity(lines.len());
    let weighed: Vec<Weighed> = lines
        .iter()
        .map(|line| {
            let began = Instant::now();
            let weighed = engine.weigh(line);
            times.push(began.elapsed().as_secs_f64() * 1e6);
            weighed
        })
        .collect();
    let hypotheses: Vec<&[Hypothesis]> =
        weighed.iter().map(|weighed| weighed.hypotheses.as_slice()).collect();
    let choices = assign(&hypotheses);
    let proposals: usize = lines
        .iter()
        .zip(&weighed)
        .zip(choices)
        .map(|((line, weighed), choice)| engine.propose(line, weighed, choice).len())
        .sum();
    let seconds = began.elapsed().as_secs_f64();
    times.sort_unstable_by(f64::total_cmp);
    let of = |share: usize| times[times.len() * share / 100];
    let longest = times.last().copied().unwrap_or_default();
    println!(
        "a statement of {LINES} lines, {proposals} proposals: {seconds:.2} s; a line by itself takes µs: half {:.1}, 99 % {:.1}, \
         longest {longest:.0}",
        of(50),
        of(99)
    );
}

/// Two words of a few thousand, as company names are.
fn name(id: i32) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ten", "lin", "mos", "ka", "ru", "vel", "dor", "si", "han", "ger", "po", "lau", "met", "zi",
        "fro",
    ];
    let syllable = |n: i32| SYLLABLES[usize::try_from(n.rem_euclid(16)).unwrap_or(0)];
    let word = |n: i32| format!("{}{}{}", syllable(n), syllable(n / 16), syllable(n / 256));
    format!("{} {} GmbH", word(id), word(id * 7 + 3))
}

fn account(id: i32) -> String {
    format!("DE{:020}", i64::from(id) * 7_919)
}

fn item(id: i32, customers: i32) -> Item {
    let date = APRIL - id % 90;
    Item {
        id,
        names: Names::new(&format!("INV/2026/{id:06}"), &format!("{:012}", i64::from(id) * 97), ""),
        partner: Some(id % customers),
        date,
        due: date + 30,
        // Of ten invoices one has one of few amounts.
        residual: if id % 10 == 0 { 11_900 } else { 1_000 + (i64::from(id) * 7_919) % 900_000 },
        ..Item::default()
    }
}

/// Of ten lines six name the number, one names several, one names none, one nobody, and one is less than is open.
fn line(i: i32, count: i32, customers: i32) -> Line {
    let id = i.wrapping_mul(6_007).rem_euclid(count / 2);
    let item = item(id, customers);
    let partner = item.partner.unwrap_or_default();
    let next = self::item(id + customers, customers);
    let (text, amount) = match i % 10 {
        0 => (format!("Zahlung {} {}", item.number(), next.number()), item.residual + next.residual),
        1 => ("Zahlung Danke".into(), item.residual),
        2 => ("Zahlung".into(), item.residual + next.residual),
        3 => (format!("Zahlung {}", item.number()), item.residual / 2),
        _ => (format!("Zahlung {}", item.number()), item.residual),
    };
    let is_named = i % 10 != 4;
    Line {
        id: i64::from(i),
        date: APRIL + 1,
        amount,
        text,
        name: if is_named { name(partner).to_uppercase() } else { String::new() },
        account: if is_named { account(partner) } else { String::new() },
        ..Line::default()
    }
}

/// Memory of the process in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
