//! Proposals in words: what speaks for one, what becomes of a difference, why another is likelier.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::store::{Allocation, Evidence, Proposal};

/// Less than so many bits is not worth a word.
const TELLING: f64 = 0.05;

/// What speaks for a proposal and against it, what says most first.
pub(super) fn why(row: &Proposal) -> String {
    let mut telling: Vec<&Evidence> = row
        .evidence
        .iter()
        .filter(|evidence| evidence.of != "prior" && evidence.bits.abs() >= TELLING)
        .collect();
    telling.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()));
    let all: Vec<String> =
        telling.iter().map(|evidence| format!("{} ({:+.1} bits)", evidence.what, evidence.bits)).collect();
    all.join("; ")
}

/// What becomes of what a line has more than its items, or less.
pub(super) fn left_over(
    kind: &str,
    difference: Decimal,
    allocations: &[Allocation],
    currency: &str,
) -> String {
    let amount = difference.abs();
    let open: Vec<String> = allocations
        .iter()
        .filter(|of| !of.left_open.is_zero())
        .map(|of| format!("{} {} of {} stays open", of.left_open.abs(), of.currency, of.number))
        .collect();
    if !open.is_empty() {
        return open.join("; ");
    }
    match kind {
        _ if difference.is_zero() => String::new(),
        "rounding" => format!("{amount} {currency} is a difference of rounding"),
        "discount" => format!("{amount} {currency} is a discount that was taken"),
        "fee" => format!("{amount} {currency} is a fee that a bank kept"),
        "exchange" => format!("{amount} {currency} is an exchange difference"),
        "payout" => format!("{amount} {currency} is what the provider kept"),
        "overpayment" => format!("{amount} {currency} is left as a credit of whoever paid"),
        "write_off" => format!("{amount} {currency} goes to the account"),
        "none" => format!("{amount} {currency} waits for what it is"),
        _ => format!("{amount} {currency} is left"),
    }
}

/// Why a proposal is not the first: where the first has more evidence, kind by kind.
pub(super) fn lost_by(row: &[Evidence], first: &[Evidence]) -> String {
    let sums = |all: &[Evidence]| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for evidence in all {
            *sums.entry(evidence.of.clone()).or_default() += evidence.bits;
        }
        sums
    };
    let (own, best) = (sums(row), sums(first));
    let families: std::collections::BTreeSet<&String> = own.keys().chain(best.keys()).collect();
    let mut parts = Vec::new();
    for family in families {
        let less = own.get(family).unwrap_or(&0.0) - best.get(family).unwrap_or(&0.0);
        if less.abs() >= TELLING {
            parts.push((less, format!("{family} {less:+.1}")));
        }
    }
    parts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let less: f64 = parts.iter().map(|(less, _)| less).sum();
    let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    format!("{:.1} bits less: {}", -less, parts.join(", "))
}
