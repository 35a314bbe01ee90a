//! The tables are what the log and the events say, and the money in them is what the items say.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::published::Published;
use crate::check::Evidence;
use crate::exposure::{Customer, Exposure, Exposures, describe, difference, of_event};
use crate::replay::Replay;
use crate::report::Report;

pub(super) fn check(evidence: &Evidence, replay: &Replay, events: &[Published<'_>], report: &mut Report) {
    let found = &evidence.results.exposures;
    let clock = evidence.results.latest().and_then(|checkpoint| checkpoint.clock);
    if let Some(expected) = &replay.exposures {
        if let Some(difference) = difference(expected, found, ("the log", "the table")) {
            report.violation(
                "results",
                format!("credit.exposure is not what the log says: {difference}"),
                Vec::new(),
            );
        }
    } else {
        report.violation("results", "no snapshot is complete, so nothing can be compared", Vec::new());
    }
    if evidence.uses_control_topic() || replay.assembler.tick_behind_loss {
        report.not_checked("the clock: ticks have no place of their own in the log");
    } else if clock != replay.clock {
        let text = format!("the clock is {clock:?}, and the log says {:?}", replay.clock);
        report.violation("results: clock", text, Vec::new());
    }
    money(replay, found, report);
    from_events(evidence, events, report);
    observed(evidence, report);
}

/// Per company, the sums over customers.
fn money(replay: &Replay, found: &Exposures, report: &mut Report) {
    if replay.exposures.is_none() {
        return;
    }
    let mut sums: BTreeMap<i32, Decimal> = BTreeMap::new();
    for ((company, _), exposure) in found {
        *sums.entry(*company).or_default() += exposure.amounts[..3].iter().sum::<Decimal>();
    }
    let expected: BTreeMap<i32, Decimal> = replay.receivables.iter().copied().collect();
    for company in sums.keys().chain(expected.keys()) {
        let sum = |side: &BTreeMap<i32, Decimal>| side.get(company).copied().unwrap_or_default();
        if sum(&sums) != sum(&expected) {
            let text = format!(
                "customers of company {company} owe {} by the table, and {} by its items",
                sum(&sums),
                sum(&expected)
            );
            report.violation("money", text, Vec::new());
        }
    }
}

/// Each key's events, folded, end in its row; each begins where the one before ended.
fn from_events(evidence: &Evidence, events: &[Published<'_>], report: &mut Report) {
    let mut folded: BTreeMap<Customer, (i32, Option<Exposure>)> = BTreeMap::new();
    let mut count = 0;
    for event in events.iter().filter(|event| event.kind == "exposure_changed") {
        let Some(logged) = event.logged.map(|n| &evidence.results.logged[n]) else { continue };
        count += 1;
        if let Err(why) = fold(event, logged.version, &mut folded) {
            report.violation("events: fold", why, vec![event.say()]);
        }
    }
    report.figure_above_0("exposure events", count);
    if !evidence.results.outbox.is_empty() {
        report.not_checked("whether events fold to the tables: some are still in the outbox");
        return;
    }
    let folded =
        folded.into_iter().filter_map(|(customer, (_, exposure))| Some((customer, exposure?))).collect();
    if let Some(difference) =
        difference(&folded, &evidence.results.exposures, ("the last event", "the table"))
    {
        report.violation(
            "events: fold",
            format!("the events do not fold to credit.exposure: {difference}"),
            Vec::new(),
        );
    }
}

fn fold(
    event: &Published<'_>,
    version: i32,
    folded: &mut BTreeMap<Customer, (i32, Option<Exposure>)>,
) -> Result<(), String> {
    let data: Value = serde_json::from_slice(event.data).map_err(|_| "an event is no JSON".to_owned())?;
    let id = |name: &str| data[name].as_i64().and_then(|id| i32::try_from(id).ok());
    let customer = id("company_id").zip(id("partner_id")).ok_or("an event is about nobody")?;
    if !event.key.ends_with(&format!("/{}/partner-{}", customer.0, customer.1)) {
        return Err(format!("the key is not that of company {}, partner {}", customer.0, customer.1));
    }
    let (before, after) = (of_event(&data, "before")?, of_event(&data, "after")?);
    let last = folded.insert(customer, (version, after));
    let known = last.as_ref().map_or(Some(&None), |(was, image)| (*was == version).then_some(image));
    // Name and currency are said once, for the new row.
    let same = |a: &Option<Exposure>, b: &Option<Exposure>| match (a, b) {
        (Some(a), Some(b)) => (a.amounts, a.limit, a.oldest_due) == (b.amounts, b.limit, b.oldest_due),
        (None, None) => true,
        _ => false,
    };
    if let Some(last) = known
        && !same(last, &before)
    {
        let say = |image: &Option<Exposure>| image.as_ref().map_or("no row".to_owned(), describe);
        return Err(format!("`before` is {}, and the `after` before it was {}", say(&before), say(last)));
    }
    Ok(())
}

/// At one offset and clock there is one state.
fn observed(evidence: &Evidence, report: &mut Report) {
    let mut states: BTreeMap<_, &crate::observed::State> = BTreeMap::new();
    for state in evidence.observed.iter().filter(|state| state.is_complete()) {
        let moment = (state.version, state.out_seq, state.next_offset, state.control_offset, state.clock);
        let first = *states.entry(moment).or_insert(state);
        if first.exposures != state.exposures || first.audit != state.audit {
            let text = format!(
                "two different states were seen at offset {} and clock {:?}",
                state.next_offset, state.clock
            );
            let different = difference(&first.by_customer(), &state.by_customer(), ("one", "the other"));
            report.violation("boundaries", text, different.into_iter().collect());
        }
    }
    if !evidence.observed.is_empty() {
        report.figure_above_0("states observed", states.len());
    }
}
