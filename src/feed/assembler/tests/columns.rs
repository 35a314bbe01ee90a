//! Values that were not sent, and columns that a table does not have.

use super::*;

/// A row as it comes while its long value does not change.
const PARTIAL: &str = r#"{"id":7,"n":"__debezium_unavailable_value"}"#;

/// Id and value.
type Row = (i32, Option<i32>);

/// What the rows of the only delivery are: changes, offsets of partial rows, offsets of dead letters.
fn rows(log: &mut Log) -> (Vec<Row>, Vec<i64>, Vec<i64>) {
    let Some(Delivery { step: Step::Transaction { rows, .. }, .. }) = log.assembler.next_delivery() else {
        panic!("one transaction")
    };
    let partials = rows.partials.values().flatten().map(|row| row.otherwise.record.offset);
    let dead_letters = rows.dead_letters.iter().map(|dead_letter| dead_letter.record.offset);
    let changes = rows.changes.iter().map(|Numbered(id, n)| (*id, *n));
    (changes.collect(), partials.collect(), dead_letters.collect())
}

#[test]
fn a_row_that_lacks_a_value_goes_out_behind_what_its_transaction_says_of_it_before() {
    let mut log = Log::new();
    log.begin(1)
        .row(1, 1, 7, 10)
        .row(1, 2, 7, 11)
        .image(1, 3, 7, PARTIAL)
        .image(1, 4, 7, PARTIAL)
        .end(1, 100, 4);
    assert_eq!(rows(&mut log), (vec![(7, Some(11))], vec![3, 4], vec![]));
}

#[test]
fn what_comes_whole_again_needs_nothing_from_before() {
    let mut log = Log::new();
    log.begin(1).image(1, 1, 7, PARTIAL).row(1, 2, 7, 11).end(1, 100, 2);
    assert_eq!(rows(&mut log), (vec![(7, Some(11))], vec![], vec![]));
}

#[test]
fn a_value_that_nobody_reads_makes_no_row_partial() {
    let mut log = Log::new();
    let unread = r#"{"id":7,"n":12,"note":"__debezium_unavailable_value"}"#;
    log.begin(1).image(1, 1, 7, PARTIAL).row(1, 2, 7, 11).image(1, 3, 7, unread).end(1, 100, 3);
    assert_eq!(rows(&mut log), (vec![(7, Some(11)), (7, Some(12))], vec![], vec![]));
}

#[test]
fn a_version_before_that_cannot_be_used_stays_a_dead_letter() {
    let mut log = Log::new();
    log.begin(1).image(1, 1, 7, r#"{"id":7,"n":"x"}"#).image(1, 2, 7, PARTIAL).end(1, 100, 2);
    assert_eq!(rows(&mut log), (vec![], vec![2], vec![1]));
}

#[test]
fn a_large_transaction_notes_all_versions_that_are_needed() {
    let mut log = Log::new();
    log.begin(1);
    for (order, id) in (1..).zip([7, 1, 2, 3, 4, 5]) {
        log.row(1, order, id, 0);
    }
    log.image(1, 7, 7, PARTIAL).image(1, 8, 7, PARTIAL).row(1, 9, 5, 1).end(1, 100, 9);
    assert_eq!(log.deliveries(), ["large from 0 [1, 2, 3, 4, 5, 7, 8, 9] -> 11"]);
}

#[test]
fn rows_without_a_wanted_column_are_told_of_once_until_their_table_comes_again() {
    let mut log = Log::new();
    log.begin(1).image(1, 1, 7, "{}").image(1, 2, 8, "{}").row(1, 3, 9, 1).end(1, 100, 3);
    assert_eq!(log.deliveries(), ["transaction [(9, Some(1))] dead letters 0 -> 5"]);
    assert!(
        log.lost().contains("account_move.n:") || log.lost().contains("account_move.n."),
        "{}",
        log.lost()
    );
    assert!(!log.assembler.progress.is_whole());
    log.snapshot("first", "account_account", 1).snapshot("last", "res_partner", 1);
    assert!(!log.lost().is_empty(), "a part of the database without the table heals nothing");
    log.snapshot("first", "account_account", 1).snapshot("last", "account_move", 1);
    assert_eq!(log.lost(), "");
    log.begin(2).image(2, 1, 7, "{}").end(2, 101, 1).whole_snapshot();
    assert_eq!(log.lost(), "", "where all else has come, the table is empty or left out");
}
