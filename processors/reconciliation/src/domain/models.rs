//! What Odoo's reconciliation models say of bank lines.
//!
//! As Odoo applies them, in their order: the first that fits and books says on which account a line is booked, and the first that fits and
//! names somebody says who is on the other side. Where that one cannot be heard here, nothing is said: a later and broader one would not
//! have had its turn.
//! <https://github.com/OCA/account-reconcile/blob/18.0/account_reconcile_model_oca/models/account_reconcile_model.py>

use std::collections::{BTreeMap, BTreeSet};

use fancy_regex::{Regex, RegexBuilder};
use matching::records;
use rust_decimal::Decimal;

use super::records::without_tags;
use crate::store::{self, Amount, How, ModelPayer, StatementLine, Tables};

/// Steps that a regular expression may take; what one that needs more says is not known.
const STEPS: usize = 20_000;

/// The models of all companies, each in its order.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<i32, Vec<Model>>);

/// A model, ready to be compared with lines.
#[derive(Debug)]
struct Model {
    row: store::Model,
    conditions: Vec<Condition>,
    journals: BTreeSet<i32>,
    partners: BTreeSet<i32>,
    /// The account that it books lines on, whole.
    account_id: Option<i32>,
    payers: Vec<Payer>,
}

/// What has to be written on a line.
#[derive(Debug)]
struct Condition {
    on: On,
    test: Test,
}

#[derive(Clone, Copy, Debug)]
enum On {
    Label,
    Notes,
    Details,
    Any,
}

#[derive(Debug)]
enum Test {
    /// In small letters.
    Contains(String),
    Lacks(String),
    Matches(Pattern),
}

/// A regular expression; none where it cannot be read here.
#[derive(Debug)]
struct Pattern(Option<Regex>);

/// Whoever is on the other side of lines with certain texts.
#[derive(Debug)]
struct Payer {
    partner_id: i32,
    label: Option<Pattern>,
    notes: Option<Pattern>,
}

/// What is written on a line, as it is and in small letters: label, notes, and what else the bank says.
struct Texts {
    written: [String; 3],
    small: [String; 3],
}

/// Whether something fits; it may, where that cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    Yes,
    Perhaps,
    No,
}

impl Models {
    /// From their rows.
    pub(super) fn new(tables: &Tables) -> Self {
        let mut models: BTreeMap<i32, Vec<Model>> = BTreeMap::new();
        for row in tables.models.iter() {
            models.entry(row.company_id).or_default().push(Model::new(row, tables));
        }
        Self(models)
    }

    /// What they say of a line.
    pub(super) fn of(&self, line: &StatementLine, tables: &Tables) -> records::Model {
        let Some(own) = tables.company_of(line) else { return records::Model::default() };
        let companies = tables.path(own).iter().filter_map(|company| self.0.get(company));
        let mut models: Vec<&Model> =
            companies.flatten().filter(|model| model.row.is_former || model.row.company_id == own).collect();
        if models.is_empty() {
            return records::Model::default();
        }
        models.sort_by_key(|model| (model.row.sequence, model.row.id));
        let texts = Texts::of(line, tables);
        let named = models.iter().find_map(|model| model.payer(line, &texts));
        let partner = named.filter(|(_, fits)| *fits == Fits::Yes).map(|(partner, _)| partner);
        let of_line = line.partner_id.or(partner);
        let mut booking = models.iter().filter(|model| model.row.books);
        let first = booking.find_map(|model| {
            let fits = model.fits(line, of_line, &texts);
            (fits != Fits::No).then_some((model, fits))
        });
        let first = first.filter(|(model, fits)| *fits == Fits::Yes && model.asks_for_text());
        let account = first.and_then(|(model, _)| model.account_id);
        let account = account.map(|account| account.to_string()).unwrap_or_default();
        records::Model { partner, account }
    }
}

impl Model {
    fn new(row: &store::Model, tables: &Tables) -> Self {
        let label = if row.is_former { On::Label } else { On::Any };
        let conditions = [
            Condition::new(label, row.label, row.label_text.as_deref(), row.is_former),
            Condition::new(On::Notes, row.notes, row.notes_text.as_deref(), row.is_former),
            Condition::new(On::Details, row.details, row.details_text.as_deref(), row.is_former),
        ];
        let lines: Vec<_> = tables.model_lines.iter().filter(|line| line.model_id == row.id).collect();
        let is_taxed = |line: i32| tables.model_taxes.iter().any(|tax| tax.model_line_id == line);
        // What several accounts share, or taxes, is split by whoever books it.
        let account_id = match lines[..] {
            [line] if line.is_whole && !is_taxed(line.id) => line.account_id,
            _ => None,
        };
        let journals = tables.model_journals.iter().filter(|of| of.model_id == row.id);
        let partners = tables.model_partners.iter().filter(|of| of.model_id == row.id);
        let of_model = |payer: &&ModelPayer| row.is_former && row.names && payer.model_id == row.id;
        let mut payers: Vec<&ModelPayer> = tables.model_payers.iter().filter(of_model).collect();
        payers.sort_by_key(|payer| payer.id);
        Self {
            row: row.clone(),
            conditions: conditions.into_iter().flatten().collect(),
            journals: journals.map(|of| of.journal_id).collect(),
            partners: partners.map(|of| of.partner_id).collect(),
            account_id,
            payers: payers.into_iter().filter_map(Payer::new).collect(),
        }
    }

    /// Whether there is a text that it looks for; any line would be meant else.
    fn asks_for_text(&self) -> bool {
        self.conditions.iter().any(|condition| !matches!(condition.test, Test::Lacks(_)))
    }

    /// Whether a line is as it asks for, where this is whom the line is of.
    fn fits(&self, line: &StatementLine, partner: Option<i32>, texts: &Texts) -> Fits {
        let is_one = |partner: i32| self.partners.is_empty() || self.partners.contains(&partner);
        // Up to Odoo 18 the list counts only where a partner is asked for.
        let asks_for_partner =
            if self.row.is_former { self.row.needs_partner } else { !self.partners.is_empty() };
        let is_right = self.fits_amount(line.amount)
            && self.row.is_credit.is_none_or(|is_credit| is_credit == line.amount.is_sign_positive())
            && (self.journals.is_empty() || self.journals.contains(&line.journal_id))
            && (!asks_for_partner || partner.is_some_and(is_one));
        if !is_right {
            return Fits::No;
        }
        let fits = self.conditions.iter().map(|condition| condition.fits(texts)).max().unwrap_or(Fits::Yes);
        if self.row.asks_more { fits.max(Fits::Perhaps) } else { fits }
    }

    /// Up to Odoo 18 less or more than an amount, whichever way it goes; from Odoo 19 on up to or from an amount, which is negative
    /// where the line goes out.
    fn fits_amount(&self, amount: Decimal) -> bool {
        let (least, most) = (self.row.least, self.row.most);
        match (self.row.amount, self.row.is_former) {
            (None, _) => true,
            (Some(Amount::Lower), true) => amount.abs() < most,
            (Some(Amount::Greater), true) => amount.abs() > least,
            (Some(Amount::Between), true) => (least..=most).contains(&amount.abs()),
            (Some(Amount::Lower), false) => amount <= most,
            (Some(Amount::Greater), false) => amount >= least,
            (Some(Amount::Between), false) => (least.min(most)..=least.max(most)).contains(&amount),
        }
    }

    /// Whom it names as the other side of a line, if it does, and whether that is certain.
    fn payer(&self, line: &StatementLine, texts: &Texts) -> Option<(i32, Fits)> {
        let (partner, fits) = if self.row.is_former {
            let mut each = self.payers.iter().map(|payer| (payer.partner_id, payer.fits(texts)));
            each.find(|(_, fits)| *fits != Fits::No)?
        } else {
            (self.row.payer_id.filter(|_| self.asks_for_text())?, Fits::Yes)
        };
        let fits = fits.max(self.fits(line, Some(partner), texts));
        (fits != Fits::No).then_some((partner, fits))
    }
}

impl Condition {
    /// A condition without a text is none.
    fn new(on: On, how: Option<How>, what: Option<&str>, is_former: bool) -> Option<Self> {
        let what = what?;
        let test = match how? {
            How::Contains => Test::Contains(what.to_lowercase()),
            How::Lacks => Test::Lacks(what.to_lowercase()),
            How::Matches if is_former => Test::Matches(Pattern::new(&beginning(what), true)),
            How::Matches => Test::Matches(Pattern::new(what, true)),
        };
        Some(Self { on, test })
    }

    fn fits(&self, of: &Texts) -> Fits {
        let places = match self.on {
            On::Label => 0..1,
            On::Notes => 1..2,
            On::Details => 2..3,
            On::Any => 0..3,
        };
        let has = |piece: &String| of.small[places.clone()].iter().any(|text| text.contains(piece));
        match &self.test {
            Test::Contains(piece) => Fits::from(has(piece)),
            Test::Lacks(piece) => Fits::from(!has(piece)),
            Test::Matches(pattern) => {
                let texts = of.written[places].iter().filter(|text| !text.is_empty());
                texts.map(|text| pattern.fits(text)).min().unwrap_or(Fits::No)
            }
        }
    }
}

impl Payer {
    fn new(row: &ModelPayer) -> Option<Self> {
        let label = row.label.as_deref().map(|label| Pattern::new(&beginning(label), false));
        // Notes have lines, and any character is also the end of one.
        let notes =
            row.notes.as_deref().map(|notes| Pattern::new(&format!("(?s){}", beginning(notes)), false));
        (label.is_some() || notes.is_some()).then_some(Self { partner_id: row.payer_id, label, notes })
    }

    fn fits(&self, texts: &Texts) -> Fits {
        let [label, notes, _] = &texts.written;
        // A line without a label begins with nothing, not even with what may be anything.
        let of_label = self
            .label
            .as_ref()
            .map_or(Fits::Yes, |pattern| if label.is_empty() { Fits::No } else { pattern.fits(label) });
        of_label.max(self.notes.as_ref().map_or(Fits::Yes, |pattern| pattern.fits(notes)))
    }
}

/// At the beginning of a text, as Python's `re.match` looks for it.
fn beginning(regex: &str) -> String {
    format!(r"\A(?:{regex})")
}

impl Pattern {
    /// A regular expression of Python's, or PostgreSQL's: with looking ahead, which migrations to Odoo 19 make.
    /// <https://github.com/OCA/OpenUpgrade/blob/19.0/openupgrade_scripts/scripts/account/19.0.1.4/post-migration.py>
    fn new(text: &str, ignores_case: bool) -> Self {
        Self(RegexBuilder::new(text).case_insensitive(ignores_case).backtrack_limit(STEPS).build().ok())
    }

    fn fits(&self, text: &str) -> Fits {
        match self.0.as_ref().map(|regex| regex.is_match(text)) {
            Some(Ok(is_match)) => Fits::from(is_match),
            Some(Err(_)) | None => Fits::Perhaps,
        }
    }
}

impl Texts {
    fn of(line: &StatementLine, tables: &Tables) -> Self {
        let narration = tables.entries.get(line.move_id).and_then(|entry| entry.narration.as_deref());
        let written = [
            line.label.clone().unwrap_or_default(),
            narration.map(without_tags).unwrap_or_default(),
            line.details.clone().unwrap_or_default(),
        ];
        Self { small: written.each_ref().map(|text| text.to_lowercase()), written }
    }
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}
