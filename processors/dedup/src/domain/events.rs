//! What is emitted: the whole group with every event, so that the last one of each group is its row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::{Outbox, Subject};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::store::{Evidence, Group, GroupStatus};

contract::events! {
    /// All that is emitted.
    pub const EVENTS;

    "group_created": GroupCreated<'_>, |event| event.0.subject();
    "group_grown": GroupGrown<'_>, |event| event.0.subject();
    "group_shrunk": GroupShrunk<'_>, |event| event.0.subject();
    "group_split": GroupSplit<'_>, |event| event.0.subject();
    "group_merged": GroupMerged<'_>, |event| event.0.subject();
    "group_changed": GroupChanged<'_>, |event| event.0.subject();
    "group_dissolved": GroupDissolved<'_>, |event| event.0.subject();
    "group_resolved": GroupResolved<'_>, |event| event.0.subject();
    "merge_requested": MergeRequested<'_>, |event| event.0.subject();
}

/// Records that an event names: of a group that is too large to be looked at, the first ones. A message of Kafka's holds 1 MB.
const MOST_EMITTED: usize = 20_000;

/// A group, as every event has it: its row, and what the row does not say.
#[derive(Clone, Serialize)]
pub struct GroupData<'a> {
    id: i32,
    scan_id: Option<i32>,
    odoo_model: &'a str,
    /// All of them, unless there are more than a message can hold.
    record_ids: &'a [i32],
    record_count: usize,
    master_record_id: Option<i32>,
    similarity_score: Option<Decimal>,
    match_fields: &'a [Evidence],
    status: GroupStatus,
    resolved_at: Option<DateTime<Utc>>,
    resolved_by: Option<&'a str>,
    resolution: Option<&'a str>,
    /// By field, the record whose value should be kept.
    survivors: BTreeMap<String, i32>,
    /// Why it is what it is, in words.
    why: &'a str,
}

impl<'a> GroupData<'a> {
    /// A row, by field the record whose value should be kept, and why the row is what it is.
    pub(super) fn new(row: &'a Group, survivors: BTreeMap<String, i32>, why: &'a str) -> Self {
        Self {
            id: row.id,
            scan_id: row.scan_id,
            odoo_model: &row.odoo_model,
            record_ids: &row.record_ids[..row.record_ids.len().min(MOST_EMITTED)],
            record_count: row.record_ids.len(),
            master_record_id: row.master_record_id,
            similarity_score: row.similarity_score,
            match_fields: &row.match_fields,
            status: row.status,
            resolved_at: row.resolved_at.map(|time| time.and_utc()),
            resolved_by: row.resolved_by.as_deref(),
            resolution: row.resolution.as_deref(),
            survivors,
            why,
        }
    }

    fn subject(&self) -> Subject {
        Subject::in_source(format!("group-{}", self.id))
    }
}

macro_rules! group_events {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        $($(#[$doc])*
        #[derive(Serialize)]
        #[serde(transparent)]
        pub struct $name<'a>(GroupData<'a>);)+
    };
}

group_events! {
    /// Its records are taken for the same.
    GroupCreated,
    /// A record became part of it.
    GroupGrown,
    /// A record is not part of it any more.
    GroupShrunk,
    /// A part of it became a group of its own.
    GroupSplit,
    /// Another group became part of it.
    GroupMerged,
    /// Evidence, master or status changed.
    GroupChanged,
    /// Its records are not taken for the same any more, or are part of another group.
    GroupDissolved,
    /// It is settled: merged, or a person said that it is none.
    GroupResolved,
    /// A person or the automation asks for its merge.
    MergeRequested,
}

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    Created,
    Grown,
    Shrunk,
    Split,
    Merged,
    Changed,
    Dissolved,
    Resolved,
    MergeRequested,
}

impl Transition {
    /// Emits the event about it.
    pub(super) fn emit(self, group: GroupData<'_>, now: DateTime<Utc>, outbox: &mut Outbox) {
        match self {
            Self::Created => outbox.emit(now, &GroupCreated(group)),
            Self::Grown => outbox.emit(now, &GroupGrown(group)),
            Self::Shrunk => outbox.emit(now, &GroupShrunk(group)),
            Self::Split => outbox.emit(now, &GroupSplit(group)),
            Self::Merged => outbox.emit(now, &GroupMerged(group)),
            Self::Changed => outbox.emit(now, &GroupChanged(group)),
            Self::Dissolved => outbox.emit(now, &GroupDissolved(group)),
            Self::Resolved => outbox.emit(now, &GroupResolved(group)),
            Self::MergeRequested => outbox.emit(now, &MergeRequested(group)),
        }
    }

    /// Why a group goes on as it does, in words.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Created => "its records are taken for the same",
            Self::Grown => "a record became part of it",
            Self::Shrunk => "a record is not part of it any more",
            Self::Split => "a part of it became a group of its own",
            Self::Merged => "another group became part of it",
            Self::Changed | Self::Dissolved | Self::Resolved | Self::MergeRequested => {
                "what it rests on has changed"
            }
        }
    }
}
