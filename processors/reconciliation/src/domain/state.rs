//! The working state: the rows, and what is derived from them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::{Calendar, RuleSet};
use matching::memory::Rule;
use rustc_hash::FxHashMap;

use super::books::Books;
use super::models::Models;
use super::settings::Settings;
use super::tally::Tally;
use crate::store::{BankLine, LearnedText, LearnedWord, Tables};
use contract::Index;

/// Rows and what is derived from them.
#[derive(Default)]
pub struct State {
    /// The rows.
    pub tables: Tables,
    pub(super) calendar: Calendar,
    pub(super) settings: Settings,
    pub(super) indexes: Indexes,
    /// By company; none before the first decision.
    pub(super) books: BTreeMap<i32, Books>,
    /// Accounts of what is not matched yet.
    pub(super) suspense: BTreeSet<i32>,
    pub(super) models: Models,
    pub(super) tally: Tally,
    pub(super) learned: LearnedIds,
    pub(super) last_ids: LastIds,
    pub(super) touched: Touched,
}

/// Which rows belong to which.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    pub(super) items_of_entry: Index,
    pub(super) items_of_line: Index,
    pub(super) banks_of_partner: Index,
    pub(super) partials_of_item: Index,
}

/// The rows of what was learned.
#[derive(Debug, Default)]
pub(super) struct LearnedIds {
    pub(super) rules: FxHashMap<(i32, Rule), i32>,
    pub(super) texts: FxHashMap<(i32, String, bool), i32>,
    pub(super) words: FxHashMap<(i32, String), i32>,
}

/// The highest ids in use. Ids are counted along the stream, so that the same stream gives the same ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastIds {
    pub(super) session: i32,
    pub(super) rule: i32,
    pub(super) text: i32,
    pub(super) word: i32,
}

/// What was applied since the last decision.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) items: BTreeSet<i32>,
    /// Items that were matched with others, or are not any more.
    pub(super) settled: BTreeSet<i32>,
    pub(super) partners: BTreeSet<i32>,
    pub(super) lines: BTreeSet<i32>,
    /// Lines that are to be looked at again, whatever they rest on.
    pub(super) dirty: BTreeSet<i32>,
    /// Lines of which something is to be told, whatever is proposed.
    pub(super) news: BTreeSet<i32>,
    /// Journals whose sessions have to be counted.
    pub(super) journals: BTreeSet<i32>,
    pub(super) rates: bool,
    pub(super) models: bool,
    pub(super) scope: Scope,
}

/// How much has to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// What was touched, and what rests on it.
    #[default]
    Touched,
    /// All lines: the rules have changed, or what is in force of what was learned.
    AllLines,
    /// All rows: the engines have to be made anew.
    AllRows,
    /// All rows, which are no single source transaction: what is done in them was done before.
    Snapshot,
}

impl Touched {
    /// At least so much has to be looked at.
    pub(super) fn widen(&mut self, scope: Scope) {
        self.scope = self.scope.max(scope);
    }
}

/// The next id.
pub(super) fn next(last: &mut i32) -> i32 {
    *last += 1;
    *last
}

impl State {
    /// Over the rows of `tables`.
    pub fn new(tables: Tables, calendar: Calendar) -> Self {
        let latest = |ids: &mut dyn Iterator<Item = i32>| ids.max().unwrap_or(0);
        let last_ids = LastIds {
            session: latest(&mut tables.sessions.iter().map(|row| row.id)),
            rule: latest(&mut tables.rules.iter().map(|row| row.id)),
            text: latest(&mut tables.texts.iter().map(|row| row.id)),
            word: latest(&mut tables.words.iter().map(|row| row.id)),
        };
        let text = |row: &LearnedText| ((row.company_id, row.signature.clone(), row.is_credit), row.id);
        let word = |row: &LearnedWord| ((row.company_id, row.word.clone()), row.id);
        let learned = LearnedIds {
            rules: tables.rules.iter().map(|row| ((row.company_id, row.rule()), row.id)).collect(),
            texts: tables.texts.iter().map(text).collect(),
            words: tables.words.iter().map(word).collect(),
        };
        let indexes = Indexes::new(&tables);
        let tally = Tally::new(tables.lines.iter());
        let touched = Touched { scope: Scope::AllRows, ..Touched::default() };
        Self { tables, calendar, indexes, tally, learned, last_ids, touched, ..Self::default() }
    }

    /// Takes over the rules in force.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change.
    pub fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::from_rule(rules.get(crate::NAME, crate::MATCH))?;
        if settings != self.settings {
            self.touched.widen(Scope::AllLines);
        }
        self.settings = settings;
        Ok(())
    }

    /// What was applied was no single source transaction.
    pub fn forget(&mut self) {
        self.touched.widen(Scope::Snapshot);
    }

    /// The beginning of the day after the one at whose beginning all lines were looked at.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let day = self.tables.refreshed.get(1)?.day;
        self.calendar.start(day.succ_opt()?)
    }

    /// Sets or removes a line's row.
    pub(super) fn put_line(&mut self, id: i32, row: Option<BankLine>) {
        let before = self.tables.lines.get(id);
        self.tally.change(before, row.as_ref());
        self.touched.journals.extend(before.into_iter().chain(&row).map(|row| row.journal_id));
        self.tables.lines.replace(id, row);
    }
}

impl Indexes {
    fn new(tables: &Tables) -> Self {
        let of_line = tables.items.iter().filter_map(|row| Some((row.line_id?, row.id)));
        let partials = tables.partials.iter();
        Self {
            items_of_entry: tables.items.iter().map(|row| (row.move_id, row.id)).collect(),
            items_of_line: of_line.collect(),
            banks_of_partner: tables.banks.iter().map(|row| (row.partner_id, row.id)).collect(),
            partials_of_item: partials
                .flat_map(|row| [(row.debit_id, row.id), (row.credit_id, row.id)])
                .collect(),
        }
    }
}
