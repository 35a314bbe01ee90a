//! What Odoo's reconciliation models say of bank lines.
//!
//! As Odoo applies them: the active ones of the line's company and of those that it is a branch of, in their order; the first that fits
//! says on which account a line is booked, and the first that names somebody says who is on the other side.
//! <https://github.com/OCA/account-reconcile/blob/18.0/account_reconcile_model_oca/models/account_reconcile_model.py>

use std::collections::{BTreeMap, BTreeSet};

use fancy_regex::{Regex, RegexBuilder};
use matching::records;

use super::records::without_tags;
use crate::store::{self, AmountCondition, How, ModelPayer, On, StatementLine, Tables};

/// Steps that a regular expression may take; one that needs more does not fit.
const STEPS: usize = 100_000;

/// The models of all companies, in their order.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<i32, Vec<Model>>);

/// A model, ready to be compared with lines.
#[derive(Debug)]
struct Model {
    row: store::Model,
    conditions: Vec<Condition>,
    journals: BTreeSet<i32>,
    partners: BTreeSet<i32>,
    account_id: Option<i32>,
    payers: Vec<Payer>,
}

/// What has to be written on a line.
#[derive(Debug)]
struct Condition {
    on: On,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// In small letters.
    Contains(String),
    Lacks(String),
    Matches(Regex),
}

/// Whoever is on the other side of lines with certain texts.
#[derive(Debug)]
struct Payer {
    partner_id: i32,
    label: Option<Regex>,
    notes: Option<Regex>,
}

/// What is written on a line.
struct Texts<'a> {
    label: &'a str,
    notes: String,
    details: &'a str,
}

impl Models {
    /// From their rows. One with a regular expression that cannot be read is not used.
    pub(super) fn new(tables: &Tables) -> Self {
        let mut models: BTreeMap<i32, Vec<Model>> = BTreeMap::new();
        for row in tables.models.iter() {
            models.entry(row.company_id).or_default().extend(Model::new(row, tables));
        }
        Self(models)
    }

    /// What they say of a line.
    pub(super) fn of(&self, line: &StatementLine, tables: &Tables) -> records::Model {
        let companies = tables.company_of(line).map(|company| tables.path(company)).unwrap_or_default();
        let mut models: Vec<&Model> =
            companies.iter().filter_map(|company| self.0.get(company)).flatten().collect();
        models.sort_by_key(|model| (model.row.sequence, model.row.id));
        if models.is_empty() {
            return records::Model::default();
        }
        let narration = tables.entries.get(line.move_id).and_then(|entry| entry.narration.as_deref());
        let texts = Texts {
            label: line.label.as_deref().unwrap_or_default(),
            notes: narration.map(without_tags).unwrap_or_default(),
            details: line.details.as_deref().unwrap_or_default(),
        };
        let mut booking = models.iter().filter(|model| model.row.books && model.fits(line, &texts));
        let account = booking.find_map(|model| model.account_id);
        records::Model {
            partner: models.iter().find_map(|model| model.payer(line, &texts)),
            account: account.map(|account| account.to_string()).unwrap_or_default(),
        }
    }
}

impl Model {
    /// `None` where it says nothing that can be used: a text has to be there that it asks for, or every line would be meant.
    fn new(row: &store::Model, tables: &Tables) -> Option<Self> {
        let conditions: Vec<Condition> = row.conditions.iter().map(Condition::new).collect::<Option<_>>()?;
        let asks = conditions.iter().any(|condition| !matches!(condition.test, Test::Lacks(_)));
        let payers = tables.model_payers.iter().filter(|payer| payer.model_id == row.id);
        let payers: Vec<Payer> = payers.filter_map(Payer::new).collect();
        if !asks && payers.is_empty() {
            return None;
        }
        let lines: Vec<_> = tables.model_lines.iter().filter(|line| line.model_id == row.id).collect();
        // What several accounts share is split by whoever books it.
        let account_id = match lines[..] {
            [line] if asks && line.is_whole => line.account_id,
            _ => None,
        };
        let journals = tables.model_journals.iter().filter(|of| of.model_id == row.id);
        let partners = tables.model_partners.iter().filter(|of| of.model_id == row.id);
        Some(Self {
            journals: journals.map(|of| of.journal_id).collect(),
            partners: partners.map(|of| of.partner_id).collect(),
            row: store::Model { payer_id: row.payer_id.filter(|_| asks), ..row.clone() },
            conditions,
            account_id,
            payers,
        })
    }

    /// Whether a line is as it asks for.
    fn fits(&self, line: &StatementLine, texts: &Texts<'_>) -> bool {
        let amount = line.amount.abs();
        let is_amount = self.row.amount.is_none_or(|condition| match condition {
            AmountCondition::Below(most) => amount < most,
            AmountCondition::Above(least) => amount > least,
            AmountCondition::Between(least, most) => least <= amount && amount <= most,
        });
        let is_partner = |partner: i32| self.partners.is_empty() || self.partners.contains(&partner);
        let needs_partner = self.row.needs_partner || !self.partners.is_empty();
        is_amount
            && self.row.is_credit.is_none_or(|is_credit| is_credit == line.amount.is_sign_positive())
            && (self.journals.is_empty() || self.journals.contains(&line.journal_id))
            && line.partner_id.map_or(!needs_partner, is_partner)
            && self.conditions.iter().all(|condition| condition.fits(texts))
    }

    /// Who is on the other side of a line.
    fn payer(&self, line: &StatementLine, texts: &Texts<'_>) -> Option<i32> {
        let named = self.row.payer_id.filter(|_| self.fits(line, texts));
        named.or_else(|| Some(self.payers.iter().find(|payer| payer.fits(texts))?.partner_id))
    }
}

impl Condition {
    fn new(row: &store::Condition) -> Option<Self> {
        let test = match row.how {
            How::Contains => Test::Contains(row.text.to_lowercase()),
            How::Lacks => Test::Lacks(row.text.to_lowercase()),
            How::Begins => Test::Matches(regex(&beginning(&row.text), true)?),
            How::Matches => Test::Matches(regex(&row.text, true)?),
        };
        Some(Self { on: row.on, test })
    }

    fn fits(&self, texts: &Texts<'_>) -> bool {
        let all = [texts.label, &texts.notes, texts.details];
        let of = match self.on {
            On::Label => &all[..1],
            On::Notes => &all[1..2],
            On::Details => &all[2..],
            On::Anywhere => &all[..],
        };
        match &self.test {
            Test::Contains(piece) => of.iter().any(|text| text.to_lowercase().contains(piece)),
            Test::Lacks(piece) => !of.iter().any(|text| text.to_lowercase().contains(piece)),
            Test::Matches(regex) => of.iter().any(|text| !text.is_empty() && matches(regex, text)),
        }
    }
}

impl Payer {
    fn new(row: &ModelPayer) -> Option<Self> {
        let read = |text: &Option<String>| match text {
            Some(text) => regex(&beginning(text), false).map(Some),
            None => Some(None),
        };
        let (label, notes) = (read(&row.label)?, read(&row.notes)?);
        let says = label.is_some() || notes.is_some();
        says.then_some(Self { partner_id: row.payer_id, label, notes })
    }

    fn fits(&self, texts: &Texts<'_>) -> bool {
        let fits =
            |regex: &Option<Regex>, text: &str| regex.as_ref().is_none_or(|regex| matches(regex, text));
        fits(&self.label, texts.label) && fits(&self.notes, &texts.notes)
    }
}

/// At the beginning of a text, as Python's `re.match` looks for it.
fn beginning(regex: &str) -> String {
    format!(r"\A(?:{regex})")
}

/// A regular expression of Python's, or PostgreSQL's: with looking ahead, which migrations to Odoo 19 make.
/// <https://github.com/OCA/OpenUpgrade/blob/19.0/openupgrade_scripts/scripts/account/19.0.1.4/post-migration.py>
fn regex(text: &str, ignores_case: bool) -> Option<Regex> {
    RegexBuilder::new(text).case_insensitive(ignores_case).backtrack_limit(STEPS).build().ok()
}

fn matches(regex: &Regex, text: &str) -> bool {
    regex.is_match(text).unwrap_or(false)
}
