//! Owns the working state: folds units into it, saves batches.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use contract::audit::{Status, json};
use contract::{Audit, Failure, Outbox, Outcome, Processor, Request, RuleSet};
use sqlx::{Connection, PgConnection};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;
use uuid::Uuid;

use super::checkpoint::{self, Checkpoint};
use super::{Job, State};
use crate::control::Folded;
use crate::dead_letter::OpenLetters;
use crate::dead_letter::decision::{Decision, Verb};
use crate::feed::control::Tick;
use crate::feed::{Bulk, Control, Input, RowKey, Snapshot, Step, Unit, decode_alone};
use crate::outbox::{self, Closing, OutboxRow, Waker};
use crate::torture::{Guard, Point, pass, stands};
use crate::{audit, clock};

/// Near the end of the log a batch is what has come while the one before was saved. Far behind it, batches are large, because
/// what changes several times in one is written once: a batch is saved when it has this many rows …
const BATCH_ROWS: usize = 50_000;
/// … or is this old …
const BATCH_AGE: Duration = Duration::from_secs(1);
/// … or nothing more has come for this long.
const IDLE: Duration = Duration::from_millis(2);
/// While nothing comes it is looked this often whether the unit is still ours.
const LOOK: Duration = Duration::from_secs(1);
/// Saving a batch takes no longer than this, or Postgres is taken for gone. A snapshot of millions of rows needs minutes.
const SAVE: Duration = Duration::from_mins(10);
/// Neither does reading the state at a claim.
const LOAD: Duration = Duration::from_mins(5);

/// Namespace of the identity of a topic's content.
const INCARNATION: Uuid = Uuid::from_u128(0x6f1d_3c52_9b0e_4d7a_8a44_1e7c_5b20_93d1);

/// A unit on its way to the writer, and the room in the queue that it gives back.
pub(super) struct Queued<E> {
    /// The unit.
    pub(super) unit: Unit<E>,
    /// Whether the end of the log was far when it was read.
    pub(super) behind: bool,
    /// Held until the writer has it.
    pub(super) room: OwnedSemaphorePermit,
}

/// The working state and what has been folded into it since the last save.
pub struct Writer<P> {
    job: Job,
    connection: PgConnection,
    processor: P,
    /// As stored.
    stored: i64,
    /// As it will be stored by the next save.
    next: Checkpoint,
    letters: OpenLetters,
    folded: Folded,
    outbox: Outbox,
    events: Vec<OutboxRow>,
    audits: Vec<Audit>,
    /// The record that closed the present unit, and how many events it has.
    numbered: (Closing, u32),
    rows: usize,
    /// Whether anything but the end of the log was folded since the last save.
    changed: bool,
    at_end: bool,
    seen: i64,
    /// The end of the log at the time of the claim.
    goal: i64,
}

/// A connection for the runner: a session that is stuck in a transaction must not hold its locks for long.
pub async fn connect(url: &str, name: &str) -> Result<PgConnection, Failure> {
    let options = url
        .parse::<sqlx::postgres::PgConnectOptions>()
        .map_err(|_| Failure::permanent("the database_url is no Postgres URL"))?
        .application_name(name)
        .options([
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("client_connection_check_interval", "5s"),
            ("tcp_user_timeout", "20s"),
            ("synchronous_commit", "on"),
            // Times without a zone are UTC, whatever the server's is.
            ("TimeZone", "UTC"),
        ]);
    tokio::time::timeout(Duration::from_secs(10), PgConnection::connect_with(&options))
        .await
        .map_err(|_| Failure::transient("Postgres does not answer"))?
        .map_err(Failure::from)
}

/// Lets a connection find a processor's tables in `schema`, before all others.
pub async fn look_in(schema: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query(
        "SELECT set_config('search_path', quote_ident($1) || ', ' || current_setting('search_path'), false)",
    )
    .bind(schema)
    .execute(connection)
    .await?;
    Ok(())
}

impl<P: Processor> Writer<P> {
    /// Claims the unit and loads its state. A unit that was never claimed begins at offset `start`; it has caught up when
    /// it reaches `goal`.
    pub async fn claim(job: &Job, start: i64, goal: i64) -> Result<Self, Failure> {
        let mut connection = connect(&job.database_url, &job.group()).await?;
        let mut job = job.clone();
        let load = async {
            look_in(job.schema(), &mut connection).await?;
            let mut claiming = connection.begin().await?;
            job.place.version = match &job.beside {
                Some(beside) => beside.version,
                None => checkpoint::in_force(&job.place, &mut claiming).await?,
            };
            let claimed = checkpoint::claim(&job.place, &job.instance, start, &mut claiming).await?;
            claiming.commit().await?;
            pass(Point::Claimed);
            let mut processor = P::load(&job.source, claimed.clock, &mut connection).await?;
            let letters = OpenLetters::load(&job.place, &mut connection).await?;
            let folded = Folded::load(&job.place, &mut connection).await?;
            let rules = if stands(Guard::RulesThroughStream) {
                folded.rules().clone()
            } else {
                crate::control::rules::read(&mut connection).await?
            };
            processor.rules(&rules).map_err(|why| {
                Failure::permanent(format!("the rules in force are not understood any more: {why}"))
            })?;
            Ok::<_, Failure>((claimed, processor, letters, folded))
        };
        let (claimed, processor, letters, folded) = tokio::time::timeout(LOAD, load)
            .await
            .map_err(|_| Failure::transient("Postgres took more than five minutes to read the state"))??;
        job.metrics.owner_epoch.set(claimed.owner_epoch);
        let writer = Self {
            job,
            connection,
            processor,
            stored: claimed.next_offset,
            seen: claimed.next_offset,
            next: claimed,
            letters,
            folded,
            outbox: Outbox::default(),
            events: Vec::new(),
            audits: Vec::new(),
            numbered: (Closing::Change(-1), 0),
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

    /// The checkpoint that was claimed or last saved.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.next
    }

    /// Folds and saves what comes until the channel closes; then saves the rest.
    pub(super) async fn run(
        mut self,
        mut units: Receiver<Queued<P::Event>>,
        drain: Option<Waker>,
    ) -> Result<(), Failure> {
        let (mut open, mut told) = (true, self.next.out_seq);
        while open {
            let Ok(first) = tokio::time::timeout(LOOK, units.recv()).await else {
                // Who has nothing to save would not notice that another version, or owner, is in force.
                checkpoint::still_ours(&self.job.place, self.next.owner_epoch, &mut self.connection).await?;
                continue;
            };
            let Some(first) = first else { break };
            let began = Instant::now();
            let mut behind = first.behind;
            let mut cut = self.take(first);
            while !(cut && (self.rows >= BATCH_ROWS || began.elapsed() >= BATCH_AGE || self.at_end)) {
                let next = match units.try_recv() {
                    Ok(queued) => Some(queued),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) if cut && !behind => break,
                    Err(TryRecvError::Empty) => match tokio::time::timeout(IDLE, units.recv()).await {
                        Ok(next) => next,
                        Err(_) if cut => break,
                        Err(_) => continue,
                    },
                };
                let Some(next) = next else {
                    open = false;
                    break;
                };
                behind = next.behind;
                cut = self.take(next);
            }
            if !cut {
                break;
            }
            if self.changed || self.next.next_offset != self.stored {
                self.save().await?;
            } else {
                // In the middle of a transaction nothing is new at the end of the log.
                self.reached();
            }
            if let Some(drain) = drain.as_ref().filter(|_| self.next.out_seq > told) {
                drain.stored(self.next.out_seq);
                told = self.next.out_seq;
            }
        }
        Ok(())
    }

    fn take(&mut self, Queued { unit, room, .. }: Queued<P::Event>) -> bool {
        let cut = self.fold(unit);
        drop(room);
        cut
    }

    /// Folds one unit. True when a batch may end here.
    pub fn fold(&mut self, unit: Unit<P::Event>) -> bool {
        let complete = unit.progress.snapshot == Snapshot::Complete || !stands(Guard::IncompleteSnapshot);
        self.changed |= !matches!(unit.step, Step::Advance);
        let mark = unit.closed_by;
        let mut closing = Closing::Change(mark.offset);
        match unit.step {
            Step::Begin => {
                // What is read for a second time, after a reset, tells other events than the first time.
                let told = self.next.out_seq;
                let content = [mark.timestamp, mark.hash, told].map(i64::to_be_bytes).concat();
                let content = if told == 0 { &content[..16] } else { &content };
                self.next.incarnation = Some(Uuid::new_v5(&INCARNATION, content));
            }
            Step::Transaction { rows, time } => {
                let now = self.reach(time, complete, closing);
                self.apply(rows);
                if complete {
                    self.decide(now, closing);
                }
            }
            Step::Part { rows, time } => {
                self.reach(time, complete, closing);
                self.apply(rows);
            }
            Step::Snapshot { begins, rows } => {
                for (table, offset) in &begins {
                    self.forget(table, *offset);
                }
                self.apply(rows);
            }
            Step::SnapshotEnd { absent, time } => {
                for table in absent {
                    self.forget(table, mark.offset);
                }
                let now = self.reach(time, false, closing);
                self.decide(now, closing);
            }
            Step::Control { control, offset } => {
                if let Some(offset) = offset {
                    closing = Closing::Control(offset);
                    self.next.control_offset = offset + 1;
                }
                match control {
                    Control::Tick(tick) => self.tick(tick, complete, closing),
                    Control::Rules(rules) => self.rules(rules, complete, closing),
                    Control::Request(request) => self.request(*request, complete, closing),
                }
            }
            Step::Unreadable { letter } => self.letters.add(letter),
            Step::Advance => self.at_end = true,
            // The reader has turned it into parts.
            Step::Large { .. } => {}
        }
        if mark.offset >= 0 {
            self.next.last = Some(mark);
        }
        self.next.next_offset = unit.resume;
        self.next.progress = unit.progress;
        self.seen = unit.seen;
        unit.cut
    }

    /// A moment has come. One that is not newer than the clock changes nothing.
    fn tick(&mut self, tick: Tick, complete: bool, closing: Closing) {
        let time = tick.time;
        if self.next.clock.is_some_and(|clock| clock >= time) {
            return;
        }
        self.reach(time.timestamp_millis(), complete, closing);
        if complete {
            self.decide(time, closing);
        }
        self.outbox.emit(outbox::TICK, 0, "clock".into(), time, &tick);
        self.collect(closing);
    }

    /// Rules have changed. Which of them are this processor's is written down, and why, if it cannot use them.
    fn rules(&mut self, rules: RuleSet, complete: bool, closing: Closing) {
        if !self.folded.tell(&rules) {
            return;
        }
        let usable = self.processor.rules(&rules);
        let now = self.next.clock.unwrap_or_default();
        for automation in P::AUTOMATIONS {
            let of = |rules: &RuleSet| rules.get(P::NAME, automation.action).cloned();
            let (before, after) = (of(self.folded.rules()), of(&rules));
            if before == after {
                continue;
            }
            let (status, reasoning) = match &usable {
                Ok(()) => (Status::Approved, format!("The rule `{}` was changed.", automation.name)),
                Err(why) => {
                    (Status::Rejected, format!("The rule `{}` stays as it was: {why}.", automation.name))
                }
            };
            self.outbox.audit(Audit {
                action: automation.action,
                time: now,
                record: None,
                status,
                confidence: None,
                reasoning,
                input: json(&serde_json::json!({ "before": before })),
                output: json(&serde_json::json!({ "after": after })),
            });
        }
        if usable.is_ok() {
            self.folded.accept(rules);
            if complete {
                self.decide(now, closing);
            }
        }
        self.collect(closing);
    }

    /// A person asks for something.
    fn request(&mut self, mut request: Request, complete: bool, closing: Closing) {
        if request.processor != P::NAME || !self.folded.is_new(&request) {
            return;
        }
        // Before the stream has told any time, that of the request is the only one.
        let now = self.next.clock.unwrap_or(request.time);
        let about_letter = Decision::read(&mut request);
        let outcome = match about_letter {
            _ if !complete => {
                self.refuse(&request, "a snapshot is being read; ask again when it is complete".into(), now)
            }
            None => self.processor.request(&request, now, &mut self.outbox),
            Some(Err(why)) => self.refuse(&request, why, now),
            Some(Ok(decision)) => self.letter(&decision, &request, now),
        };
        self.folded.decide(request, outcome, now);
        if complete {
            self.decide(now, closing);
        }
        self.collect(closing);
    }

    /// What is refused before the processor hears of it is written down all the same.
    fn refuse(&mut self, request: &Request, why: String, now: DateTime<Utc>) -> Outcome {
        self.outbox.audit(Audit {
            action: "request",
            time: now,
            record: None,
            status: Status::Rejected,
            confidence: None,
            reasoning: format!("{} asked: {why}.", request.person),
            input: json(&request.arguments),
            output: json(
                &serde_json::json!({ "request": request.id, "person": request.person, "outcome": why }),
            ),
        });
        Outcome::Refused(why)
    }

    /// A person settles a dead letter.
    fn letter(&mut self, decision: &Decision, request: &Request, now: DateTime<Utc>) -> Outcome {
        let offset = decision.arguments.offset;
        let done = match (self.letters.row_of(offset), decision.verb) {
            (None, _) => Err(format!(
                "no dead letter is open at offset {offset}; `ledgerwell dlq list --all` says what became of it"
            )),
            (Some(_), Verb::Discard) => Ok(()),
            (Some(None), Verb::Replay) => {
                Err("its record did not say whose row it is, so nobody knows whether a later image \
                 was applied: let the connector emit the row once more, or discard it"
                    .into())
            }
            (Some(Some(row)), Verb::Replay) => self.replay(decision, row),
        };
        let refused = done.as_ref().err().map(String::as_str);
        self.outbox.audit(decision.audit(request, refused, now));
        match done {
            Ok(()) => {
                self.letters.resolve(offset, decision.verb, &request.person);
                Outcome::Done(format!("the dead letter at offset {offset} is {}", decision.verb.done()))
            }
            Err(why) => Outcome::Refused(why),
        }
    }

    /// Applies the record of an open letter. That it is open says that no later image of its row has come.
    fn replay(&mut self, decision: &Decision, row: RowKey) -> Result<(), String> {
        let record = decision.arguments.record.as_ref().ok_or("the request does not bring the record")?;
        let input = Input {
            offset: decision.arguments.offset,
            timestamp: 0,
            key: record.key.as_deref().map(str::as_bytes),
            value: record.value.as_deref().map(str::as_bytes),
            kind: None,
        };
        match decode_alone(P::TABLES, P::decode, &input) {
            Ok((of, event)) if of == row => {
                if let Some(event) = event {
                    self.processor.apply(event);
                }
                Ok(())
            }
            Ok(_) => Err("the record is not the letter's: it is about another row".into()),
            Err(reason) => Err(format!("it still cannot be used: {reason}")),
        }
    }

    /// Moves the clock to `time`. What falls due on the way is decided in order, each at its moment.
    fn reach(&mut self, time: i64, complete: bool, closing: Closing) -> DateTime<Utc> {
        if time == i64::MIN && self.next.clock.is_none() {
            // A row of an incremental snapshot brings no time, and none is known yet.
            return DateTime::UNIX_EPOCH;
        }
        let time = clock::from_millis(time);
        let now = self.next.clock.map_or(time, |clock| clock.max(time));
        while complete
            && let Some(due) = self.processor.next_due()
            && due <= now
        {
            self.decide(due, closing);
            if self.processor.next_due().is_some_and(|next| next <= due) {
                break;
            }
        }
        self.next.clock = Some(now);
        now
    }

    fn apply(&mut self, rows: Bulk<P::Event>) {
        self.rows += rows.len();
        self.letters.supersede(&rows.keys);
        for event in rows.events {
            self.processor.apply(event);
        }
        for letter in rows.letters {
            self.letters.add(letter);
        }
    }

    fn forget(&mut self, table: &str, offset: i64) {
        self.processor.forget(table);
        self.letters.supersede_table(table, offset);
    }

    fn decide(&mut self, now: DateTime<Utc>, closing: Closing) {
        self.processor.decide(now, &mut self.outbox);
        self.collect(closing);
    }

    /// Numbers events by the record that closed their unit, through all parts of a large transaction.
    fn collect(&mut self, closing: Closing) {
        if !self.job.tells() {
            self.outbox.take_audits().clear();
            self.outbox.take().clear();
            return;
        }
        self.audits.extend(self.outbox.take_audits());
        if self.numbered.0 != closing {
            self.numbered = (closing, 0);
        }
        for event in self.outbox.take() {
            self.next.out_seq += 1;
            self.numbered.1 += 1;
            let incarnation = self.next.incarnation.unwrap_or_default();
            let (closing, number) = self.numbered;
            self.events.push(outbox::row(
                &self.job.place,
                incarnation,
                closing,
                number,
                self.next.out_seq,
                event,
            ));
        }
    }

    /// Saves all that was folded since the last save in one transaction, the compare-and-set first.
    ///
    /// When the connection is lost during COMMIT its outcome is unknown. The state is dropped then like after any failure,
    /// and the next claim reads the truth.
    pub async fn save(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        tokio::time::timeout(SAVE, self.save_in_transaction())
            .await
            .map_err(|_| Failure::transient("Postgres took more than ten minutes to save a batch"))??;
        let metrics = &self.job.metrics;
        metrics.save_seconds.observe(began.elapsed().as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "a metric")]
        metrics.batch_rows.observe(self.rows as f64);
        self.stored = self.next.next_offset;
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
        checkpoint::advance(&self.job.place, self.stored, &self.next, &mut transaction).await?;
        self.processor.save(&mut transaction).await?;
        self.letters.save(&self.job.place, &mut transaction).await?;
        self.folded.save(&self.job.place, &mut transaction).await?;
        audit::insert(P::NAME, &std::mem::take(&mut self.audits), &mut transaction).await?;
        let events = std::mem::take(&mut self.events);
        if stands(Guard::OutboxWithRows) {
            outbox::insert(&self.job.place, &events, &mut transaction).await?;
        }
        pass(Point::BeforeCommit);
        let began = Instant::now();
        transaction.commit().await?;
        pass(Point::AfterCommit);
        if !stands(Guard::OutboxWithRows) {
            outbox::insert(&self.job.place, &events, &mut self.connection).await?;
        }
        self.job.metrics.commit_seconds.observe(began.elapsed().as_secs_f64());
        Ok(())
    }

    fn report(&self) {
        let letters = self.letters.len();
        self.job.metrics.dead_letters.set(letters.try_into().unwrap_or(i64::MAX));
        self.job.status.update(|figures| {
            figures.state = State::Running;
            figures.next_offset = self.next.next_offset;
            figures.seen = self.seen;
            figures.complete = self.next.progress.snapshot == Snapshot::Complete;
            figures.clock = self.next.clock;
            figures.next_due = self.processor.next_due();
            self.folded.told().clone_into(&mut figures.rules);
            figures.dead_letters = letters;
            figures.out_seq = self.next.out_seq;
            figures.at_end = self.at_end;
            figures.caught_up |= self.at_end || self.seen >= self.goal;
        });
    }
}
