//! Owns the working state: folds deliveries into it, saves batches.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use contract::processor::fingerprint;
use contract::{Audit, Decode, Failure, Fold, Processor, Request, TableSet};
use sqlx::{Connection, PgConnection};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;
use uuid::Uuid;

use super::checkpoint::{self, Applied, Checkpoint};
use crate::audit;
use crate::binding;
use crate::connection::{connect, set_search_path};
use crate::control::ControlState;
use crate::dead_letter::{OpenDeadLetters, answer};
use crate::feed::{DeadLetter, Delivery, Left, PartialRow, Recent, RecordRef, RowBatch, Step};
use crate::migrate;
use crate::outbox::{self, Closing, Notifier, OutboxRow};
use crate::status::State;
use crate::task::Job;
use crate::torture::{Guard, Point, pass, stands};

/// Near the end of the log a batch is what has come while the one before was saved. Far behind it, batches are large, because
/// what changes several times in one is written once: a batch is saved when it has this many rows …
const BATCH_ROWS: usize = 50_000;
/// … or is this old …
const BATCH_AGE: Duration = Duration::from_secs(1);
/// … or nothing more has come for this long.
const IDLE: Duration = Duration::from_millis(2);
/// What falls due on the way to a time is saved when it has taken this long.
const PIECE: Duration = Duration::from_secs(1);
/// While nothing comes it is looked this often whether the task is still ours.
const OWNERSHIP_CHECK: Duration = Duration::from_secs(1);
/// Saving a batch takes no longer than this, or Postgres is taken for gone. A snapshot of millions of rows needs minutes.
const SAVE_TIMEOUT: Duration = Duration::from_mins(10);
/// Neither does reading the state at a claim.
const LOAD_TIMEOUT: Duration = Duration::from_mins(5);

/// Namespace of the identity of a topic's content.
const TOPIC_GENERATION: Uuid = Uuid::from_u128(0x6f1d_3c52_9b0e_4d7a_8a44_1e7c_5b20_93d1);

/// The record that closes a delivery.
fn closing<E>(delivery: &Delivery<E>) -> Closing {
    delivery.control_offset().map_or(Closing::Change(delivery.closed_by.offset), Closing::Control)
}

/// A delivery on its way to the writer, and the room in the queue that it gives back.
pub(super) struct Queued<E> {
    /// The delivery.
    pub(super) delivery: Delivery<E>,
    /// Whether the end of the log was far when it was read.
    pub(super) behind: bool,
    /// Held until the writer has it.
    pub(super) room: OwnedSemaphorePermit,
}

/// The working state and what has been folded into it since the last save.
pub struct Writer<P> {
    job: Job,
    connection: PgConnection,
    fold: Fold<P>,
    /// As stored.
    stored: i64,
    /// As it will be stored by the next save.
    next: Checkpoint,
    dead_letters: OpenDeadLetters,
    control: ControlState,
    events: Vec<OutboxRow>,
    audits: Vec<Audit>,
    applied: Applied,
    recent: Recent,
    /// Whether a batch may end with the last delivery.
    may_commit: bool,
    rows: usize,
    /// Whether anything but the end of the log was folded since the last save.
    changed: bool,
    at_end: bool,
    seen: i64,
    /// The end of the log at the time of the claim.
    goal: i64,
}

impl<P: Processor> Writer<P> {
    /// Claims the task and loads its state. A task that was never claimed begins at offset `start`; it has caught up when
    /// it reaches `goal`.
    pub async fn claim(job: &Job, start: i64, goal: i64) -> Result<Self, Failure> {
        let mut connection = connect(&job.database_url, &job.group()).await?;
        let mut job = job.clone();
        let load = async {
            set_search_path(job.schema(), &mut connection).await?;
            let mut claiming = connection.begin().await?;
            migrate::admit(&mut claiming).await?;
            binding::bind(&job.source.name, &job.prefix, &mut claiming).await?;
            job.task.version = match &job.shadow {
                Some(shadow) => shadow.version,
                None => checkpoint::in_force(&job.task, &fingerprint::<P>(), &mut claiming).await?,
            };
            let declared = P::RowChange::TABLES;
            let claimed = checkpoint::claim(&job.task, &job.instance, start, declared, &mut claiming).await?;
            claiming.commit().await?;
            pass(Point::Claimed);
            let recent = checkpoint::recent(&job.task, &mut connection).await?;
            let tables = P::Tables::load(&mut connection).await?;
            let mut processor = P::new(&job.source, tables, claimed.clock)?;
            let dead_letters = OpenDeadLetters::load(&job.task, &mut connection).await?;
            let control = ControlState::load(&job.task, &mut connection).await?;
            let rules = if stands(Guard::RulesThroughStream) {
                control.rules().clone()
            } else {
                crate::control::rules::read(&mut connection).await?
            };
            processor.rules(&rules).map_err(|why| {
                Failure::permanent(format!("the rules in force are not understood any more: {why}"))
            })?;
            Ok::<_, Failure>((processor, claimed, recent, dead_letters, control))
        };
        let (processor, claimed, (recent, applied), dead_letters, control) =
            tokio::time::timeout(LOAD_TIMEOUT, load).await.map_err(|_| {
                Failure::transient("Postgres took more than five minutes to read the state")
            })??;
        job.metrics.owner_epoch.set(claimed.owner_epoch);
        let writer = Self {
            job,
            connection,
            fold: Fold::new(processor, claimed.clock),
            stored: claimed.next_offset,
            seen: claimed.next_offset,
            next: claimed,
            dead_letters,
            control,
            events: Vec::new(),
            audits: Vec::new(),
            applied: Applied { before: applied, ..Applied::default() },
            recent,
            may_commit: true,
            rows: 0,
            changed: false,
            at_end: false,
            goal,
        };
        writer.report();
        Ok(writer)
    }

    /// The job, with the version that was claimed.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The transactions that were applied last, as they were claimed.
    pub fn take_recent(&mut self) -> Recent {
        std::mem::take(&mut self.recent)
    }

    /// The checkpoint that was claimed or last saved.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.next
    }

    /// Folds and saves what comes until the channel closes; then saves the rest.
    pub(super) async fn run(
        mut self,
        mut deliveries: Receiver<Queued<P::RowChange>>,
        drain: Option<Notifier>,
    ) -> Result<(), Failure> {
        let (mut open, mut notified) = (true, self.next.out_seq);
        while open {
            let Ok(first) = tokio::time::timeout(OWNERSHIP_CHECK, deliveries.recv()).await else {
                // Who has nothing to save would not notice that another version, or owner, is in force.
                checkpoint::still_ours(&self.job.task, self.next.owner_epoch, &mut self.connection).await?;
                continue;
            };
            let Some(first) = first else { break };
            let began = Instant::now();
            let mut behind = first.behind;
            let Some(mut may_commit) = self.take(first).await? else { return Ok(()) };
            while !(may_commit && (self.rows >= BATCH_ROWS || began.elapsed() >= BATCH_AGE || self.at_end)) {
                let next = match deliveries.try_recv() {
                    Ok(queued) => Some(queued),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) if may_commit && !behind => break,
                    Err(TryRecvError::Empty) => match tokio::time::timeout(IDLE, deliveries.recv()).await {
                        Ok(next) => next,
                        Err(_) if may_commit => break,
                        Err(_) => continue,
                    },
                };
                let Some(next) = next else {
                    open = false;
                    break;
                };
                behind = next.behind;
                match self.take(next).await? {
                    Some(may) => may_commit = may,
                    None => return Ok(()),
                }
            }
            if !may_commit {
                break;
            }
            if self.changed || self.next.next_offset != self.stored {
                self.save().await?;
            } else {
                // In the middle of a transaction nothing is new at the end of the log.
                self.reached();
            }
            if let Some(drain) = drain.as_ref().filter(|_| self.next.out_seq > notified) {
                drain.stored(self.next.out_seq);
                notified = self.next.out_seq;
            }
        }
        Ok(())
    }

    /// Folds a delivery. `None` when the process is to end before that.
    async fn take(
        &mut self,
        Queued { delivery, room, .. }: Queued<P::RowChange>,
    ) -> Result<Option<bool>, Failure> {
        self.set_deciding(&delivery);
        let go_on = match delivery.time() {
            Some(time) => self.decide_on_the_way(time, closing(&delivery)).await?,
            None => true,
        };
        let may_commit = go_on.then(|| self.fold(delivery));
        drop(room);
        Ok(may_commit)
    }

    /// What falls due before a delivery is decided first. After months without a change that takes long, so it is saved in pieces,
    /// and goes on from there when the process ends. False when it is to.
    async fn decide_on_the_way(&mut self, time: DateTime<Utc>, closing: Closing) -> Result<bool, Failure> {
        let mut began = Instant::now();
        while self.fold.decide_before(time) {
            if began.elapsed() < PIECE || !self.may_commit {
                continue;
            }
            self.collect(closing);
            self.next.clock = self.fold.clock();
            self.save().await?;
            pass(Point::BetweenPieces);
            if self.job.stop.is_set() {
                return Ok(false);
            }
            began = Instant::now();
        }
        Ok(true)
    }

    fn set_deciding(&mut self, delivery: &Delivery<P::RowChange>) {
        self.fold.set_deciding(delivery.progress.is_whole() || !stands(Guard::IncompleteSnapshot));
    }

    /// Folds one delivery. True when a batch may end here.
    pub fn fold(&mut self, mut delivery: Delivery<P::RowChange>) -> bool {
        self.set_deciding(&delivery);
        self.applied.digests.extend(delivery.applied.map(u64::cast_signed));
        self.changed |= !matches!(delivery.step, Step::Advance);
        let (closed_by, closing) = (delivery.closed_by, closing(&delivery));
        self.take_aside(&mut delivery.step, closed_by);
        if let Some(offset) = delivery.control_offset() {
            self.next.control_offset = offset + 1;
        }
        match delivery.step.fold(&mut self.fold) {
            Left::DeadLetters(unknown) => {
                // Rows of a table in doubt have to come again anyway.
                let doubt = delivery.progress.doubt.as_ref();
                let is_doubtful = |letter: &DeadLetter| {
                    doubt.is_some_and(|doubt| doubt.tables.contains(&letter.reason.table))
                };
                let unknown = unknown.into_iter().filter(|letter| !is_doubtful(letter));
                unknown.for_each(|letter| self.dead_letters.add(letter));
            }
            Left::Control(control) => {
                let dead_letters = &mut self.dead_letters;
                let format = &self.job.source.format;
                let answer =
                    |fold: &mut Fold<P>, request: &mut Request| answer(request, fold, dead_letters, format);
                self.control.fold(control, &mut self.fold, answer);
            }
        }
        self.collect(closing);
        if closed_by.offset >= 0 {
            self.next.last = Some(closed_by);
        }
        self.next.clock = self.fold.clock();
        self.next.next_offset = delivery.resume;
        self.next.progress = delivery.progress;
        self.seen = delivery.seen;
        self.may_commit = delivery.may_commit;
        delivery.may_commit
    }

    /// What of a delivery is not the processor's: where a log begins, where it ends for now, and dead letters. Rows that came
    /// supersede those of before.
    fn take_aside(&mut self, step: &mut Step<P::RowChange>, closed_by: RecordRef) {
        match step {
            Step::Begin => self.begin_topic(closed_by),
            Step::Advance => self.at_end = true,
            Step::Transaction { rows, .. } | Step::Part { rows, .. } => self.take_dead_letters(rows),
            Step::Snapshot { begins, rows } => {
                for (table, offset) in begins {
                    self.dead_letters.supersede_table(table, *offset);
                }
                self.take_dead_letters(rows);
            }
            Step::SnapshotEnd { absent, .. } => {
                for table in absent {
                    self.dead_letters.supersede_table(table, closed_by.offset);
                }
            }
            Step::Unreadable { dead_letter } => self.dead_letters.add(dead_letter.clone()),
            Step::Control { .. } | Step::Large { .. } => {}
        }
    }

    fn take_dead_letters(&mut self, rows: &mut RowBatch<P::RowChange>) {
        self.rows += rows.len();
        for dead_letter in rows.dead_letters.drain(..) {
            self.dead_letters.add(dead_letter);
        }
        self.dead_letters.supersede(&rows.keys);
        // What was not sent may be in a record that could not be used, and is not what is stored then.
        let dead_letters = &mut self.dead_letters;
        rows.partials.retain(|row, partials| {
            if !dead_letters.has(*row) {
                return true;
            }
            for PartialRow { otherwise, .. } in partials.drain(..) {
                dead_letters.supersede(&[(*row, otherwise.record.offset)]);
                dead_letters.add(otherwise);
            }
            false
        });
    }

    /// The first record of a log that was never read before: what its content is known by from here on.
    fn begin_topic(&mut self, record: RecordRef) {
        // What is read for a second time, after a reset, emits other events than the first time.
        let emitted = self.next.out_seq;
        let content = [record.timestamp, record.hash, emitted].map(i64::to_be_bytes).concat();
        let content = if emitted == 0 { &content[..16] } else { &content };
        self.next.closing = None;
        self.next.topic_generation = Some(Uuid::new_v5(&TOPIC_GENERATION, content));
    }

    /// Numbers events by the record that closed their delivery, through all parts of a large transaction.
    fn collect(&mut self, closing: Closing) {
        let (events, audits) = self.fold.take();
        if !self.job.emits() {
            return;
        }
        self.audits.extend(audits);
        let (_, mut number) = self.next.closing.filter(|(last, _)| *last == closing).unwrap_or((closing, 0));
        let topic_generation = self.next.topic_generation.unwrap_or_default();
        for event in events {
            self.next.out_seq += 1;
            number += 1;
            let place = (self.next.out_seq, self.next.chain);
            let row = outbox::row(&self.job.task, topic_generation, closing, number, place, event);
            self.next.chain = row.chain.unwrap_or(self.next.chain);
            self.events.push(row);
        }
        self.next.closing = Some((closing, number));
    }

    /// Saves all that was folded since the last save in one transaction, the compare-and-set first.
    ///
    /// When the connection is lost during COMMIT its outcome is unknown. The state is dropped then like after any failure,
    /// and the next claim reads the truth.
    pub async fn save(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        tokio::time::timeout(SAVE_TIMEOUT, self.save_in_transaction())
            .await
            .map_err(|_| Failure::transient("Postgres took more than ten minutes to save a batch"))??;
        let metrics = &self.job.metrics;
        metrics.save_seconds.observe(began.elapsed().as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "a metric")]
        metrics.batch_rows.observe(self.rows as f64);
        self.stored = self.next.next_offset;
        self.applied.clear();
        self.rows = 0;
        self.changed = false;
        self.reached();
        Ok(())
    }

    /// Says that all that was folded is stored.
    fn reached(&mut self) {
        self.report();
        self.at_end = false;
    }

    async fn save_in_transaction(&mut self) -> Result<(), Failure> {
        pass(Point::Folded);
        let mut transaction = self.connection.begin().await?;
        checkpoint::advance(&self.job.task, self.stored, &self.next, &self.applied, &mut transaction).await?;
        self.fold.tables().save(&mut transaction).await?;
        self.dead_letters.save(&self.job.task, &mut transaction).await?;
        self.control.save(&self.job.task, &mut transaction).await?;
        audit::insert(P::NAME, &std::mem::take(&mut self.audits), &mut transaction).await?;
        let events = std::mem::take(&mut self.events);
        if stands(Guard::OutboxWithRows) {
            outbox::insert(&self.job.task, &events, &mut transaction).await?;
        }
        pass(Point::BeforeCommit);
        let began = Instant::now();
        transaction.commit().await?;
        pass(Point::AfterCommit);
        if !stands(Guard::OutboxWithRows) {
            outbox::insert(&self.job.task, &events, &mut self.connection).await?;
        }
        self.job.metrics.commit_seconds.observe(began.elapsed().as_secs_f64());
        Ok(())
    }

    fn report(&self) {
        let dead_letters = self.dead_letters.len();
        self.job.metrics.dead_letters.set(dead_letters.try_into().unwrap_or(i64::MAX));
        self.job.status.update(|figures| {
            figures.state = State::Running;
            figures.next_offset = self.next.next_offset;
            figures.seen = self.seen;
            figures.complete = self.next.progress.is_whole();
            figures.clock = self.fold.clock();
            figures.next_due = self.fold.next_due();
            self.control.announced().clone_into(&mut figures.rules);
            figures.dead_letters = dead_letters;
            figures.out_seq = self.next.out_seq;
            figures.at_end = self.at_end;
            // Who has lost something is never done with the log.
            let is_known = self.next.progress.unknown().is_none();
            figures.caught_up |= (self.at_end || self.seen >= self.goal) && is_known;
        });
    }
}
