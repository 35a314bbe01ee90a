//! What has to hold, one file per thing.

mod assessments;
mod audit;
mod decisions;
mod duplicates;
mod events;
mod exposures;
mod letters;
mod offsets;
mod published;

use crate::check::Evidence;
use crate::replay::Replay;
use crate::report::Report;

/// Everything.
pub(crate) fn all(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    figures(evidence, replay, report);
    offsets::check(evidence, report);
    let events = published::read(evidence, report);
    events::check(evidence, replay, &events, report);
    letters::check(evidence, replay, report);
    decisions::requests(evidence, replay, report);
    if evidence.what.processor == "dedup" {
        duplicates::check(evidence, replay, &events, report);
        return;
    }
    exposures::check(evidence, replay, &events, report);
    assessments::check(evidence, replay, report);
    audit::check(evidence, replay, report);
    decisions::holds(evidence, report);
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
    report.figure("letters", evidence.results.letters.len());
    report.figure("audit rows", evidence.results.audit.len());
    report.figure("requests", evidence.results.requests.len());
    if evidence.what.processor == "credit" {
        report.figure_above_0(
            "exposures",
            replay.exposures.as_ref().map_or(0, std::collections::BTreeMap::len),
        );
    }
}
