//! Rows of snapshots.

use super::{Assembler, Contents, Delivery, Stage};
use crate::log::{Row, Snapshot};
use crate::subjects::TABLES;

/// The tables that every Odoo database has.
const BASE: [&str; 4] = ["res_company", "res_partner", "res_currency", "account_account"];

impl Assembler {
    /// Takes a row of a snapshot. The first one begins the snapshot, the last one completes it.
    pub(super) fn snapshot_row(
        &mut self,
        offset: i64,
        row: Row,
        spoiled: bool,
        deliveries: &mut Vec<Delivery>,
    ) {
        if row.snapshot == Snapshot::First {
            self.snapshots += 1;
            self.stage = Stage::Running;
            self.lost = None;
            self.brought.clear();
            self.open = None;
            self.pending.clear();
            self.applied.clear();
            self.high = None;
            self.incomplete = None;
            self.release(&[], deliveries);
        }
        if self.lost.is_some() || self.stage != Stage::Running {
            return;
        }
        let (last, time) = (row.snapshot == Snapshot::Last, row.time);
        if row.wanted {
            let first_of_table = self.brought.insert(row.table.clone());
            if !spoiled || first_of_table {
                let row = Row { after: row.after.filter(|_| !spoiled), ..row };
                self.deliver(offset, Contents::SnapshotRow { row, first_of_table }, deliveries);
            }
        }
        if last {
            self.stage = Stage::Complete;
            let all = BASE.iter().all(|table| self.brought.contains(*table));
            let missing = TABLES.iter().filter(|table| all && !self.brought.contains(**table));
            let empty = missing.map(|table| (*table).to_owned()).collect();
            self.deliver(offset, Contents::SnapshotEnd { empty, time }, deliveries);
        }
    }
}
