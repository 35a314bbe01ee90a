//! What connectors do to a log: transactions cut off and emitted again, replays from the middle of one, new snapshots.

use simulator::{DeliveryKind, Settings, Simulation};

/// A record of a log, its offset being its index in it.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
    pub timestamp: i64,
    /// What a control record is.
    pub kind: Option<&'static str>,
}

impl From<simulator::Record> for Record {
    fn from(record: simulator::Record) -> Self {
        Self { key: record.key, value: record.value, timestamp: record.timestamp_ms, kind: None }
    }
}

/// A small, seeded source of chance.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`. Splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A simulated company's log, piece by piece, torn on the way.
pub struct Torn {
    pub simulation: Simulation,
    chance: Chance,
    /// The last transactions, for connectors that were killed.
    recent: Vec<Vec<Record>>,
}

/// What the log gets next.
pub struct Piece {
    /// What goes into the log, torn or not.
    pub log: Vec<Record>,
    /// What has truly happened.
    pub clean: Vec<Record>,
    /// Whether it is a source transaction.
    pub transaction: bool,
}

impl Torn {
    pub fn new(seed: u64, settings: &Settings) -> Self {
        let simulation = Simulation::new(Settings { seed, ..settings.clone() });
        Self { simulation, chance: Chance::new(seed), recent: Vec::new() }
    }

    pub fn next(&mut self) -> Option<Piece> {
        if !self.recent.is_empty() && self.chance.once_in(150) {
            self.recent.clear();
            let clean = records(self.simulation.resnapshot());
            // A connector may be killed while it takes a snapshot, and starts over.
            let begun = if self.chance.once_in(2) { self.chance.below(clean.len()) } else { 0 };
            let log = [&clean[..begun], &clean[..]].concat();
            return Some(Piece { log, clean, transaction: false });
        }
        let delivery = self.simulation.next_delivery()?;
        let transaction = delivery.kind == DeliveryKind::Transaction;
        let clean = records(delivery);
        if !transaction {
            return Some(Piece { log: clean.clone(), clean, transaction });
        }
        let mut log = Vec::new();
        match self.chance.below(12) {
            // Killed inside this transaction: it is cut off, and some before it come again.
            0 => {
                log.extend_from_slice(&clean[..self.chance.below(clean.len())]);
                if !self.recent.is_empty() && self.chance.once_in(2) {
                    // Killed once more while it emitted those: whole ones, then one that is cut off.
                    let again = self.chance.below(self.recent.len());
                    let last = again + self.chance.below(self.recent.len() - again);
                    log.extend(self.recent[again..last].iter().flatten().cloned());
                    let cut_off = &self.recent[last];
                    log.extend_from_slice(&cut_off[..self.chance.below(cut_off.len())]);
                }
                let again = self.chance.below(self.recent.len() + 1);
                for (n, transaction) in self.recent[again..].iter().enumerate() {
                    // The first may come from its middle, without its BEGIN.
                    let from = if n == 0 { self.chance.below(transaction.len()) } else { 0 };
                    log.extend_from_slice(&transaction[from..]);
                }
                log.extend_from_slice(&clean);
            }
            // Killed inside, and the offset was flushed there: the replay starts in the middle of the same transaction.
            1 => {
                let until = self.chance.below(clean.len());
                let from = self.chance.below(until + 1);
                log.extend_from_slice(&clean[..until]);
                log.extend_from_slice(&clean[from..]);
            }
            _ => log.extend_from_slice(&clean),
        }
        self.recent.push(clean.clone());
        if self.recent.len() > 8 {
            self.recent.remove(0);
        }
        Some(Piece { log, clean, transaction })
    }
}

fn records(delivery: simulator::Delivery) -> Vec<Record> {
    delivery.records.into_iter().map(Record::from).collect()
}
