//! Which rows belong to what: the items of an entry, the accounts of a partner.

use std::collections::BTreeSet;

/// Pairs of a group and a member, in order.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeSet<(i32, i32)>);

impl Index {
    /// Moves a member from its group, if it had one, to the one that it has now.
    pub(super) fn shift(&mut self, id: i32, from: Option<i32>, to: Option<i32>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.0.remove(&(from, id));
        }
        if let Some(to) = to {
            self.0.insert((to, id));
        }
    }

    /// A group's members, in order.
    pub(super) fn members(&self, group: i32) -> impl Iterator<Item = i32> + '_ {
        self.0.range((group, i32::MIN)..=(group, i32::MAX)).map(|(_, id)| *id)
    }
}

impl FromIterator<(i32, i32)> for Index {
    fn from_iter<I: IntoIterator<Item = (i32, i32)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
