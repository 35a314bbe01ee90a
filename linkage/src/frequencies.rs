//! How often values occur.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::measure::{Group, Measure};
use crate::reader::Comparison;
use crate::record::Record;

/// What is expected of values before any is counted weighs like this number of records: in a small company's books nearly everything
/// is unique, and yet two equal mail addresses are no chance.
const BELIEF: f64 = 200.0;

/// Bytes of a value in [`Frequencies::to_bytes`].
const VALUE: usize = 9;

/// How often values occur, frozen: a rare value that two records share says more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frequencies {
    /// Records by comparison and hash, where there is more than one.
    counts: FxHashMap<(u8, u32), u32>,
    /// By comparison, the records that have a value, and the share of records that are expected to have the same.
    comparisons: Vec<(u32, f64)>,
}

impl Frequencies {
    fn none(comparisons: &[Comparison]) -> Self {
        let expected = comparisons.iter().map(|comparison| (0, comparison.measure.levels()[0].others));
        Self { counts: FxHashMap::default(), comparisons: expected.collect() }
    }

    /// Counts the values of records. What somebody is reached by counts once for each name: a switchboard that a hundred colleagues
    /// have says little, and one that stands in two records of one firm says much.
    pub fn count<'r>(records: impl IntoIterator<Item = &'r Record>, comparisons: &[Comparison]) -> Self {
        let mut frequencies = Self::none(comparisons);
        let is_name = |comparison: &Comparison| matches!(comparison.measure, Measure::Name | Measure::Family);
        let name = comparisons.iter().position(is_name);
        let mut seen = FxHashSet::default();
        for record in records {
            let name = name.and_then(|name| record.slot(name).tokens.first()).map(|name| name.hash);
            for (comparison, (having, _)) in frequencies.comparisons.iter_mut().enumerate() {
                let slot = record.slot(comparison);
                *having += u32::from(!slot.is_missing());
                for (i, token) in slot.tokens.iter().enumerate() {
                    let is_contact = comparisons[comparison].measure.group() == Some(Group::Contact);
                    let mut is_new = || {
                        name.is_none_or(|name| {
                            !is_contact || seen.insert((narrow(comparison), token.hash, name))
                        })
                    };
                    // A word that is the whole value counts once.
                    if slot.tokens[..i].iter().all(|before| before.hash != token.hash) && is_new() {
                        *frequencies.counts.entry((narrow(comparison), token.hash)).or_default() += 1;
                    }
                }
            }
        }
        frequencies.counts.retain(|_, count| *count > 1);
        frequencies
    }

    /// All counts as bytes, the same for the same counts: by comparison the records that have a value, then comparison, hash
    /// and records of each value, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.comparisons.len() * 4 + self.counts.len() * VALUE);
        for (having, _) in &self.comparisons {
            bytes.extend(having.to_le_bytes());
        }
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_unstable();
        for ((comparison, hash), count) in counts {
            bytes.push(*comparison);
            bytes.extend(hash.to_le_bytes());
            bytes.extend(count.to_le_bytes());
        }
        bytes
    }

    /// The counts that [`Self::to_bytes`] wrote; `None` where they are of other comparisons.
    pub fn from_bytes(bytes: &[u8], comparisons: &[Comparison]) -> Option<Self> {
        let mut frequencies = Self::none(comparisons);
        let (having, counts) = bytes.split_at_checked(comparisons.len() * 4)?;
        let number = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?));
        for ((of, _), bytes) in frequencies.comparisons.iter_mut().zip(having.chunks_exact(4)) {
            *of = number(bytes)?;
        }
        for value in counts.chunks(VALUE) {
            let (comparison, rest) = value.split_first()?;
            let (hash, count) = rest.split_at_checked(4)?;
            frequencies.counts.insert((*comparison, number(hash)?), number(count)?);
        }
        Some(frequencies)
    }

    /// In hundredths of a bit, how rare it is that a record of something else has a value: of those that have it, one is the
    /// record itself.
    pub fn rarity(&self, comparison: usize, hash: u32) -> u16 {
        let count = self.counts.get(&(narrow(comparison), hash)).copied().unwrap_or(1);
        let (having, expected) = self.comparisons.get(comparison).copied().unwrap_or((0, 0.01));
        let others = (f64::from(count) - 1.0).max(0.5);
        let share = (others + expected * BELIEF) / (f64::from(having) + BELIEF);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 3200")]
        let hundredths = (-share.log2() * 100.0).clamp(0.0, 3_200.0).round() as u16;
        hundredths
    }
}

fn narrow(comparison: usize) -> u8 {
    u8::try_from(comparison).unwrap_or(u8::MAX)
}
