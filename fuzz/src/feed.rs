//! Target `feed`: a log of arbitrary records through the assembler and the processor.
//!
//! An input is a log as text, a record a line, its parts with a tab between them: key, value, header `ce_type`. Without a
//! value the line is a tombstone. A `!` before the key means that the record is in the control topic, and an empty line
//! that the end of the log was reached for a while. Lines that end in a carriage return are not split there.

use contract::Format;
use credit::store::RowChange;
use ledgerwell::feed::{Assembler, Delivery, Input, RowBatch, Step, decode_alone};

use super::fold::Fold;

/// Transactions with more rows are read twice.
const LARGE: usize = 3;

/// A record of the log.
struct Record<'a> {
    key: &'a [u8],
    value: Option<&'a [u8]>,
    kind: Option<&'a str>,
}

impl<'a> Record<'a> {
    fn read(line: &'a [u8]) -> Self {
        let mut parts = line.splitn(3, |byte| *byte == b'\t');
        let key = parts.next().unwrap_or_default();
        let value = parts.next();
        let kind = parts.next().and_then(|kind| std::str::from_utf8(kind).ok());
        Self { key, value, kind }
    }

    fn input(&self, offset: i64) -> Input<'a> {
        Input {
            offset,
            timestamp: 1_767_571_200_000,
            key: Some(self.key),
            value: self.value,
            kind: self.kind,
        }
    }
}

/// See the module.
pub fn drive(input: &[u8]) {
    let lines: Vec<_> = input.split(|byte| *byte == b'\n').collect();
    let log: Vec<_> = lines.iter().map(|line| Record::read(line)).collect();
    let mut reading = Reading {
        assembler: Assembler::new(None, LARGE),
        fold: Fold::new(chrono_tz::Europe::Berlin),
        log: &log,
        resume: 0,
    };
    for (offset, (line, record)) in (0_i64..).zip(lines.iter().zip(&log)) {
        let next = offset + 1;
        if line.is_empty() {
            // Nothing is at this offset, as behind a marker of a Kafka transaction.
            reading.assembler.flush(next);
        } else if let Some(key) = record.key.strip_prefix(b"!") {
            let input = Input { key: Some(key), ..record.input(offset) };
            reading.assembler.push_control(&input, next);
        } else {
            let input = record.input(offset);
            reading.assembler.push(&input);
            let _ = decode_alone::<RowChange>(&input, &Format::default());
        }
        reading.take_deliveries(next);
    }
    let end = i64::try_from(log.len()).unwrap_or(i64::MAX);
    reading.assembler.flush(end);
    reading.take_deliveries(end);
    let counts = reading.assembler.take_counts();
    assert!(counts.changes <= log.len() as u64, "no more changes than records");
    reading.fold.finish();
}

struct Reading<'a> {
    assembler: Assembler<RowChange>,
    fold: Fold,
    log: &'a [Record<'a>],
    /// Where reading would go on.
    resume: i64,
}

impl Reading<'_> {
    fn take_deliveries(&mut self, next: i64) {
        while let Some(delivery) = self.assembler.next_delivery() {
            assert!(
                delivery.resume >= self.resume,
                "the offset goes back from {} to {}",
                self.resume,
                delivery.resume
            );
            assert!(
                delivery.resume <= delivery.seen && delivery.seen <= next,
                "nothing is passed that was not read"
            );
            self.resume = delivery.resume;
            self.take(delivery);
        }
    }

    /// Gives a delivery to the processor, a large transaction in parts.
    fn take(&mut self, mut delivery: Delivery<RowChange>) {
        let Step::Large { first, offsets, time } = delivery.step else { return self.fold.fold(delivery) };
        assert!(offsets.is_sorted() && offsets.first().is_none_or(|offset| *offset >= first));
        for part in offsets.chunks(2) {
            let mut rows = RowBatch::default();
            for offset in part {
                let record = usize::try_from(*offset).ok().and_then(|offset| self.log.get(offset));
                let Some(record) = record else { panic!("offset {offset} is not in the log") };
                self.assembler.decode_again(&mut rows, &mut delivery.progress, &record.input(*offset));
            }
            let progress = delivery.progress.clone();
            self.fold.fold(Delivery {
                step: Step::Part { rows, time },
                progress,
                may_commit: false,
                ..delivery
            });
        }
        self.fold.fold(Delivery { step: Step::Transaction { rows: RowBatch::default(), time }, ..delivery });
    }
}
