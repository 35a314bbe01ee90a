//! Which rows belong to what: the items of an entry, the lines of an order.

use std::collections::BTreeSet;

/// Pairs of a group and a member, in order: one set for all groups, because most groups have few members and a set for each would
/// take more memory than the rows.
#[derive(Debug, Default)]
pub struct Index(BTreeSet<(i32, i32)>);

impl Index {
    /// Adds a member to a group.
    pub fn insert(&mut self, group: i32, id: i32) {
        self.0.insert((group, id));
    }

    /// Removes a member from its group.
    pub fn remove(&mut self, group: i32, id: i32) {
        self.0.remove(&(group, id));
    }

    /// Moves a member from its group, if it had one, to the one that it has now.
    pub fn shift(&mut self, id: i32, from: Option<i32>, to: Option<i32>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.remove(from, id);
        }
        if let Some(to) = to {
            self.insert(to, id);
        }
    }

    /// A group's members, in order.
    pub fn members(&self, group: i32) -> impl Iterator<Item = i32> + '_ {
        self.0.range((group, i32::MIN)..=(group, i32::MAX)).map(|(_, id)| *id)
    }

    /// Whether a group has members.
    pub fn has(&self, group: i32) -> bool {
        self.members(group).next().is_some()
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        self.0.iter().copied()
    }

    /// Removes all pairs.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl FromIterator<(i32, i32)> for Index {
    fn from_iter<I: IntoIterator<Item = (i32, i32)>>(pairs: I) -> Self {
        Self(sorted(pairs))
    }
}

/// A set, or a map, of all its members at once. One that is built in order has no gaps; sorted in place first, because the sort of
/// the set's own needs half of the members a second time.
pub fn sorted<T: Ord, S: FromIterator<T>>(members: impl IntoIterator<Item = T>) -> S {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_unstable();
    members.into_iter().collect()
}
