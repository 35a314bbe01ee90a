//! Sessions: a person matches a journal's lines, and each journal has an automatic one that counts what happens outside of that. Counts
//! are true after every decision.

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::types::Json;

use super::decide::Decision;
use super::state::{State, next};
use super::tally::Left;
use crate::store::{BankLine, LearnedRule, LineStatus, RuleKind, Session, SessionStatus};

/// Rules that a session shows, the latest.
const SHOWN: usize = 500;

/// A rule as a session shows it.
#[derive(Serialize)]
struct Shown<'a> {
    rule: i32,
    kind: RuleKind,
    subject: &'a str,
    is_credit: bool,
    target_id: i32,
    holds: bool,
    switched_off: bool,
}

impl State {
    /// The active session of a journal: that of a person, or else the automatic one.
    pub(super) fn active_session(&self, journal: i32) -> Option<&Session> {
        let active = self.active_sessions(journal);
        active.min_by_key(|session| (session.user_id.is_none(), session.id))
    }

    /// All active sessions of a journal.
    pub(super) fn active_sessions(&self, journal: i32) -> impl Iterator<Item = &Session> {
        let of_journal = move |session: &&Session| {
            session.journal_id == Some(journal) && session.status == SessionStatus::Active
        };
        self.tables.sessions.iter().filter(of_journal)
    }
}

impl Decision<'_> {
    /// A new session on a journal, of a person or of nobody.
    pub(super) fn open_session(&mut self, journal: i32, user_id: Option<String>) -> i32 {
        let id = next(&mut self.state.last_ids.session);
        let now = self.now.naive_utc();
        let session = Session {
            id,
            user_id,
            journal_id: Some(journal),
            status: SessionStatus::Active,
            total_lines: 0,
            auto_matched: 0,
            manually_matched: 0,
            skipped: 0,
            remaining: 0,
            learned_rules: Json(serde_json::Value::Array(Vec::new())),
            started_at: now,
            last_activity: now,
            completed_at: None,
        };
        self.state.tables.sessions.set(id, Some(session));
        self.state.touched.journals.insert(journal);
        id
    }

    /// A line is done: the journal's session counts it.
    pub(super) fn join_session(&mut self, line: &mut BankLine) {
        let id = match self.state.active_session(line.journal_id) {
            Some(session) => session.id,
            None => self.open_session(line.journal_id, None),
        };
        line.session_id = Some(id);
        self.count_done(line, 1);
    }

    /// A line is not done any more: the session that has counted it does not, unless it is completed.
    pub(super) fn leave_session(&mut self, line: &BankLine) {
        if line.status == LineStatus::Matched {
            self.count_done(line, -1);
        }
    }

    fn count_done(&mut self, line: &BankLine, by: i32) {
        let Some(session) = line.session_id.and_then(|id| self.state.tables.sessions.get(id)) else { return };
        if session.status != SessionStatus::Active {
            return;
        }
        let mut session = session.clone();
        *(if line.auto { &mut session.auto_matched } else { &mut session.manually_matched }) += by;
        self.state.touched.journals.insert(line.journal_id);
        self.state.tables.sessions.set(session.id, Some(session));
    }

    /// Brings the counts of the journals' sessions up to date.
    pub(super) fn count_sessions(&mut self) {
        self.show_learned();
        for journal in std::mem::take(&mut self.state.touched.journals) {
            let left = self.state.tally.left(journal);
            let is_known = self.state.tables.journals.get(journal).is_some_and(|row| row.moves_money);
            let has_automatic = self.state.active_sessions(journal).any(|session| session.user_id.is_none());
            if is_known && !has_automatic && left != Left::default() {
                self.open_session(journal, None);
                self.state.touched.journals.clear();
            }
            let sessions: Vec<Session> = self.state.active_sessions(journal).cloned().collect();
            for session in sessions {
                self.recount(&session, left);
            }
        }
    }

    fn recount(&mut self, before: &Session, left: Left) {
        let Left { remaining, skipped } = left;
        let total_lines = before.auto_matched + before.manually_matched + skipped + remaining;
        let mut after = Session { total_lines, skipped, remaining, ..before.clone() };
        let stored = self.state.tables.sessions.get(before.id);
        let counts = |row: &Session| {
            (row.total_lines, row.auto_matched, row.manually_matched, row.skipped, row.remaining)
        };
        if stored.is_none_or(|stored| counts(stored) != counts(&after)) {
            after.last_activity = self.now.naive_utc();
        }
        self.state.tables.sessions.replace(before.id, Some(after));
    }

    /// Sessions show the rules that were learned in them.
    fn show_learned(&mut self) {
        let learned = std::mem::take(&mut self.learned);
        let companies: BTreeSet<i32> = learned.iter().map(|rule| rule.company_id).collect();
        for company in companies {
            let own: Vec<&LearnedRule> = learned.iter().filter(|rule| rule.company_id == company).collect();
            let active = |session: &&Session| {
                let tables = &self.state.tables;
                let journal = session.journal_id.and_then(|journal| tables.journals.get(journal));
                let of = journal.map(|journal| tables.root(journal.company_id));
                session.status == SessionStatus::Active && of == Some(tables.root(company))
            };
            let mut sessions: Vec<Session> =
                self.state.tables.sessions.iter().filter(active).cloned().collect();
            sessions.sort_unstable_by_key(|session| session.id);
            for session in sessions {
                let rules = shown(&session.learned_rules.0, &own);
                let session = Session { learned_rules: Json(rules), ..session };
                self.state.tables.sessions.set(session.id, Some(session));
            }
        }
    }
}

/// The rules that a session shows with these in addition, each once, as it is now.
fn shown(before: &serde_json::Value, rules: &[&LearnedRule]) -> serde_json::Value {
    let is_new = |shown: &serde_json::Value| !rules.iter().any(|rule| shown["rule"] == rule.id);
    let mut all: Vec<serde_json::Value> =
        before.as_array().into_iter().flatten().filter(|shown| is_new(shown)).cloned().collect();
    let mut latest: Vec<&LearnedRule> = rules.to_vec();
    latest.reverse();
    latest.sort_by_key(|rule| rule.id);
    latest.dedup_by_key(|rule| rule.id);
    all.extend(latest.into_iter().filter_map(|rule| {
        serde_json::to_value(Shown {
            rule: rule.id,
            kind: rule.kind,
            subject: &rule.subject,
            is_credit: rule.is_credit,
            target_id: rule.target_id,
            holds: rule.holds,
            switched_off: rule.switched_off,
        })
        .ok()
    }));
    let surplus = all.len().saturating_sub(SHOWN);
    serde_json::Value::Array(all.split_off(surplus))
}
