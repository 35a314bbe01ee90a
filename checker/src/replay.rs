//! Folds the whole log once, and compares on the way what could be seen meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::assembler::{Assembler, Contents, Delivery};
use crate::error::Error;
use crate::log::Entry;
use crate::mirror::Mirror;
use crate::observed::State;
use crate::report::Report;
use crate::subjects::Subject;

/// A record that may lead to events.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    /// Whether events may come of it, but that a time has come: a snapshot is complete, and nothing is lost.
    pub(crate) may_decide: bool,
    /// How many of [`Replay::rule_sets`] had been read. Offsets do not say it: what stands inside of a transaction counts behind it.
    pub(crate) rule_sets: usize,
}

/// What came of the log, whichever processor reads it.
pub(crate) struct Replay {
    pub(crate) assembler: Assembler,
    pub(crate) closings: BTreeMap<i64, Closing>,
    /// Every rule set, in the order in which they count.
    pub(crate) rule_sets: Vec<Value>,
    /// Ids of requests to the processor that were read.
    pub(crate) requests: BTreeSet<String>,
    /// Those of them that came while no snapshot was complete: nothing is decided then.
    pub(crate) early: BTreeSet<String>,
    pub(crate) clock: Option<DateTime<Utc>>,
}

/// Leads a subject through the log.
pub(crate) struct Replayer<'a, S> {
    subject: S,
    mirror: Mirror,
    day: Option<NaiveDate>,
    replay: Replay,
    report: &'a mut Report,
}

impl<'a, S: Subject> Replayer<'a, S> {
    /// One that has read nothing.
    pub(crate) fn new(subject: S, report: &'a mut Report) -> Self {
        let replay = Replay {
            assembler: Assembler::new(S::TABLES),
            closings: BTreeMap::new(),
            rule_sets: Vec::new(),
            requests: BTreeSet::new(),
            early: BTreeSet::new(),
            clock: None,
        };
        Self { subject, mirror: Mirror::default(), day: None, replay, report }
    }

    /// Reads all records before `until`; states that were observed are in the order of their offsets. `last` is the clock that the
    /// log ends with. Answers what came of it, and the subject, which knows what has to be there.
    pub(crate) async fn run(
        mut self,
        entries: &[Entry],
        until: i64,
        observed: &[State<S::Sample>],
        last: Option<DateTime<Utc>>,
    ) -> Result<(Replay, S), Error> {
        let mut observed = observed.iter().peekable();
        for entry in entries.iter().take_while(|entry| entry.offset < until) {
            while let Some(state) = observed.next_if(|state| state.next_offset <= entry.offset) {
                self.compare(state).await?;
            }
            for delivery in self.replay.assembler.read(entry.clone()) {
                self.apply(delivery).await?;
            }
        }
        for state in observed {
            self.compare(state).await?;
        }
        if self.replay.assembler.decides() {
            let today = last.map(|clock| clock.date_naive());
            if let Some(today) = today {
                self.begin_days(today).await?;
            }
            self.subject.conclude(today, &mut self.mirror).await?;
        }
        Ok((self.replay, self.subject))
    }

    async fn compare(&mut self, state: &State<S::Sample>) -> Result<(), Error> {
        let Some(clock) = state.clock else { return Ok(()) };
        let expected = self.subject.expected_sample(clock.date_naive(), &mut self.mirror).await?;
        let difference =
            expected.and_then(|expected| S::difference(&expected, &state.sample, ("the log", "the table")));
        if let Some(difference) = difference {
            let text = format!(
                "what was seen at offset {} and clock {clock} is not what stands before in the log: {difference}",
                state.next_offset
            );
            self.report.violation("boundaries", text, Vec::new());
        }
        Ok(())
    }

    async fn apply(&mut self, delivery: Delivery) -> Result<(), Error> {
        match &delivery.contents {
            Contents::Transaction { time, .. } => self.time_comes(*time, delivery.complete).await?,
            Contents::Control { name, value } => self.control(name, value, delivery.complete).await?,
            Contents::SnapshotEnd { time, wrong_clock, .. } => {
                if let (Some(time), Some(wrong)) = (time, wrong_clock)
                    && self.replay.clock == Some(*wrong)
                {
                    // The days that it has led to never came.
                    self.replay.clock = Some(*time.min(wrong));
                    self.day = None;
                }
                if let Some(time) = time {
                    self.tick(*time);
                }
            }
            Contents::SnapshotRow { .. } | Contents::Upsert(_) => {}
        }
        if !matches!(delivery.contents, Contents::SnapshotRow { .. }) {
            let rule_sets = self.replay.rule_sets.len();
            let closing = Closing { may_decide: delivery.complete, rule_sets };
            self.replay.closings.insert(delivery.offset, closing);
        }
        let ended = delivery.complete && matches!(delivery.contents, Contents::SnapshotEnd { .. });
        self.mirror.apply(delivery);
        if ended && let Some(today) = self.replay.clock.map(|clock| clock.date_naive()) {
            // A snapshot that ends on a day that nothing else began.
            if self.day != Some(today) {
                self.begin_day(today).await?;
            }
        }
        Ok(())
    }

    async fn control(&mut self, name: &str, value: &Value, complete: bool) -> Result<(), Error> {
        match name {
            "tick" => {
                if let Some(time) = value["time"].as_str().and_then(|text| text.parse().ok()) {
                    self.time_comes(time, complete).await?;
                }
            }
            "rules" => self.replay.rule_sets.push(value.clone()),
            _ => {
                if value["processor"] == S::NAME
                    && let Some(id) = value["id"].as_str()
                {
                    let id = id.to_lowercase();
                    if self.replay.requests.insert(id.clone()) && !complete {
                        self.replay.early.insert(id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Days begin before anything of them is applied, but only once there is something to begin them with.
    async fn time_comes(&mut self, time: DateTime<Utc>, complete: bool) -> Result<(), Error> {
        if complete {
            self.begin_days(time.date_naive()).await?;
        }
        self.tick(time);
        Ok(())
    }

    fn tick(&mut self, time: DateTime<Utc>) {
        self.replay.clock = Some(self.replay.clock.map_or(time, |clock| clock.max(time)));
    }

    /// Days begin up to this one, on the rows as they are.
    async fn begin_days(&mut self, today: NaiveDate) -> Result<(), Error> {
        let Some(last) = self.day else { return Ok(()) };
        for day in last.iter_days().skip(1).take_while(|day| *day <= today) {
            self.begin_day(day).await?;
        }
        Ok(())
    }

    async fn begin_day(&mut self, day: NaiveDate) -> Result<(), Error> {
        self.day = Some(day);
        self.subject.begin_day(day, &mut self.mirror).await
    }
}

#[cfg(test)]
mod tests;
