//! Rows of snapshots.

use super::{Assembler, Contents, Delivery, Stage};
use crate::log::{Row, Snapshot};
use crate::subjects::TABLES;

/// Tables that are never empty in a database of Odoo.
const BASE: [&str; 5] = ["res_company", "res_partner", "res_currency", "res_country", "account_account"];

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
            self.brought.clear();
        }
        if self.stage != Stage::Running {
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
            self.complete(offset, time, deliveries);
        }
    }

    /// A snapshot of the whole database makes up for whatever was lost; what it does not bring is empty.
    fn complete(
        &mut self,
        offset: i64,
        time: Option<chrono::DateTime<chrono::Utc>>,
        deliveries: &mut Vec<Delivery>,
    ) {
        self.stage = Stage::Complete;
        let lacks = |table: &&str| self.captured.contains(*table) && !self.brought.contains(*table);
        let (mut empty, mut wrong_clock) = (Vec::new(), None);
        if BASE.iter().any(lacks) {
            self.doubtful.retain(|table| !self.brought.contains(*table));
        } else {
            let missing = TABLES.iter().filter(|table| !self.brought.contains(**table));
            empty = missing.map(|table| (*table).to_owned()).collect();
            wrong_clock = self.bounded.take();
            self.doubtful.clear();
            self.high = None;
            self.incomplete = None;
            if let Some(open) = &mut self.open {
                // What it had changed was read with all else.
                open.begin = open.begin.map(|(offset, _)| (offset, false));
            }
        }
        if self.doubtful.is_empty() {
            self.lost = None;
        }
        self.captured.extend(std::mem::take(&mut self.brought));
        self.deliver(offset, Contents::SnapshotEnd { empty, time, wrong_clock }, deliveries);
    }
}
