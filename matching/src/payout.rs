//! What a payment provider pays out: the charges of a few days, one after the other, less its fees. Which they are is in the provider's
//! report and not on the line, so this is a proposal for a person and never more.

use crate::items::Items;
use crate::records::{Item, ItemId, Line};

/// Charges are no older than this, in days.
const DAYS: i32 = 14;
/// Items that are looked at.
const ITEMS: usize = 400;
/// Charges of one payout.
const CHARGES: usize = 60;
/// Providers keep between so much and so much, in hundredths of a per cent; and at most so much of a unit for each charge, in hundredths.
const SHARE: (i64, i64) = (50, 450);
const EACH: i64 = 50;
/// Runs that are proposed.
const RUNS: usize = 3;
/// What providers keep in most contracts, in hundredths of a per cent.
const USUAL: f64 = 170.0;

/// Runs of items that a payout may have, the likeliest first. `usual` is what this provider kept before.
pub fn runs(line: &Line, items: &Items, unit: i64, usual: Option<f64>) -> Vec<Vec<ItemId>> {
    let mut recent: Vec<&Item> = items
        .issued(line.date - DAYS, line.date, ITEMS)
        .into_iter()
        .filter_map(|id| items.get(id))
        .filter(|item| item.currency == line.currency && item.residual > 0)
        .collect();
    recent.sort_by(|a, b| a.number().cmp(b.number()).then(a.id.cmp(&b.id)));
    let usual = usual.unwrap_or(USUAL);
    let mut runs: Vec<(f64, Vec<ItemId>)> = Vec::new();
    for first in 0..recent.len() {
        let mut sum = 0_i64;
        for last in first..recent.len().min(first + CHARGES) {
            sum = sum.saturating_add(recent[last].residual);
            let (kept, count) = (sum - line.amount, i64::try_from(last - first + 1).unwrap_or(1));
            let most = i128::from(sum) * i128::from(SHARE.1) / 10_000 + i128::from(EACH * count * unit / 100);
            if i128::from(kept) > most {
                break;
            }
            if count > 1 && i128::from(kept) * 10_000 >= i128::from(sum) * i128::from(SHARE.0) {
                #[expect(clippy::cast_precision_loss, reason = "a share")]
                let share = kept as f64 / sum as f64 * 10_000.0;
                runs.push(((share - usual).abs(), recent[first..=last].iter().map(|item| item.id).collect()));
            }
        }
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    runs.into_iter().take(RUNS).map(|(_, run)| run).collect()
}

/// What a provider kept, in hundredths of a per cent.
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub fn share(owed: i64, paid: i64) -> f64 {
    (owed - paid) as f64 / owed.max(1) as f64 * 10_000.0
}
