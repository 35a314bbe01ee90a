//! The pipeline's pure middle and its writer, on real Postgres and without Kafka: tests decide where batches end, and the outbox
//! keeps all events because nothing drains it.

use std::sync::Arc;

use contract::Processor;
use credit::Credit;
use ledgerwell::feed::{Assembler, Bulk, Input, Step, Unit};
use ledgerwell::runner::{Job, Place, Status, Stop, Writer};
use ledgerwell::telemetry::Metrics;
use sqlx::PgConnection;

use crate::sandbox::{Sandbox, dump};
pub use crate::torn::Record;

/// Credit on one source.
pub struct Pipeline {
    job: Job,
    writer: Option<Writer<Credit>>,
    assembler: Assembler<credit::event::Event>,
    /// Where to read on after a restart.
    pub resume: usize,
}

pub fn job(sandbox: &Sandbox, large: usize) -> Job {
    Job {
        place: Place {
            processor: Credit::NAME,
            version: Credit::VERSION,
            source: "odoo".into(),
            topic: sandbox.topic.clone(),
            partition: 0,
        },
        control_topic: None,
        source: contract::Source { name: "odoo".into(), time_zone: chrono_tz::UTC, main_company: None },
        database_url: sandbox.database_url.clone(),
        kafka: rdkafka::ClientConfig::new(),
        prefix: sandbox.name.clone(),
        instance: "test".into(),
        status: Arc::new(Status::default()),
        metrics: Metrics::new().unwrap().unit("credit", "odoo"),
        stop: Stop::default(),
        runtime: tokio::runtime::Handle::current(),
        large,
        beside: None,
    }
}

impl Pipeline {
    /// Claims the unit, as after a restart.
    pub async fn claim(job: &Job) -> Self {
        let writer = Writer::<Credit>::claim(job, 0, i64::MAX).await.unwrap();
        let checkpoint = writer.checkpoint();
        let progress = checkpoint.incarnation.map(|_| checkpoint.progress.clone());
        let resume = usize::try_from(checkpoint.next_offset).unwrap();
        let assembler = Assembler::new(Credit::TABLES, Credit::decode, progress, job.large);
        Self { job: job.clone(), writer: Some(writer), assembler, resume }
    }

    /// Forgets everything that is not saved and claims anew.
    pub async fn restart(&mut self) {
        self.writer = None;
        *self = Self::claim(&self.job.clone()).await;
    }

    /// Reads the record at `offset` of `log`. Answers how many units that closed, saving after those that `cut` names.
    pub async fn read(&mut self, log: &[Record], offset: usize, mut cut: impl FnMut() -> bool) -> usize {
        let input = input(log, offset);
        self.assembler.push(&input);
        let mut units = 0;
        while let Some(unit) = self.assembler.next_unit() {
            units += 1;
            let may_cut = self.fold(log, unit);
            if may_cut && cut() {
                self.save().await;
            }
        }
        units
    }

    /// The end of the log: all that can go out does, and is saved.
    pub async fn finish(&mut self, log: &[Record]) {
        self.assembler.flush(i64::try_from(log.len()).unwrap()).unwrap();
        while let Some(unit) = self.assembler.next_unit() {
            self.fold(log, unit);
        }
        self.save().await;
    }

    fn fold(&mut self, log: &[Record], unit: Unit<credit::event::Event>) -> bool {
        let writer = self.writer.as_mut().unwrap();
        let Step::Large { offsets, time, .. } = unit.step else { return writer.fold(unit) };
        for part in offsets.chunks(7) {
            let mut rows = Bulk::default();
            for offset in part {
                self.assembler.decode_again(&mut rows, &input(log, usize::try_from(*offset).unwrap()));
            }
            let progress = unit.progress.clone();
            writer.fold(Unit { step: Step::Part { rows, time }, progress, cut: false, ..unit });
        }
        writer.fold(Unit { step: Step::Transaction { rows: Bulk::default(), time }, ..unit })
    }

    pub async fn save(&mut self) {
        let writer = self.writer.as_mut().unwrap();
        writer.save().await.unwrap();
        self.resume = usize::try_from(writer.checkpoint().next_offset).unwrap();
    }

    /// The unit's clock.
    pub fn clock(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.writer.as_ref().unwrap().checkpoint().clock
    }

    /// Whether decisions are made.
    pub fn complete(&self) -> bool {
        self.writer.as_ref().unwrap().checkpoint().progress.snapshot == ledgerwell::feed::Snapshot::Complete
    }
}

fn input(log: &[Record], offset: usize) -> Input<'_> {
    let record = &log[offset];
    Input {
        offset: i64::try_from(offset).unwrap(),
        timestamp: record.timestamp,
        key: Some(&record.key),
        value: record.value.as_deref(),
        kind: record.kind,
    }
}

/// All tables and all events.
pub async fn everything(connection: &mut PgConnection) -> String {
    let sql = "SELECT to_jsonb(event)::text FROM stream.outbox AS event ORDER BY out_seq";
    let events: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
    format!("{}\n{}", dump(connection).await, events.join("\n"))
}
