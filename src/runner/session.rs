//! One claim: from the assembler's state to the writer's, dropped whole when anything fails or the partition goes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contract::{Failure, Processor};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use super::consumer::{Assignment, check_partitions, fetch_from, watermarks};
use super::writer::{Queued, Writer};
use crate::feed::control;
use crate::feed::{Assembler, Delivery, Input, RecordRef, RowBatch, Step};
use crate::outbox::Drain;
use crate::task::Job;
use crate::torture::{Guard, Point, pass, stands};

/// Deliveries between the reader and the writer …
const QUEUE: usize = 4_096;
/// … and rows: this bounds the memory that waits while Postgres is slow.
const QUEUE_ROWS: u32 = 50_000;
/// From this number of records on the end of the log is far: two seconds of reading. Who is nearer catches up soonest
/// by saving whatever has come; with large batches a busy processor would stay as far behind as it is.
const FAR: i64 = 200_000;
/// Rows of a large transaction that go to the writer at once.
const PART_ROWS: usize = 5_000;

/// A claimed task that is being read.
pub(super) struct Session<P: Processor> {
    job: Job,
    assembler: Assembler<P::RowChange>,
    deliveries: Option<Sender<Queued<P::RowChange>>>,
    /// Rows that may still be queued.
    room: Arc<Semaphore>,
    writer: Option<JoinHandle<Result<(), Failure>>>,
    /// Publishes events, where there are any to emit.
    drain: Option<Drain>,
    /// The record that must be read first, to know the topic by.
    verify: Option<RecordRef>,
    /// Its offset. The topic goes on behind it, whatever is said of its end before it was read again; -1 without one.
    known: i64,
    /// Records before this were applied already.
    start: i64,
    position: i64,
    /// End of the source's topic, as last heard.
    end: Arc<AtomicI64>,
    /// Where to read on in the control topic.
    control: i64,
    /// A large transaction that is read again.
    again: Option<Again<P::RowChange>>,
    committed: i64,
}

struct Again<E> {
    offsets: VecDeque<i64>,
    rows: RowBatch<E>,
    closing: Delivery<E>,
    time: i64,
}

impl<P: Processor> Session<P> {
    /// Claims the task, loads its state and starts to fetch.
    pub(super) fn claim(job: &Job, consumer: &BaseConsumer<Assignment>) -> Result<Self, Failure> {
        check_partitions(consumer, &job.task.topic)?;
        let (low, high) = watermarks(consumer, &job.task.topic)?;
        let first = job.shadow.as_ref().map_or(low, |shadow| shadow.from.max(low));
        pass(Point::Claiming);
        let mut writer = job.runtime.block_on(Writer::<P>::claim(job, first, high))?;
        let recent = writer.take_recent();
        let (job, checkpoint) = (&writer.job().clone(), writer.checkpoint());
        let start = checkpoint.next_offset;
        let topic = &job.task.topic;
        // Since the log's end was asked for, the owner before may have read on: a process can be paused here for any time.
        let high = if high < start { watermarks(consumer, topic)?.1 } else { high };
        let end = Arc::clone(&consumer.context().high_watermark);
        end.store(high, Ordering::Relaxed);
        if low > start {
            return Err(Failure::permanent(format!(
                "topic {topic} starts at offset {low}, but {start} is next: the log lost records that were not read. \
                 Take a new snapshot with the connector, then start over with `ledgerwell reset {}`",
                job.task.processor
            )));
        }
        if high < start && stands(Guard::TopicIdentity) {
            return Err(created_again(topic, &format!("it ends at offset {high}, but {start} is next")));
        }
        let verify = checkpoint.last.filter(|last| last.offset >= low);
        let progress = checkpoint.topic_generation.map(|_| checkpoint.progress.clone());
        let control = match &job.control_topic {
            Some(topic) => checkpoint.control_offset.max(watermarks(consumer, topic)?.0),
            None => checkpoint.control_offset,
        };
        fetch_from(consumer, job, verify.map_or(start, |last| last.offset), control)?;
        let drain = job.emits().then(|| Drain::start(job.clone(), checkpoint.out_seq));
        let (deliveries, receiver) = channel(QUEUE);
        // On a thread of its own: folding takes long far behind the log's end, and a worker of the runtime that does it keeps all
        // connections waiting.
        let (runtime, run) = (job.runtime.clone(), writer.run(receiver, drain.as_ref().map(Drain::notifier)));
        let writer = job.runtime.spawn_blocking(move || runtime.block_on(run));
        tracing::info!(processor = job.task.processor, source = job.source.name, offset = start, "claimed");
        Ok(Self {
            job: job.clone(),
            assembler: Assembler::new(progress, job.large).with_recent(recent).of_format(&job.source.format),
            deliveries: Some(deliveries),
            room: Arc::new(Semaphore::new(QUEUE_ROWS as usize)),
            writer: Some(writer),
            drain,
            verify,
            known: verify.map_or(-1, |last| last.offset),
            start,
            position: start,
            end,
            control,
            again: None,
            committed: start,
        })
    }

    /// Takes one record in.
    pub(super) fn read(
        &mut self,
        message: &BorrowedMessage<'_>,
        consumer: &BaseConsumer<Assignment>,
    ) -> Result<(), Failure> {
        let key = message.key();
        let input = Input {
            offset: message.offset(),
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
            key,
            value: message.payload(),
            // Only control records have headers that matter, and to look for them takes time.
            kind: if key == Some(control::KEY) { kind(message, &self.job.prefix) } else { None },
        };
        if message.topic() != self.job.task.topic {
            return self.read_control(&input, consumer);
        }
        if let Some(expected) = self.verify.take() {
            if input.record_ref() != expected && stands(Guard::TopicIdentity) {
                let why = format!("the record at offset {} is not the one that was applied", expected.offset);
                return Err(created_again(&self.job.task.topic, &why));
            }
            if expected.offset >= self.start {
                // What was applied stands inside of a transaction, as a snapshot's rows may. That is read once more.
                return fetch_from(consumer, &self.job, self.start, self.control);
            }
        }
        if input.offset < self.start {
            return Ok(());
        }
        if self.again.is_some() {
            return self.read_again(&input, consumer);
        }
        self.position = input.offset + 1;
        self.assembler.push(&input);
        self.hand_on(consumer)
    }

    fn read_control(
        &mut self,
        input: &Input<'_>,
        consumer: &BaseConsumer<Assignment>,
    ) -> Result<(), Failure> {
        if self.again.is_some() {
            // The large transaction that is being read again comes first: this record is fetched again behind it.
            return Ok(());
        }
        self.control = input.offset + 1;
        self.assembler.push_control(input, self.position);
        self.hand_on(consumer)
    }

    /// The end of a topic is reached for now.
    pub(super) fn end_of_log(&mut self, consumer: &BaseConsumer<Assignment>) -> Result<(), Failure> {
        let end = consumer.context().take_end().unwrap_or(self.position);
        let next = if self.job.control_topic.is_none() {
            self.position.max(end)
        } else if end == watermarks(consumer, &self.job.task.topic)?.1 {
            // The client does not say which topic has ended, so only what was delivered is taken for read.
            self.position
        } else {
            return Ok(());
        };
        if self.again.is_none() && self.verify.is_none() && !self.is_behind_known() {
            self.count();
            self.assembler.flush(next);
            self.hand_on(consumer)?;
            return self.lost();
        }
        Ok(())
    }

    /// Who has read to the end of a log of which something is lost waits for nothing that could still come.
    fn lost(&self) -> Result<(), Failure> {
        self.assembler.lost().map_or(Ok(()), |why| Err(Failure::permanent(why)))
    }

    fn hand_on(&mut self, consumer: &BaseConsumer<Assignment>) -> Result<(), Failure> {
        while let Some(delivery) = self.assembler.next_delivery() {
            if let Step::Large { first, offsets, time } = delivery.step {
                self.count();
                let closing = Delivery { step: Step::Advance, ..delivery };
                self.again =
                    Some(Again { offsets: offsets.into(), rows: RowBatch::default(), closing, time });
                return fetch_from(consumer, &self.job, first, self.control);
            }
            self.send(delivery)?;
        }
        Ok(())
    }

    /// The second reading of a large transaction: only the last version of each row is decoded, and goes on in parts.
    fn read_again(&mut self, input: &Input<'_>, consumer: &BaseConsumer<Assignment>) -> Result<(), Failure> {
        let Some(again) = &mut self.again else { return Ok(()) };
        if again.offsets.front() == Some(&input.offset) {
            again.offsets.pop_front();
            self.assembler.decode_again(&mut again.rows, &mut again.closing.progress, input);
        }
        let closed = input.offset >= again.closing.closed_by.offset;
        if !closed && again.rows.len() < PART_ROWS {
            return Ok(());
        }
        let rows = std::mem::take(&mut again.rows);
        let (time, closed_by, seen) = (again.time, again.closing.closed_by, input.offset);
        if !closed {
            let progress = again.closing.progress.clone();
            let resume = self.start;
            return self.send(Delivery {
                step: Step::Part { rows, time },
                closed_by,
                resume,
                seen,
                progress,
                applied: None,
                may_commit: false,
            });
        }
        let Some(again) = self.again.take() else { return Ok(()) };
        if self.job.control_topic.is_some() {
            fetch_from(consumer, &self.job, self.position, self.control)?;
        }
        self.send(Delivery { step: Step::Transaction { rows, time }, ..again.closing })
    }

    /// Queues a delivery for the writer; waits while the queue is full.
    fn send(&mut self, delivery: Delivery<P::RowChange>) -> Result<(), Failure> {
        let rows = u32::try_from(delivery.rows()).unwrap_or(QUEUE_ROWS).min(QUEUE_ROWS);
        let behind = delivery.seen + FAR < self.end.load(Ordering::Relaxed);
        let Some(deliveries) = &self.deliveries else { return Err(self.writer_failure()) };
        let sent = self.job.runtime.block_on(async {
            tokio::select! {
                room = Arc::clone(&self.room).acquire_many_owned(rows) => match room {
                    Ok(room) => deliveries.send(Queued { delivery, behind, room }).await.is_ok(),
                    Err(_) => false,
                },
                () = deliveries.closed() => false,
            }
        });
        if sent { Ok(()) } else { Err(self.writer_failure()) }
    }

    /// Whether the writer or the drain has failed in the meantime; passes on what they have done.
    ///
    /// True once something has been committed since the claim.
    pub(super) fn check(&mut self, consumer: &BaseConsumer<Assignment>) -> Result<bool, Failure> {
        self.count();
        if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(self.writer_failure());
        }
        let figures = self.job.status.figures();
        if let Some(drain) = &mut self.drain {
            drain.check()?;
        }
        if figures.next_offset != self.committed {
            self.committed = figures.next_offset;
            self.show_offset(consumer);
        }
        Ok(self.committed > self.start)
    }

    /// Commits the offset to Kafka as well: for lag tools only, nothing is ever resumed from there.
    fn show_offset(&self, consumer: &BaseConsumer<Assignment>) {
        if self.job.shadow.is_some() {
            return;
        }
        let task = &self.job.task;
        let mut offsets = rdkafka::TopicPartitionList::new();
        let offset = rdkafka::Offset::Offset(self.committed);
        if offsets.add_partition_offset(&task.topic, task.partition, offset).is_ok()
            && let Err(error) = consumer.commit(&offsets, rdkafka::consumer::CommitMode::Async)
        {
            tracing::debug!(%error, "the group's offset could not be shown");
        }
    }

    fn count(&mut self) {
        let counts = self.assembler.take_counts();
        self.job.status.update(|figures| figures.changes += counts.changes);
        self.job.metrics.count(&counts);
    }

    fn writer_failure(&mut self) -> Failure {
        self.deliveries = None;
        match self.writer.take().map(|writer| self.job.runtime.block_on(writer)) {
            Some(Ok(Err(failure))) => failure,
            Some(Err(error)) => {
                Failure::permanent(format!("the processor panicked: {error}. This is a bug: report it"))
            }
            Some(Ok(Ok(()))) | None => Failure::transient("the writer ended early"),
        }
    }

    /// All records before this offset have been read.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// Fetches from where it is, after somebody has looked ahead.
    pub(super) fn fetch_on(&self, consumer: &BaseConsumer<Assignment>) -> Result<(), Failure> {
        fetch_from(consumer, &self.job, self.position, self.control)
    }

    /// Whether the topic is known to go on behind the position: what is said of its end is from before it was read again.
    pub(super) fn is_behind_known(&self) -> bool {
        self.position <= self.known
    }

    /// Whether a large transaction is being read again, behind the position.
    pub(super) fn reads_again(&self) -> bool {
        self.again.is_some()
    }

    /// All before `offset` has been read, and nothing behind it is to be: saves what is complete and ends.
    pub(super) fn finish_at(
        mut self,
        offset: i64,
        consumer: &BaseConsumer<Assignment>,
    ) -> Result<(), Failure> {
        self.assembler.flush(offset);
        self.hand_on(consumer)?;
        self.lost()?;
        self.deliveries = None;
        let saved = self.writer.take().map(|writer| self.job.runtime.block_on(writer));
        if let Some(drain) = self.drain.take() {
            drain.stop();
        }
        match saved {
            Some(Ok(done)) => done,
            Some(Err(error)) => {
                Err(Failure::permanent(format!("the processor panicked: {error}. This is a bug: report it")))
            }
            None => Err(Failure::transient("the writer ended early")),
        }
    }

    /// Lets the writer save what it has and ends both threads.
    pub(super) fn finish(mut self) {
        self.count();
        self.deliveries = None;
        if let Some(writer) = self.writer.take() {
            let limit = std::time::Duration::from_secs(5);
            match self.job.runtime.block_on(async { tokio::time::timeout(limit, writer).await }) {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(failure))) => {
                    tracing::warn!(%failure, "the last batch was not saved; it will be read again");
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!("the last batch was not saved in time; it will be read again");
                }
            }
        }
        if let Some(drain) = self.drain.take() {
            drain.stop();
        }
    }
}

/// The type of a control record, unless another deployment wrote it.
fn kind<'a>(message: &'a BorrowedMessage<'_>, deployment: &str) -> Option<&'a str> {
    let header = |name| message.headers()?.iter().find(|header| header.key == name)?.value;
    match header(control::DEPLOYMENT) {
        Some(of) if of != deployment.as_bytes() => Some(control::FOREIGN),
        _ => std::str::from_utf8(header(control::KIND)?).ok(),
    }
}

fn created_again(topic: &str, why: &str) -> Failure {
    Failure::permanent(format!(
        "topic {topic} was made anew under the same name: {why}. To start over from its beginning, let the connector take a \
         new snapshot into it, then use `ledgerwell reset`"
    ))
}
