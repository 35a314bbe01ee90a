//! The events fold to the exposures.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exposure::{Customer, Exposure, Exposures, describe, difference};
use crate::checks::{Case, Published};
use crate::report::Report;

/// Each key's events, folded, end in its row; each begins where the one before ended.
pub(super) fn check(found: &Exposures, case: &Case<'_>, report: &mut Report) {
    let results = &case.evidence.results;
    let mut folded: BTreeMap<Customer, (i32, Option<Exposure>)> = BTreeMap::new();
    let mut count = 0;
    for event in case.events.iter().filter(|event| event.kind == "exposure_changed") {
        let Some(logged) = event.logged.map(|n| &results.logged[n]) else { continue };
        count += 1;
        if let Err(why) = fold(event, logged.version, &mut folded) {
            report.violation("events: fold", why, vec![event.describe()]);
        }
    }
    report.figure_above_0("exposure events", count);
    if !results.outbox.is_empty() {
        report.not_checked("whether events fold to the tables: some are still in the outbox");
        return;
    }
    let folded =
        folded.into_iter().filter_map(|(customer, (_, exposure))| Some((customer, exposure?))).collect();
    if let Some(difference) = difference(&folded, found, ("the last event", "the table")) {
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
    let (before, after) = (Exposure::from_event(&data, "before")?, Exposure::from_event(&data, "after")?);
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
