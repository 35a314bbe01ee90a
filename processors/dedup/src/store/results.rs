//! What is concluded: the seed's `duplicate_groups` and `deduplication_scans`. Their ids are counted along the stream, not taken
//! from a sequence, so that the same stream gives the same ids.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

/// How two records of a group agree in one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The two records.
    pub records: (i32, i32),
    /// The field: its columns.
    pub field: String,
    /// How far the two values agree.
    pub level: String,
    /// What that says, in bits: positive for the same, negative against it.
    pub bits: f64,
}

contract::text_enum! {
    /// What a group is at present.
    pub enum GroupStatus else Dissolved {
        /// Found; nothing is proposed.
        Pending = "pending",
        /// A merge is proposed to people.
        Suggested = "suggested",
        /// Somebody asked for the merge: a person, or the automation.
        MergeRequested = "merge_requested",
        /// It is settled.
        Resolved = "resolved",
        /// Its records are not taken for the same any more, or are part of another group.
        Dissolved = "dissolved",
    }
}

impl GroupStatus {
    /// Whether it is neither resolved nor dissolved.
    pub(crate) fn is_live(self) -> bool {
        !matches!(self, Self::Resolved | Self::Dissolved)
    }
}

contract::text_enum! {
    /// How a group ended.
    pub enum Resolution {
        /// Its records are one in Odoo.
        Merged = "merged",
        /// A person said that they are not the same.
        NotDuplicate = "not_duplicate",
        /// What a person said was based on values that have changed.
        Lapsed = "lapsed",
        /// A person divided it, and nothing of it is a group.
        Split = "split",
    }
}

contract::table! {
    /// A row of `duplicate_groups`.
    #[derive(Serialize, ToSchema)]
    pub struct Group in public "duplicate_groups" key (id: i32 as "int") {
        /// The scan that was in force when it was found.
        pub scan_id: Option<i32> as "int",
        /// `res.partner`, `crm.lead` or `product.template`.
        pub odoo_model: String as "text",
        /// Its records, ascending.
        #[schema(value_type = Vec<i32>)]
        pub record_ids: Json<Vec<i32>> as "jsonb",
        /// The record that should stay.
        pub master_record_id: Option<i32> as "int",
        /// The probability of the least likely of the pairs that hold it together; `None` where more records hang together than
        /// anybody looks at as one.
        pub similarity_score: Option<Decimal> as "numeric",
        /// The evidence for those pairs.
        #[schema(value_type = Vec<Evidence>)]
        pub match_fields: Json<Vec<Evidence>> as "jsonb" or "'[]'",
        /// What it is at present.
        pub status: GroupStatus as "text" or "'pending'",
        /// When it was resolved or dissolved, by the task's clock.
        #[serde(serialize_with = "contract::api::time::optional_utc::serialize")]
        #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
        pub resolved_at: Option<NaiveDateTime> as "timestamp",
        /// Who asked for the merge, or resolved it.
        pub resolved_by: Option<String> as "text",
        /// merged, not_duplicate, lapsed or split. Another service may have written another word.
        pub resolution: Option<String> as "text",
    }
}

impl Group {
    /// How it ended, if it did and in a way that this processor knows.
    pub(crate) fn known_resolution(&self) -> Option<Resolution> {
        self.resolution.as_deref()?.parse().ok()
    }
}

contract::table! {
    /// A row of `deduplication_scans`: all records of an Odoo model were compared, and since then every change.
    #[derive(Serialize, ToSchema)]
    pub struct Scan in public "deduplication_scans" key (id: i32 as "int") {
        /// Odoo model and why: `res.partner bootstrap`.
        pub scan_type: String as "text",
        /// completed: a scan is one step of the stream.
        pub status: String as "text" or "''",
        /// Records that are compared.
        pub total_records: i32 as "int" or "0",
        /// Records that are in a group besides the one that stays.
        pub duplicates_found: i32 as "int" or "0",
        /// Groups that were merged without a person being asked.
        pub auto_merged: i32 as "int" or "0",
        /// Groups that wait for a person.
        pub pending_review: i32 as "int" or "0",
        /// When, by the task's clock.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = chrono::DateTime<chrono::Utc>)]
        pub started_at: NaiveDateTime as "timestamp" or "'epoch'",
        /// The same.
        #[serde(skip)]
        pub completed_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}
