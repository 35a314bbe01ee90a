//! Metrics and logs. Neither ever carries a row's content.

use std::io::IsTerminal;

use chrono::{DateTime, Utc};
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::feed::Counts;
use crate::status::Figures;

const TASK: [&str; 2] = ["processor", "source"];

/// All metric families. Names of lag follow kafka-lag-exporter, so that existing dashboards work.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    changes: IntCounterVec,
    skipped: IntCounterVec,
    ignored_columns: IntCounterVec,
    bounded_times: IntCounterVec,
    lag: IntGaugeVec,
    lag_seconds: GaugeVec,
    batch_rows: HistogramVec,
    save_seconds: HistogramVec,
    commit_seconds: HistogramVec,
    fenced: IntCounterVec,
    retries: IntCounterVec,
    dead_letters: IntGaugeVec,
    outbox_pending: IntGaugeVec,
    published: IntCounterVec,
    owner_epoch: IntGaugeVec,
    snapshot_complete: IntGaugeVec,
    stopped: IntGaugeVec,
}

/// The metrics of one task.
#[derive(Clone)]
pub struct TaskMetrics {
    families: Metrics,
    processor: String,
    source: String,
    changes: IntCounter,
    lag: IntGauge,
    lag_seconds: Gauge,
    outbox_pending: IntGauge,
    snapshot_complete: IntGauge,
    /// 1 when the processor stopped and needs a person.
    pub stopped: IntGauge,
    /// Rows per batch.
    pub batch_rows: Histogram,
    /// Seconds to save a batch.
    pub save_seconds: Histogram,
    /// Seconds of its COMMIT.
    pub commit_seconds: Histogram,
    /// Times that another owner had taken over.
    pub fenced: IntCounter,
    /// Claims after a failure.
    pub retries: IntCounter,
    /// Open dead letters.
    pub dead_letters: IntGauge,
    /// Events published.
    pub published: IntCounter,
    /// Epoch of the claim.
    pub owner_epoch: IntGauge,
}

impl Metrics {
    /// Registers all families.
    ///
    /// # Errors
    /// Never, unless two families have one name.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let with = |extra: &[&'static str]| [&TASK, extra].concat();
        let opts = |name: &str, help: &str| Opts::new(name, help);
        let buckets = |name: &str, help: &str, start, count| -> prometheus::Result<_> {
            let buckets = prometheus::exponential_buckets(start, 2.0, count)?;
            keep(&registry, HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), &TASK)?)
        };
        let counter =
            |name, help, labels: &[&str]| keep(&registry, IntCounterVec::new(opts(name, help), labels)?);
        let gauge = |name, help| keep(&registry, IntGaugeVec::new(opts(name, help), &TASK)?);
        Ok(Self {
            changes: counter("ledgerwell_changes_total", "Row changes read, of any table.", &TASK)?,
            skipped: counter("ledgerwell_skipped_total", "Records that led to nothing.", &with(&["reason"]))?,
            ignored_columns: counter(
                "ledgerwell_ignored_columns_total",
                "Columns of wanted rows that nobody reads.",
                &with(&["table"]),
            )?,
            bounded_times: counter(
                "ledgerwell_bounded_times_total",
                "Commit times and ticks so far ahead of their records that the records' timestamps were taken instead.",
                &TASK,
            )?,
            lag: gauge("kafka_consumergroup_group_lag", "Records in the topic that are not committed yet.")?,
            lag_seconds: keep(
                &registry,
                GaugeVec::new(
                    opts(
                        "kafka_consumergroup_group_lag_seconds",
                        "Age of the last applied change while behind.",
                    ),
                    &TASK,
                )?,
            )?,
            batch_rows: buckets("ledgerwell_batch_rows", "Wanted rows per batch.", 1.0, 16)?,
            save_seconds: buckets("ledgerwell_save_seconds", "Postgres transaction of a batch.", 0.001, 15)?,
            commit_seconds: buckets("ledgerwell_commit_seconds", "COMMIT of a batch.", 0.000_25, 15)?,
            fenced: counter(
                "ledgerwell_fenced_total",
                "Batches refused because another owner took over.",
                &TASK,
            )?,
            retries: counter("ledgerwell_retries_total", "Claims after a failure.", &TASK)?,
            dead_letters: gauge("ledgerwell_dead_letters_open", "Records that could not be used.")?,
            outbox_pending: gauge("ledgerwell_outbox_pending", "Events stored and not yet published.")?,
            published: counter("ledgerwell_events_published_total", "Events published.", &TASK)?,
            owner_epoch: gauge("ledgerwell_owner_epoch", "Epoch of this owner's claim.")?,
            snapshot_complete: gauge(
                "ledgerwell_snapshot_complete",
                "1 once a snapshot was read to its end.",
            )?,
            stopped: gauge("ledgerwell_stopped", "1 when the processor stopped and needs a person.")?,
            registry,
        })
    }

    /// The metrics of one task.
    pub fn task(&self, processor: &str, source: &str) -> TaskMetrics {
        let labels = [processor, source];
        TaskMetrics {
            families: self.clone(),
            processor: processor.to_owned(),
            source: source.to_owned(),
            changes: self.changes.with_label_values(&labels),
            lag: self.lag.with_label_values(&labels),
            lag_seconds: self.lag_seconds.with_label_values(&labels),
            outbox_pending: self.outbox_pending.with_label_values(&labels),
            snapshot_complete: self.snapshot_complete.with_label_values(&labels),
            stopped: self.stopped.with_label_values(&labels),
            batch_rows: self.batch_rows.with_label_values(&labels),
            save_seconds: self.save_seconds.with_label_values(&labels),
            commit_seconds: self.commit_seconds.with_label_values(&labels),
            fenced: self.fenced.with_label_values(&labels),
            retries: self.retries.with_label_values(&labels),
            dead_letters: self.dead_letters.with_label_values(&labels),
            published: self.published.with_label_values(&labels),
            owner_epoch: self.owner_epoch.with_label_values(&labels),
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

fn keep<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

impl TaskMetrics {
    /// Adds what the feed has counted.
    pub fn count(&self, counts: &Counts) {
        let (processor, source) = (self.processor.as_str(), self.source.as_str());
        self.changes.inc_by(counts.changes);
        for (reason, records) in &counts.skipped {
            self.families.skipped.with_label_values(&[processor, source, reason]).inc_by(*records);
        }
        if counts.bounded_times > 0 {
            tracing::warn!(
                processor,
                source,
                times = counts.bounded_times,
                "a commit time or tick is more than five minutes ahead of its record: the record's timestamp counts instead; \
                 look at the clocks of the database server and of the connector"
            );
            self.families.bounded_times.with_label_values(&[processor, source]).inc_by(counts.bounded_times);
        }
        for (table, columns) in &counts.ignored_columns {
            self.families.ignored_columns.with_label_values(&[processor, source, table]).inc_by(*columns);
        }
    }

    /// Shows lag and state. `end` is the end of the log as the consumer last heard, `at_end` whether all before it was
    /// delivered: markers of Kafka transactions at the end take offsets that nobody can commit.
    pub fn observe(&self, figures: &Figures, end: i64, at_end: bool, now: DateTime<Utc>) {
        let all_committed = at_end && figures.next_offset == figures.seen;
        let lag = if all_committed { 0 } else { (end - figures.next_offset).max(0) };
        self.lag.set(lag);
        let age = figures.clock.map_or(0, |clock| (now - clock).num_milliseconds().max(0));
        #[allow(clippy::cast_precision_loss, reason = "a metric")]
        self.lag_seconds.set(if lag == 0 { 0.0 } else { age as f64 / 1_000.0 });
        self.outbox_pending.set((figures.out_seq - figures.published).max(0));
        self.snapshot_complete.set(figures.complete.into());
    }
}

/// Sends logs to standard error: text for people, JSON for machines. `level` is ours unless `RUST_LOG` says
/// otherwise.
pub fn log(json: bool, level: &str) {
    use tracing_subscriber::EnvFilter;
    // What the Kafka client says it says to us as well, and we say it once; it says it for each broker and each attempt.
    let usual = format!("warn,ledgerwell={level},librdkafka=off,rdkafka=off");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let standard_error = std::io::stderr();
    let colours =
        standard_error.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|off| off.is_empty());
    // Who reads the log may be gone; that is no reason to end.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .log_internal_errors(false);
    // A second call, from a test in the same process, changes nothing.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}
