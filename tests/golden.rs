//! Golden streams without services: feed, fold and outbox in memory give the events and decisions that are expected.
//! `tests/e2e/golden.rs` runs the same streams on real servers, and compares rows too.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write;
use std::path::Path;

use chrono::SecondsFormat;
use contract::{Audit, Fold, Format, Processor, Source};
use ledgerwell::control::ControlState;
use ledgerwell::feed::{Assembler, Delivery, Input, Left};
use ledgerwell::outbox::{self, Chain, Closing};
use ledgerwell::task::TaskId;
use serde_json::Value;
use uuid::Uuid;

#[test]
fn credit() {
    golden::<credit::Credit>();
}

#[test]
fn dedup() {
    golden::<dedup::Dedup>();
}

#[test]
fn forecast() {
    golden::<forecast::Forecast>();
}

#[test]
fn reconciliation() {
    golden::<reconciliation::Reconciliation>();
}

fn golden<P: Processor>() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("processors").join(P::NAME).join("tests/golden");
    for case in folder.read_dir().unwrap().map(|case| case.unwrap().path()) {
        let mut stream = Stream::<P>::new();
        for (offset, line) in std::fs::read_to_string(case.join("in.jsonl")).unwrap().lines().enumerate() {
            stream.read(i64::try_from(offset).unwrap(), &serde_json::from_str(line).unwrap());
        }
        for (file, found) in [("out.txt", &stream.events), ("decisions.txt", &stream.decisions)] {
            let expected = std::fs::read_to_string(case.join(file)).unwrap();
            assert_eq!(*found, expected, "{}/{file}", case.display());
        }
    }
}

/// A stream on its way through everything that needs no server.
struct Stream<P: Processor> {
    assembler: Assembler<P::RowChange>,
    fold: Fold<P>,
    control: ControlState,
    task: TaskId,
    events: String,
    decisions: String,
}

impl<P: Processor> Stream<P> {
    fn new() -> Self {
        let source = Source {
            name: "odoo".into(),
            format: Format::default(),
            time_zone: chrono_tz::UTC,
            main_company: None,
        };
        let processor = P::new(&source, P::Tables::default(), None).unwrap();
        Self {
            assembler: Assembler::new(None, usize::MAX),
            fold: Fold::new(processor, None),
            control: ControlState::default(),
            task: TaskId {
                processor: P::NAME,
                version: P::VERSION,
                source: source.name,
                topic: "odoo.changes".into(),
                partition: 0,
            },
            events: String::new(),
            decisions: String::new(),
        }
    }

    /// Reads a record as `ledgerwell publish` does.
    fn read(&mut self, offset: i64, line: &Value) {
        let bytes = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone().into_bytes()),
            json => Some(json.to_string().into_bytes()),
        };
        let (key, value) = (bytes(&line["key"]), bytes(&line["value"]));
        let kind = line["type"].as_str();
        self.assembler.push(&Input {
            offset,
            timestamp: 0,
            key: key.as_deref(),
            value: value.as_deref(),
            kind,
        });
        while let Some(delivery) = self.assembler.next_delivery() {
            self.fold(delivery);
        }
    }

    fn fold(&mut self, delivery: Delivery<P::RowChange>) {
        self.fold.set_deciding(delivery.progress.is_whole());
        if let Left::Control(control) = delivery.step.fold(&mut self.fold) {
            self.control.fold(control, &mut self.fold, |fold, request| fold.request(request));
        }
        let (events, audits) = self.fold.take();
        for (number, event) in (1..).zip(events) {
            let closing = Closing::Change(delivery.closed_by.offset);
            let row = outbox::row(&self.task, Uuid::nil(), closing, number, (0, Chain::behind(0)), event);
            let time = row.time.to_rfc3339_opts(SecondsFormat::Millis, true);
            writeln!(self.events, "{} {} {time} {} {}", row.position, row.event_type, row.key, row.data)
                .unwrap();
        }
        for Audit { time, action, status, reasoning, .. } in audits {
            let (time, status) = (time.format("%Y-%m-%d %H:%M"), status.as_str());
            writeln!(self.decisions, "{time} {action} {status}: {reasoning}").unwrap();
        }
    }
}
