//! What is concluded: bank lines, what each may pay, what people refused, and the seed's `reconciliation_sessions`. Ids of sessions are
//! counted along the stream, not taken from a sequence, so that the same stream gives the same ids.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

contract::text_enum! {
    /// What a bank line is at present.
    pub enum LineStatus {
        /// Nothing is proposed: the rule is off for its journal.
        Open = "open",
        /// What would be proposed is stored, and nobody is told.
        Shadow = "shadow",
        /// It waits for a person, who sees what it may be.
        Proposed = "proposed",
        /// A match is asked for, and is not seen in Odoo yet.
        MatchRequested = "match_requested",
        /// A person has put it off.
        Skipped = "skipped",
        /// It is done in Odoo.
        Matched = "matched",
        /// It was done before it was looked at.
        Past = "past",
    }
}

impl LineStatus {
    /// Whether it is done in Odoo.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Matched | Self::Past)
    }
}

/// How much of an item a line pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Allocation {
    /// The journal item.
    pub item_id: i32,
    /// Its journal entry.
    pub move_id: i32,
    /// Its number.
    pub number: String,
    /// How much of it, in its currency, with its sign: positive where money comes in.
    pub amount: Decimal,
    /// Its currency.
    pub currency: String,
    /// What stays open of it.
    pub left_open: Decimal,
}

/// One thing that speaks for a proposal, or against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What it is of: prior, number, payer, amount, time or words.
    pub of: String,
    /// How much it says, in bits; negative where it speaks against it.
    pub bits: f64,
    /// In words.
    pub what: String,
}

contract::table! {
    /// A bank line that is, or was, looked at.
    #[derive(Serialize, ToSchema)]
    pub struct BankLine in "line" key (id: i32) {
        /// Its company.
        pub company_id: i32,
        /// Its journal.
        pub journal_id: i32,
        /// Its journal entry.
        pub move_id: i32,
        /// The day on which the bank booked it.
        pub day: NaiveDate,
        /// What is not matched of it; what was matched where it is done.
        pub amount: Decimal,
        /// The amount's currency.
        pub currency: String,
        /// What it is at present.
        pub status: LineStatus,
        /// What is asked for; what it has paid where it is done.
        #[schema(value_type = Vec<Allocation>)]
        pub allocations: Json<Vec<Allocation>>,
        /// The account that it is to be booked on, or was, where it pays nothing that is open.
        pub account_id: Option<i32>,
        /// Who decided: a person, or `ledgerwell`.
        pub decided_by: Option<String>,
        /// What the person said.
        pub reason: Option<String>,
        /// The session in which it was done, in `reconciliation_sessions`.
        pub session_id: Option<i32>,
        /// Whether it was done as Ledgerwell had asked for by itself.
        pub auto: bool,
        /// Whether a match of it was taken back in Odoo, so that it is for a person.
        pub taken_back: bool,
        /// What a person saw who put it off: it is back when that changes.
        #[serde(skip)]
        pub basis: Option<i64>,
        /// Since when it is what it is, by the task's clock.
        pub since: DateTime<Utc>,
    }
}

contract::table! {
    /// What a bank line may be. When the line is done, its rows stay as they were.
    #[derive(Serialize, ToSchema)]
    pub struct Proposal in "proposal" key (line_id: i32, rank: i32) {
        /// In which way it pays: exact, rounding, discount, fee, exchange, partial, overpayment, payout, write_off or none.
        pub kind: String,
        /// The entries of the items, in the order of `allocations`.
        #[schema(value_type = Vec<i32>)]
        pub move_ids: Json<Vec<i32>>,
        /// The items, and how much of each.
        #[schema(value_type = Vec<Allocation>)]
        pub allocations: Json<Vec<Allocation>>,
        /// The account, for a write-off.
        pub account_id: Option<i32>,
        /// How likely it is, from 0 to 1, by what became of proposals that looked as likely.
        pub probability: Decimal,
        /// Whether it may be booked without anybody looking at it.
        pub auto: bool,
        /// Why not; empty where it may.
        #[schema(value_type = Vec<String>)]
        pub waits: Json<Vec<String>>,
        /// What the line has more than the items, in the line's currency.
        pub left_over: Decimal,
        /// What becomes of that, in words.
        pub left_over_why: String,
        /// All evidence together, in bits.
        pub bits: f64,
        /// What speaks for it and against it.
        #[schema(value_type = Vec<Evidence>)]
        pub evidence: Json<Vec<Evidence>>,
        /// Why it is not the first, in words; empty for the first.
        pub lost_by: String,
        /// How likely it looks by itself.
        #[serde(skip)]
        pub raw: f64,
        /// Fingerprint of the items and the evidence.
        #[serde(skip)]
        pub basis: i64,
    }
}

contract::table! {
    /// What a person has refused, in force while its evidence is what it was.
    pub struct Refusal in "refusal" key (line_id: i32, number: i32) {
        /// Fingerprint of the items and the evidence.
        pub basis: i64,
        /// Who refused.
        pub person: String,
        /// Why.
        pub reason: String,
        /// When, by the task's clock.
        pub refused_at: DateTime<Utc>,
    }
}

contract::text_enum! {
    /// What a session is at present.
    pub enum SessionStatus else Completed {
        /// It goes on.
        Active = "active",
        /// A person has completed it.
        Completed = "completed",
    }
}

contract::table! {
    /// A row of `reconciliation_sessions`: a person matches a journal's bank lines; or, without a person, what happens outside of that.
    #[derive(Serialize, ToSchema)]
    pub struct Session in public "reconciliation_sessions" key (id: i32 as "int") {
        /// Who; nobody for the journal's automatic session.
        pub user_id: Option<String> as "text",
        /// The journal.
        pub journal_id: Option<i32> as "int",
        /// What it is at present.
        pub status: SessionStatus as "text" or "'completed'",
        /// Lines that it has to do with: the sum of the four that follow.
        pub total_lines: i32 as "int" or "0",
        /// Lines that were matched as Ledgerwell had asked for by itself.
        pub auto_matched: i32 as "int" or "0",
        /// Lines that were matched otherwise.
        pub manually_matched: i32 as "int" or "0",
        /// Lines that a person has put off.
        pub skipped: i32 as "int" or "0",
        /// Lines that are left.
        pub remaining: i32 as "int" or "0",
        /// What was learned in it: rules, as they were when the session ended.
        #[schema(value_type = Vec<Object>)]
        pub learned_rules: Json<serde_json::Value> as "jsonb" or "'[]'",
        /// When it was opened, by the task's clock.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = DateTime<Utc>)]
        pub started_at: NaiveDateTime as "timestamp" or "'epoch'",
        /// When something happened in it last.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = DateTime<Utc>)]
        pub last_activity: NaiveDateTime as "timestamp" or "'epoch'",
        /// When it was completed.
        #[serde(serialize_with = "contract::api::time::optional_utc::serialize")]
        #[schema(value_type = Option<DateTime<Utc>>)]
        pub completed_at: Option<NaiveDateTime> as "timestamp",
    }
}
