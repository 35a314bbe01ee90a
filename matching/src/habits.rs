//! When people pay: how many days after an item is due, of all of them and of each. What is usual is learned from lines that are done;
//! beforehand people are believed to pay about when it is due.

use rustc_hash::FxHashMap;

use crate::bits::Bits;
use crate::records::{Day, PartnerId};

/// Bounds of the bins, in days after the due day.
const BOUNDS: [Day; 14] = [-90, -60, -40, -25, -14, -7, -3, 2, 7, 14, 30, 60, 120, 240];
/// Bins of days.
pub const BINS: usize = BOUNDS.len() + 1;
/// What is believed of a bin beforehand, in lines: forty of them.
const BELIEF: [f64; BINS] = [0.2, 0.4, 0.8, 2.0, 3.0, 4.0, 5.0, 8.0, 6.0, 4.0, 3.5, 2.0, 0.8, 0.2, 0.1];
/// What is known of all counts for one as much as so many lines of its own.
const SHRINKAGE: f64 = 8.0;
/// Time alone never says more.
const MOST: f64 = 4.0;

/// When people pay.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    all: Bins,
    each: FxHashMap<PartnerId, Bins>,
}

/// Lines, by bin of days.
pub type Bins = [u32; BINS];

/// Counts a line that was paid so many days after the due day.
pub fn see(bins: &mut Bins, late: Day) {
    let lines = &mut bins[bin(late)];
    *lines = lines.saturating_add(1);
}

fn bin(late: Day) -> usize {
    BOUNDS.partition_point(|bound| *bound <= late)
}

/// Days of a bin; the outermost are as wide as their neighbours.
fn width(bin: usize) -> f64 {
    let bound = |i: usize| f64::from(BOUNDS[i.min(BOUNDS.len() - 1)]);
    match bin {
        0 => 90.0,
        last if last == BINS - 1 => 240.0,
        _ => bound(bin) - bound(bin - 1),
    }
}

impl Habits {
    /// When a partner pays, in lines by bin; without one, what is known of all.
    pub fn bins(&self, partner: Option<PartnerId>) -> Option<Bins> {
        partner.map_or(Some(self.all), |partner| self.each.get(&partner).copied())
    }

    /// Puts that back as it was stored.
    pub fn set_bins(&mut self, partner: Option<PartnerId>, bins: Bins) {
        match partner {
            Some(partner) => drop(self.each.insert(partner, bins)),
            None => self.all = bins,
        }
    }

    /// Somebody has paid so many days after the due day.
    pub fn see(&mut self, partner: Option<PartnerId>, late: Day) {
        see(&mut self.all, late);
        if let Some(partner) = partner {
            see(self.each.entry(partner).or_default(), late);
        }
    }

    /// How much it says that somebody pays so many days after the due day, next to any day of half a year.
    #[expect(clippy::cast_possible_truncation, reason = "bounded")]
    pub fn bits(&self, partner: Option<PartnerId>, late: Day) -> Bits {
        let bin = bin(late);
        let total: f64 = BELIEF.iter().sum::<f64>() + self.all.iter().copied().map(f64::from).sum::<f64>();
        let all = (BELIEF[bin] + f64::from(self.all[bin])) / total;
        let own = partner.and_then(|partner| self.each.get(&partner));
        let share = own.map_or(all, |own| {
            let lines: f64 = own.iter().copied().map(f64::from).sum();
            (f64::from(own[bin]) + SHRINKAGE * all) / (lines + SHRINKAGE)
        });
        let density = share / width(bin) * 180.0;
        Bits::milli((density.log2().clamp(-MOST, MOST) * 1000.0).round() as i32)
    }
}
