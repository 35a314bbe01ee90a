//! Who has which blocking key. A key that too many records share brings nobody together: it sleeps, exactly while it is shared by
//! too many, so that the order of arrival does not show.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

/// A key that more records have sleeps.
pub const MOST_RECORDS: usize = 25;

/// Many small maps, so that none takes long to grow.
const SHARDS: usize = 64;

/// Most keys belong to one record: those need no list.
const LIST: u32 = 1 << 31;

/// What a change of a key's records did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It sleeps, or is awake, as before.
    No,
    /// It is awake again.
    Awake,
    /// It has just fallen asleep.
    Asleep,
}

/// The records of each key.
pub struct Postings {
    /// A record, or the number of a list.
    shards: Vec<FxHashMap<u32, u32>>,
    lists: Vec<Vec<u32>>,
    free: Vec<u32>,
}

impl Default for Postings {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| FxHashMap::default()).collect(),
            lists: Vec::new(),
            free: Vec::new(),
        }
    }
}

/// Who has a key.
#[derive(Clone, Debug)]
pub enum Holders<'p> {
    /// One record, or none.
    Few(Option<u32>),
    /// Several.
    Many(&'p [u32]),
}

impl Iterator for Holders<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Few(holder) => holder.take(),
            Self::Many(holders) => {
                let (first, rest) = holders.split_first()?;
                *holders = rest;
                Some(*first)
            }
        }
    }
}

fn shard(key: u32) -> usize {
    // The map itself hashes the low bits.
    (key >> 26) as usize % SHARDS
}

impl Postings {
    /// A record has a key from now on.
    pub fn add(&mut self, key: u32, record: u32) -> Moved {
        match self.shards[shard(key)].entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(record);
                Moved::No
            }
            Entry::Occupied(mut entry) => {
                let held = *entry.get();
                if held & LIST != 0 {
                    let list = &mut self.lists[(held & !LIST) as usize];
                    list.push(record);
                    return if list.len() == MOST_RECORDS + 1 { Moved::Asleep } else { Moved::No };
                }
                let both = vec![held, record];
                let number = if let Some(number) = self.free.pop() {
                    self.lists[number as usize] = both;
                    number
                } else {
                    self.lists.push(both);
                    u32::try_from(self.lists.len() - 1).unwrap_or(LIST - 1)
                };
                entry.insert(number | LIST);
                Moved::No
            }
        }
    }

    /// A record does not have a key any more.
    pub fn remove(&mut self, key: u32, record: u32) -> Moved {
        let Entry::Occupied(mut entry) = self.shards[shard(key)].entry(key) else { return Moved::No };
        let held = *entry.get();
        if held & LIST == 0 {
            if held == record {
                entry.remove();
            }
            return Moved::No;
        }
        let list = &mut self.lists[(held & !LIST) as usize];
        if let Some(place) = list.iter().position(|held| *held == record) {
            list.swap_remove(place);
        }
        match list[..] {
            [only] => {
                *list = Vec::new();
                self.free.push(held & !LIST);
                entry.insert(only);
                Moved::No
            }
            _ if list.len() == MOST_RECORDS => Moved::Awake,
            _ => Moved::No,
        }
    }

    /// Who has a key, if it is awake.
    pub fn awake(&self, key: u32) -> Holders<'_> {
        match self.all(key) {
            Holders::Many(holders) if holders.len() > MOST_RECORDS => Holders::Few(None),
            holders => holders,
        }
    }

    /// Who has a key.
    pub fn all(&self, key: u32) -> Holders<'_> {
        match self.shards[shard(key)].get(&key) {
            None => Holders::Few(None),
            Some(held) if held & LIST == 0 => Holders::Few(Some(*held)),
            Some(held) => Holders::Many(&self.lists[(held & !LIST) as usize]),
        }
    }

    /// Bytes in memory, nearly.
    pub fn bytes(&self) -> usize {
        let maps: usize = self.shards.iter().map(|shard| shard.capacity() * 9).sum();
        let lists: usize = self.lists.iter().map(|list| list.capacity() * 4).sum();
        maps + lists + self.lists.capacity() * size_of::<Vec<u32>>()
    }
}
