//! What people ask for of sessions: open, resume, complete.

use chrono::{DateTime, Utc};
use contract::{Done, Outbox};

use super::events::SessionCompleted;
use super::state::State;
use crate::store::{BankLine, LineStatus, Session, SessionStatus};

impl State {
    pub(super) fn open_session(
        &mut self,
        journal: i32,
        person: String,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        if self.tables.journals.get(journal).is_none_or(|row| !row.moves_money) {
            return Err(format!("journal {journal} is no bank, till or credit card"));
        }
        let active = self.active_session(journal).filter(|session| session.user_id.is_some());
        if let Some(session) = active {
            let (id, of) = (session.id, session.user_id.clone().unwrap_or_default());
            return if of == person {
                self.resume_session(id, &person, now, outbox)
            } else {
                Err(format!("{of} is matching journal {journal}: session {id} has to be completed first"))
            };
        }
        let id = self.decision(now, outbox, |decision| {
            let id = decision.open_session(journal, Some(person));
            decision.count_sessions();
            id
        });
        Ok(Done {
            record: Some(("account.journal", journal)),
            text: format!("session {id} on journal {journal} is open"),
        })
    }

    pub(super) fn resume_session(
        &mut self,
        id: i32,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let (session, journal) = self.session(id)?;
        let of = session.user_id.clone().unwrap_or_default();
        if of != person {
            return Err(format!("session {id} is {of}'s; open one of your own when it is completed"));
        }
        let other = self.active_session(journal).filter(|other| other.user_id.is_some() && other.id != id);
        if let Some(other) = other {
            let who = other.user_id.as_deref().unwrap_or_default();
            return Err(format!(
                "{who} is matching journal {journal}: session {} has to be completed first",
                other.id
            ));
        }
        // What was taken back while it was completed is not counted any more.
        let own = self.tables.lines.iter().filter(|row| row.session_id == Some(id));
        let (auto, manual): (Vec<_>, Vec<_>) = own.partition(|row| row.auto);
        let count = |rows: &[&BankLine]| i32::try_from(rows.len()).unwrap_or(i32::MAX);
        let session = Session {
            status: SessionStatus::Active,
            completed_at: None,
            last_activity: now.naive_utc(),
            auto_matched: count(&auto),
            manually_matched: count(&manual),
            ..session
        };
        self.tables.sessions.set(id, Some(session));
        self.decision(now, outbox, |decision| {
            decision.state.touched.journals.insert(journal);
            decision.count_sessions();
        });
        Ok(Done {
            record: Some(("account.journal", journal)),
            text: format!("session {id} on journal {journal} goes on"),
        })
    }

    pub(super) fn complete_session(
        &mut self,
        id: i32,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let (session, journal) = self.session(id)?;
        if session.status != SessionStatus::Active {
            return Err(format!("session {id} is completed already"));
        }
        let session = Session {
            status: SessionStatus::Completed,
            completed_at: Some(now.naive_utc()),
            last_activity: now.naive_utc(),
            ..session
        };
        outbox.emit(now, &SessionCompleted::new(&session));
        let text = format!(
            "session {id} is completed: {} lines were matched, {} of them as asked for without a person, {} were put off, {} are left",
            session.auto_matched + session.manually_matched,
            session.auto_matched,
            session.skipped,
            session.remaining
        );
        self.tables.sessions.set(id, Some(session));
        // What was put off in it is there for the next one.
        let is_skipped = |row: &&BankLine| row.journal_id == journal && row.status == LineStatus::Skipped;
        let skipped: Vec<BankLine> = self.tables.lines.iter().filter(is_skipped).cloned().collect();
        for row in skipped {
            self.touched.dirty.insert(row.id);
            self.touched.news.insert(row.id);
            let id = row.id;
            self.put_line(
                id,
                Some(BankLine { status: LineStatus::Open, since: now, ..row.without_request() }),
            );
        }
        Ok(Done { record: Some(("account.journal", journal)), text })
    }

    /// A session of a person, and its journal.
    fn session(&self, id: i32) -> Result<(Session, i32), String> {
        let session = self.tables.sessions.get(id).ok_or_else(|| format!("there is no session {id}"))?;
        match session.journal_id.filter(|_| session.user_id.is_some()) {
            Some(journal) => Ok((session.clone(), journal)),
            None => Err(format!(
                "session {id} is nobody's: it counts what happens outside people's sessions, and never ends"
            )),
        }
    }
}
