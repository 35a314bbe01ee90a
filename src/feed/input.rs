//! One raw record, and what is counted of records.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::delivery::RecordRef;

/// One raw record.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its `ce_type` header.
    pub kind: Option<&'a str>,
}

impl Input<'_> {
    /// Its offset, and what to know it by.
    pub fn record_ref(&self) -> RecordRef {
        let (key, value) = (self.key.unwrap_or_default(), self.value.unwrap_or_default());
        let hash = xxh3_64(key).rotate_left(1) ^ xxh3_64(value);
        RecordRef { offset: self.offset, timestamp: self.timestamp, hash: hash.cast_signed() }
    }
}

/// What was read since the counts were last taken.
#[derive(Debug, Default)]
pub struct Counts {
    /// Row changes of any table.
    pub changes: u64,
    /// Records that led to nothing, by reason.
    pub skipped: FxHashMap<&'static str, u64>,
    /// Columns that nobody read, by table.
    pub ignored_columns: FxHashMap<&'static str, u64>,
    /// Times so far ahead of their own records that those records' timestamps were taken instead.
    pub bounded_times: u64,
    /// Changes of other tables, which are most of all and so are not looked up each time.
    other_tables: u64,
}

impl Counts {
    /// A change that nobody wants.
    pub(super) fn pass_over(&mut self) {
        self.other_tables += 1;
    }

    /// All since the last time.
    pub(super) fn take(&mut self) -> Self {
        let mut counts = std::mem::take(self);
        if counts.other_tables > 0 {
            counts.skip("other table", counts.other_tables);
        }
        counts
    }

    pub(super) fn skip(&mut self, reason: &'static str, records: u64) {
        *self.skipped.entry(reason).or_default() += records;
    }
}
