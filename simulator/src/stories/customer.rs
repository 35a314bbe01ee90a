//! Customers and their contacts: entered, renamed, moved, entered twice and merged.

use crate::Simulation;
use crate::agenda::{Business, Event};
use crate::money::Cents;
use crate::names;
use crate::tables::bank::BankLine;
use crate::tables::invoice::{Move, MoveLine};
use crate::tables::label::Label;
use crate::tables::mail::{About, Body};
use crate::tables::partner::{MergeWizard, Partner};
use crate::tables::payment::Payment;
use crate::tables::sale::{Order, OrderLine};
use crate::tables::stock::{Picking, StockMove};
use crate::tables::till::PosOrder;

use super::field;

impl Simulation {
    pub(super) fn any_customer(&mut self) -> Option<u32> {
        const TRIES: u32 = 20;
        match self.business {
            Business::Usual => self.draw_customer(),
            Business::Further => (0..TRIES)
                .find_map(|_| self.draw_customer().filter(|customer| !self.is_left_alone(*customer))),
        }
    }

    /// Whether the further business keeps away from a customer: those that are watched, and who is going to be merged with one.
    fn is_left_alone(&self, customer: u32) -> bool {
        let watched = self.books.customers.iter().take(2 * self.settings.slipping as usize);
        let identity = self.books.partners[customer].identity;
        watched.into_iter().any(|watched| self.books.partners[*watched].identity == identity)
    }

    fn draw_customer(&mut self) -> Option<u32> {
        // A few customers buy much: the smaller of two draws prefers the front of the list.
        let count = u32::try_from(self.books.customers.len()).unwrap_or(0);
        let (first, second) = (self.random.below(count), self.random.below(count));
        self.books.customers.get(first.min(second) as usize).copied()
    }

    /// The customer itself or one of its contacts: who places an order.
    pub(super) fn buyer(&mut self, customer: u32) -> u32 {
        if !self.random.chance(25) {
            return customer;
        }
        // A contact may move to a customer that is watched, and takes its documents along.
        if self.business == Business::Further && self.settings.slipping > 0 {
            return customer;
        }
        let found = self.books.contacts.iter().copied().find(|contact| {
            let contact = &self.books.partners[*contact];
            contact.parent == customer && contact.active
        });
        found.unwrap_or(customer)
    }

    pub(super) fn new_customer(&mut self) {
        let name = names::company(&mut self.random);
        let card = self.partner_card(name, true);
        let customer = self.enter_partner(card);
        self.books.customers.push(customer);
        if self.random.chance(60) {
            self.plan_soon(minutes_until_contact(customer), Event::Contact(customer));
        }
        if self.random.chance(45) {
            self.plan_in(1, Event::SetLimit(customer));
        }
    }

    pub(super) fn new_contact(&mut self, company: u32) {
        if self.books.partners.get(company).is_none() {
            return;
        }
        let name = names::person(&mut self.random);
        let mut card = self.partner_card(name, false);
        card.parent = company;
        let contact = self.enter_partner(card);
        self.books.contacts.push(contact);
    }

    /// Odoo inserts a card, then completes what follows from it.
    fn enter_partner(&mut self, mut card: Partner) -> u32 {
        let parent = card.parent;
        let term = self.customer_term();
        if parent == 0 {
            card.term = term;
        }
        let partner = self.insert(card);
        self.say(About::Partner, partner, 2, Body::Text("<p>Contact created</p>"));
        let (limits, term) = match self.books.partners.get(parent) {
            Some(company) => (company.credit_limits.clone(), company.term),
            None => (Vec::new(), term),
        };
        self.update::<Partner>(partner, |card| {
            card.complete = true;
            card.term = term;
            card.credit_limits = limits;
            if parent != 0 {
                card.commercial = parent;
            }
        });
        partner
    }

    fn children(&self, company: u32) -> Vec<u32> {
        self.books.contacts.iter().copied().filter(|id| self.books.partners[*id].parent == company).collect()
    }

    /// A limit is set or changed; it is copied to the customer's contacts.
    pub(super) fn set_limit(&mut self, customer: u32) {
        if self.is_watched(customer) {
            return;
        }
        if self.books.partners.get(customer).is_none() {
            return;
        }
        let limit = self.limit();
        let companies = self.books.root_companies.clone();
        let company = self.random.pick(&companies).unwrap_or(1);
        self.put_limit(customer, company, limit);
    }

    /// A branch allows a customer less than the company does.
    pub(super) fn set_branch_limit(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let branches: Vec<_> = ids(self.books.companies.iter(), |company| company.parent != 0);
        let Some(branch) = self.random.pick(&branches) else { return };
        let limit = self.limit() / 5;
        self.put_limit(customer, branch, limit);
    }

    fn put_limit(&mut self, customer: u32, company: u32, limit: Cents) {
        let mut limits = self.books.partners[customer].credit_limits.clone();
        match limits.iter_mut().find(|(of, _)| *of == company) {
            Some((_, value)) => *value = limit,
            None => limits.push((company, limit)),
        }
        limits.sort_unstable();
        for partner in std::iter::once(customer).chain(self.children(customer)) {
            self.update::<Partner>(partner, |card| card.credit_limits.clone_from(&limits));
        }
    }

    pub(super) fn change_address(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let street = self.random.below(100_000);
        self.update::<Partner>(customer, |card| card.street = street);
        let message = self.say(About::Partner, customer, 2, Body::Changes);
        self.track(message, field::PARTNER_ADDRESS, Label::None, Label::None);
    }

    /// A new name reaches the cards below and the name shown on every document.
    pub(super) fn rename_partner(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let old = self.books.partners[customer].name.clone();
        let name = names::company(&mut self.random);
        self.update::<Partner>(customer, |card| {
            card.name = name;
            card.complete_name = Some(old);
        });
        self.update::<Partner>(customer, |card| card.complete_name = None);
        self.show_new_name(customer);
        for child in self.children(customer) {
            self.touch::<Partner>(child);
        }
        self.touch::<Partner>(customer);
        let message = self.say(About::Partner, customer, 2, Body::Changes);
        self.track(message, field::PARTNER_NAME, Label::None, Label::None);
    }

    fn show_new_name(&mut self, partner: u32) {
        for entry in self.entries_of(partner) {
            self.touch::<Move>(entry);
        }
    }

    fn entries_of(&self, partner: u32) -> Vec<u32> {
        self.books.moves.iter().filter(|(_, entry)| entry.partner == partner).map(|(id, _)| id).collect()
    }

    /// A contact changes employer. What it bought goes with it: the lines of its documents count at the
    /// new company from then on.
    pub(super) fn move_contact(&mut self) {
        let contacts = self.books.contacts.clone();
        let (Some(contact), Some(company)) = (self.random.pick(&contacts), self.any_customer()) else {
            return;
        };
        if self.books.partners[contact].commercial == company {
            return;
        }
        let (limits, term) = {
            let company = &self.books.partners[company];
            (company.credit_limits.clone(), company.term)
        };
        self.update::<Partner>(contact, |card| {
            card.parent = company;
            card.commercial = company;
        });
        self.update::<Partner>(contact, |card| {
            card.credit_limits = limits;
            card.term = term;
        });
        for entry in self.entries_of(contact) {
            self.update::<Move>(entry, |row| row.commercial = company);
            for line in self.books.moves[entry].lines.clone() {
                self.update::<MoveLine>(line, |row| row.partner = company);
            }
            self.say(About::Move, entry, 2, Body::Text("<p>Counts at another company from now on</p>"));
        }
        self.say(About::Partner, contact, 2, Body::Changes);
    }

    /// Someone enters a customer that is there already; business goes to both until they are merged.
    pub(super) fn duplicate_customer(&mut self) {
        let Some(original) = self.any_customer() else { return };
        let name: Box<str> = self.books.partners[original].name.to_uppercase().into();
        let mut card = self.partner_card(name, true);
        // Who they are and where is known; they write from another address.
        (card.identity, card.street) = {
            let original = &self.books.partners[original];
            (original.identity, original.street)
        };
        let duplicate = self.enter_partner(card);
        self.books.duplicates.push((duplicate, original));
        self.books.customers.push(duplicate);
    }

    /// Two cards become one. Odoo repoints every reference by SQL, so no write date changes.
    pub(super) fn merge_partners(&mut self) {
        if self.books.duplicates.len() < 2 {
            return;
        }
        let (gone, kept) = self.books.duplicates.remove(0);
        if self.books.partners.get(gone).is_none() || self.books.partners.get(kept).is_none() {
            return;
        }
        let wizard = self.insert(MergeWizard { kept, finished: false, user: self.user, created: self.now });
        for child in self.children(gone) {
            self.update_silently::<Partner>(child, |card| card.parent = kept);
            self.update_silently::<Partner>(child, |card| card.commercial = kept);
        }
        self.update_silently::<Partner>(gone, |card| card.commercial = kept);
        self.repoint_entries(gone, kept);
        self.repoint_orders(gone, kept);
        self.repoint_till(gone, kept);
        self.touch::<Partner>(kept);
        self.say(About::Partner, kept, 2, Body::Merged(gone));
        let rank = self.books.partners[gone].customer_rank;
        let limits = self.books.partners[gone].credit_limits.clone();
        self.update::<Partner>(kept, |card| {
            card.customer_rank += rank;
            if card.credit_limits.is_empty() {
                card.credit_limits = limits;
            }
        });
        self.show_new_name(kept);
        for list in [&mut self.books.customers, &mut self.books.contacts] {
            list.retain(|partner| *partner != gone);
        }
        for pair in &mut self.books.duplicates {
            if pair.1 == gone {
                pair.1 = kept;
            }
        }
        if let Some(credits) = self.books.credits.remove(&gone) {
            self.books.credits.entry(kept).or_default().extend(credits);
        }
        self.delete::<Partner>(gone);
        self.update::<MergeWizard>(wizard, |row| row.finished = true);
    }

    fn repoint_entries(&mut self, gone: u32, kept: u32) {
        let named = self.entries_of(gone);
        for entry in named {
            self.update_silently::<Move>(entry, |row| row.partner = kept);
        }
        let counted: Vec<_> = ids(self.books.moves.iter(), |row: &Move| row.commercial == gone);
        for entry in counted {
            self.update_silently::<Move>(entry, |row| row.commercial = kept);
        }
        let lines: Vec<_> = ids(self.books.lines.iter(), |row: &MoveLine| row.partner == gone);
        for line in lines {
            self.update_silently::<MoveLine>(line, |row| row.partner = kept);
        }
        let payments: Vec<_> = ids(self.books.payments.iter(), |row: &Payment| row.partner == gone);
        for payment in payments {
            self.update_silently::<Payment>(payment, |row| row.partner = kept);
        }
        let bank: Vec<_> = ids(self.books.bank_lines.iter(), |row: &BankLine| row.partner == gone);
        for line in bank {
            self.update_silently::<BankLine>(line, |row| row.partner = kept);
        }
    }

    fn repoint_till(&mut self, gone: u32, kept: u32) {
        for order in ids(self.books.pos_orders.iter(), |row: &PosOrder| row.partner == gone) {
            self.update_silently::<PosOrder>(order, |row| row.partner = kept);
        }
    }

    fn repoint_orders(&mut self, gone: u32, kept: u32) {
        let orders =
            ids(self.books.orders.iter(), |row: &Order| row.partner == gone || row.invoice_partner == gone);
        for order in orders {
            self.update_silently::<Order>(order, |row| {
                for partner in [&mut row.partner, &mut row.invoice_partner] {
                    if *partner == gone {
                        *partner = kept;
                    }
                }
            });
            for line in self.books.orders[order].lines.clone() {
                self.update_silently::<OrderLine>(line, |_| {});
            }
            let picking = self.books.orders[order].picking;
            if picking != 0 {
                self.update_silently::<Picking>(picking, |_| {});
                for row in self.books.pickings[picking].moves.clone() {
                    self.update_silently::<StockMove>(row, |_| {});
                }
            }
        }
    }
}

fn ids<'a, T: 'a>(rows: impl Iterator<Item = (u32, &'a T)>, wanted: impl Fn(&T) -> bool) -> Vec<u32> {
    rows.filter(|(_, row)| wanted(row)).map(|(id, _)| id).collect()
}

/// Some minutes that differ from customer to customer.
fn minutes_until_contact(customer: u32) -> i64 {
    i64::from(customer % 50) + 3
}
