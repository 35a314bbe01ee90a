//! The clock in the checkpoint is the one that the log says. For subjects whose results depend on it.

use crate::check::Evidence;
use crate::replay::Replay;
use crate::report::Report;

/// Compares the two.
pub(crate) fn check(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let clock = evidence.results.latest().and_then(|checkpoint| checkpoint.clock);
    if evidence.uses_control_topic() {
        report.not_checked("the clock: ticks have no place of their own in the log");
    } else if clock != replay.clock {
        let text = format!("the clock is {clock:?}, and the log says {:?}", replay.clock);
        report.violation("results: clock", text, Vec::new());
    }
}
