//! What holds of every processor, whatever the stream.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::samples::Samples;
use super::stream::{Run, Step, everything, rows};
use crate::outbox::Emitted;
use crate::processor::Processor;
use crate::source::{Decode, Decoded, Keyed};
use crate::table::TableSet;

/// The row changes of a specimen's processor.
pub type RowChange<S> = <<S as Specimen>::Processor as Processor>::RowChange;

/// The tables of a specimen's processor.
pub type Tables<S> = <<S as Specimen>::Processor as Processor>::Tables;

/// What the laws need to know of a processor.
pub trait Specimen: 'static {
    /// It.
    type Processor: Processor<RowChange: Keyed + Clone + std::fmt::Debug>;

    /// How many arbitrary streams a law is tried on. `PROPTEST_CASES` says otherwise for all.
    const CASES: u32 = 1_000;

    /// What the first snapshot brings: rows that every Odoo database has.
    fn first_snapshot() -> Vec<RowChange<Self>> {
        Vec::new()
    }

    /// Changes of few rows, so that they meet: rows come, change, depend on what is not there yet, and go.
    fn row_change() -> BoxedStrategy<RowChange<Self>>;

    /// Rules that are changed, and what people ask for.
    fn control() -> BoxedStrategy<Step<RowChange<Self>>>;

    /// What follows from the rows of the source alone, whatever happened before, one line each.
    fn conclusions(tables: &Tables<Self>) -> Vec<String>;

    /// What somebody knows who folded all events, one line each …
    fn folded(events: &[Emitted]) -> Vec<String>;

    /// … which has to be what the tables say.
    fn stored(tables: &Tables<Self>) -> Vec<String>;
}

/// Makes tests of the laws for a [`Specimen`]. Golden streams of the crate give the samples for what is garbage.
#[macro_export]
macro_rules! laws {
    ($specimen:ty) => {
        #[test]
        fn wherever_the_process_starts_again_rows_and_events_are_the_same() {
            $crate::testkit::laws::restarts::<$specimen>();
        }

        #[test]
        fn the_order_of_rows_inside_a_transaction_means_nothing() {
            $crate::testkit::laws::order::<$specimen>();
        }

        #[test]
        fn conclusions_follow_from_the_rows_alone_however_they_came_went_and_came_again() {
            $crate::testkit::laws::convergence::<$specimen>();
        }

        #[test]
        fn a_new_snapshot_of_the_same_rows_changes_nothing() {
            $crate::testkit::laws::snapshot::<$specimen>();
        }

        #[test]
        fn events_fold_to_the_rows() {
            $crate::testkit::laws::events::<$specimen>();
        }

        #[test]
        fn garbage_is_rejected_and_never_a_panic() {
            $crate::testkit::laws::garbage::<$specimen>(env!("CARGO_MANIFEST_DIR"));
        }

        #[test]
        fn what_is_not_sent_is_what_it_was() {
            $crate::testkit::laws::unavailable_values::<$specimen>(env!("CARGO_MANIFEST_DIR"));
        }
    };
}

/// The same stream with and without restarts, also in the middle of a snapshot.
pub fn restarts<S: Specimen>() {
    check::<S, _>(&everything::<S>(), |stream| {
        let (mut one, mut other) = (Run::<S>::new(false).all(&stream), Run::<S>::new(true).all(&stream));
        prop_assert_eq!(one.driver.take_events(), other.driver.take_events());
        prop_assert_eq!(one.driver.take_audits(), other.driver.take_audits());
        prop_assert_eq!(one.driver.tables().show(), other.driver.tables().show());
        Ok(())
    });
}

/// The same transactions with their rows the other way round, and in an arbitrary order.
pub fn order<S: Specimen>() {
    let twice = everything::<S>().prop_flat_map(|stream| {
        let shuffled: Vec<_> = stream
            .iter()
            .map(|(step, ends)| match step {
                Step::Transaction(rows) => {
                    let rows = Just(rows.clone());
                    let rows = prop_oneof![rows.clone().prop_map(reversed), rows.prop_shuffle()];
                    (rows.prop_map(Step::Transaction).boxed(), Just(*ends))
                }
                other => (Just(other.clone()).boxed(), Just(*ends)),
            })
            .collect();
        (Just(stream), shuffled)
    });
    check::<S, _>(&twice, |(stream, shuffled)| {
        let (mut one, mut other) = (Run::<S>::new(false).all(&stream), Run::<S>::new(false).all(&shuffled));
        prop_assert_eq!(one.driver.take_events(), other.driver.take_events());
        prop_assert_eq!(one.driver.take_audits(), other.driver.take_audits());
        prop_assert_eq!(one.driver.tables().show(), other.driver.tables().show());
        Ok(())
    });
}

fn reversed<R>(mut rows: Vec<R>) -> Vec<R> {
    rows.reverse();
    rows
}

/// A long way and a short one: every change in its turn, with some rows deleted and inserted once more, and all rows at once.
pub fn convergence<S: Specimen>() {
    check::<S, _>(&rows::<S>(), |stream| {
        let mut long = Run::<S>::new(true).all(&stream);
        let there: Vec<_> = long.rows.values().filter(|row| !row.is_deletion()).cloned().collect();
        let again: Vec<_> = there.iter().step_by(2).cloned().collect();
        long.transaction(again.iter().map(Keyed::deletion).collect());
        long.transaction(again);
        let mut short = Run::<S>::new(false);
        short.transaction(there);
        let (mut long, mut short) = (long.finish(), short.finish());
        prop_assert_eq!(S::conclusions(long.driver.tables()), S::conclusions(short.driver.tables()));
        Ok(())
    });
}

/// A snapshot of the rows that are there.
pub fn snapshot<S: Specimen>() {
    check::<S, _>(&everything::<S>(), |stream| {
        let mut run = Run::<S>::new(true).all(&stream);
        run.tell_the_time();
        run.driver.take_events();
        let before = S::conclusions(run.driver.tables());
        run.snapshot(None);
        prop_assert_eq!(before, S::conclusions(run.driver.tables()));
        prop_assert_eq!(run.driver.take_events(), []);
        Ok(())
    });
}

/// What somebody knows who reads the result topic from its beginning.
///
/// # Panics
/// When the law is broken, or no stream has emitted anything.
pub fn events<S: Specimen>() {
    let told = Cell::new(0_usize);
    check::<S, _>(&everything::<S>(), |stream| {
        let mut run = Run::<S>::new(true).all(&stream);
        let events = run.driver.take_events();
        prop_assert_eq!(S::folded(&events), S::stored(run.driver.tables()));
        told.set(told.get() + usize::from(events.iter().any(|event| event.event_type != "tick")));
        Ok(())
    });
    assert!(told.get() > 0, "no stream has emitted anything: the rows never meet");
}

/// Rows of the golden streams with arbitrary values in their columns and keys: decoded or rejected, and folded if decoded.
pub fn garbage<S: Specimen>(crate_root: &str) {
    let samples = Samples::read(crate_root, RowChange::<S>::TABLES);
    check::<S, _>(&samples.garbage(), |rows| {
        let mut run = Run::<S>::new(false);
        for row in &rows {
            let change = row.change();
            match RowChange::<S>::decode(&change) {
                Ok(Decoded::Whole(decoded)) => run.transaction(vec![decoded]),
                Ok(Decoded::Partial(partial)) => drop(run.partial(partial)),
                Ok(Decoded::MissingColumns(missing)) => prop_assert!(!missing.columns.is_empty()),
                Err(rejected) => {
                    prop_assert_eq!(&rejected.table, change.table, "the table is named");
                    prop_assert!(
                        !rejected.column.is_empty() && !rejected.expected.is_empty(),
                        "{rejected:?}"
                    );
                }
            }
        }
        run.finish();
        Ok(())
    });
}

/// Rows of the golden streams that come once more without the values of their longer columns: nothing changes.
///
/// # Panics
/// When the law is broken, or no row has a column that is declared as one that is kept.
pub fn unavailable_values<S: Specimen>(crate_root: &str) {
    let tables = RowChange::<S>::TABLES;
    let samples = Samples::read(crate_root, tables);
    let mut kept = BTreeSet::new();
    for row in samples.all() {
        let mut run = Run::<S>::new(false);
        let Ok(Decoded::Whole(whole)) = RowChange::<S>::decode(&row.whole().change()) else { continue };
        run.transaction(vec![whole]);
        run.wait();
        let stored = run.driver.tables().show();
        for row in row.without_each_text() {
            // Anything else is a column that nobody reads, or one that is too short to be stored out of line.
            let Ok(Decoded::Partial(partial)) = RowChange::<S>::decode(&row.change()) else { continue };
            let what = format!("{:?} of {}", partial.unavailable, row.table);
            assert!(run.partial(partial), "{what}");
            assert_eq!(run.driver.tables().show(), stored, "{what}");
            kept.insert(row.table);
        }
    }
    let declared = tables.iter().copied().filter(|table| RowChange::<S>::may_be_partial(table));
    assert_eq!(kept, declared.collect(), "tables with columns that are kept, and those that declare it");
}

/// Runs a law over arbitrary streams; a failure shows the shortest one that was found.
fn check<S: Specimen, T: std::fmt::Debug>(
    strategy: &impl Strategy<Value = T>,
    law: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let told = std::env::var_os("PROPTEST_CASES").is_some();
    let default = Config { failure_persistence: None, ..Config::default() };
    let config = if told { default } else { Config { cases: S::CASES, ..default } };
    if let Err(broken) = TestRunner::new(config).run(strategy, law) {
        panic!("{broken}");
    }
}
