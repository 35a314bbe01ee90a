//! Transactions: opened by BEGIN or by any of their rows, merged by order number, judged at END.

use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use contract::{Change, Decode, column};
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;

use super::content::{Content, Decoded, decoded};
use super::{Assembler, truncated};
use crate::feed::delivery::{DeadLetter, RecordRef, RowBatch, Step};
use crate::feed::envelope::{Changes, Place};
use crate::feed::glance::Seen;
use crate::feed::input::Input;
use crate::feed::key::RowKey;
use crate::feed::order::Order;
use crate::feed::progress::{Position, Snapshot, Verdict};
use crate::feed::recent::digest;
use crate::feed::tables::Tables;
use crate::torture::{Guard, stands};

/// A transaction whose END has not come yet.
pub(super) struct Open<R> {
    pub(super) transaction: u64,
    pub(super) first: i64,
    pub(super) order: Order,
    /// How many changes of each table have been seen.
    pub(super) counts: Vec<u64>,
    /// Tables that it has emptied.
    pub(super) truncated: Tables,
    pub(super) rows: FxHashMap<RowKey, Row<R>>,
    pub(super) large: bool,
    /// Its BEGIN is behind everything that was applied, so it cannot have been applied before.
    pub(super) new: bool,
    pub(super) unreadable: Vec<DeadLetter>,
    /// Rows of an incremental snapshot and ticks that came in between, each a delivery of its own.
    pub(super) riders: Vec<(Step<R>, RecordRef)>,
}

/// A row of the open transaction.
pub(super) struct Row<R> {
    pub(super) table: usize,
    pub(super) last: Version<R>,
    /// Those before, in order, where the last one may have come without some of their values.
    earlier: Vec<Version<R>>,
}

/// A version of a row.
pub(super) struct Version<R> {
    order: u64,
    pub(super) offset: i64,
    pub(super) content: Content<R>,
}

impl<R> Row<R> {
    fn versions(&self) -> impl Iterator<Item = &Version<R>> {
        self.earlier.iter().chain([&self.last])
    }

    fn versions_mut(&mut self) -> impl Iterator<Item = &mut Version<R>> {
        self.earlier.iter_mut().chain([&mut self.last])
    }
}

/// What a record holds that may have come without some of its values.
static UNAVAILABLE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(column::UNAVAILABLE));

impl<R> Open<R> {
    /// Whether no later version of the row is here.
    fn is_last(&self, key: RowKey, order: u64) -> bool {
        self.rows.get(&key).is_none_or(|row| row.last.order <= order)
    }
}

impl<R: Decode> Assembler<R> {
    /// A transaction begins, behind a commit position.
    pub(super) fn begin(&mut self, transaction: u64, behind: u64, input: &Input<'_>) {
        self.leave_snapshot(transaction, false, input);
        if let Some(open) = self.open.as_mut().filter(|open| open.transaction == transaction) {
            return open.order.begin_again();
        }
        self.open(transaction, input.offset);
        if let Some(open) = &mut self.open {
            open.new = self.progress.high.is_none_or(|high| behind >= high.commit);
        }
    }

    fn open(&mut self, transaction: u64, first: i64) {
        self.drop_open(first);
        self.held.clear();
        self.open = Some(Open {
            transaction,
            first,
            order: Order::default(),
            counts: vec![0; R::TABLES.len()],
            truncated: Tables::none(R::TABLES),
            rows: FxHashMap::default(),
            large: false,
            new: false,
            unreadable: Vec::new(),
            riders: Vec::new(),
        });
    }

    /// The open transaction will never see its END: its rows are dropped, what came in between goes out. One of which nothing is
    /// wanted, and whose END is a record that could not be read, owes nothing.
    fn drop_open(&mut self, next: i64) {
        if let Some(open) = self.open.take() {
            self.counts.skip("truncated transaction", 1);
            let nothing_wanted = open.counts.iter().all(|count| *count == 0);
            if open.new && !(nothing_wanted && open.order.unreadable() > 0) {
                self.progress.incomplete.get_or_insert(open.transaction);
            }
            self.release(open.riders, next);
        }
    }

    /// A change that nobody wants: only its number in its transaction matters.
    pub(super) fn pass_over(&mut self, place: Place<'_>, input: &Input<'_>) {
        if self.see(place, input).is_some() {
            self.counts.pass_over();
        }
    }

    /// A change of a transaction is here, which is open from now on. Answers which one of it that truly is; `None` when it was here
    /// before.
    pub(super) fn see(&mut self, place: Place<'_>, input: &Input<'_>) -> Option<u64> {
        let Place { transaction, order, .. } = place;
        self.counts.changes += 1;
        if self.progress.snapshot != Snapshot::Complete {
            self.leave_snapshot(transaction, false, input);
        }
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            self.open(transaction, input.offset);
        }
        let open = self.open.as_mut()?;
        if open.order.needs_position() && open.order.begin_at(order, place.position()) {
            // END counts what comes from here on.
            open.counts.fill(0);
        }
        let number = open.order.see(order);
        if number.is_none() {
            self.counts.skip("replayed change", 1);
        }
        number
    }

    /// The same for a change of a wanted table. `None` as well when a later version of its row is here.
    fn see_row(&mut self, place: Place<'_>, (table, key): (usize, RowKey), input: &Input<'_>) -> Option<u64> {
        let number = self.see(place, input)?;
        let open = self.open.as_mut()?;
        open.counts[table] += 1;
        open.is_last(key, number).then_some(number)
    }

    pub(super) fn transaction_row(&mut self, change: &Change<'_>, place: Place<'_>, input: &Input<'_>) {
        let Some(table) = Self::wants(change.table.as_bytes()) else {
            return self.pass_over(place, input);
        };
        let name = R::TABLES[table];
        let key = RowKey::new(name, change.key);
        if let Some(order) = self.see_row(place, (table, key), input) {
            let content = if self.is_large() {
                Content::Later
            } else {
                Content::Decoded(decoded(&mut self.counts, name, key, change, input))
            };
            self.keep((table, key), Version { order, offset: input.offset, content }, input);
        }
    }

    /// The same for a record of the usual shape: it is held as it came.
    pub(super) fn hold_row(&mut self, seen: &Seen<'_>, place: Place<'_>, input: &Input<'_>) {
        let name = R::TABLES[seen.table];
        let key = RowKey::new(name, seen.key);
        if let Some(order) = self.see_row(place, (seen.table, key), input) {
            let content = if self.is_large() {
                Content::Later
            } else {
                Content::Held(self.held.push(name, seen, input))
            };
            self.keep((seen.table, key), Version { order, offset: input.offset, content }, input);
        }
    }

    fn is_large(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.large)
    }

    /// Keeps a version of a row, the last one so far.
    fn keep(&mut self, (table, key): (usize, RowKey), last: Version<R>, input: &Input<'_>) {
        let Some(open) = &mut self.open else { return };
        match open.rows.entry(key) {
            Entry::Vacant(row) => _ = row.insert(Row { table, last, earlier: Vec::new() }),
            Entry::Occupied(mut row) => {
                let row = row.get_mut();
                let before = std::mem::replace(&mut row.last, last);
                let value = input.value.unwrap_or_default();
                if R::may_be_partial(R::TABLES[table]) && UNAVAILABLE.find(value).is_some() {
                    row.earlier.push(before);
                } else {
                    row.earlier.clear();
                }
            }
        }
        if !stands(Guard::FoldBoundary) {
            let rows = std::mem::take(&mut open.rows);
            let rows = self.bulk(rows, Vec::new());
            let time = self.progress.high.map_or(i64::MIN, |high| high.time);
            let next = input.offset + 1;
            return self.emit(Step::Transaction { rows, time }, input.record_ref(), next, true);
        }
        if !open.large && open.rows.len() > self.large {
            open.large = true;
            let versions = open.rows.values_mut().flat_map(Row::versions_mut);
            versions.for_each(|version| version.content = Content::Later);
            self.held.clear();
        } else if self.held.is_full() {
            for (key, row) in &mut open.rows {
                for version in row.versions_mut() {
                    if let Content::Held(span) = version.content {
                        let unit = self.format.time_unit;
                        let decoded = self.held.decode(span, (*key, version.offset), unit, &mut self.counts);
                        version.content = Content::Decoded(decoded);
                    }
                }
            }
            self.held.clear();
        }
    }

    /// The rows of a transaction, in the order of their last changes, decoded.
    fn bulk(&mut self, rows: FxHashMap<RowKey, Row<R>>, unreadable: Vec<DeadLetter>) -> RowBatch<R> {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable_by_key(|(_, row)| row.last.order);
        let mut bulk = RowBatch {
            dead_letters: unreadable,
            changes: Vec::with_capacity(rows.len()),
            keys: Vec::with_capacity(rows.len()),
            ..RowBatch::default()
        };
        for (key, row) in rows {
            for Version { offset, content, .. } in row.earlier.into_iter().chain([row.last]) {
                let decoded = match content {
                    Content::Held(span) => {
                        let unit = self.format.time_unit;
                        self.held.decode(span, (key, offset), unit, &mut self.counts)
                    }
                    Content::Decoded(decoded) => decoded,
                    // It comes when the transaction is read again.
                    Content::Later => Decoded::Nothing,
                };
                bulk.push(key, offset, decoded);
            }
        }
        bulk
    }

    /// A transaction ends: it is judged, and applied as a whole.
    pub(super) fn end(&mut self, transaction: u64, end: Position, changes: &Changes<'_>, input: &Input<'_>) {
        self.leave_snapshot(transaction, true, input);
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            // Its beginning is not in the log; the verdict says whether that matters.
            self.open(transaction, input.offset);
        }
        let Some(mut open) = self.open.take() else { return };
        let next = input.offset + 1;
        let verdict = self.progress.judge(transaction, end, &self.recent);
        if verdict == Verdict::Again {
            self.progress.incomplete =
                self.progress.incomplete.filter(|incomplete| *incomplete != transaction);
            self.counts.skip("re-emitted transaction", 1);
            return self.release(open.riders, next);
        }
        let missing = self.missing(&open, changes);
        if self.progress.snapshot == Snapshot::Waiting {
            // Whatever is lost before any snapshot is in the first one.
            if !missing.is_empty() {
                self.counts.skip("incomplete transaction before any snapshot", 1);
                return self.release(open.riders, next);
            }
        } else {
            self.look_for_losses(&open, (transaction, end), verdict, missing, input.offset);
        }
        // A row of an incremental snapshot is older than what the transaction wrote behind it.
        let newer =
            |key: &RowKey, offset: i64| open.rows.get(key).is_some_and(|row| row.last.offset > offset);
        open.riders.retain(|(step, record)| match step {
            Step::Transaction { rows, .. } => !rows.keys.iter().any(|(key, _)| newer(key, record.offset)),
            _ => true,
        });
        let time = self.bounded(end.time, input);
        self.progress.advance(Position { time, ..end });
        self.progress.incomplete = None;
        let applied = digest(transaction, end);
        self.recent.insert(applied);
        let step = if open.large {
            let rows = open.rows.values().flat_map(Row::versions).map(|version| version.offset);
            let mut offsets: Vec<_> =
                rows.chain(open.unreadable.iter().map(|dead_letter| dead_letter.record.offset)).collect();
            offsets.sort_unstable();
            Step::Large { first: open.first, offsets, time }
        } else {
            Step::Transaction { rows: self.bulk(open.rows, open.unreadable), time }
        };
        self.emit(step, input.record_ref(), next, open.riders.is_empty());
        if let Some(delivery) = self.ready.back_mut() {
            delivery.applied = Some(applied);
        }
        self.release(open.riders, next);
    }

    /// The wanted tables of which changes are missing, with no unreadable record to explain them. Where the connector counts per
    /// table, what it counts of others does not matter: messages, tables that it leaves out or sends elsewhere.
    fn missing(&self, open: &Open<R>, changes: &Changes<'_>) -> Tables {
        let none = Tables::none(R::TABLES);
        let Some(tables) = &changes.tables else {
            let missing = changes.count.saturating_sub(open.order.seen());
            return if missing > open.order.unreadable() { Self::all_tables() } else { none };
        };
        let (mut missing, mut count) = (none, 0_u64);
        for table in tables {
            if let Some(wanted) =
                table.table(&self.format.schema).and_then(|name| Self::wants(name.as_bytes()))
            {
                let unseen = table.event_count.saturating_sub(open.counts[wanted]);
                if unseen > 0 {
                    missing.insert(wanted);
                }
                count = unseen.saturating_add(count);
            }
        }
        if count > open.order.unreadable() { missing } else { none }
    }

    /// What was lost, so that rows are not known any more.
    fn look_for_losses(
        &mut self,
        open: &Open<R>,
        (transaction, end): (u64, Position),
        verdict: Verdict,
        missing: Tables,
        offset: i64,
    ) {
        let all = Self::all_tables();
        let progress = &mut self.progress;
        if verdict == Verdict::LogBeganAgain {
            progress.doubt(all, || {
                format!(
                    "offset {offset}: transaction {transaction} ends at position {}, which was passed before, and is none of \
                     those that were applied: the source's log began anew (failover, restore or upgrade)",
                    end.commit
                )
            });
        }
        if let Some(incomplete) = progress.incomplete.filter(|incomplete| *incomplete != transaction) {
            progress.doubt(all, || {
                format!(
                    "offset {offset}: transaction {incomplete} was cut off and never came again: part of the log was lost"
                )
            });
        }
        progress.doubt(missing, || {
            format!(
                "offset {offset}: not all changes of transaction {transaction} are in the log: part of it was lost"
            )
        });
        let emptied = open.truncated;
        progress.doubt(emptied, || {
            let names: Vec<_> = emptied.names().collect();
            truncated(offset, &names.join(", "))
        });
    }
}
