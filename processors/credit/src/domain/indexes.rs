//! Source rows, looked up by what they belong to.

use contract::Table;

use super::links::Links;
use crate::store::{InvoicedLine, Settlement, Tables};
use contract::Index;

/// All indexes over the source rows.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    pub(super) links: Links,
    pub(super) items_of_move: Index,
    pub(super) items_of_partner: Index,
    /// Open debits of which nothing says whether money went: what a credit note may explain.
    pub(super) unclear_of_partner: Index,
    pub(super) orders_of_partner: Index,
    pub(super) lines_of_order: Index,
    pub(super) limits_of_partner: Index,
    pub(super) invoices_of_partner: Index,
    pub(super) settlements_of_item: Index,
    pub(super) pending_of_partner: Index,
    pub(super) pos_lines_of_line: Index,
    pub(super) pos_lines_of_order: Index,
}

impl Indexes {
    pub(super) fn new(tables: &Tables) -> Self {
        let (items, invoices) = (&tables.items, &tables.invoices);
        let ends = |row: &Settlement| [(row.debit_id, row.id), (row.credit_id, row.id)];
        Self {
            links: tables.links.iter().map(InvoicedLine::key).collect(),
            items_of_move: items.iter().map(|item| (item.move_id, item.id)).collect(),
            items_of_partner: items.iter().filter_map(|item| Some((item.partner_id?, item.id))).collect(),
            unclear_of_partner: items.iter().filter_map(|item| Some((item.unclear_of()?, item.id))).collect(),
            orders_of_partner: tables.orders.iter().map(|order| (order.partner_id, order.id)).collect(),
            lines_of_order: tables.lines.iter().map(|line| (line.order_id, line.id)).collect(),
            limits_of_partner: tables.limits.iter().map(|limit| (limit.group(), limit.id)).collect(),
            invoices_of_partner: invoices.iter().filter_map(|row| Some((row.partner_id?, row.id))).collect(),
            settlements_of_item: tables.settlements.iter().flat_map(ends).collect(),
            pending_of_partner: tables.pending.iter().map(|row| (row.partner_id, row.id)).collect(),
            pos_lines_of_line: tables.pos_lines.iter().map(|row| (row.order_line_id, row.id)).collect(),
            pos_lines_of_order: tables.pos_lines.iter().map(|row| (row.pos_order_id, row.id)).collect(),
        }
    }

    /// Drops what is known of a source table's rows.
    pub(super) fn clear_table(&mut self, table: &str) {
        match table {
            "ir_property" => self.limits_of_partner.clear(),
            "account_move" => self.invoices_of_partner.clear(),
            "account_partial_reconcile" => self.settlements_of_item.clear(),
            "account_move_line" => {
                self.items_of_move.clear();
                self.items_of_partner.clear();
                self.unclear_of_partner.clear();
            }
            "sale_order" => self.orders_of_partner.clear(),
            "sale_order_line" => self.lines_of_order.clear(),
            "account_payment" => self.pending_of_partner.clear(),
            "pos_order_line" => {
                self.pos_lines_of_line.clear();
                self.pos_lines_of_order.clear();
            }
            "sale_order_line_invoice_rel" => self.links = Links::default(),
            _ => {}
        }
    }
}
