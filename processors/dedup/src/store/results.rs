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

contract::seed_table! {
    /// A row of `duplicate_groups`.
    pub struct Group in "duplicate_groups" key (id: i32 as "int") {
        /// The scan that was in force when it was found.
        pub scan_id: Option<i32> as "int",
        /// `res.partner`
        pub odoo_model: String as "text",
        /// Its records, ascending.
        pub record_ids: Json<Vec<i32>> as "jsonb",
        /// The record that should stay.
        pub master_record_id: Option<i32> as "int",
        /// The probability of the least likely of the pairs that hold it together; `None` where so many hang together that nobody
        /// looked.
        pub similarity_score: Option<Decimal> as "numeric",
        /// The evidence for those pairs.
        pub match_fields: Json<Vec<Evidence>> as "jsonb" or "'[]'",
        /// pending, suggested, merge_requested, resolved or dissolved.
        pub status: String as "text" or "'pending'",
        /// When it was resolved or dissolved, by the unit's clock.
        pub resolved_at: Option<NaiveDateTime> as "timestamp",
        /// Who asked for the merge, or resolved it.
        pub resolved_by: Option<String> as "text",
        /// merged, not_duplicate, lapsed or split.
        pub resolution: Option<String> as "text",
    }
}

contract::seed_table! {
    /// A row of `deduplication_scans`: all records of an Odoo model were compared, and since then every change.
    pub struct Scan in "deduplication_scans" key (id: i32 as "int") {
        /// Odoo model and why: `res.partner bootstrap`.
        pub scan_type: String as "text",
        /// completed: a scan is one step of the stream.
        pub status: String as "text" or "'completed'",
        /// Records that are compared.
        pub total_records: i32 as "int" or "0",
        /// Records that are in a group besides its master.
        pub duplicates_found: i32 as "int" or "0",
        /// Groups that were merged without a person being asked.
        pub auto_merged: i32 as "int" or "0",
        /// Groups that wait for a person.
        pub pending_review: i32 as "int" or "0",
        /// When, by the unit's clock.
        pub started_at: NaiveDateTime as "timestamp" or "'epoch'",
        /// The same.
        pub completed_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}
