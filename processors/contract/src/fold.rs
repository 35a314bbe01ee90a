//! The fold: what every processor is promised, executed. A processor, its clock, and what it has emitted; no Kafka, no SQL.
//!
//! - [`transaction`](Fold::transaction): whole source transactions in commit order. Every row is applied, then conclusions are
//!   drawn once, as of the commit time.
//! - The clock never runs backwards. What falls due on the way to a later time is decided first, in order, each at its own time.
//! - Nothing is decided before a snapshot is complete: [`set_deciding`](Fold::set_deciding).
//! - Rules and requests act at their position in the stream, and each is written down.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::action;
use crate::audit::{Audit, Status};
use crate::control::{Done, Outcome, Request, RuleSet, Tick};
use crate::outbox::{Emitted, Outbox};
use crate::processor::Processor;
use crate::source::{Decode, Partial};

/// A processor and what was folded into it.
#[derive(Debug)]
pub struct Fold<P> {
    processor: P,
    clock: Option<DateTime<Utc>>,
    deciding: bool,
    outbox: Outbox,
}

impl<P: Processor> Fold<P> {
    /// A processor whose stored results know of nothing later than `clock`. It decides nothing until
    /// [`set_deciding`](Self::set_deciding) says so.
    pub fn new(processor: P, clock: Option<DateTime<Utc>>) -> Self {
        Self { processor, clock, deciding: false, outbox: Outbox::default() }
    }

    /// Whether conclusions are drawn from here on: not while a snapshot is incomplete.
    pub fn set_deciding(&mut self, deciding: bool) {
        self.deciding = deciding;
    }

    /// Whether conclusions are drawn.
    pub fn is_deciding(&self) -> bool {
        self.deciding
    }

    /// The latest commit time or tick that was folded.
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.clock
    }

    /// When something falls due next without any change.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.processor.next_due()
    }

    /// The processor.
    pub fn processor(&self) -> &P {
        &self.processor
    }

    /// The working tables, to be saved.
    pub fn tables(&mut self) -> &mut P::Tables {
        self.processor.tables()
    }

    /// A source transaction, each row in its last version. Without a time, as a row of an incremental snapshot comes, the clock
    /// stays where it is.
    pub fn transaction(&mut self, rows: impl IntoIterator<Item = P::RowChange>, time: Option<DateTime<Utc>>) {
        let now = self.advance(time);
        self.apply(rows);
        self.decide(now);
    }

    /// A part of a large transaction, whose last part is a [`transaction`](Self::transaction).
    pub fn part(&mut self, rows: impl IntoIterator<Item = P::RowChange>, time: Option<DateTime<Utc>>) {
        self.advance(time);
        self.apply(rows);
    }

    /// Rows outside a transaction: some of a snapshot's, or that of a dead letter.
    pub fn apply(&mut self, rows: impl IntoIterator<Item = P::RowChange>) {
        for row in rows {
            self.processor.apply(row);
        }
    }

    /// A row outside or inside a transaction of which some values were not sent: they are what is stored. False where the row is not
    /// stored, so that they are not known; nothing is applied then.
    pub fn apply_partial(&mut self, partial: Partial<P::RowChange>) -> bool {
        let complete = P::RowChange::complete(partial, self.processor.tables());
        let known = complete.is_some();
        self.apply(complete);
        known
    }

    /// Drops all rows of a source table: a snapshot that follows brings them again.
    pub fn clear_table(&mut self, table: &str) {
        self.processor.clear_table(table);
    }

    /// A snapshot was read to its end, at `time`: conclusions are drawn from it as a whole, unless something is still missing.
    pub fn snapshot_end(&mut self, time: Option<DateTime<Utc>>) {
        // What would have fallen due while it was read is decided with it.
        let deciding = std::mem::replace(&mut self.deciding, false);
        let now = self.advance(time);
        self.deciding = deciding;
        if deciding {
            self.processor.forget();
        }
        self.decide(now);
    }

    /// The clock stands at `wrong`, which is no time of the source's: a clock was wrong. From here on it is `time`, if that is
    /// earlier; the snapshot that ends there is drawn conclusions from as a whole, so nothing is left of what the wrong time has led to.
    pub fn set_back(&mut self, wrong: DateTime<Utc>, time: DateTime<Utc>) {
        if self.clock == Some(wrong) {
            self.clock = Some(wrong.min(time));
        }
    }

    /// An instant has come. One that is not later than the clock changes nothing.
    pub fn tick(&mut self, tick: Tick) {
        if self.clock.is_some_and(|clock| clock >= tick.time) {
            return;
        }
        self.advance(Some(tick.time));
        self.decide(tick.time);
        self.outbox.emit(tick.time, &tick);
    }

    /// The rules have changed, from those in force. Which of them are this processor's is written down, and why, if it cannot use
    /// them. False when it cannot: the ones before stay in force.
    pub fn rules(&mut self, in_force: &RuleSet, rules: &RuleSet) -> bool {
        let usable = self.processor.rules(rules);
        for automation in P::AUTOMATIONS {
            let of = |rules: &RuleSet| rules.get(P::NAME, automation.action).cloned();
            let (before, after) = (of(in_force), of(rules));
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
                time: self.clock.unwrap_or_default(),
                record: None,
                status,
                confidence: None,
                reasoning,
                input: json!({ "before": before }).to_string(),
                output: json!({ "after": after }).to_string(),
            });
        }
        if usable.is_ok() {
            self.decide(self.clock.unwrap_or_default());
        }
        usable.is_ok()
    }

    /// A person asks for something: it is read as an action of the processor's, done or refused, and written down either way.
    pub fn request(&mut self, request: &Request) -> Outcome {
        if !self.deciding {
            return self.refuse(
                request,
                "nothing is decided before a snapshot has brought all rows; ask again when it is complete"
                    .into(),
            );
        }
        let now = self.time_of(request);
        let (name, done) = match Self::read_action(request) {
            Ok((name, action)) => (name, self.processor.act(action, &request.person, now, &mut self.outbox)),
            Err((name, why)) => (name, Err(why)),
        };
        let outcome = self.answer(request, name, done);
        self.decide(now);
        outcome
    }

    /// Refuses a request before the processor hears of it, and writes that down.
    pub fn refuse(&mut self, request: &Request, why: String) -> Outcome {
        self.answer(request, action::UNKNOWN, Err(why))
    }

    /// Writes down a decision that was not the processor's.
    pub fn audit(&mut self, audit: Audit) {
        self.outbox.audit(audit);
    }

    /// Draws the conclusions of what was applied, as of `now`; nothing while a snapshot is incomplete.
    pub fn decide(&mut self, now: DateTime<Utc>) {
        if self.deciding {
            self.processor.decide(now, &mut self.outbox);
        }
    }

    /// Decides what falls due next without any change, as of that instant, where it does before `time`. False where nothing else
    /// does, and what comes at `time` is next.
    ///
    /// Whoever has long to go until then may call it step by step, and keep what comes of it in between.
    pub fn decide_before(&mut self, time: DateTime<Utc>) -> bool {
        self.decide_due(time, |due| due < time)
    }

    /// When a request is decided: before the stream has said any time, its own is the only one.
    pub fn time_of(&self, request: &Request) -> DateTime<Utc> {
        self.clock.unwrap_or(request.time)
    }

    /// Takes what was emitted and what was written down since the last call, each in order.
    pub fn take(&mut self) -> (Vec<Emitted>, Vec<Audit>) {
        let events = self.outbox.take();
        let declared = events.iter().all(|event| Self::is_declared(event.event_type));
        debug_assert!(declared, "{} emits an event that is not in its EVENTS", P::NAME);
        (events, self.outbox.take_audits())
    }

    /// Moves the clock to `time`, unless it is later already. What falls due on the way is decided in order, each at its time.
    fn advance(&mut self, time: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let Some(now) = self.clock.max(time) else {
            return DateTime::UNIX_EPOCH;
        };
        while self.decide_due(now, |due| due <= now) {}
        self.clock = Some(now);
        now
    }

    fn decide_due(&mut self, time: DateTime<Utc>, is_next: impl Fn(DateTime<Utc>) -> bool) -> bool {
        // What fell due by the clock was decided with what came then. Nothing is decided between two parts of a transaction.
        if !self.deciding || self.clock.is_some_and(|clock| clock >= time) {
            return false;
        }
        let Some(due) = self.processor.next_due().filter(|due| is_next(*due)) else { return false };
        self.processor.decide(due, &mut self.outbox);
        self.clock = self.clock.max(Some(due));
        // A processor that does not get on would be asked for ever.
        self.processor.next_due().is_none_or(|next| next > due)
    }

    fn is_declared(event_type: &str) -> bool {
        event_type == "tick" || P::EVENTS.iter().any(|declared| declared.name == event_type)
    }

    /// The action that is asked for, and its name for the audit row.
    fn read_action(request: &Request) -> Result<(&'static str, P::Action), (&'static str, String)> {
        let Some(name) = action::name::<P::Action>(&request.action) else {
            let known = action::known::<P::Action>(P::NAME, &request.action);
            return Err((action::UNKNOWN, known));
        };
        let action = action::read(&request.action, &request.arguments).map_err(|why| (name, why))?;
        Ok((name, action))
    }

    fn answer(&mut self, request: &Request, name: &'static str, done: Result<Done, String>) -> Outcome {
        let (status, text, record) = match &done {
            Ok(done) => (Status::Approved, &done.text, done.record),
            Err(why) => (Status::Rejected, why, None),
        };
        self.outbox.audit(Audit {
            action: name,
            time: self.time_of(request),
            record,
            status,
            confidence: None,
            reasoning: format!("{} asked: {text}.", request.person),
            input: request.arguments.to_string(),
            output: json!({ "request": request.id, "person": request.person, "outcome": text }).to_string(),
        });
        match done {
            Ok(done) => Outcome::Done(done.text),
            Err(why) => Outcome::Refused(why),
        }
    }
}

#[cfg(test)]
mod tests;
