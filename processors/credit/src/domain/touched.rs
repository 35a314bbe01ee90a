//! What has changed since conclusions were last drawn.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::bucket::Key;
use super::indexes::Indexes;
use super::money_moved::is_credit_note;
use crate::store::Tables;

/// What has to be placed and decided again.
#[derive(Default)]
pub(crate) struct Touched {
    /// Everything: a row changed that many depend on.
    pub(super) all: bool,
    pub(super) items: FxHashSet<i32>,
    /// Entries whose items are to be placed again, all of them.
    pub(super) entries: FxHashSet<i32>,
    pub(super) orders: FxHashSet<i32>,
    pub(super) invoices: FxHashSet<i32>,
    pub(super) settlements: FxHashSet<i32>,
    pub(super) pending: FxHashSet<i32>,
    /// Partners whose name or limit changed.
    pub(super) partners: FxHashSet<i32>,
    pub(super) rates: bool,
    /// The rules changed.
    pub(crate) settings: bool,
    /// Whose exposure may have changed.
    pub(super) keys: BTreeSet<Key>,
    /// Who has to be assessed again although the exposure may be the same.
    pub(super) assess: BTreeSet<Key>,
    /// Whose line in `credit_scores` may have changed although nothing else has.
    pub(super) customers: BTreeSet<i32>,
}

impl Touched {
    /// A draft came, went or changed its sign: its items and the orders that they invoice.
    pub(super) fn entry(&mut self, move_id: i32, tables: &Tables, indexes: &Indexes) {
        for item in indexes.items_of_move.members(move_id) {
            self.items.insert(item);
            self.orders_of(item, tables, indexes);
        }
    }

    /// An item that is linked to an order decides about all items of its entry, and about the order; one of a draft decides how much of
    /// it is for orders. What falls due of an entry with down payments says whether they are paid, and a credit note, whether an
    /// entry that nothing else is known of has paid it out.
    pub(super) fn item(&mut self, id: i32, tables: &Tables, indexes: &Indexes) {
        self.items.insert(id);
        if indexes.links.has(id) {
            self.siblings(id, tables);
            self.orders_of(id, tables, indexes);
        }
        let Some(item) = tables.items.get(id) else { return };
        if item.draft {
            self.entries.insert(item.move_id);
        }
        if !item.falls_due {
            return;
        }
        for sibling in indexes.items_of_move.members(item.move_id) {
            if tables.items.get(sibling).is_some_and(|item| item.down_payment) {
                self.orders_of(sibling, tables, indexes);
            }
        }
        if is_credit_note(item) {
            let unclear = item.partner_id.map(|partner| indexes.unclear_of_partner.members(partner));
            self.items.extend(unclear.into_iter().flatten());
        }
    }

    /// All items of an item's entry.
    pub(super) fn siblings(&mut self, item: i32, tables: &Tables) {
        self.entries.extend(tables.items.get(item).map(|item| item.move_id));
    }

    /// The orders that an item invoices.
    fn orders_of(&mut self, item: i32, tables: &Tables, indexes: &Indexes) {
        for line in indexes.links.lines_of(item) {
            self.line(line, tables);
        }
    }

    /// The order of a line.
    pub(super) fn line(&mut self, line: i32, tables: &Tables) {
        if let Some(line) = tables.lines.get(line) {
            self.orders.insert(line.order_id);
        }
    }
}
