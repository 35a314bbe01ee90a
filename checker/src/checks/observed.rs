//! At one offset and clock there is one state.

use std::collections::BTreeMap;

use crate::observed::State;
use crate::report::Report;
use crate::subjects::Subject;

pub(super) fn check<S: Subject>(observed: &[State<S::Sample>], report: &mut Report) {
    let mut states: BTreeMap<_, &State<S::Sample>> = BTreeMap::new();
    for state in observed.iter().filter(|state| state.is_complete()) {
        let instant = (state.version, state.out_seq, state.next_offset, state.control_offset, state.clock);
        let first = *states.entry(instant).or_insert(state);
        if first.sample != state.sample || first.audit != state.audit {
            let text = format!(
                "two different states were seen at offset {} and clock {:?}",
                state.next_offset, state.clock
            );
            let different = S::difference(&first.sample, &state.sample, ("one", "the other"));
            report.violation("boundaries", text, different.into_iter().collect());
        }
    }
    if !observed.is_empty() {
        report.figure_above_0("states observed", states.len());
    }
}
