//! Why the records of a group are taken for the same.

use linkage::engine::Engine;
use linkage::waterfall::Waterfall;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;

use crate::store::Evidence;

/// Pairs whose evidence a row of `duplicate_groups` and an audit row show, the lightest ones first.
const SHOWN: usize = 20;

/// A pair that holds a group together.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Link {
    /// The two records.
    pub(super) records: (i32, i32),
    /// Why they are taken for the same.
    pub(super) why: Waterfall,
}

/// The heaviest pairs that connect all records of a group, the lightest of them first.
pub(super) fn links(engine: &Engine, records: &[i32]) -> Vec<Link> {
    let mut pairs = Vec::new();
    for (i, b) in records.iter().enumerate() {
        pairs.extend(records[..i].iter().map(|a| (engine.weight_of(*a, *b), *a, *b)));
    }
    pairs.sort_unstable_by_key(|(weight, a, b)| (std::cmp::Reverse(*weight), *a, *b));
    let mut part_of: Vec<usize> = (0..records.len()).collect();
    let position = |id: i32| records.binary_search(&id).unwrap_or(0);
    let mut links = Vec::new();
    for (_, a, b) in pairs {
        let (into, from) = (part_of[position(a)], part_of[position(b)]);
        if into == from {
            continue;
        }
        part_of.iter_mut().filter(|part| **part == from).for_each(|part| *part = into);
        if let (Some(x), Some(y)) = (engine.record(a), engine.record(b)) {
            links.push(Link { records: (a, b), why: Waterfall::of(engine.model(), x, y) });
        }
    }
    links.reverse();
    links
}

/// The probability of the least likely pair, with the four digits that `similarity_score` has.
pub(super) fn score(links: &[Link]) -> Option<Decimal> {
    links.first().map(|link| Decimal::from_f64(link.why.probability).unwrap_or_default().round_dp(4))
}

/// The evidence, field by field. A field says nothing where one of the two has no value.
pub(super) fn fields(links: &[Link]) -> Vec<Evidence> {
    let shown = links.iter().take(SHOWN);
    shown
        .flat_map(|link| {
            let telling = link.why.steps.iter().filter(|step| step.bits != 0.0);
            telling.map(|step| Evidence {
                records: link.records,
                field: step.comparison.clone(),
                level: step.level.to_owned(),
                bits: step.bits,
            })
        })
        .collect()
}

/// The links that an audit row shows.
pub(super) fn shown(links: &[Link]) -> &[Link] {
    &links[..links.len().min(SHOWN)]
}
