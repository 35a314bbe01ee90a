//! Rows that belong to a key, looked up from both ends. Like contributions, a row's old place is taken back before it gets its
//! new one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::bucket::Key;

/// One row's value each, by key.
#[derive(Debug)]
pub(super) struct ByKey<V> {
    keys: FxHashMap<i32, Key>,
    /// In order, so that sums of floating-point numbers do not depend on the order in which rows came.
    rows: BTreeMap<(Key, i32), V>,
}

impl<V> Default for ByKey<V> {
    fn default() -> Self {
        Self { keys: FxHashMap::default(), rows: BTreeMap::new() }
    }
}

impl<V: PartialEq> ByKey<V> {
    /// Sets or removes a row, and answers the keys that this touches.
    pub(super) fn set(&mut self, id: i32, new: Option<(Key, V)>) -> impl Iterator<Item = Key> + use<V> {
        let old = self.keys.remove(&id).and_then(|key| Some((key, self.rows.remove(&(key, id))?)));
        let touched = if old == new {
            [None, None]
        } else {
            [old.as_ref().map(|(key, _)| *key), new.as_ref().map(|(key, _)| *key)]
        };
        if let Some((key, value)) = new {
            self.keys.insert(id, key);
            self.rows.insert((key, id), value);
        }
        touched.into_iter().flatten()
    }

    /// A key's rows with their ids, in order.
    pub(super) fn rows_of(&self, key: Key) -> impl Iterator<Item = (i32, &V)> {
        self.rows.range((key, i32::MIN)..=(key, i32::MAX)).map(|((_, id), value)| (*id, value))
    }

    /// All rows, a key's together.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, i32, &V)> {
        self.rows.iter().map(|((key, id), value)| (*key, *id, value))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i32> + '_ {
        self.keys.keys().copied()
    }
}
