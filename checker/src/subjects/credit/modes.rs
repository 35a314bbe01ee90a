//! Holds are placed and suggested only where the rule in force lets the automation do that, or a person accepts one.

use serde_json::Value;

use super::exposure::Customer;
use super::rules::{Mode, Rule};
use crate::checks::Case;
use crate::report::Report;

/// `rules` are in the order of the rule sets in the log, the one before all of them first.
pub(super) fn check(rules: &[Rule], case: &Case<'_>, report: &mut Report) {
    let evidence = case.evidence;
    if evidence.uses_control_topic() {
        return;
    }
    let requests = evidence.results.requests.iter();
    let accepted = requests.filter(|request| request.action == "accept" && request.status == "done");
    let accepted: Vec<_> = accepted.filter_map(|request| of(&request.arguments)).collect();
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
        let by_person =
            needed == Mode::Auto && accepted.iter().any(|customer| Some(*customer) == of(&event.data));
        if !modes.contains(&needed) && !by_person {
            let text = format!("{} came at offset {offset} while the rule said {modes:?}", event.event_type);
            let around = [vec![event.describe()], evidence.around(offset)].concat();
            report.violation("rules: mode", text, around);
        }
    }
}

/// The customer that an event's data or a request's arguments are about.
fn of(json: &str) -> Option<Customer> {
    let json: Value = serde_json::from_str(json).ok()?;
    let id = |name: &str| i32::try_from(json[name].as_i64()?).ok();
    Some((id("company_id")?, id("partner_id")?))
}
