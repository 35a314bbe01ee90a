//! Transactions: opened by BEGIN or by any of their rows, merged by order number, judged at END.

use contract::{Change, Decode, Failure};
use rustc_hash::FxHashMap;

use super::Assembler;
use super::content::{Content, Decoded, decoded};
use crate::feed::delivery::{DeadLetter, RecordRef, RowBatch, Step};
use crate::feed::envelope::Seen;
use crate::feed::input::Input;
use crate::feed::key::RowKey;
use crate::feed::order::Order;
use crate::feed::progress::{Position, Snapshot, Verdict};
use crate::torture::{Guard, stands};

/// A transaction whose END has not come yet.
pub(super) struct Open<R> {
    pub(super) transaction: u64,
    pub(super) first: i64,
    pub(super) order: Order,
    pub(super) rows: FxHashMap<RowKey, Row<R>>,
    pub(super) large: bool,
    /// Its BEGIN is behind everything that was applied, so it cannot have been applied before.
    pub(super) new: bool,
    pub(super) unreadable: Vec<DeadLetter>,
    /// Rows of an incremental snapshot and ticks that came in between, each a delivery of its own.
    pub(super) riders: Vec<(Step<R>, RecordRef)>,
}

/// The last version of a row.
pub(super) struct Row<R> {
    pub(super) order: u64,
    pub(super) offset: i64,
    pub(super) content: Content<R>,
}

impl<R> Open<R> {
    /// Whether no later version of the row is here.
    fn is_last(&self, key: RowKey, order: u64) -> bool {
        self.rows.get(&key).is_none_or(|row| row.order <= order)
    }
}

impl<R: Decode> Assembler<R> {
    pub(super) fn open(&mut self, transaction: u64, first: i64) {
        self.drop_open(first);
        self.held.clear();
        self.open = Some(Open {
            transaction,
            first,
            order: Order::default(),
            rows: FxHashMap::default(),
            large: false,
            new: false,
            unreadable: Vec::new(),
            riders: Vec::new(),
        });
    }

    /// The open transaction will never see its END: its rows are dropped, what came in between goes out.
    pub(super) fn drop_open(&mut self, next: i64) {
        if let Some(open) = self.open.take() {
            self.counts.skip("truncated transaction", 1);
            if open.new {
                self.progress.incomplete.get_or_insert(open.transaction);
            }
            self.release(open.riders, next);
        }
    }

    /// A row that nobody wants: only its number in its transaction matters.
    pub(super) fn pass_over(&mut self, transaction: u64, order: u64, offset: i64) {
        self.in_snapshot = false;
        self.close_chunk();
        self.counts.changes += 1;
        if self.see(transaction, order, offset) {
            self.counts.skip("other table", 1);
        }
    }

    /// Change number `order` of a transaction is here, which is open from now on. False when it was here before.
    pub(super) fn see(&mut self, transaction: u64, order: u64, offset: i64) -> bool {
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            self.open(transaction, offset);
        }
        let new = self.open.as_mut().is_some_and(|open| open.order.see(order));
        if !new {
            self.counts.skip("replayed change", 1);
        }
        new
    }

    pub(super) fn transaction_row(
        &mut self,
        change: &Change<'_>,
        transaction: u64,
        order: u64,
        input: &Input<'_>,
    ) {
        if !self.see(transaction, order, input.offset) {
            return;
        }
        let Some(table) = Self::wants(change.table.as_bytes()) else {
            return self.counts.skip("other table", 1);
        };
        let key = RowKey::new(table, change.key);
        if let Some(open) = self.open.as_ref().filter(|open| open.is_last(key, order)) {
            let content = if open.large {
                Content::Later
            } else {
                Content::Decoded(decoded(&mut self.counts, table, key, change, input))
            };
            self.keep(key, Row { order, offset: input.offset, content }, input);
        }
    }

    /// The same for a record of the usual shape: it is held as it came.
    pub(super) fn hold_row(&mut self, seen: &Seen<'_>, transaction: u64, order: u64, input: &Input<'_>) {
        if !self.see(transaction, order, input.offset) {
            return;
        }
        let key = RowKey::new(seen.table, seen.key);
        if let Some(open) = self.open.as_ref().filter(|open| open.is_last(key, order)) {
            let content =
                if open.large { Content::Later } else { Content::Held(self.held.push(seen, input)) };
            self.keep(key, Row { order, offset: input.offset, content }, input);
        }
    }

    /// Keeps a version of a row, the last one so far.
    fn keep(&mut self, key: RowKey, row: Row<R>, input: &Input<'_>) {
        let Some(open) = &mut self.open else { return };
        open.rows.insert(key, row);
        if !stands(Guard::FoldBoundary) {
            let rows = std::mem::take(&mut open.rows);
            let rows = self.bulk(rows, Vec::new());
            let time = self.progress.high.map_or(i64::MIN, |high| high.time);
            let next = input.offset + 1;
            return self.emit(Step::Transaction { rows, time }, input.record_ref(), next, true);
        }
        if !open.large && open.rows.len() > self.large {
            open.large = true;
            open.rows.values_mut().for_each(|row| row.content = Content::Later);
            self.held.clear();
        } else if self.held.is_full() {
            for (key, row) in &mut open.rows {
                if let Content::Held(span) = row.content {
                    let decoded = self.held.decode(span, (*key, row.offset), &mut self.counts);
                    row.content = Content::Decoded(decoded);
                }
            }
            self.held.clear();
        }
    }

    /// The rows of a transaction, in the order of their last changes, decoded.
    fn bulk(&mut self, rows: FxHashMap<RowKey, Row<R>>, unreadable: Vec<DeadLetter>) -> RowBatch<R> {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable_by_key(|(_, row)| row.order);
        let mut bulk = RowBatch {
            dead_letters: unreadable,
            changes: Vec::with_capacity(rows.len()),
            keys: Vec::with_capacity(rows.len()),
        };
        for (key, Row { offset, content, .. }) in rows {
            let decoded = match content {
                Content::Held(span) => self.held.decode(span, (key, offset), &mut self.counts),
                Content::Decoded(decoded) => decoded,
                // It comes when the transaction is read again.
                Content::Later => Decoded::Nothing,
            };
            bulk.push(key, offset, decoded);
        }
        bulk
    }

    pub(super) fn end(
        &mut self,
        transaction: u64,
        end: Position,
        changes: u64,
        input: &Input<'_>,
    ) -> Result<(), Failure> {
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            // Its beginning is not in the log; the verdict says whether that matters.
            self.open(transaction, input.offset);
        }
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let next = input.offset + 1;
        match self.progress.judge(end) {
            Verdict::Again => {
                self.progress.incomplete =
                    self.progress.incomplete.filter(|incomplete| *incomplete != transaction);
                self.counts.skip("re-emitted transaction", 1);
                self.release(open.riders, next);
                return Ok(());
            }
            Verdict::LogBeganAgain => {
                return Err(Failure::permanent(format!(
                    "offset {}: transaction {transaction} ends at position {} that was passed before, yet was committed \
                     later: the source's log began anew (failover or upgrade). Take a new snapshot with the connector",
                    input.offset, end.commit
                )));
            }
            Verdict::New => {}
        }
        if let Some(incomplete) = self.progress.incomplete.filter(|incomplete| *incomplete != transaction)
            && self.progress.snapshot != Snapshot::Waiting
            && stands(Guard::Loss)
        {
            return Err(Failure::permanent(format!(
                "offset {}: transaction {incomplete} was cut off and never came again: part of the log was lost. \
                 Take a new snapshot with the connector",
                input.offset
            )));
        }
        let missing = open.order.missing(changes);
        if missing > 0 && stands(Guard::Loss) {
            if self.progress.snapshot == Snapshot::Waiting {
                self.counts.skip("incomplete transaction before any snapshot", 1);
                self.release(open.riders, next);
                return Ok(());
            }
            return Err(Failure::permanent(format!(
                "offset {}: transaction {transaction} has {changes} changes, but {missing} are not in the log: \
                 part of the log was lost. Take a new snapshot with the connector",
                input.offset
            )));
        }
        // A row of an incremental snapshot is older than what the transaction wrote behind it.
        let newer = |key: &RowKey, offset: i64| open.rows.get(key).is_some_and(|row| row.offset > offset);
        open.riders.retain(|(step, record)| match step {
            Step::Transaction { rows, .. } => !rows.keys.iter().any(|(key, _)| newer(key, record.offset)),
            _ => true,
        });
        self.progress.advance(end);
        self.progress.incomplete = None;
        let step = if open.large {
            let rows = open.rows.values().map(|row| row.offset);
            let mut offsets: Vec<_> =
                rows.chain(open.unreadable.iter().map(|dead_letter| dead_letter.record.offset)).collect();
            offsets.sort_unstable();
            Step::Large { first: open.first, offsets, time: end.time }
        } else {
            Step::Transaction { rows: self.bulk(open.rows, open.unreadable), time: end.time }
        };
        self.emit(step, input.record_ref(), next, open.riders.is_empty());
        self.release(open.riders, next);
        Ok(())
    }
}
