//! The hot pure functions, over changes that are always the same.

use contract::{Format, Outbox, Processor, Source};
use credit::Credit;
use credit::store::Tables;
use dedup::Dedup;
use ledgerwell::feed::{Assembler, Input, Step};
use simulator::{Record, Settings, Simulation};

/// A name, and what does the work the given number of times.
pub(crate) type Work = (&'static str, fn(u64));

/// Row changes of one round, the snapshot's among them.
pub(crate) const PIECES: u64 = 20_000;

/// All that is counted.
pub(crate) const WORK: [Work; 3] = [
    ("credit: decode and assemble", assemble::<Credit>),
    ("dedup: decode and assemble", assemble::<Dedup>),
    ("credit: decode, fold and decide", fold),
];

/// The records of one round: the snapshot, then whole transactions.
fn records() -> Vec<Record> {
    let settings = Settings { days: 60, customers: 200, orders_per_day: 50, ..Settings::default() };
    let mut changes = 0;
    let is_change =
        |record: &Record| record.value.as_ref().is_some_and(|value| !value.starts_with(b"{\"status\""));
    Simulation::new(settings)
        .take_while(|record| {
            changes += u64::from(is_change(record));
            changes <= PIECES
        })
        .collect()
}

fn assemble<P: Processor>(rounds: u64) {
    let records = records();
    for _ in 0..rounds {
        deliveries::<P>(&records, |_| {});
    }
}

fn deliveries<P: Processor>(records: &[Record], mut each: impl FnMut(Step<P::RowChange>)) {
    let mut assembler = Assembler::new(None, usize::MAX);
    for (offset, record) in (0..).zip(records) {
        let (key, value) = (Some(record.key.as_slice()), record.value.as_deref());
        assembler.push(&Input { offset, timestamp: record.timestamp_ms, key, value, kind: None });
        while let Some(delivery) = assembler.next_delivery() {
            each(delivery.step);
        }
    }
}

fn fold(rounds: u64) {
    let records = records();
    let source = Source {
        name: "odoo".into(),
        format: Format::default(),
        time_zone: chrono_tz::UTC,
        main_company: None,
    };
    for _ in 0..rounds {
        let mut credit = Credit::new(&source, Tables::default(), None).unwrap();
        let mut outbox = Outbox::default();
        deliveries::<Credit>(&records, |step| {
            let (rows, time) = match step {
                Step::Transaction { rows, time } | Step::Part { rows, time } => (rows, time),
                Step::Snapshot { rows, .. } => (rows, i64::MIN),
                _ => return,
            };
            rows.changes.into_iter().for_each(|change| credit.apply(change));
            if let Some(now) = chrono::DateTime::from_timestamp_millis(time) {
                credit.decide(now, &mut outbox);
                outbox.take();
                outbox.take_audits();
            }
        });
    }
}
