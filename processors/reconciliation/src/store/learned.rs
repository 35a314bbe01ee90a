//! What was learned from lines that are done, as the crate `matching` has it. Ids are counted along the stream.

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;

contract::text_enum! {
    /// What a learned rule says.
    pub enum RuleKind {
        /// Whoever pays from an account is a partner.
        Account = "account",
        /// Whoever is called so is a partner.
        Name = "name",
        /// Lines with these words are booked on an account.
        WriteOff = "write_off",
    }
}

contract::table! {
    /// A rule that was learned, and what supports it.
    #[derive(Serialize, ToSchema)]
    pub struct LearnedRule in "learned_rule" key (id: i32) {
        /// The company whose lines it was learned from.
        pub company_id: i32,
        /// What it says.
        pub kind: RuleKind,
        /// The bank account, the name, or the words; as they are compared.
        pub subject: String,
        /// Whether it is of lines that come in; of write-offs only.
        pub is_credit: bool,
        /// The partner, or the account of the ledger.
        pub target_id: i32,
        /// Lines that confirmed it, faded with time.
        pub confirmed: f64,
        /// Lines that contradicted it, faded with time.
        pub contradicted: f64,
        /// The day of the last of them.
        pub last_day: NaiveDate,
        /// Whether it is relied on.
        pub holds: bool,
        /// Whether a person has switched it off.
        pub switched_off: bool,
        /// Who, where somebody has.
        pub person: Option<String>,
        /// Why.
        pub reason: Option<String>,
    }
}

contract::table! {
    /// What lines with the same words were.
    pub struct LearnedText in "learned_text" key (id: i32) {
        /// The company.
        pub company_id: i32,
        /// The words.
        pub signature: String,
        /// Whether it is of lines that come in.
        pub is_credit: bool,
        /// Lines that paid nothing that was open.
        pub nothing: f64,
        /// Lines that paid something.
        pub items: f64,
        /// Payouts of a payment provider.
        pub payouts: f64,
        /// The mean of what it kept of them, in hundredths of a per cent.
        pub kept: f64,
        /// `nothing` as of the beginning of the day, which is what lines are weighed with, …
        pub nothing_in_force: f64,
        /// … `items`, …
        pub items_in_force: f64,
        /// … `payouts` …
        pub payouts_in_force: f64,
        /// … and `kept`.
        pub kept_in_force: f64,
    }
}

contract::table! {
    /// A word that is on lines that paid in full.
    pub struct LearnedWord in "learned_word" key (id: i32) {
        /// The company.
        pub company_id: i32,
        /// The word.
        pub word: String,
        /// How many lines.
        pub lines: i32,
    }
}

contract::table! {
    /// When a partner pays: lines by the number of days after the due day. Partner 0 is all of them.
    pub struct Habit in "habit" key (company_id: i32, partner_id: i32) {
        /// Lines, by bin of days.
        pub lines: Json<Vec<u32>>,
        /// The same as of the beginning of the day, which is what lines are weighed with.
        pub in_force: Json<Vec<u32>>,
    }
}

contract::table! {
    /// How often what was proposed for a journal's lines was right.
    pub struct JournalTrust in "journal_trust" key (journal_id: i32) {
        /// Lines that are done since one was booked alone and was wrong.
        pub trusted: i32,
        /// Proposals and right ones, by how sure they looked.
        pub proposals: Json<Vec<(u32, u32)>>,
        /// `trusted` as of the beginning of the day, …
        pub trusted_in_force: i32,
        /// … and `proposals`.
        pub in_force: Json<Vec<(u32, u32)>>,
    }
}

contract::table! {
    /// The day at whose beginning all lines were looked at with what was learned before. One row.
    pub struct Refreshed in "refreshed" key (id: i32) {
        /// The day, in the source's time zone.
        pub day: NaiveDate,
    }
}
