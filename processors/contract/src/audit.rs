//! What is written down about a decision, in the transaction that makes it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

/// A row of `audit_logs`. A person who reads it years later must understand it without any other table.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// `action_name`: what was decided upon.
    pub action: &'static str,
    /// When, by the task's clock.
    pub time: DateTime<Utc>,
    /// `odoo_model` and `odoo_record_id`: what it is about.
    pub record: Option<(&'static str, i32)>,
    /// What became of it.
    pub status: Status,
    /// From 0 to 1, where the decision has one.
    pub confidence: Option<Decimal>,
    /// `ai_reasoning`: why, in sentences.
    pub reasoning: String,
    /// `input_data`, JSON: the figures it rests on, with the ids of the records they come from, and the thresholds.
    pub input: String,
    /// `output_data`, JSON: what was decided, and what would change it.
    pub output: String,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was carried out.
    Executed,
    /// It is proposed to people.
    Suggested,
    /// It would have been carried out or proposed; the rule lets it only watch.
    Shadow,
    /// A person asked for it.
    Approved,
    /// It could not be done.
    Rejected,
}

impl Status {
    /// As `audit_logs.status` holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Suggested => "suggested",
            Self::Shadow => "shadow",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// JSON of a plain struct, which always serialises.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}
