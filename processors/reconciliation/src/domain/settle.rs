//! Lines that came, and what became of them in Odoo: done, undone, deleted. Each is counted in a session and learned from.

use std::collections::BTreeSet;

use matching::engine::Confirmed;
use matching::records::{Item, Line};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::decide::Decision;
use super::events::{LineData, LineProposed, Matched, Unmatched};
use super::outcome::Outcome;
use super::people::AUTOMATION;
use super::propose::RANKS;
use super::records as read;
use super::state::Scope;
use crate::store::{Allocation, BankLine, LineStatus};

impl Decision<'_> {
    /// Brings the rows of these lines in line with Odoo.
    pub(super) fn settle(&mut self, touched: &BTreeSet<i32>) {
        let mut done = Vec::new();
        for id in touched {
            let tables = &self.state.tables;
            let row = tables.statement_lines.get(*id);
            let line = row.and_then(|row| read::line(row, tables));
            let place = row.map(|row| (tables.company_of(row), Some(row.journal_id)));
            let before = tables.lines.get(*id);
            let moved = before.filter(|before| {
                place.is_some_and(|place| place != (Some(before.company_id), Some(before.journal_id)))
            });
            let (moved, is_reconciled) = (moved.cloned(), row.is_some_and(|row| row.reconciled));
            if let Some(before) = moved {
                self.forget_line(&before);
            }
            match (line, is_reconciled) {
                (None, _) => self.gone(*id),
                (Some(line), true) => done.push((line.date, *id, line)),
                (Some(line), false) => self.open(*id, &line),
            }
        }
        // Learned in the order of the bank, whatever the order in which they came.
        done.sort_unstable_by_key(|(day, id, _)| (*day, *id));
        for (_, id, line) in done {
            self.done(id, &line);
        }
    }

    /// A line that is on no statement any more.
    fn gone(&mut self, id: i32) {
        let Some(before) = self.state.tables.lines.get(id).cloned() else { return };
        self.leave_session(&before);
        self.forget_line(&before);
        for rank in RANKS {
            self.state.tables.proposals.set((id, rank), None);
        }
        let refusals: Vec<i32> = self.state.refusals(id).map(|row| row.number).collect();
        for number in refusals {
            self.state.tables.refusals.set((id, number), None);
        }
        if before.status != LineStatus::Past {
            self.outbox.emit(self.now, &LineProposed(LineData::gone(&before)));
        }
        self.state.put_line(id, None);
    }

    /// A line is not among those that are done, or open, in the engine any more.
    fn forget_line(&mut self, before: &BankLine) {
        self.close_line(before);
        if let Some(books) = self.state.books.get_mut(&before.company_id) {
            let keys = books.engine.forget_done(before.journal_id.into(), before.id.into());
            self.dirty_by(before.company_id, &keys);
        }
    }

    /// A line is not open any more: what others want is theirs alone.
    fn close_line(&mut self, row: &BankLine) {
        self.dirty.remove(&row.id);
        let rivals = self.state.rivals(row.company_id, row.id);
        self.dirty.extend(rivals);
        if let Some(books) = self.state.books.get_mut(&row.company_id) {
            books.remove(row.id);
        }
    }

    /// A line that is to be matched.
    fn open(&mut self, id: i32, line: &Line) {
        let Some(mut row) = self.row(id, line) else { return self.gone(id) };
        let before = self.state.tables.lines.get(id).cloned();
        match before {
            Some(before) if before.status.is_done() => {
                self.undone(&before, line);
                self.news.insert(id);
                row.taken_back = true;
                self.state.put_line(id, Some(row));
            }
            Some(before) => {
                row = BankLine {
                    company_id: row.company_id,
                    journal_id: row.journal_id,
                    move_id: row.move_id,
                    day: row.day,
                    amount: row.amount,
                    currency: row.currency,
                    ..before.clone()
                };
                if row != before {
                    self.news.insert(id);
                }
                // What a person has asked for was about another amount.
                if row.is_asked_by_person()
                    && (row.amount, &row.currency) != (before.amount, &before.currency)
                {
                    row = BankLine { status: LineStatus::Open, ..row.without_request() };
                }
                self.state.put_line(id, Some(row));
            }
            None => {
                self.news.insert(id);
                self.state.put_line(id, Some(row));
            }
        }
        self.dirty.insert(id);
    }

    /// A new row for a line.
    fn row(&self, id: i32, line: &Line) -> Option<BankLine> {
        let tables = &self.state.tables;
        let source = tables.statement_lines.get(id)?;
        let currency = read::line_currency(source, tables)?;
        let mut amount = read::open_amount(source);
        amount.rescale(tables.decimals(currency));
        Some(BankLine {
            id,
            company_id: tables.company_of(source)?,
            journal_id: source.journal_id,
            move_id: source.move_id,
            day: read::date(line.date),
            amount,
            currency: tables.currency_code(currency).to_owned(),
            status: LineStatus::Open,
            allocations: Json::default(),
            account_id: None,
            decided_by: None,
            reason: None,
            session_id: None,
            auto: false,
            taken_back: false,
            basis: None,
            since: self.now,
        })
    }

    /// A line was done and is not any more: its items are open again, and who was taken for its payer may not be.
    fn undone(&mut self, before: &BankLine, line: &Line) {
        self.leave_session(before);
        let payers: BTreeSet<i32> = before
            .allocations
            .iter()
            .filter_map(|of| self.state.tables.items.get(of.item_id)?.partner_id)
            .collect();
        let mut keys = Vec::new();
        if let Some(books) = self.state.books.get_mut(&before.company_id) {
            keys.extend(books.engine.set_done(line, false));
            // Several payers were never learned.
            if let [payer] = payers.into_iter().collect::<Vec<_>>()[..] {
                keys.extend(books.engine.undo(line, payer));
            }
        }
        self.store_learned(before.company_id);
        self.dirty_by(before.company_id, &keys);
        if before.auto {
            self.distrust(before.journal_id);
        }
        if before.status == LineStatus::Matched {
            let open = BankLine { status: LineStatus::Open, auto: false, session_id: None, ..before.clone() };
            self.outbox.emit(self.now, &Unmatched(LineData::new(&open, &[])));
        }
    }

    /// A line is done in Odoo.
    fn done(&mut self, id: i32, line: &Line) {
        let Some(row) = self.row(id, line) else { return self.gone(id) };
        let before = self.state.tables.lines.get(id).cloned();
        let Outcome { allocations, account_id } = self.state.outcome(id);
        let before = match before {
            Some(before) if before.status.is_done() => {
                if items(&before.allocations) == items(&allocations) {
                    return self.still_done(&before, row, line, Outcome { allocations, account_id });
                }
                // Something else is matched with it now: it was taken back, and is done anew.
                self.undone(&before, line);
                Some(BankLine { status: LineStatus::Open, auto: false, ..before.without_request() })
            }
            before => before,
        };
        let outcome = Outcome { allocations, account_id };
        self.learn_from(&row, line, before.as_ref(), &outcome);
        let was_never_open = before.is_none();
        let asked = before
            .filter(|before| before.status == LineStatus::MatchRequested && is_as_asked(before, &outcome));
        let mut after = BankLine {
            status: if self.scope == Scope::Snapshot && was_never_open {
                LineStatus::Past
            } else {
                LineStatus::Matched
            },
            allocations: Json(outcome.allocations),
            account_id: outcome.account_id,
            auto: asked.as_ref().is_some_and(|asked| asked.decided_by.as_deref() == Some(AUTOMATION)),
            decided_by: asked.as_ref().and_then(|asked| asked.decided_by.clone()),
            reason: asked.and_then(|asked| asked.reason),
            ..row
        };
        self.close_line(&after);
        if after.status == LineStatus::Matched {
            self.join_session(&mut after);
            self.outbox.emit(self.now, &Matched(LineData::new(&after, &[])));
        }
        self.state.put_line(id, Some(after));
    }

    /// A line is done as before, but something of it may be another: its account, or how much of an item it has paid.
    fn still_done(&mut self, before: &BankLine, row: BankLine, line: &Line, outcome: Outcome) {
        let Outcome { allocations, account_id } = outcome;
        // What was paid stays as it was shown while it is the same.
        let stays = paid(&before.allocations) == paid(&allocations);
        let after = BankLine {
            allocations: if stays { before.allocations.clone() } else { Json(allocations) },
            account_id,
            status: before.status,
            decided_by: before.decided_by.clone(),
            reason: before.reason.clone(),
            session_id: before.session_id,
            auto: before.auto,
            since: before.since,
            ..row
        };
        let books = self.state.books.get_mut(&after.company_id);
        let keys = books.map(|books| books.engine.set_done(line, true)).unwrap_or_default();
        self.dirty_by(after.company_id, &keys);
        if after != *before {
            if after.status == LineStatus::Matched {
                self.outbox.emit(self.now, &Matched(LineData::new(&after, &[])));
            }
            self.state.put_line(after.id, Some(after));
        }
    }

    /// Counts what was proposed for a line, and learns from what it was.
    fn learn_from(&mut self, row: &BankLine, line: &Line, before: Option<&BankLine>, outcome: &Outcome) {
        if before.is_some() {
            self.judge(row, outcome);
        }
        let items = outcome.allocations.iter().map(|paid| self.state.item_before(paid));
        let confirmed = Confirmed {
            items: items.collect::<Option<Vec<Item>>>().unwrap_or_default(),
            is_nothing: outcome.allocations.is_empty(),
            account: outcome.account_id.map(|id| id.to_string()).unwrap_or_default(),
        };
        let Some(books) = self.state.books.get_mut(&row.company_id) else { return };
        let mut keys = books.engine.set_done(line, true);
        let learned = books.engine.learn(line, &confirmed);
        keys.extend(&learned.changed);
        self.see_text(row.company_id, &learned, confirmed.is_nothing);
        self.see_delays(row.company_id, &learned.delays);
        self.store_learned(row.company_id);
        self.dirty_by(row.company_id, &keys);
    }
}

/// How much of which items.
fn paid(all: &[Allocation]) -> Vec<(i32, Decimal)> {
    all.iter().map(|of| (of.item_id, of.amount.normalize())).collect()
}

/// Which items.
pub(super) fn items(all: &[Allocation]) -> BTreeSet<i32> {
    all.iter().map(|of| of.item_id).collect()
}

/// Whether a line has paid what was asked for: the same items, or the same account.
fn is_as_asked(asked: &BankLine, outcome: &Outcome) -> bool {
    let same_items = items(&asked.allocations) == items(&outcome.allocations);
    same_items && (!outcome.allocations.is_empty() || asked.account_id == outcome.account_id)
}
