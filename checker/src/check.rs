//! The check: reads all, folds the log, and compares.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use crate::checks;
use crate::cli::Check;
use crate::error::Error;
use crate::kafka::{self, Partition};
use crate::log::{Entry, around_snapshots};
use crate::observed::{self, State};
use crate::replay::Replayer;
use crate::report::Report;
use crate::results::Results;
use crate::subjects::Subject;
use crate::witness::Step;

/// The longest that one attempt may take.
const ATTEMPT: Duration = Duration::from_mins(2);

/// Everything that the checks look at, apart from the processor's own tables and samples of them.
pub(crate) struct Evidence {
    pub(crate) what: Settings,
    pub(crate) entries: Vec<Entry>,
    /// The first and the last offset of the source's topic.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The control topic's records.
    pub(crate) control: Option<Vec<Entry>>,
    /// The result topic.
    pub(crate) events: Vec<Partition>,
    pub(crate) results: Results,
}

/// What of the command line the checks want to know.
pub(crate) struct Settings {
    pub(crate) topic: String,
    pub(crate) processor: &'static str,
    /// The tables that it reads.
    pub(crate) tables: &'static [&'static str],
    pub(crate) after_seq: i64,
}

impl Evidence {
    /// The records around an offset, in words.
    pub(crate) fn around(&self, offset: i64) -> Vec<String> {
        let near = |entry: &&Entry| (entry.offset - offset).abs() <= 2;
        self.entries.iter().filter(near).map(Entry::describe).collect()
    }

    /// Whether the log was ever read from its start again.
    pub(crate) fn was_reset(&self) -> bool {
        self.results.steps.iter().any(Step::is_reset)
    }

    /// Whether all that the results rest on is still in the log.
    pub(crate) fn is_whole(&self) -> bool {
        self.start == 0 && self.what.after_seq == 0 && !self.was_reset()
    }

    /// Whether control records come from a topic of their own: then their order among the changes is not known.
    pub(crate) fn uses_control_topic(&self) -> bool {
        self.results.checkpoints.iter().any(|checkpoint| checkpoint.control_offset > 0)
    }
}

/// Checks, and prints what was found. True when all holds.
pub(crate) async fn check<S: Subject>(what: &Check) -> Result<bool, Error> {
    let began = Instant::now();
    let report = loop {
        let outcome = timeout(ATTEMPT, attempt::<S>(what)).await;
        match outcome {
            Ok(Ok(report)) => break report,
            Ok(Err(error)) if error.may_pass() && began.elapsed() < Duration::from_secs(what.timeout) => {
                eprintln!("once more: {error}");
                sleep(Duration::from_millis(500)).await;
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(Error::Unfinished(what.topic.clone())),
        }
    };
    report.print(what.json);
    Ok(report.is_clean())
}

async fn attempt<S: Subject>(what: &Check) -> Result<Report, Error> {
    let mut timer = Timer { on: what.timings, began: Instant::now() };
    let mut report = Report::default();
    let [log, events, control] = topics(what, S::NAME)?;
    timer.lap("topics");
    let mut connection = PgConnection::connect(&what.database).await?;
    let (results, tables) = Results::read::<S>(&mut connection, &what.source).await?;
    timer.lap("results");
    let mut observed: Vec<State<S::Sample>> =
        what.observed.as_deref().map_or_else(|| Ok(Vec::new()), observed::read)?;
    let log = log.and_then(|partitions| partitions.into_iter().next()).unwrap_or_default();
    let read = |partition: Partition| {
        partition.records.iter().map(|raw| Entry::read(raw, &what.prefix)).collect::<Vec<_>>()
    };
    let (start, end) = (log.start, log.end);
    let evidence = Evidence {
        what: Settings {
            topic: what.topic.clone(),
            processor: S::NAME,
            tables: S::TABLES,
            after_seq: what.after_seq,
        },
        entries: read(log),
        start,
        end,
        control: control.and_then(|partitions| partitions.into_iter().next()).map(read),
        events: events.unwrap_or_default(),
        results,
    };
    let ambiguous = around_snapshots(&evidence.entries);
    observed.retain(|state| !ambiguous.contains(&state.next_offset));
    timer.lap("parsing");
    let latest = evidence.results.latest();
    let clock = latest.and_then(|checkpoint| checkpoint.clock);
    let until = latest.map_or(0, |checkpoint| checkpoint.next_offset);
    let compared = chosen(&observed, what.after_seq, what.max_observed, &mut report);
    let subject = S::new(connection, clock).await?;
    let (replay, subject) =
        Replayer::new(subject, &mut report).run(&evidence.entries, until, &compared, clock).await?;
    timer.lap("replay");
    checks::all(&subject, &tables, &observed, &evidence, &replay, &mut report);
    timer.lap("checks");
    Ok(report)
}

struct Timer {
    on: bool,
    began: Instant,
}

impl Timer {
    fn lap(&mut self, what: &str) {
        if self.on {
            eprintln!("{what}: {} ms", self.began.elapsed().as_millis());
        }
        self.began = Instant::now();
    }
}

/// Source, results, and control, read side by side.
fn topics(what: &Check, processor: &str) -> Result<[Option<Vec<Partition>>; 3], Error> {
    let results = format!("{}.{}", what.prefix, processor);
    let names = [Some(what.topic.as_str()), Some(results.as_str()), what.control_topic.as_deref()];
    std::thread::scope(|scope| {
        let readers =
            names.map(|name| name.map(|name| (name, scope.spawn(move || kafka::read(&what.kafka, name)))));
        let mut answers = [None, None, None];
        for (answer, reader) in answers.iter_mut().zip(readers) {
            if let Some((name, reader)) = reader {
                let read = reader.join().unwrap_or_else(|_| Err(Error::Unfinished(name.to_owned())))?;
                *answer = Some(read.ok_or_else(|| Error::Unfinished(name.to_owned()))?);
            }
        }
        Ok(answers)
    })
}

/// The states to compare: complete ones of the log that is there, evenly spread, in the order of the log.
fn chosen<T: Clone + PartialEq>(
    observed: &[State<T>],
    after_seq: i64,
    most: usize,
    report: &mut Report,
) -> Vec<State<T>> {
    let mut states: Vec<State<T>> =
        observed.iter().filter(|state| state.is_complete() && state.out_seq >= after_seq).cloned().collect();
    states.sort_by_key(|state| (state.next_offset, state.clock));
    states.dedup_by(|a, b| (a.next_offset, a.clock, &a.sample) == (b.next_offset, b.clock, &b.sample));
    report.figure("distinct states observed", states.len());
    let states = evenly_spread(states, most);
    report.figure("states compared", states.len());
    states
}

/// At most so many of these, the first and the last among them.
fn evenly_spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let count = all.len();
    if count <= most || most <= 1 {
        return all;
    }
    let chosen: BTreeSet<_> = (0..most).map(|n| n * (count - 1) / (most - 1)).collect();
    all.into_iter().enumerate().filter(|(n, _)| chosen.contains(n)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::evenly_spread;

    #[test]
    fn the_first_and_the_last_are_among_those_chosen() {
        assert_eq!(evenly_spread((0..10).collect(), 4), [0, 3, 6, 9]);
        assert_eq!(evenly_spread((0..3).collect(), 4), [0, 1, 2]);
        assert_eq!(evenly_spread((0..3).collect(), 1), [0, 1, 2]);
    }
}
