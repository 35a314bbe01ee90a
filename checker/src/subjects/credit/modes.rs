//! Holds are placed and suggested only where the rule in force lets the automation do that.

use super::rules::{Mode, Rule};
use crate::checks::Case;
use crate::report::Report;

/// `rules` are in the order of the rule sets in the log, the one before all of them first.
pub(super) fn check(rules: &[Rule], case: &Case<'_>, report: &mut Report) {
    let evidence = case.evidence;
    if evidence.uses_control_topic() {
        return;
    }
    for event in evidence.results.logged.iter().filter(|event| event.out_seq > evidence.what.after_seq) {
        let needed = match event.event_type.as_str() {
            "hold_placed" => Mode::Auto,
            "hold_suggested" => Mode::Suggest,
            _ => continue,
        };
        let Some((offset, _)) = event.source_position() else { continue };
        // An event that must not be there at all is a violation of its own.
        let closing = case.replay.closings.get(&offset);
        let Some(closing) = closing.filter(|closing| closing.may_decide) else { continue };
        let modes = &rules[closing.rule_sets].modes;
        if !modes.contains(&needed) {
            let text = format!("{} came at offset {offset} while the rule said {modes:?}", event.event_type);
            let around = [vec![event.describe()], evidence.around(offset)].concat();
            report.violation("rules: mode", text, around);
        }
    }
}
