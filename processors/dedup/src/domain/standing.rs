//! What a group is at present, and what follows from the rules and from what people decided.

use std::collections::BTreeSet;

use contract::Mode;
use rust_decimal::Decimal;

use super::Turn;
use super::requests::as_author;
use crate::store::Group;

/// `duplicate_groups.resolved_by` of what nobody was asked about.
pub(super) const AUTOMATION: &str = "automation";
/// `duplicate_groups.resolved_by` of what was merged in Odoo without a request.
pub(super) const ODOO: &str = "odoo";

/// `duplicate_groups.status`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Found; nothing is proposed.
    Pending,
    /// A merge is proposed to people.
    Suggested,
    /// Somebody asked for the merge: a person, or the automation.
    MergeRequested,
    /// It is settled.
    Resolved,
    /// Its records are not taken for the same any more, or are part of another group.
    Dissolved,
}

impl Status {
    const ALL: [Self; 5] =
        [Self::Pending, Self::Suggested, Self::MergeRequested, Self::Resolved, Self::Dissolved];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Suggested => "suggested",
            Self::MergeRequested => "merge_requested",
            Self::Resolved => "resolved",
            Self::Dissolved => "dissolved",
        }
    }

    pub(super) fn of(row: &Group) -> Self {
        Self::ALL.into_iter().find(|status| status.as_str() == row.status).unwrap_or(Self::Dissolved)
    }

    pub(super) fn is_live(self) -> bool {
        !matches!(self, Self::Resolved | Self::Dissolved)
    }
}

/// `duplicate_groups.resolution`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Its records are one in Odoo.
    Merged,
    /// A person said that they are not the same.
    NotDuplicate,
    /// What a person said was based on values that have changed.
    Lapsed,
    /// A person divided it, and nothing of it is a group.
    Split,
}

impl Resolution {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::NotDuplicate => "not_duplicate",
            Self::Lapsed => "lapsed",
            Self::Split => "split",
        }
    }
}

impl Turn<'_> {
    /// What a group is, and who asked for its merge.
    pub(super) fn standing(&self, records: &[i32], score: Option<Decimal>) -> (Status, Option<String>) {
        let Some(score) = score else { return (Status::Pending, None) };
        if let Some(person) = self.approved_by(records) {
            return (Status::MergeRequested, Some(person));
        }
        match self.settings.mode {
            _ if score < self.settings.threshold => (Status::Pending, None),
            Mode::Off | Mode::Shadow => (Status::Pending, None),
            Mode::Suggest => (Status::Suggested, None),
            Mode::Auto => (Status::MergeRequested, Some(AUTOMATION.to_owned())),
        }
    }

    /// Who said last that all records of a group are the same, if people's decisions connect them all.
    fn approved_by(&self, records: &[i32]) -> Option<String> {
        if self.tables.decisions.is_empty() {
            return None;
        }
        let same = |a: i32, b: i32| {
            let key = (self.model.number(), a.min(b), a.max(b));
            self.tables.decisions.get(key).filter(|decision| decision.same)
        };
        let mut left: BTreeSet<i32> = records.iter().copied().collect();
        let mut reached: Vec<i32> = left.pop_first().into_iter().collect();
        let mut last: Option<&crate::store::Decision> = None;
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            next += 1;
            for decision in left.iter().filter_map(|to| same(from, *to)).collect::<Vec<_>>() {
                let to = if decision.first_id == from { decision.second_id } else { decision.first_id };
                left.remove(&to);
                reached.push(to);
                last = last.filter(|last| last.decided_at >= decision.decided_at).or(Some(decision));
            }
        }
        last.filter(|_| left.is_empty()).map(|decision| as_author(&decision.person))
    }
}
