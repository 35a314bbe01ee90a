//! What is emitted. Consumers who keep the last event of each line know what every line is.

use chrono::NaiveDate;
use contract::Subject;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::store::{
    Allocation, BankLine, LearnedRule, LineStatus, Proposal, RuleKind, Session, SessionStatus,
};

contract::events! {
    /// All that is emitted.
    pub const EVENTS;

    "line_proposed": LineProposed, |event| event.0.subject();
    "match_requested": MatchRequested, |event| event.0.subject();
    "matched": Matched, |event| event.0.subject();
    "unmatched": Unmatched, |event| event.0.subject();
    "rule_learned": RuleLearned, |event| Subject::in_company(event.company_id, format!("rule-{}", event.rule));
    "session_completed": SessionCompleted, |event| Subject::in_source(format!("session-{}", event.id));
}

/// What a line may be, or that nothing is proposed any more.
#[derive(Serialize)]
pub struct LineProposed(pub(super) LineData);

/// A match is asked for: whoever may write to Odoo applies just these allocations. It is taken back by the line's next event.
#[derive(Serialize)]
pub struct MatchRequested(pub(super) LineData);

/// A line is done in Odoo, and this is what it has paid.
#[derive(Serialize)]
pub struct Matched(pub(super) LineData);

/// A line that was done is not any more.
#[derive(Serialize)]
pub struct Unmatched(pub(super) LineData);

/// A bank line.
#[derive(Serialize)]
pub struct LineData {
    pub(super) company_id: i32,
    pub(super) line_id: i32,
    pub(super) move_id: i32,
    pub(super) journal_id: i32,
    pub(super) day: NaiveDate,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    /// What it is now; `gone` where there is no such line any more.
    pub(super) status: &'static str,
    /// What is asked for, or was paid.
    pub(super) allocations: Vec<Allocation>,
    /// The account of a write-off.
    pub(super) account_id: Option<i32>,
    pub(super) decided_by: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) session_id: Option<i32>,
    /// Whether it was done as Ledgerwell had asked for by itself.
    pub(super) auto: bool,
    /// What it may be, the likeliest first; nothing where it is done, or nobody is to be told.
    pub(super) proposals: Vec<ProposalData>,
}

/// What a line may be.
#[derive(Serialize)]
pub struct ProposalData {
    rank: i32,
    kind: String,
    allocations: Vec<Allocation>,
    account_id: Option<i32>,
    probability: Decimal,
    auto: bool,
    /// Why it waits for a person.
    waits: Vec<String>,
    left_over: Decimal,
    left_over_why: String,
    /// What speaks for it, in words.
    why: String,
    /// Why it is not the first.
    lost_by: String,
}

/// A rule holds from now on, or does not any more.
#[derive(Serialize)]
pub struct RuleLearned {
    company_id: i32,
    rule: i32,
    kind: RuleKind,
    subject: String,
    is_credit: bool,
    target_id: i32,
    confirmed: f64,
    contradicted: f64,
    holds: bool,
    switched_off: bool,
}

/// A person has completed a session.
#[derive(Serialize)]
pub struct SessionCompleted {
    id: i32,
    user_id: Option<String>,
    journal_id: Option<i32>,
    status: SessionStatus,
    total_lines: i32,
    auto_matched: i32,
    manually_matched: i32,
    skipped: i32,
    remaining: i32,
}

impl LineData {
    /// A line as it is stored. What is proposed is told while it waits for somebody.
    pub(super) fn new(row: &BankLine, proposals: &[Proposal]) -> Self {
        let told =
            matches!(row.status, LineStatus::Proposed | LineStatus::MatchRequested | LineStatus::Skipped);
        let proposals = proposals.iter().filter(|_| told).map(ProposalData::new).collect();
        Self {
            company_id: row.company_id,
            line_id: row.id,
            move_id: row.move_id,
            journal_id: row.journal_id,
            day: row.day,
            amount: row.amount,
            currency: row.currency.clone(),
            status: row.status.as_str(),
            allocations: row.allocations.0.clone(),
            account_id: row.account_id,
            decided_by: row.decided_by.clone(),
            reason: row.reason.clone(),
            session_id: row.session_id,
            auto: row.auto,
            proposals,
        }
    }

    /// A line that is not there any more.
    pub(super) fn gone(row: &BankLine) -> Self {
        Self { status: "gone", allocations: Vec::new(), account_id: None, ..Self::new(row, &[]) }
    }

    fn subject(&self) -> Subject {
        Subject::in_company(self.company_id, format!("line-{}", self.line_id))
    }
}

impl ProposalData {
    fn new(row: &Proposal) -> Self {
        Self {
            rank: row.rank,
            kind: row.kind.clone(),
            allocations: row.allocations.0.clone(),
            account_id: row.account_id,
            probability: row.probability,
            auto: row.auto,
            waits: row.waits.0.clone(),
            left_over: row.left_over,
            left_over_why: row.left_over_why.clone(),
            why: super::words::why(row),
            lost_by: row.lost_by.clone(),
        }
    }
}

impl RuleLearned {
    pub(super) fn new(row: &LearnedRule) -> Self {
        Self {
            company_id: row.company_id,
            rule: row.id,
            kind: row.kind,
            subject: row.subject.clone(),
            is_credit: row.is_credit,
            target_id: row.target_id,
            confirmed: row.confirmed,
            contradicted: row.contradicted,
            holds: row.holds,
            switched_off: row.switched_off,
        }
    }
}

impl SessionCompleted {
    pub(super) fn new(row: &Session) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id.clone(),
            journal_id: row.journal_id,
            status: row.status,
            total_lines: row.total_lines,
            auto_matched: row.auto_matched,
            manually_matched: row.manually_matched,
            skipped: row.skipped,
            remaining: row.remaining,
        }
    }
}
