//! When a line may be booked without anybody looking at it: two independent things agree, nothing in the line speaks against it, and
//! nothing else comes near. A wrong booking costs more than fifty clicks.

use crate::bits::Bits;
use crate::cues::{Cue, Cues, Label};
use crate::hypothesis::{Family, Hypothesis, Kind};
use crate::mentions::{How, Mention};
use crate::parse;
use crate::payers::Payer;
use crate::reading::Reading;
use crate::records::{self, Item, Line, PartnerId, total};
use crate::weigh::{self, Known, one_partner};

/// As likely as this to be right, next to everything else that the line may be, …
const SURE: f64 = 0.98;
/// … and as likely as this by what became of proposals that looked as likely.
pub const LIKELY: f64 = 0.9;
/// The next is so much less likely.
const MARGIN: Bits = Bits::whole(4);
/// A journal's first lines are only proposed, until so many are confirmed; so are those after one that was booked and was wrong.
const PROBATION: usize = 50;
/// A number or a payer that says at least as much is evidence by itself.
const ENOUGH: Bits = Bits::whole(8);
/// As much says somewhat who paid.
const SOMEBODY: Bits = Bits::whole(6);

/// These words are never for a machine alone.
const NEVER: &[Cue] = &[
    Cue::Dispute,
    Cue::Except,
    Cue::Returned,
    Cue::Withheld,
    Cue::Payout,
    Cue::Factor,
    Cue::OwnTransfer,
    Cue::SetOff,
    Cue::Offer,
];
/// These are, where number, payer and amount all agree.
const SELDOM: &[Cue] =
    &[Cue::Payroll, Cue::Tax, Cue::Prepayment, Cue::Refund, Cue::Everything, Cue::BankCharge, Cue::Part];

/// What people may set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// A line is booked alone only if it is as likely as this to be right.
    pub sure: f64,
    /// Lines of a journal that have to be confirmed before one is booked alone.
    pub probation: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { sure: SURE, probation: PROBATION }
    }
}

/// What speaks for a set of items, as far as it matters here.
struct Case<'a> {
    best: &'a Hypothesis,
    reading: &'a Reading,
    known: &'a Known<'a>,
    set: Vec<&'a Item>,
    named: Vec<Mention>,
    partner: Option<PartnerId>,
    payer: Option<Payer>,
    by_number: bool,
    by_payer: bool,
    by_amount: bool,
}

/// Why a proposal waits for a person; empty if it need not. `others` are all other hypotheses.
pub fn against(
    best: &Hypothesis,
    others: &[&Hypothesis],
    probability: f64,
    reading: &Reading,
    line: &Line,
    known: &Known<'_>,
) -> Vec<&'static str> {
    if best.kind == Kind::Nothing {
        return vec!["nothing open is meant"];
    }
    let mut reasons = Vec::new();
    let mut ask = |holds: bool, reason| reasons.extend((!holds).then_some(reason));
    ask(probability >= known.bounds.sure, "it is not likely enough");
    ask(!others.iter().any(|other| is_near(best, other)), "something else is nearly as likely");
    if let Kind::WriteOff(account) = &best.kind {
        let (mentions, model) = (&reading.mentions, &line.model);
        ask(
            !reading.side.is_named && model.partner.is_none() && !reading.parsed.cues.any(NEVER),
            "somebody is named on it",
        );
        ask(mentions.closed.is_empty() && mentions.items.is_empty(), "it names an item");
        let is_learned = known.memory.write_off(&reading.parsed.signature, line.amount > 0).is_some();
        ask(is_learned, "nobody has booked a line like it yet");
        let is_agreed = model.account.is_empty() || model.account == *account;
        ask(is_agreed, "a reconciliation model books it elsewhere");
        return reasons;
    }
    let case = Case::of(best, reading, known);
    let cues = reading.parsed.cues;
    let families = [case.by_number, case.by_payer, case.by_amount].iter().filter(|by| **by).count();
    ask(families >= 2, "only one thing speaks for it");
    ask(!cues.any(NEVER), "its words are for a person");
    ask(families == 3 || !cues.any(SELDOM) || best.kind == Kind::Part, "its words may mean something else");
    ask(!reading.side.contradicts, "two partners are named as the payer");
    ask(!case.somebody_else_paid(), "somebody else paid");
    ask(!weigh::is_later(line, &case.set), "it was issued after the bank has booked the line");
    ask(reading.mentions.broken == 0, "a reference fails its check digits");
    ask(reading.mentions.closed.is_empty(), "it names what is paid");
    let are_usual = known.memory.knows_words(&reading.parsed.signature);
    ask(case.by_number || are_usual, "its words were never on a line that paid in full");
    ask(case.by_number || !case.names_what_is_not_there(), "it names a number that is not in the books");
    // Somebody who owes two equal amounts may name the one that is not paid, in any language.
    let has_twin = others.iter().any(|other| {
        other.kind == best.kind
            && other.of(Family::Amount) == best.of(Family::Amount)
            && other.of(Family::Payer) == best.of(Family::Payer)
    });
    ask(are_usual || !has_twin, "the payer owes as much elsewhere, and its words are new");
    ask(case.slips_alone_are_others(), "it names what somebody else has paid");
    ask(case.names_nothing_else(), "it names another item as well");
    ask(!case.named.iter().any(|mention| mention.except), "it names an item as not paid");
    ask(!reading.is_repeated || case.by_number, "the same line was there before");
    ask(!reading.is_recent || case.by_number, "the same payer has just paid as much");
    ask(best.others == 0, "other sets add up as well");
    ask(
        !case.is_mixed() || (case.by_number && case.has_credit_notes()),
        "a credit is set off that is not named as one",
    );
    ask(case.partner.is_some() || case.is_all_named(), "several partners' items");
    ask(case.is_explained(), "its difference is not explained");
    reasons
}

/// What is booked: where nothing names a difference, what there is, and the rest of the item stays open.
pub fn booked(best: &Hypothesis, line: &Line, against: &[&'static str]) -> Hypothesis {
    let mut booked = best.clone();
    let unnamed = matches!(best.kind, Kind::Fee | Kind::Discount) && !best.is_explained;
    if against.is_empty()
        && unnamed
        && let [(_, paid)] = &mut booked.allocations[..]
    {
        booked.rest = *paid - line.amount;
        *paid = line.amount;
        booked.kind = Kind::Part;
    }
    booked
}

/// Whether another hypothesis comes near. Two that differ only in when they are due are for a person: nobody knows why the older one is not
/// paid.
fn is_near(best: &Hypothesis, other: &Hypothesis) -> bool {
    let timeless = |hypothesis: &Hypothesis| hypothesis.score - hypothesis.of(Family::Time);
    best.score - other.score < MARGIN || timeless(best) - timeless(other) < MARGIN
}

impl<'a> Case<'a> {
    fn of(best: &'a Hypothesis, reading: &'a Reading, known: &'a Known<'a>) -> Self {
        let set: Vec<&Item> = best.items().filter_map(|id| known.items.get(id)).collect();
        let named: Vec<Mention> =
            best.items().filter_map(|id| reading.mentions.items.get(&id)).copied().collect();
        let partner = one_partner(&set);
        let payer = reading.side.of(partner).copied();
        Self {
            by_number: best.of(Family::Number) >= ENOUGH && named.len() == set.len(),
            // What people have set up may be about the very text that names the item, so it counts where the amount agrees, and where
            // the line names nobody else.
            by_payer: payer.is_some_and(|payer| {
                let by_model = payer.by_model && !reading.side.is_named && best.kind == Kind::Exact;
                (payer.by_account || payer.by_name || by_model) && payer.bits >= ENOUGH
            }),
            by_amount: best.kind == Kind::Exact,
            best,
            reading,
            known,
            set,
            named,
            partner,
            payer,
        }
    }

    fn somebody_else_paid(&self) -> bool {
        let own = self.payer.map_or(Bits::ZERO, |payer| payer.bits);
        let first = self.reading.side.payers.first();
        first.is_some_and(|other| {
            Some(other.partner) != self.partner && other.bits >= SOMEBODY && other.bits > own
        })
    }

    /// Whether every number on the line that is an open item's is one of these; the ends of numbers may be anybody's.
    fn names_nothing_else(&self) -> bool {
        let is_own = |mention: &Mention| {
            self.named
                .iter()
                .any(|own| own.place == mention.place && own.how >= mention.how && self.set.len() == 1)
        };
        self.reading.mentions.items.iter().all(|(id, mention)| {
            mention.except
                || mention.how <= How::Tail
                || self.best.items().any(|item| item == *id)
                || is_own(mention)
        })
    }

    /// Whether the line names an invoice that is not there, or a number that looks like one of these.
    fn names_what_is_not_there(&self) -> bool {
        let is_like =
            |code: &String| self.set.iter().any(|item| shape(code) == shape(&parse::code(item.number())));
        self.reading
            .mentions
            .unknown
            .iter()
            .any(|(code, label)| *label == Some(Label::Invoice) || is_like(code))
    }

    /// Whether each number that somebody else has paid is nearly the number of one of these.
    fn slips_alone_are_others(&self) -> bool {
        let is_slip = |place: &usize| self.named.iter().any(|own| own.place == *place);
        self.reading.mentions.foreign.iter().all(is_slip)
    }

    fn is_mixed(&self) -> bool {
        self.set.iter().any(|item| item.residual > 0) && self.set.iter().any(|item| item.residual < 0)
    }

    /// Whether what is set off are credit notes: the documents say so, or else the text.
    fn has_credit_notes(&self) -> bool {
        let sign = total(self.set.iter().map(|item| item.residual)).signum();
        let mut set_off = self.set.iter().filter(|item| item.residual.signum() != sign).map(|item| item.kind);
        set_off.all(|kind| match kind {
            records::Kind::CreditNote | records::Kind::Refund => true,
            records::Kind::Unknown => self.reading.parsed.cues.has(Cue::CreditNote),
            _ => false,
        })
    }

    fn is_all_named(&self) -> bool {
        self.by_number && self.named.iter().all(|mention| mention.how >= How::Whole)
    }

    fn is_explained(&self) -> bool {
        let at_the_rate = self.best.of(Family::Amount) >= Bits::whole(5);
        match self.best.kind {
            Kind::Exact => true,
            Kind::Rounding => self.by_number && self.by_payer,
            Kind::Exchange => self.by_number && at_the_rate,
            Kind::Part => {
                self.by_number && self.by_payer && self.reading.parsed.cues.has(Cue::Part)
                    || self.is_on_account()
            }
            Kind::Discount | Kind::Fee => self.by_number && self.best.is_explained || self.is_on_account(),
            _ => false,
        }
    }

    /// Who names one item and pays less has paid a part of it, and the rest stays open. Any word that was never on a line that paid in
    /// full, and any other figure, may say why it is less, and is for a person.
    fn is_on_account(&self) -> bool {
        let parsed = &self.reading.parsed;
        let is_plain =
            parsed.cues == Cues::default() && parsed.amounts.is_empty() && parsed.percents.is_empty();
        let [item] = self.set[..] else { return false };
        let by_account = self.payer.is_some_and(|payer| payer.by_account);
        self.by_number
            && self.by_payer
            && is_plain
            && self.known.memory.knows_words(&parsed.signature)
            && (by_account || self.named.iter().all(|mention| mention.how > How::Tail))
            && self.best.difference.signum() == -item.residual.signum()
    }
}

/// What a number looks like: its digits do not matter.
fn shape(code: &str) -> String {
    code.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}
