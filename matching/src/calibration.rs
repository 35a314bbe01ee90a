//! How often a proposal of some probability is right, learned from those that were confirmed: isotonic regression over bins, so that
//! what looks surer is never made less sure.

/// Bins of odds: a bit each, from −8 to 16.
const BINS: u8 = 24;
const LOWEST: f64 = -8.0;
/// What is believed beforehand counts as much as so many lines of a bin.
const BELIEF: f64 = 8.0;

/// Proposals of one journal, by how sure they looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Lines and right ones, by bin.
    bins: Vec<(u32, u32)>,
}

impl Calibration {
    /// As it was stored.
    pub fn from_bins(bins: Vec<(u32, u32)>) -> Self {
        Self { bins }
    }

    /// Lines and right ones, by bin.
    pub fn bins(&self) -> &[(u32, u32)] {
        &self.bins
    }

    /// A proposal of this probability was right, or wrong.
    pub fn see(&mut self, probability: f64, right: bool) {
        self.bins.resize(usize::from(BINS), (0, 0));
        let bin = &mut self.bins[bin(probability)];
        bin.0 = bin.0.saturating_add(1);
        bin.1 = bin.1.saturating_add(u32::from(right));
    }

    /// How likely such a proposal is to be right.
    pub fn probability(&self, raw: f64) -> f64 {
        if self.bins.len() != usize::from(BINS) {
            return raw;
        }
        // Pool adjacent violators: a bin that is less often right than the one below is taken together with it.
        let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(usize::from(BINS));
        for (i, (count, right)) in self.bins.iter().enumerate() {
            pools.push((f64::from(*count) + BELIEF, f64::from(*right) + BELIEF * middle(i), 1));
            while let [.., below, above] = pools[..]
                && below.1 / below.0 > above.1 / above.0
            {
                pools.truncate(pools.len() - 2);
                pools.push((below.0 + above.0, below.1 + above.1, below.2 + above.2));
            }
        }
        let (at, mut first) = (bin(raw), 0);
        for (count, right, bins) in pools {
            if at < first + bins {
                let pooled = right / count;
                // Inside a bin the order stays.
                return if bins == 1 {
                    (pooled + raw - middle(at)).clamp(0.0, pooled.max(raw))
                } else {
                    pooled
                };
            }
            first += bins;
        }
        raw
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn bin(probability: f64) -> usize {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    let odds = (probability / (1.0 - probability)).log2();
    (odds - LOWEST).clamp(0.0, f64::from(BINS) - 1.0) as usize
}

/// The probability in the middle of a bin.
#[expect(clippy::cast_precision_loss, reason = "there are few bins")]
fn middle(bin: usize) -> f64 {
    let odds = (bin as f64 + 0.5 + LOWEST).exp2();
    odds / (1.0 + odds)
}
