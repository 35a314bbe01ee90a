//! What has to hold of every processor, one file per thing. What only one of them can know is in `subjects/`.

mod audit;
mod clock;
mod dead_letters;
mod events;
mod observed;
mod offsets;
mod published;
mod requests;

pub(crate) use audit::{Audited, Decision};
pub(crate) use clock::check as clock;
pub(crate) use published::Published;

use crate::check::Evidence;
use crate::observed::State;
use crate::replay::Replay;
use crate::report::Report;
use crate::subjects::Subject;

/// What a subject's own checks look at, next to its tables.
pub(crate) struct Case<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) replay: &'a Replay,
    /// What consumers see.
    pub(crate) events: &'a [Published<'a>],
}

/// Everything.
pub(crate) fn all<S: Subject>(
    subject: &S,
    tables: &S::Tables,
    observed: &[State<S::Sample>],
    evidence: &Evidence,
    replay: &Replay,
    report: &mut Report,
) {
    figures(evidence, replay, report);
    offsets::check(evidence, report);
    let events = published::read(evidence, report);
    events::check(evidence, replay, &events, report);
    dead_letters::check(evidence, replay, report);
    requests::check(evidence, replay, report);
    subject.check(tables, &Case { evidence, replay, events: &events }, report);
    observed::check::<S>(observed, report);
    if let Some(audited) = S::AUDITED {
        audit::check(&audited, evidence, replay, report);
    }
}

fn figures(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let assembler = &replay.assembler;
    report.figure_above_0("records", evidence.entries.len());
    report.figure_above_0("snapshots", assembler.snapshots);
    report.figure("transactions", assembler.transactions);
    report.figure("transactions emitted again", assembler.repeats);
    report.figure("transactions cut off", assembler.truncated);
    report.figure("losses", assembler.losses);
    report.figure_above_0("commits", evidence.results.steps.len());
    report.figure_above_0("events", evidence.results.logged.len());
    report.figure("letters", evidence.results.dead_letters.len());
    report.figure("audit rows", evidence.results.audit.len());
    report.figure("requests", evidence.results.requests.len());
}
