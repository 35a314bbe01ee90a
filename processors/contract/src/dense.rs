//! A hash map without gaps between its entries.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// A hash map whose entries lie in one list; the table next to it has indices of that list only. Half of a hash table
/// is empty on average, so wide values cost half as much here: a million rows of 72 bytes take 83 MB and not 151.
/// Walking over all is a walk over a list.
///
/// `indexmap` does the same and keeps hashes with the entries and indices of eight bytes: 99 MB.
#[derive(Clone, Debug)]
pub struct Dense<K, V> {
    entries: Vec<(K, V)>,
    indices: HashTable<u32>,
}

impl<K, V> Default for Dense<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), indices: HashTable::new() }
    }
}

impl<K: Copy + Eq + Hash, V> Dense<K, V> {
    /// The value with this key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(self.index(key)? as usize).map(|(_, value)| value)
    }

    /// Whether there is a value with this key.
    pub fn contains(&self, key: &K) -> bool {
        self.index(key).is_some()
    }

    /// Sets or removes the value with this key, and answers what was there.
    pub fn set(&mut self, key: K, value: Option<V>) -> Option<V> {
        match value {
            Some(value) => self.insert(key, value),
            None => self.remove(&key),
        }
    }

    /// Sets the value with this key, and answers what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(index) = self.index(&key)
            && let Some((_, old)) = self.entries.get_mut(index as usize)
        {
            return Some(std::mem::replace(old, value));
        }
        let Self { entries, indices } = self;
        // Four billion entries do not fit into memory.
        let Ok(index) = u32::try_from(entries.len()) else { return None };
        entries.push((key, value));
        indices.insert_unique(hash(&key), index, |index| hash_at(entries, *index));
        None
    }

    /// Removes the value with this key, and answers it. The last entry moves to its index.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let Self { entries, indices } = self;
        let found = indices.find_entry(hash(key), |index| key_at(entries, *index) == Some(key)).ok()?;
        let (index, _) = found.remove();
        let last = entries.len() - 1;
        if index as usize != last
            && let Some((moved, _)) = entries.last()
            && let Some(of_moved) = indices.find_mut(hash(moved), |index| *index as usize == last)
        {
            *of_moved = index;
        }
        Some(entries.swap_remove(index as usize).1)
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = K> + '_ {
        self.entries.iter().map(|(key, _)| *key)
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// All keys with their values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.entries.iter().map(|(key, value)| (*key, value))
    }

    /// Puts the entries the other way round.
    pub fn reverse(&mut self) {
        let entries = std::mem::take(self).entries;
        for (key, value) in entries.into_iter().rev() {
            self.insert(key, value);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.indices.clear();
    }

    fn index(&self, key: &K) -> Option<u32> {
        self.indices.find(hash(key), |index| key_at(&self.entries, *index) == Some(key)).copied()
    }
}

fn hash<K: Hash>(key: &K) -> u64 {
    FxBuildHasher.hash_one(key)
}

fn key_at<K, V>(entries: &[(K, V)], index: u32) -> Option<&K> {
    entries.get(index as usize).map(|(key, _)| key)
}

fn hash_at<K: Hash, V>(entries: &[(K, V)], index: u32) -> u64 {
    key_at(entries, index).map_or(0, hash)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is set and removed, it holds what a map of the standard library holds.
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((0_i32..40, proptest::option::of(any::<u8>())), 0..300)) {
            let (mut dense, mut map) = (Dense::default(), BTreeMap::new());
            for (key, value) in steps {
                let before = match value {
                    Some(value) => map.insert(key, value),
                    None => map.remove(&key),
                };
                prop_assert_eq!(dense.set(key, value), before);
                prop_assert_eq!(dense.len(), map.len());
            }
            for key in 0..40 {
                prop_assert_eq!(dense.get(&key), map.get(&key));
                prop_assert_eq!(dense.contains(&key), map.contains_key(&key));
            }
            let all: BTreeMap<_, _> = dense.iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(all, map);
            dense.clear();
            prop_assert!(dense.is_empty() && dense.get(&1).is_none());
        }
    }
}
