//! The pipeline's pure middle and its writer, on real Postgres and without Kafka: tests decide where batches end, and the outbox
//! keeps all events because nothing drains it.

use std::sync::Arc;

use contract::{Format, Processor};
use credit::Credit;
use credit::store::RowChange;
use ledgerwell::feed::{Assembler, Delivery, Input, RowBatch, Step};
use ledgerwell::runner::Writer;
use ledgerwell::status::Status;
use ledgerwell::task::{Job, Stop, TaskId};
use ledgerwell::telemetry::Metrics;
use sqlx::PgConnection;

use crate::sandbox::{Sandbox, dump};
pub use crate::torn::Record;

/// Credit on one source.
pub struct Pipeline {
    job: Job,
    writer: Option<Writer<Credit>>,
    assembler: Assembler<RowChange>,
    /// Where to read on after a restart.
    pub resume: usize,
}

/// The job of the usual processor.
pub fn job(sandbox: &Sandbox, large: usize) -> Job {
    job_of::<Credit>(sandbox, large)
}

/// The job of a processor on the sandbox's source.
pub fn job_of<P: Processor>(sandbox: &Sandbox, large: usize) -> Job {
    Job {
        task: TaskId {
            processor: P::NAME,
            version: P::VERSION,
            source: "odoo".into(),
            topic: sandbox.topic.clone(),
            partition: 0,
        },
        control_topic: None,
        source: contract::Source {
            name: "odoo".into(),
            format: Format::default(),
            time_zone: chrono_tz::UTC,
            main_company: None,
        },
        database_url: sandbox.database_url.clone(),
        kafka: sandbox.kafka(),
        prefix: sandbox.name.clone(),
        instance: "test".into(),
        status: Arc::new(Status::default()),
        metrics: Metrics::new().unwrap().task(P::NAME, "odoo"),
        stop: Stop::default(),
        runtime: tokio::runtime::Handle::current(),
        large,
        shadow: None,
    }
}

impl Pipeline {
    /// Claims the task, as after a restart.
    pub async fn claim(job: &Job) -> Self {
        let mut writer = Writer::<Credit>::claim(job, 0, i64::MAX).await.unwrap();
        let recent = writer.take_recent();
        let checkpoint = writer.checkpoint();
        let progress = checkpoint.topic_generation.map(|_| checkpoint.progress.clone());
        let resume = usize::try_from(checkpoint.next_offset).unwrap();
        let assembler = Assembler::new(progress, job.large).with_recent(recent);
        Self { job: job.clone(), writer: Some(writer), assembler, resume }
    }

    /// Drops everything that is not saved and claims again.
    pub async fn restart(&mut self) {
        self.writer = None;
        *self = Self::claim(&self.job.clone()).await;
    }

    /// Reads the record at `offset` of `log`. Answers how many deliveries that closed, saving after those that `saves`
    /// names.
    pub async fn read(&mut self, log: &[Record], offset: usize, mut saves: impl FnMut() -> bool) -> usize {
        let input = input(log, offset);
        self.assembler.push(&input);
        let mut deliveries = 0;
        while let Some(delivery) = self.assembler.next_delivery() {
            deliveries += 1;
            let may_commit = self.fold(log, delivery);
            if may_commit && saves() {
                self.save().await;
            }
        }
        deliveries
    }

    /// The end of the log: all that can go out does, and is saved.
    pub async fn finish(&mut self, log: &[Record]) {
        self.assembler.flush(i64::try_from(log.len()).unwrap());
        while let Some(delivery) = self.assembler.next_delivery() {
            self.fold(log, delivery);
        }
        self.save().await;
    }

    fn fold(&mut self, log: &[Record], mut delivery: Delivery<RowChange>) -> bool {
        let writer = self.writer.as_mut().unwrap();
        let Step::Large { offsets, time, .. } = delivery.step else { return writer.fold(delivery) };
        for part in offsets.chunks(7) {
            let mut rows = RowBatch::default();
            for offset in part {
                let input = input(log, usize::try_from(*offset).unwrap());
                self.assembler.decode_again(&mut rows, &mut delivery.progress, &input);
            }
            let progress = delivery.progress.clone();
            writer.fold(Delivery {
                step: Step::Part { rows, time },
                progress,
                applied: None,
                may_commit: false,
                ..delivery
            });
        }
        writer.fold(Delivery { step: Step::Transaction { rows: RowBatch::default(), time }, ..delivery })
    }

    pub async fn save(&mut self) {
        let writer = self.writer.as_mut().unwrap();
        writer.save().await.unwrap();
        self.resume = usize::try_from(writer.checkpoint().next_offset).unwrap();
    }

    /// The task's clock.
    pub fn clock(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.writer.as_ref().unwrap().checkpoint().clock
    }

    /// Whether decisions are made.
    pub fn complete(&self) -> bool {
        self.writer.as_ref().unwrap().checkpoint().progress.is_whole()
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
