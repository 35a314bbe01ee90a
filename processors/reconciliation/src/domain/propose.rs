//! What each line may be, together with the lines that want the same items; what is asked for without a person, and what is told.

use std::collections::{BTreeMap, BTreeSet};

use contract::audit::{Status as Verdict, json};
use contract::{Audit, Mode};
use matching::bits::Bits;
use matching::engine::Weighed;
use matching::hypothesis::{Hypothesis, Kind};
use matching::records::{ItemId, Line};
use matching::statement::{self, Choice};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::types::Json;

use super::basis;
use super::decide::Decision;
use super::events::{LineData, LineProposed, MatchRequested};
use super::people::AUTOMATION;
use super::records::{self as read, minor};
use super::state::State;
use super::words;
use crate::store::{Allocation, BankLine, Evidence, LineStatus, Proposal, Refusal};

/// Lines whose hypotheses are kept until they are explained together; those of others are weighed once more.
const KEPT: usize = 1_000;
/// Proposals of a line.
pub(super) const RANKS: std::ops::RangeInclusive<i32> = 1..=3;

/// What an automatic decision rests on, for `audit_logs`.
#[derive(Serialize)]
struct Input<'a> {
    line: i32,
    journal: i32,
    amount: Decimal,
    currency: &'a str,
    evidence: &'a [Evidence],
    waits: &'a [String],
}

/// What was decided, for `audit_logs`.
#[derive(Serialize)]
struct Output<'a> {
    kind: &'a str,
    allocations: &'a [Allocation],
    account_id: Option<i32>,
    runner_up: Option<&'a str>,
}

impl Decision<'_> {
    /// Weighs the lines that have to be looked at, and proposes for them and for all that want the same items.
    pub(super) fn propose(&mut self) {
        let bounds = self.state.settings.bounds;
        for books in self.state.books.values_mut() {
            books.engine.bounds = bounds;
        }
        let dirty = std::mem::take(&mut self.dirty);
        let mut weighed: BTreeMap<i32, Weighed> = BTreeMap::new();
        let mut concerned: BTreeSet<i32> = BTreeSet::new();
        for id in dirty {
            let Some(company) = self.state.tables.lines.get(id).map(|row| row.company_id) else { continue };
            concerned.extend(self.state.rivals(company, id));
            if let Some(fresh) = self.weigh(id) {
                concerned.insert(id);
                // Those of other companies are not connected with it.
                concerned.extend(self.state.rivals(company, id));
                if weighed.len() < KEPT {
                    weighed.insert(id, fresh);
                }
            }
        }
        let mut choices: BTreeMap<i32, Choice> = BTreeMap::new();
        for id in concerned {
            if choices.contains_key(&id) {
                continue;
            }
            let Some(row) = self.state.tables.lines.get(id) else { continue };
            let Some(books) = self.state.books.get(&row.company_id) else { continue };
            let group: Vec<i32> =
                books.connected(id).into_iter().filter(|id| books.get(*id).is_some()).collect();
            let near: Vec<&[Hypothesis]> =
                group.iter().filter_map(|id| Some(books.get(*id)?.near.as_slice())).collect();
            choices.extend(group.iter().copied().zip(statement::assign(&near)));
        }
        // In the order of their ids, whatever hangs together: what is told does not depend on what else was looked at.
        for (id, choice) in choices {
            let Some(company) = self.state.tables.lines.get(id).map(|row| row.company_id) else { continue };
            let choice = Choice {
                is_contested: choice.is_contested || self.state.is_wanted_elsewhere(company, id),
                ..choice
            };
            let is_another = self.state.books.get_mut(&company).is_some_and(|books| books.choose(id, choice));
            if !is_another {
                continue;
            }
            let again = || self.state.weighed(id, &self.state.books.get(&company)?.get(id)?.line);
            if let Some(fresh) = weighed.remove(&id).or_else(again) {
                self.propose_for(id, &fresh, choice);
            }
        }
    }

    /// Weighs a line and stores what it rests on; `None` where it is not open, or nothing is to be done for its journal.
    fn weigh(&mut self, id: i32) -> Option<Weighed> {
        let row = self.state.tables.lines.get(id).filter(|row| !row.status.is_done())?;
        let company = row.company_id;
        let is_off = self.state.settings.mode(row.journal_id) == Mode::Off;
        self.withdraw_what_cannot_be(id);
        let requested = self.state.requested(id);
        if is_off {
            self.propose_nothing(id);
            // What a person has asked for is nobody else's all the same.
            if requested.is_none() {
                self.state.books.get_mut(&company)?.remove(id);
                return None;
            }
        }
        let line = self.state.line(id)?;
        let weighed = if is_off { Weighed::default() } else { self.state.weighed(id, &line)? };
        self.state.books.get_mut(&company)?.set(id, line, &weighed, requested);
        Some(weighed)
    }

    /// Takes back what a person has asked for where it cannot be done any more.
    fn withdraw_what_cannot_be(&mut self, id: i32) {
        let Some(row) = self.state.tables.lines.get(id) else { return };
        if row.is_asked_by_person() && !self.state.can_be(row) {
            let row = BankLine { status: LineStatus::Open, ..row.clone() };
            self.state.put_line(id, Some(row.without_request()));
            self.news.insert(id);
        }
    }

    /// Nothing is proposed for a line.
    fn propose_nothing(&mut self, id: i32) {
        let Some(before) = self.state.tables.lines.get(id).cloned() else { return };
        let mut had_any = false;
        for rank in RANKS {
            had_any |= self.state.tables.proposals.set((id, rank), None).is_some();
        }
        let keeps = before.is_asked_by_person() || before.status == LineStatus::Skipped;
        if keeps {
            if had_any || self.news.contains(&id) {
                self.tell(&before, &[]);
            }
        } else if before.status != LineStatus::Open || self.news.contains(&id) {
            let since = if before.status == LineStatus::Open { before.since } else { self.now };
            let row = BankLine { status: LineStatus::Open, since, ..before.clone() }.without_request();
            self.tell(&row, &[]);
            self.state.put_line(id, Some(row));
        }
    }

    /// Stores a line's proposals, asks for a match where that needs nobody, and tells what is new.
    fn propose_for(&mut self, id: i32, weighed: &Weighed, choice: Choice) {
        let state = &*self.state;
        let Some(before) = state.tables.lines.get(id).cloned() else { return };
        if state.settings.mode(before.journal_id) == Mode::Off {
            return;
        }
        let Some(books) = state.books.get(&before.company_id) else { return };
        let Some(open) = books.get(id) else { return };
        let mut proposals = books.engine.propose(&open.line, weighed, choice);
        if let Some(first) = proposals.first_mut().filter(|_| before.taken_back) {
            first.against.push("a match of it was taken back");
        }
        let rows = state.rows(&before, &proposals);
        let old: Vec<Proposal> =
            RANKS.filter_map(|rank| state.tables.proposals.get((id, rank)).cloned()).collect();
        let after = self.line_row(&before, &rows);
        for (rank, row) in RANKS.zip(rows.iter().map(Some).chain(std::iter::repeat(None))) {
            self.state.tables.proposals.replace((id, rank), row.cloned());
        }
        let told = |row: &BankLine, proposals: &[Proposal]| {
            let all: Vec<_> = proposals
                .iter()
                .map(|row| (row.kind.clone(), row.allocations.0.clone(), row.account_id, row.auto))
                .collect();
            let shown = !matches!(row.status, LineStatus::Shadow | LineStatus::Open);
            (
                row.status,
                row.allocations.0.clone(),
                row.account_id,
                row.decided_by.clone(),
                all.into_iter().filter(|_| shown).collect::<Vec<_>>(),
                (row.amount, row.day, row.company_id, row.journal_id, row.move_id),
            )
        };
        let is_news = self.news.contains(&id) || told(&before, &old) != told(&after, &rows);
        let first_changed = old.first().map(first_of) != rows.first().map(first_of);
        if before != after {
            self.state.put_line(id, Some(after.clone()));
        }
        if before.status != after.status || first_changed {
            self.write_down(&after, &rows);
        }
        if is_news {
            self.tell(&after, &rows);
        }
    }

    /// Tells what an open line is.
    fn tell(&mut self, row: &BankLine, proposals: &[Proposal]) {
        let data = LineData::new(row, proposals);
        match row.status {
            LineStatus::MatchRequested => self.outbox.emit(self.now, &MatchRequested(data)),
            _ => self.outbox.emit(self.now, &LineProposed(data)),
        }
    }

    /// What a line is with these proposals.
    fn line_row(&self, before: &BankLine, rows: &[Proposal]) -> BankLine {
        let Some(first) = rows.first() else { return before.clone() };
        let mode = self.state.settings.mode(before.journal_id);
        let is_put_off = before.status == LineStatus::Skipped && before.basis == Some(first.basis);
        if before.is_asked_by_person() || is_put_off {
            return before.clone();
        }
        let row = before.clone().without_request();
        let mut row = match mode {
            Mode::Auto if first.auto => BankLine {
                status: LineStatus::MatchRequested,
                allocations: first.allocations.clone(),
                account_id: first.account_id,
                decided_by: Some(AUTOMATION.into()),
                ..row
            },
            Mode::Shadow => BankLine { status: LineStatus::Shadow, ..row },
            _ => BankLine { status: LineStatus::Proposed, ..row },
        };
        if row.status != before.status {
            row.since = self.now;
        }
        row
    }

    /// Writes down what was decided without a person.
    fn write_down(&mut self, row: &BankLine, rows: &[Proposal]) {
        let Some(first) = rows.first() else { return };
        let status = match row.status {
            LineStatus::MatchRequested if row.decided_by.as_deref() == Some(AUTOMATION) => Verdict::Executed,
            LineStatus::Shadow if first.auto => Verdict::Shadow,
            LineStatus::Proposed if first.kind != "none" => Verdict::Suggested,
            _ => return,
        };
        self.outbox.audit(Audit {
            action: crate::MATCH,
            time: self.now,
            record: Some(("account.bank.statement.line", row.id)),
            status,
            confidence: Some(first.probability),
            reasoning: reasoning(row, first),
            input: json(&Input {
                line: row.id,
                journal: row.journal_id,
                amount: row.amount,
                currency: &row.currency,
                evidence: &first.evidence,
                waits: &first.waits,
            }),
            output: json(&Output {
                kind: &first.kind,
                allocations: &first.allocations,
                account_id: first.account_id,
                runner_up: rows.get(1).map(|row| row.lost_by.as_str()),
            }),
        });
    }
}

/// What a consumer acts upon.
fn first_of(row: &Proposal) -> (&str, &[Allocation], Option<i32>, bool) {
    (&row.kind, &row.allocations, row.account_id, row.auto)
}

fn reasoning(row: &BankLine, first: &Proposal) -> String {
    let items: Vec<String> = first
        .allocations
        .iter()
        .map(|of| {
            format!(
                "{} {} of {}",
                of.amount,
                of.currency,
                if of.number.is_empty() { "an item" } else { &of.number }
            )
        })
        .collect();
    let what = match (items.is_empty(), first.account_id) {
        (false, _) => format!("pays {}", items.join(", ")),
        (true, Some(account)) => format!("is booked on account {account}"),
        (true, None) => "pays nothing that is open".into(),
    };
    let waits = if first.waits.is_empty() {
        String::new()
    } else {
        format!(" It waits for a person: {}.", first.waits.join("; "))
    };
    format!(
        "Bank line {} of {} {} {what}, with a probability of {}: {}.{waits}",
        row.id,
        row.amount,
        row.currency,
        first.probability,
        words::why(first)
    )
}

impl BankLine {
    /// Whether a person has asked for a match, and it is not done.
    pub(super) fn is_asked_by_person(&self) -> bool {
        self.status == LineStatus::MatchRequested && self.decided_by.as_deref() != Some(AUTOMATION)
    }

    /// The line without what was asked for.
    pub(super) fn without_request(self) -> Self {
        Self {
            allocations: Json::default(),
            account_id: None,
            decided_by: None,
            reason: None,
            basis: None,
            ..self
        }
    }
}

impl State {
    /// The lines that may want an item that a line may want, of its company or another.
    pub(super) fn rivals(&self, company: i32, id: i32) -> BTreeSet<i32> {
        let Some(own) = self.books.get(&company) else { return BTreeSet::new() };
        let mut rivals = BTreeSet::new();
        for item in own.wants(id) {
            rivals.extend(self.books.values().flat_map(|books| books.wanting(item)));
        }
        rivals.remove(&id);
        rivals
    }

    /// Whether a line of another company may want an item that is a line's best.
    fn is_wanted_elsewhere(&self, company: i32, id: i32) -> bool {
        let best = self.books.get(&company).and_then(|books| books.get(id)?.near.first());
        let mut wanted = best.into_iter().flat_map(Hypothesis::items);
        wanted.any(|item| {
            let mut others = self.books.iter().filter(|(other, _)| **other != company);
            others.any(|(_, books)| books.wanting(item).next().is_some())
        })
    }

    /// An open line as the engine reads it, with what reconciliation models say of it.
    pub(super) fn line(&self, id: i32) -> Option<Line> {
        let row = self.tables.statement_lines.get(id)?;
        let (line, model) = (read::line(row, &self.tables)?, self.models.of(row, &self.tables));
        // Odoo 19 writes whom a model names to the line. It is the model that says so all the same.
        let partner = line.partner.filter(|partner| Some(*partner) != model.partner);
        Some(Line { partner, model, ..line })
    }

    /// What a line may be, without what people have refused.
    fn weighed(&self, id: i32, line: &Line) -> Option<Weighed> {
        let books = self.books.get(&self.tables.lines.get(id)?.company_id)?;
        let mut weighed = books.engine.weigh(line);
        let refused: BTreeSet<i64> = self.refusals(id).map(|refusal| refusal.basis).collect();
        if !refused.is_empty() {
            weighed.refuse(|hypothesis| refused.contains(&self.basis(hypothesis)));
        }
        Some(weighed)
    }

    /// What people have refused of a line.
    pub(super) fn refusals(&self, line: i32) -> impl Iterator<Item = &Refusal> {
        (1..=i32::MAX).map_while(move |number| self.tables.refusals.get((line, number)))
    }

    pub(super) fn basis(&self, hypothesis: &Hypothesis) -> i64 {
        basis::of_hypothesis(hypothesis, |id| self.item_decimals(id))
    }

    pub(super) fn item_decimals(&self, id: ItemId) -> u32 {
        let currency = self.tables.items.get(id).and_then(|row| row.currency_id);
        currency.map_or(2, |currency| self.tables.decimals(currency))
    }

    /// What a person has asked for, as the only thing that a line may be.
    fn requested(&self, id: i32) -> Option<Hypothesis> {
        let row = self.tables.lines.get(id).filter(|row| row.is_asked_by_person())?;
        let allocations = row.allocations.iter();
        Some(Hypothesis {
            kind: Kind::Exact,
            allocations: allocations
                .filter_map(|of| Some((of.item_id, minor(of.amount, self.item_decimals(of.item_id))?)))
                .collect(),
            difference: 0,
            rest: 0,
            is_explained: true,
            evidence: Vec::new(),
            score: Bits::ZERO,
            others: 0,
        })
    }

    /// Whether what is asked for can be done: as much is open of each item.
    fn can_be(&self, row: &BankLine) -> bool {
        row.allocations.iter().all(|of| {
            let item = self.tables.items.get(of.item_id).filter(|item| !item.reconciled);
            item.is_some_and(|item| {
                item.residual.is_sign_negative() == of.amount.is_sign_negative()
                    && of.amount.abs() <= item.residual.abs()
            })
        })
    }
}
