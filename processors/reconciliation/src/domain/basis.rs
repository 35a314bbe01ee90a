//! What a person has seen who refuses a proposal or puts a line off: the items and what speaks for them. While it is the same, the answer
//! is.

use contract::audit::json;
use matching::hypothesis::{Family, Hypothesis};
use rust_decimal::Decimal;
use serde::Serialize;

use super::records::major;

/// What is looked at. How much time says, and how rare it is, changes from day to day and is no reason to ask again.
#[derive(Serialize)]
struct Basis<'a> {
    kind: &'a str,
    items: Vec<(i32, Decimal)>,
    evidence: Vec<(&'a str, i64, &'a str)>,
}

impl Basis<'_> {
    /// FNV-1a of its JSON: it is stored, so it must be the same in every version of the program.
    fn hash(&self) -> i64 {
        let hash = json(self).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash.cast_signed()
    }
}

/// The name of a family of evidence.
pub(super) fn family(family: Family) -> &'static str {
    match family {
        Family::Prior => "prior",
        Family::Number => "number",
        Family::Payer => "payer",
        Family::Amount => "amount",
        Family::Time => "time",
        Family::Words => "words",
    }
}

fn lasts(family: &str) -> bool {
    !matches!(family, "prior" | "time")
}

#[expect(clippy::cast_possible_truncation, reason = "bits are few")]
fn milli(bits: f64) -> i64 {
    (bits * 1000.0).round() as i64
}

/// That of a hypothesis; `decimals` are those of an item's currency.
pub(super) fn of_hypothesis(hypothesis: &Hypothesis, decimals: impl Fn(i32) -> u32) -> i64 {
    let evidence = hypothesis.evidence.iter().filter(|evidence| lasts(family(evidence.family)));
    let items = hypothesis.allocations.iter();
    Basis {
        kind: &hypothesis.kind.name(),
        items: items.map(|(id, paid)| (*id, major(*paid, decimals(*id)).normalize())).collect(),
        evidence: evidence.map(|of| (family(of.family), milli(of.bits.value()), of.what)).collect(),
    }
    .hash()
}
