//! A chain of hashes over the ids of a task's events, so that one value says which events came before it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// It begins behind the event with this number: an older program kept none.
    #[serde(rename = "chain_from")]
    pub from: i64,
    /// The hash.
    #[serde(rename = "chain")]
    pub hash: Uuid,
}

impl Chain {
    /// One that begins behind this event.
    pub fn behind(out_seq: i64) -> Self {
        Self { from: out_seq, hash: Uuid::nil() }
    }

    /// With one more event.
    #[must_use]
    pub fn then(self, event_id: Uuid) -> Self {
        Self { hash: Uuid::new_v5(&self.hash, event_id.as_bytes()), ..self }
    }

    /// Whether two that end with the same number cannot be about the same events. Those that begin elsewhere say nothing.
    pub(super) fn contradicts(self, other: Option<Self>) -> bool {
        other.is_some_and(|other| other.from == self.from && other.hash != self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_event_anywhere_before_is_noticed() {
        let chain = |from, ids: &[u128]| {
            ids.iter().fold(Chain::behind(from), |chain, id| chain.then(Uuid::from_u128(*id)))
        };
        let published = chain(0, &[1, 2, 3]);
        assert!(!published.contradicts(Some(chain(0, &[1, 2, 3]))));
        assert!(published.contradicts(Some(chain(0, &[9, 2, 3]))));
        assert!(published.contradicts(Some(chain(0, &[2, 1, 3]))));
        assert!(!published.contradicts(Some(chain(1, &[2, 3]))), "it begins elsewhere");
        assert!(!published.contradicts(None));
    }
}
