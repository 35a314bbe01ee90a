//! What speaks for a set of items, and for nothing at all.

use crate::bits::Bits;
use crate::candidates::Candidate;
use crate::cues::Cue;
use crate::difference::{self, Difference};
use crate::hypothesis::{Evidence, Family, Hypothesis, Kind};
use crate::items::Items;
use crate::memory::Memory;
use crate::mentions::How;
use crate::payers::Payers;
use crate::policy::Bounds;
use crate::rates::Rates;
use crate::reading::Reading;
use crate::records::{self, Item, ItemId, Line, PartnerId, total};

/// One of thousands of items is meant.
const PRIOR: Bits = Bits::whole(-12);

/// Days after which a payment is registered at the latest.
const REGISTERED: i32 = 7;

/// What the engine knows.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What is open.
    pub items: &'a Items,
    /// Who may pay.
    pub payers: &'a Payers,
    /// Rates of the day.
    pub rates: &'a Rates,
    /// What was learned.
    pub memory: &'a Memory,
    /// What people have set.
    pub bounds: Bounds,
}

/// What a set of items is worth for a line; `None` if the line cannot pay it.
pub fn items(line: &Line, reading: &Reading, candidate: &Candidate, known: &Known<'_>) -> Option<Hypothesis> {
    let Known { items, payers, rates, memory, .. } = *known;
    let set: Vec<&Item> = candidate.items.iter().filter_map(|id| items.get(*id)).collect();
    if set.len() != candidate.items.len() {
        return None;
    }
    let residual = |item: &&Item| rates.convert(item.residual, item.currency, line.currency, line.date);
    let owed = total(set.iter().map(residual).collect::<Option<Vec<i64>>>()?);
    let mut difference = difference::between(line, &reading.parsed, &set, owed, rates.unit(line.currency))?;
    if candidate.is_payout {
        difference.kind = Kind::Payout;
        difference.bits = Bits::whole(16);
        difference.what = "charges one after the other, less what a provider keeps";
    }
    let mut evidence = vec![Evidence { family: Family::Prior, bits: PRIOR, what: "one of many items" }];
    // The instalments of one document are one thing.
    let documents = if is_one_document(&set) { 1 } else { set.len() };
    kind(&difference, documents, candidate.others, &mut evidence);
    evidence.push(Evidence { family: Family::Amount, bits: difference.bits, what: difference.what });
    numbers(reading, &set, items, &mut evidence);
    // Who quotes a number has it.
    let is_quoted = evidence.iter().any(|one| one.family == Family::Number && one.bits > Bits::ZERO);
    if !is_quoted && is_later(line, &set) {
        let what = "the bank has booked it before it was issued";
        evidence.push(Evidence { family: Family::Prior, bits: Bits::whole(-3), what });
    }
    if !candidate.is_payout {
        payer(reading, &set, payers, &mut evidence);
        time(line, &set, memory, &mut evidence);
    }
    if candidate.is_everything {
        let bits = Bits::whole(if reading.parsed.cues.has(Cue::Everything) { 4 } else { 1 });
        evidence.push(Evidence { family: Family::Words, bits, what: "it is all that is open, or due" });
    }
    let alone = evidence.iter().all(|evidence| {
        !matches!(evidence.family, Family::Number | Family::Payer) || evidence.bits <= Bits::ZERO
    });
    if candidate.unseen > 0 && alone {
        let bits = -Bits::log2(candidate.unseen + 1);
        evidence.push(Evidence { family: Family::Prior, bits, what: "many items of the same amount" });
    }
    let allocations = allocate(line, &set, &difference, rates)?;
    let rest = match (&set[..], &allocations[..]) {
        ([item], [(_, paid)]) if difference.kind == Kind::Part => item.residual - paid,
        _ => 0,
    };
    let score = evidence.iter().map(|evidence| evidence.bits).sum();
    Some(Hypothesis {
        kind: difference.kind,
        allocations,
        difference: difference.amount,
        rest,
        is_explained: difference.is_explained,
        evidence,
        score,
        others: candidate.others,
    })
}

fn kind(difference: &Difference, size: usize, others: usize, evidence: &mut Vec<Evidence>) {
    let (bits, what) = match difference.kind {
        Kind::Exact | Kind::Rounding if size == 1 => (0, "one item"),
        Kind::Exact | Kind::Rounding => (-2, "several items"),
        Kind::Exchange => (-1, "another currency"),
        Kind::Discount | Kind::Fee => (-2, "a difference"),
        Kind::Payout => (0, "a payout"),
        Kind::Part if size > 1 => (-9, "several items, and less than they are"),
        Kind::Part => (-3, "a part"),
        Kind::Over if size > 1 => (-6, "several items, and more than they are"),
        _ => (-4, "more than is open"),
    };
    evidence.push(Evidence { family: Family::Prior, bits: Bits::whole(bits), what });
    if others > 0 {
        let bits = -Bits::log2(others + 1);
        evidence.push(Evidence { family: Family::Prior, bits, what: "other sets add up as well" });
    }
}

fn numbers(reading: &Reading, set: &[&Item], items: &Items, evidence: &mut Vec<Evidence>) {
    let mut add = |bits: Bits, what| evidence.push(Evidence { family: Family::Number, bits, what });
    let mentions = &reading.mentions;
    let mut named: Vec<_> = set.iter().filter_map(|item| mentions.items.get(&item.id)).collect();
    named.sort_by_key(|mention| std::cmp::Reverse(mention.bits));
    if named.iter().any(|mention| mention.except) {
        add(Bits::whole(-12), "it is named as not paid");
    } else if let Some(first) = named.first() {
        let further = i32::try_from(named.len() - 1).unwrap_or(0).min(4);
        let what = match first.how {
            How::Reference => "its reference is quoted",
            How::Whole => "its number is quoted",
            How::Digits => "the digits of its number are quoted",
            How::Tail => "the end of its number is quoted",
            How::Slip => "a number like its own is quoted",
        };
        add(first.bits + Bits::whole(2 * further), what);
        let unnamed = i32::try_from(set.len() - named.len()).unwrap_or(0);
        if unnamed > 0 {
            add(Bits::whole(-3 * unnamed), "others are not named");
        }
    }
    // Numbers that name something else: each place in the text counts once.
    let taken: Vec<usize> = named.iter().map(|mention| mention.place).collect();
    let mut places: Vec<(usize, How)> = mentions
        .items
        .iter()
        .filter(|(id, mention)| {
            !mention.except && !set.iter().any(|item| item.id == **id) && items.get(**id).is_some()
        })
        .map(|(_, mention)| (mention.place, mention.how))
        .filter(|(place, _)| !taken.contains(place))
        .collect();
    // The items of a range share a place.
    places.sort_unstable();
    places.dedup_by_key(|(place, _)| *place);
    for (_, how) in places.iter().take(4) {
        let bits = match how {
            How::Reference | How::Whole | How::Digits => -7,
            How::Tail => -1,
            How::Slip => -2,
        };
        add(Bits::whole(bits), "another item's number is quoted");
    }
    if !mentions.closed.is_empty() {
        add(Bits::whole(-6), "a number is quoted that is paid");
    }
}

fn payer(reading: &Reading, set: &[&Item], payers: &Payers, evidence: &mut Vec<Evidence>) {
    let mut add = |bits: Bits, what| evidence.push(Evidence { family: Family::Payer, bits, what });
    if set.iter().all(|item| item.kind == records::Kind::Transfer) {
        if reading.side.is_own || reading.parsed.cues.has(Cue::OwnTransfer) {
            add(Bits::whole(24), "money on its way between our own accounts");
        }
        return;
    }
    let Some(partner) = one_partner(set) else {
        add(Bits::whole(-3), "several partners' items");
        return;
    };
    let side = &reading.side;
    if side.is_own {
        add(Bits::whole(-12), "the company itself is on the other side");
    } else if let Some(payer) = side.of(Some(partner)) {
        let what = match (payer.by_account, payer.by_name, payer.by_model) {
            (true, true, _) => "account and name are the partner's",
            (true, false, _) => "the account is the partner's",
            (false, true, _) => "the name is the partner's",
            (false, false, true) => "a reconciliation model names the partner",
            (false, false, false) => "the name is like the partner's",
        };
        add(payer.bits, what);
        let better = side.payers.iter().find(|other| other.partner != partner && other.bits > payer.bits);
        if better.is_some() {
            add(Bits::whole(-3), "somebody else is likelier to have paid");
        }
    } else if let Some(other) = side.payers.first().filter(|other| other.bits >= Bits::whole(6)) {
        if payers.are_related(other.partner, partner) {
            add(Bits::whole(3), "the payer belongs to the partner");
        } else {
            add(Bits::whole(-8), "somebody else paid");
        }
    } else if side.is_named {
        add(Bits::whole(-3), "the payer is not known");
    }
}

/// Whether all of them are instalments of one document.
fn is_one_document(set: &[&Item]) -> bool {
    let number = set.first().map_or("", |item| item.number());
    !number.is_empty() && set.iter().all(|item| item.number() == number)
}

/// Whether one of them was issued after the bank has booked the line. A payment may be registered some days later.
pub fn is_later(line: &Line, set: &[&Item]) -> bool {
    let grace = |item: &Item| if item.kind == records::Kind::Payment { REGISTERED } else { 0 };
    set.iter().any(|item| item.date > line.date + grace(item))
}

/// Whose all of them are.
pub fn one_partner(set: &[&Item]) -> Option<PartnerId> {
    let first = set.first()?.partner?;
    set.iter().all(|item| item.partner == Some(first)).then_some(first)
}

fn time(line: &Line, set: &[&Item], memory: &Memory, evidence: &mut Vec<Evidence>) {
    // The one that fits worst: a set is as unlikely as that.
    let late = |item: &&Item| memory.habits.bits(item.partner, line.date - item.due);
    let bits = set.iter().map(late).min().unwrap_or(Bits::ZERO);
    // Of two that are alike the older is paid first.
    let age = set.iter().map(|item| line.date - item.due).max().unwrap_or(0).clamp(-90, 90) / 3;
    let what = if bits >= Bits::ZERO {
        "it is paid when one would expect"
    } else {
        "it is not paid when one would expect"
    };
    evidence.push(Evidence { family: Family::Time, bits: bits + Bits::milli(age), what });
}

/// How much of each item is paid, in its currency: all of it, or what there is, the oldest first. Of several items in other currencies
/// nobody knows which are paid in part.
fn allocate(
    line: &Line,
    set: &[&Item],
    difference: &Difference,
    rates: &Rates,
) -> Option<Vec<(ItemId, i64)>> {
    let is_foreign = set.iter().any(|item| item.currency != line.currency);
    if difference.kind == Kind::Part && is_foreign {
        let [item] = set[..] else { return None };
        let paid = rates.convert(line.amount, line.currency, item.currency, line.date)?;
        let fits = paid != 0 && paid.signum() == item.residual.signum() && paid.abs() <= item.residual.abs();
        return fits.then(|| vec![(item.id, paid)]);
    }
    let mut order: Vec<&&Item> = set.iter().collect();
    order.sort_by_key(|item| (item.due, item.id));
    let is_part = difference.kind == Kind::Part;
    // Credits among them are used up first, and make more of the rest payable.
    let credits: i64 = set
        .iter()
        .map(|item| item.residual)
        .filter(|residual| residual.signum() != line.amount.signum())
        .sum();
    let mut left = line.amount - credits;
    let mut allocations: Vec<(ItemId, i64)> = order
        .into_iter()
        .map(|item| {
            if !is_part || item.residual.signum() != line.amount.signum() {
                return (item.id, item.residual);
            }
            let paid = if item.residual.abs() <= left.abs() { item.residual } else { left };
            left -= paid;
            (item.id, paid)
        })
        .filter(|(_, paid)| *paid != 0)
        .collect();
    allocations.sort_unstable();
    Some(allocations)
}

/// What speaks for a line that pays nothing that is open.
pub fn nothing(line: &Line, reading: &Reading, memory: &Memory) -> Hypothesis {
    let mut evidence = Vec::new();
    let mut add = |family, bits: i32, what| evidence.push(Evidence { family, bits: Bits::whole(bits), what });
    let cues = reading.parsed.cues;
    if line.amount == 0 {
        add(Family::Amount, 30, "nothing moved");
    }
    if reading.side.is_own {
        add(Family::Payer, 10, "the company itself is on the other side");
    }
    let closed = &reading.mentions.closed;
    if closed.contains(&line.amount) {
        add(Family::Number, 12, "a number is quoted that is paid, and it was just as much");
    } else if !closed.is_empty() {
        add(Family::Number, 5, "a number is quoted that is paid");
    }
    if reading.is_repeated {
        add(Family::Words, 3, "the same line was there before");
    }
    for (cue, bits, what) in [
        (Cue::Returned, 16, "a payment came back"),
        (Cue::OwnTransfer, 5, "a transfer of our own"),
        (Cue::Payroll, 8, "wages"),
        (Cue::Tax, 6, "taxes"),
        (Cue::BankCharge, 6, "the bank's own charge or interest"),
        (Cue::Prepayment, 6, "paid before there is an invoice"),
        (Cue::Refund, 2, "money goes back"),
        (Cue::Notice, 2, "the bank only says something"),
    ] {
        if cues.has(cue) {
            add(Family::Words, bits, what);
        }
    }
    if reading.side.payers.is_empty() && reading.side.is_named {
        add(Family::Payer, 1, "nobody who owes is on the other side");
    }
    let mut learned = memory.nothing(&reading.parsed.signature, line.amount > 0);
    let write_off = memory.write_off(&reading.parsed.signature, line.amount > 0);
    if reading.side.payers.is_empty() {
        // Words alone decide only where nobody is named.
        learned = learned + learned;
    }
    // Where people book lines like it otherwise than they have set it up, it is for them to say which of the two is meant.
    let account = write_off.map_or(line.model.account.as_str(), |(account, _)| account);
    if !account.is_empty() && account == line.model.account {
        evidence.push(Evidence {
            family: Family::Words,
            bits: Bits::whole(6),
            what: "a reconciliation model books lines like it",
        });
    }
    if learned != Bits::ZERO {
        evidence.push(Evidence {
            family: Family::Words,
            bits: learned,
            what: "what lines with these words were",
        });
    }
    let score = evidence.iter().map(|evidence| evidence.bits).sum();
    let kind = if account.is_empty() { Kind::Nothing } else { Kind::WriteOff(account.to_owned()) };
    Hypothesis {
        kind,
        allocations: Vec::new(),
        difference: line.amount,
        rest: 0,
        is_explained: true,
        evidence,
        score,
        others: 0,
    }
}
