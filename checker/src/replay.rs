//! Folds the whole log once, and compares on the way what could be seen meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::assembler::{Assembler, Stage, Unit, What};
use crate::error::Error;
use crate::exposure::{Exposures, difference};
use crate::fold::Mirror;
use crate::log::Entry;
use crate::observed::State;
use crate::oracle::{Assessed, Oracle};
use crate::report::Report;
use crate::rules::Rule;

/// Scores are remembered for so many days.
const REMEMBERED: i32 = 30;

/// A record that may lead to events.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    /// What it closes.
    pub(crate) what: &'static str,
    /// Whether the last snapshot was complete.
    pub(crate) complete: bool,
    /// Which rule was in force, in [`Replay::rules`].
    pub(crate) rule: usize,
}

/// What came of the log.
pub(crate) struct Replay {
    pub(crate) assembler: Assembler,
    pub(crate) closings: BTreeMap<i64, Closing>,
    pub(crate) rules: Vec<Rule>,
    /// Ids of requests to the processor that were read.
    pub(crate) requests: BTreeSet<String>,
    /// Those of them that came while no snapshot was complete: nothing is decided then.
    pub(crate) early: BTreeSet<String>,
    pub(crate) clock: Option<DateTime<Utc>>,
    /// What has to be in the tables.
    pub(crate) exposures: Option<Exposures>,
    pub(crate) assessed: Vec<Assessed>,
    pub(crate) receivables: Vec<(i32, Decimal)>,
    /// The rows of `res_partner` in the end, as JSON.
    pub(crate) partners: Option<Vec<String>>,
}

/// What a replay works with.
pub(crate) struct Replayer<'a> {
    oracle: Oracle,
    processor: String,
    mirror: Mirror,
    day: Option<NaiveDate>,
    /// The first day whose beginning matters for the last one.
    from: NaiveDate,
    replay: Replay,
    report: &'a mut Report,
}

impl<'a> Replayer<'a> {
    /// One that has read nothing. `clock` is the one that the log is going to end with.
    pub(crate) fn new(
        oracle: Oracle,
        processor: &str,
        clock: Option<DateTime<Utc>>,
        rule: Rule,
        report: &'a mut Report,
    ) -> Self {
        let last = clock.map_or(NaiveDate::MAX, |clock| clock.date_naive());
        let replay = Replay {
            assembler: Assembler::default(),
            closings: BTreeMap::new(),
            rules: vec![rule],
            requests: BTreeSet::new(),
            early: BTreeSet::new(),
            clock: None,
            exposures: None,
            assessed: Vec::new(),
            receivables: Vec::new(),
            partners: None,
        };
        let from = NaiveDate::from_num_days_from_ce_opt(last.num_days_from_ce() - REMEMBERED);
        Self {
            oracle,
            processor: processor.to_owned(),
            mirror: Mirror::default(),
            day: None,
            from: from.unwrap_or(NaiveDate::MIN),
            replay,
            report,
        }
    }

    /// Reads all records before `until`; states that were observed are in the order of their offsets.
    pub(crate) async fn run(
        mut self,
        entries: &[Entry],
        until: i64,
        observed: &[State],
        last: Option<DateTime<Utc>>,
    ) -> Result<Replay, Error> {
        let mut observed = observed.iter().peekable();
        for entry in entries.iter().take_while(|entry| entry.offset < until) {
            while let Some(state) = observed.next_if(|state| state.next_offset <= entry.offset) {
                self.compare(state).await?;
            }
            for unit in self.replay.assembler.read(entry.clone()) {
                self.apply(unit).await?;
            }
        }
        for state in observed {
            self.compare(state).await?;
        }
        let complete = self.replay.assembler.stage() == Stage::Complete;
        if self.processor == "dedup" {
            self.replay.partners = complete.then(|| self.mirror.of_table("res_partner"));
        } else if let Some(clock) = last
            && complete
        {
            self.conclude(clock.date_naive()).await?;
        }
        Ok(self.replay)
    }

    async fn conclude(&mut self, today: NaiveDate) -> Result<(), Error> {
        self.begin_days(today).await?;
        self.oracle.tell(&mut self.mirror).await?;
        self.replay.exposures = Some(self.oracle.exposures(today).await?);
        self.replay.assessed = self.oracle.assess(today).await?;
        self.replay.receivables = self.oracle.receivables().await?;
        Ok(())
    }

    async fn compare(&mut self, state: &State) -> Result<(), Error> {
        let Some(clock) = state.clock else { return Ok(()) };
        self.oracle.tell(&mut self.mirror).await?;
        let expected = self.oracle.exposures(clock.date_naive()).await?;
        if let Some(difference) = difference(&expected, &state.by_customer(), ("the log", "the table")) {
            let text = format!(
                "what was seen at offset {} and clock {clock} is not what stands before in the log: {difference}",
                state.next_offset
            );
            self.report.violation("boundaries", text, Vec::new());
        }
        Ok(())
    }

    async fn apply(&mut self, unit: Unit) -> Result<(), Error> {
        let what = match &unit.what {
            What::Transaction { time, .. } => {
                if unit.complete {
                    self.begin_days(time.date_naive()).await?;
                }
                self.tick(*time);
                "END"
            }
            What::Control { name, value } => {
                match name.as_str() {
                    "tick" => {
                        if let Some(time) =
                            value["time"].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok())
                        {
                            if unit.complete {
                                self.begin_days(time.date_naive()).await?;
                            }
                            self.tick(time);
                        }
                    }
                    "rules" => {
                        let told =
                            self.replay.rules.last().map_or_else(Rule::unknown, |rule| rule.told(value));
                        self.replay.rules.push(told);
                    }
                    _ => {
                        if value["processor"] == self.processor
                            && let Some(id) = value["id"].as_str()
                        {
                            let id = id.to_lowercase();
                            if self.replay.requests.insert(id.clone()) && !unit.complete {
                                self.replay.early.insert(id);
                            }
                        }
                    }
                }
                "control record"
            }
            What::SnapshotEnd { time, .. } => {
                if let Some(time) = time {
                    self.tick(*time);
                }
                "last of a snapshot"
            }
            What::SnapshotRow { .. } => "",
            What::Upsert(_) => "row of an incremental snapshot",
        };
        if !what.is_empty() {
            let rule = self.replay.rules.len() - 1;
            self.replay.closings.insert(unit.offset, Closing { what, complete: unit.complete, rule });
        }
        let ended = matches!(unit.what, What::SnapshotEnd { .. });
        self.mirror.apply(unit);
        if ended && let Some(today) = self.replay.clock.map(|clock| clock.date_naive()) {
            // A snapshot that ends on a day that nothing else began.
            if self.day != Some(today) {
                self.begin_day(today).await?;
            }
        }
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
        if day >= self.from && self.processor == "credit" {
            self.oracle.tell(&mut self.mirror).await?;
            self.oracle.begin_day(day).await?;
        }
        Ok(())
    }
}
