//! Scans: all records of an Odoo model are compared with a model that was just frozen. Between scans every change is followed.

use std::collections::BTreeSet;

use linkage::model::{Model, Parameters};

use super::decide::Decision;
use super::model_index::{FEWEST, ModelIndex, ScanReason};
use crate::store::{Frozen, Scan};

impl Decision<'_> {
    /// Freezes a model over all records and compares them, with what was learned if anything was. Only differences are emitted.
    pub(super) fn scan(&mut self, learned: Option<Parameters>, reason: ScanReason) -> ModelIndex {
        let schema = self.model.schema();
        let mut with = match learned {
            Some(learned) => Model::new(&schema, learned),
            None => Model::untrained(&schema),
        };
        let mut records = self.state.rows().records(self.model, &with);
        with.freeze(&mut records, FEWEST);
        self.store_scan(&with, records.len(), reason);
        let mut index = ModelIndex::new(self.model, with, records, &self.state.tables);
        // Values on which decisions are based may have changed while records of the model were not compared.
        let decided_upon = self.decided_upon();
        self.lapse(&mut index, &decided_upon);
        index.settle();
        let tables = &self.state.tables;
        let live =
            tables.groups.iter().filter(|row| row.odoo_model == self.model.as_str() && row.status.is_live());
        let groups: BTreeSet<i32> = live.map(|row| row.id).collect();
        let records = index.engine.groups().flat_map(|group| group.records.clone()).collect();
        self.regroup(&mut index, groups, records);
        self.count(&index);
        index
    }

    /// Writes the rows of a scan and of the model that was frozen for it.
    fn store_scan(&mut self, with: &Model, records: usize, reason: ScanReason) {
        let number = self.model.number();
        let scan_id = self.state.last_ids.next_scan();
        let tables = &mut self.state.tables;
        let frozen = with.frozen();
        let total_records = i32::try_from(records).unwrap_or(i32::MAX);
        let row = Frozen {
            model: number,
            version: tables.models.get(number).map_or(1, |row| row.version + 1),
            weights: frozen.weights,
            frequencies: frozen.frequencies,
            records: total_records,
            scan_id,
        };
        tables.models.set(number, Some(row));
        let now = self.now.naive_utc();
        let scan = Scan {
            id: scan_id,
            scan_type: format!("{} {}", self.model, reason.as_str()),
            status: "completed".into(),
            total_records,
            duplicates_found: 0,
            auto_merged: 0,
            pending_review: 0,
            started_at: now,
            completed_at: now,
        };
        tables.scans.set(scan_id, Some(scan));
    }

    /// The records of the model are not compared any more.
    pub(super) fn stop_comparing(&mut self, mut index: ModelIndex) {
        let groups = index.live_groups();
        for id in self.state.rows().ids(self.model) {
            index.set(id, None);
        }
        index.settle();
        self.regroup(&mut index, groups, BTreeSet::new());
        self.count(&index);
        self.state.tables.models.set(self.model.number(), None);
    }

    /// The scan whose model is in force.
    pub(super) fn scan_in_force(&self) -> Option<i32> {
        self.state.tables.models.get(self.model.number()).map(|row| row.scan_id)
    }

    /// Brings the counts of the scan in force up to date.
    pub(super) fn count(&mut self, index: &ModelIndex) {
        let Some(id) = self.scan_in_force() else { return };
        let Some(before) = self.state.tables.scans.get(id) else { return };
        let scan = Scan {
            total_records: i32::try_from(index.engine.len()).unwrap_or(i32::MAX),
            duplicates_found: index.tally.surplus,
            auto_merged: index.tally.merged,
            pending_review: index.tally.waiting,
            ..before.clone()
        };
        self.state.tables.scans.replace(id, Some(scan));
    }
}
