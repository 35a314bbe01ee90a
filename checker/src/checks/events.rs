//! Every event that was stored is published once, in order, and something in the log led to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::published::Published;
use crate::check::Evidence;
use crate::replay::Replay;
use crate::report::Report;
use crate::witness::{Logged, offset_and_number};

pub(super) fn check(evidence: &Evidence, replay: &Replay, events: &[Published<'_>], report: &mut Report) {
    published_once(evidence, events, report);
    as_stored(evidence, events, report);
    in_order(evidence, events, report);
    one_partition_per_key(events, report);
    positions(evidence, replay, report);
}

fn published_once(evidence: &Evidence, events: &[Published<'_>], report: &mut Report) {
    let results = &evidence.results;
    let waiting: HashSet<_> = results.outbox.iter().copied().collect();
    let mut by_id: HashMap<&str, Vec<&Published<'_>>> = HashMap::new();
    for event in events {
        by_id.entry(&event.id).or_default().push(event);
    }
    let mut ids = HashSet::new();
    for event in &results.logged {
        if !ids.insert(event.event_id.as_str()) {
            report.violation(
                "events: ids",
                "two events that were stored have one id",
                vec![event.describe()],
            );
        }
        let found = by_id.get(event.event_id.as_str()).map_or(&[][..], Vec::as_slice);
        let around = || found.iter().map(|event| event.describe()).chain([event.describe()]).collect();
        let mut partitions: Vec<_> = found.iter().map(|event| event.partition).collect();
        partitions.sort_unstable();
        let once = if event.event_type == "tick" {
            partitions.iter().copied().eq(0..evidence.events.len())
        } else {
            partitions.len() == 1
        };
        let is_waiting = waiting.contains(&(event.version, event.out_seq)) && found.is_empty();
        if !once && !is_waiting {
            let kind = if found.is_empty() { "events: lost" } else { "events: published twice" };
            let text = format!(
                "event {} was stored once and is in the result topic {} times",
                event.out_seq,
                found.len()
            );
            report.violation(kind, text, around());
        }
    }
    for event in events.iter().filter(|event| event.logged.is_none()) {
        report.violation(
            "events: unknown",
            "an event is published that was never stored",
            vec![event.describe()],
        );
    }
}

fn as_stored(evidence: &Evidence, events: &[Published<'_>], report: &mut Report) {
    for event in events {
        let Some(logged) = event.logged.and_then(|n| evidence.results.logged.get(n)) else { continue };
        let same = event.data == logged.data.as_bytes()
            && event.kind == logged.event_type
            && event.key == logged.key
            && event.position == logged.position
            && event.time == Some(logged.time);
        if !same {
            report.violation(
                "events: content",
                "an event is not published as it was stored",
                vec![event.describe(), logged.describe()],
            );
        }
    }
}

fn in_order(evidence: &Evidence, events: &[Published<'_>], report: &mut Report) {
    let mut last: BTreeMap<(usize, i32), &Published<'_>> = BTreeMap::new();
    let number = |event: &Published<'_>| event.logged.map(|n| evidence.results.logged[n].out_seq);
    for event in events {
        let Some(logged) = event.logged.map(|n| &evidence.results.logged[n]) else { continue };
        if let Some(before) = last.insert((event.partition, logged.version), event)
            && number(before) >= Some(logged.out_seq)
        {
            let text = format!(
                "event {} stands behind event {}",
                logged.out_seq,
                number(before).unwrap_or_default()
            );
            report.violation("events: order", text, vec![before.describe(), event.describe()]);
        }
    }
}

fn one_partition_per_key(events: &[Published<'_>], report: &mut Report) {
    let mut home: HashMap<&str, &Published<'_>> = HashMap::new();
    for event in events.iter().filter(|event| event.kind != "tick") {
        let first = *home.entry(&event.key).or_insert(event);
        if first.partition != event.partition {
            report.violation(
                "events: partitions",
                "a key is in two partitions",
                vec![first.describe(), event.describe()],
            );
        }
    }
}

fn positions(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let mut last: Option<(i32, i64, i64)> = None;
    for event in &evidence.results.logged {
        if let Some(offset) = event.position.strip_prefix('c') {
            control_position(evidence, event, offset, report);
            continue;
        }
        let Some((offset, number)) = event.source_position() else {
            report.violation("events: positions", "a position is none", vec![event.describe()]);
            continue;
        };
        // The numbers of one record's events have no gap.
        let expected = match last {
            Some((version, before, n)) if version == event.version && before == offset => n + 1,
            _ => 1,
        };
        let begins_again = number == 1 && evidence.was_reset();
        if number != expected && !begins_again {
            report.violation(
                "events: numbers",
                format!("number {expected} was to come at offset {offset}"),
                vec![event.describe()],
            );
        }
        last = Some((event.version, offset, number));
        if event.out_seq <= evidence.what.after_seq {
            continue;
        }
        let around = || [vec![event.describe()], evidence.around(offset)].concat();
        match replay.closings.get(&offset) {
            None => {
                let text = format!("offset {offset} closes nothing, and an event came of it");
                report.violation("events: positions", text, around());
            }
            Some(closing) if !closing.may_decide && event.event_type != "tick" => {
                let text = format!("an event came of offset {offset}, and no snapshot was complete there");
                report.violation("events: too early", text, around());
            }
            Some(_) => {}
        }
    }
    if evidence.uses_control_topic() {
        report.not_checked(
            "what the rules allowed: they came through a control topic, and have no place among the changes",
        );
    }
}

fn control_position(evidence: &Evidence, event: &Logged, text: &str, report: &mut Report) {
    let Some(control) = &evidence.control else {
        report.not_checked("positions in the control topic: no --control-topic was given");
        return;
    };
    let offset = offset_and_number(text).map(|(offset, _)| offset);
    if !control.iter().any(|entry| Some(entry.offset) == offset) {
        report.violation("events: positions", "the control topic has no such record", vec![event.describe()]);
    }
}
