//! Sessions count what is there: what is left of a journal, what was put off, and the lines that were done in them.

use std::collections::BTreeMap;

use super::tables::{Line, Tables};
use crate::report::Report;

pub(super) fn check(tables: &Tables, report: &mut Report) {
    report.figure("sessions", tables.sessions.len());
    let mut by_journal: BTreeMap<i32, Vec<&Line>> = BTreeMap::new();
    for line in &tables.lines {
        by_journal.entry(line.journal_id).or_default().push(line);
    }
    let none = Vec::new();
    for session in tables.sessions.iter().filter(|session| session.status == "active") {
        let lines = session.journal_id.and_then(|journal| by_journal.get(&journal)).unwrap_or(&none);
        let count = |is: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| is(line)).count();
        let own = |line: &Line| line.session_id == Some(session.id) && line.status == "matched";
        let expected = [
            count(&|line| own(line) && line.auto),
            count(&|line| own(line) && !line.auto),
            count(&|line| line.status == "skipped"),
            count(&|line| !line.is_done() && line.status != "skipped"),
        ];
        let found = [session.auto_matched, session.manually_matched, session.skipped, session.remaining];
        let expected = expected.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
        if found != expected || session.total_lines != expected.iter().sum::<i32>() {
            let text = format!(
                "session {} of {:?} counts {found:?} of {}, not {expected:?}",
                session.id, session.user_id, session.total_lines
            );
            report.violation("sessions: counts", text, Vec::new());
        }
    }
}
