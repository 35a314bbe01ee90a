//! Where a snapshot begins, ends and breaks off.

use super::*;

#[test]
fn a_whole_snapshot_makes_positions_start_again() {
    let mut log = Log::new();
    log.begin(1).end(1, 100, 0).whole_snapshot().begin(2).row(2, 1, 7, 10).end(2, 50, 1);
    assert_eq!(log.lost(), "");
    assert_eq!(log.deliveries().last().unwrap(), "transaction [(7, Some(10))] dead letters 0 -> 9");
    let mut log = Log::new();
    log.begin(1).end(1, 100, 0).snapshot("first", "res_partner", 1).snapshot("last", "res_partner", 2);
    log.begin(2).end(2, 50, 0);
    assert!(log.lost().contains("began anew"), "a part of it says nothing of the others");
}

#[test]
fn tables_that_a_whole_snapshot_does_not_bring_are_empty() {
    let mut log = Log::new();
    log.whole_snapshot();
    assert_eq!(log.deliveries().last().unwrap(), r#"snapshot end at 77, absent ["account_move"] -> 4"#);
    log.snapshot("first", "res_partner", 1).snapshot("last", "res_partner", 2);
    assert_eq!(log.deliveries().last().unwrap(), "snapshot end at 77, absent [] -> 6");
}

#[test]
fn a_snapshot_that_starts_over_begins_its_tables_again() {
    let mut log = Log::new();
    log.snapshot("first", "res_partner", 1).snapshot("first", "res_partner", 1).snapshot(
        "last",
        "res_partner",
        2,
    );
    let deliveries = log.deliveries();
    assert_eq!(deliveries[0], r#"snapshot ["res_partner"] rows 1 -> 1"#);
    assert_eq!(deliveries[1], r#"snapshot ["res_partner"] rows 2 -> 3 with the next"#);
}

#[test]
fn a_snapshot_whose_first_table_is_empty_lacks_its_first_marker() {
    let mut log = Log::unread(0);
    log.snapshot("true", "res_partner", 1).snapshot("last", "res_partner", 2);
    log.begin(1).end(1, 100, 0).snapshot("true", "res_partner", 1).snapshot("last", "res_partner", 2);
    let ends = log.deliveries().iter().filter(|delivery| delivery.starts_with("snapshot end")).count();
    assert_eq!(ends, 2);
    let mut cut = Log::unread(5);
    cut.snapshot("true", "res_partner", 1).snapshot("last", "res_partner", 2);
    assert!(
        !cut.deliveries().iter().any(|delivery| delivery.starts_with("snapshot end")),
        "its beginning is not in the log"
    );
    let mut cut = Log::unread(5);
    cut.snapshot("first_in_data_collection", "res_partner", 1).snapshot("last", "res_partner", 2);
    assert!(cut.lost().contains("the log begins within a snapshot"), "{}", cut.lost());
}

#[test]
fn a_snapshot_that_was_killed_begins_again_though_its_first_row_is_not_marked() {
    let mut log = Log::new();
    let table = "first_in_data_collection";
    log.snapshot(table, "account_move", 1).snapshot(table, "res_partner", 1).snapshot(
        "true",
        "res_partner",
        2,
    );
    log.snapshot(table, "account_move", 1).snapshot("last", "res_partner", 1);
    assert_eq!(
        log.deliveries(),
        [
            r#"snapshot ["account_move"] rows 1 -> 1"#,
            r#"snapshot ["res_partner"] rows 2 -> 3"#,
            r#"snapshot ["account_move"] rows 1 -> 4"#,
            r#"snapshot ["res_partner"] rows 1 -> 5 with the next"#,
            "snapshot end at 77, absent [] -> 5"
        ]
    );
}

#[test]
fn rows_behind_the_last_one_of_a_snapshot_are_of_it() {
    let mut log = Log::new();
    log.snapshot("first", "account_move", 1).snapshot("last", "account_move", 2);
    log.snapshot("first_in_data_collection", "res_partner", 1).snapshot("true", "res_partner", 2);
    assert!(!log.assembler.progress.is_whole());
    log.begin(1).end(1, 100, 0);
    assert_eq!(
        log.deliveries(),
        [
            r#"snapshot ["account_move"] rows 2 -> 2 with the next"#,
            "snapshot end at 77, absent [] -> 2",
            r#"snapshot ["res_partner"] rows 2 -> 4"#,
            "snapshot end, absent [] -> 4",
            "transaction [] dead letters 0 -> 6"
        ]
    );
}

#[test]
fn a_snapshot_directly_behind_another_is_one_of_its_own() {
    for marker in ["first", "first_in_data_collection"] {
        let mut log = Log::new();
        log.snapshot("first", "account_move", 1).snapshot("last", "res_partner", 2);
        log.snapshot(marker, "res_partner", 1).snapshot("last", "res_partner", 2);
        let deliveries = log.deliveries();
        assert_eq!(deliveries.iter().filter(|delivery| delivery.starts_with("snapshot end")).count(), 2);
    }
}

#[test]
fn a_snapshot_inside_a_transaction_is_newer_than_what_came_before_it() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).row(1, 2, 8, 20).snapshot("first", "res_partner", 1).snapshot(
        "last",
        "res_partner",
        2,
    );
    log.row(1, 3, 9, 30).end(1, 100, 3);
    assert_eq!(log.lost(), "");
    assert_eq!(
        log.deliveries().last().unwrap(),
        "transaction [(7, Some(10)), (8, Some(20)), (9, Some(30))] dead letters 0 -> 7",
        "what it does not bring is still there"
    );
    log.begin(2)
        .row(2, 1, 7, 11)
        .snapshot("first", "account_move", 1)
        .snapshot("last", "account_move", 2)
        .row(2, 2, 8, 21);
    log.end(2, 101, 2);
    assert_eq!(log.deliveries().last().unwrap(), "transaction [(8, Some(21))] dead letters 0 -> 13");
    log.begin(3).snapshot("first", "account_move", 1).row(3, 1, 7, 12).end(3, 102, 1);
    assert!(log.lost().contains("broke off"), "{}", log.lost());
}

#[test]
fn part_of_a_database_is_not_taken_for_the_whole_though_it_has_all_that_is_read_of_what_is_never_empty() {
    let mut log = Log::unread(0);
    log.whole_snapshot().snapshot("last", "res_country", 1).begin(1).row(1, 1, 7, 10).end(1, 100, 1);
    log.deliveries();
    // Nobody reads countries here: that they did not come says that this is a part.
    log.whole_snapshot();
    assert_eq!(log.deliveries().last().unwrap(), "snapshot end at 77, absent [] -> 12");
    let mut cut = Log::unread(5);
    cut.snapshot("first", "res_partner", 1).snapshot("last", "res_partner", 2);
    assert!(cut.lost().contains("the log begins within a snapshot"), "{}", cut.lost());
    let mut cut = Log::unread(5);
    cut.whole_snapshot();
    assert_eq!(cut.lost(), "");
}

#[test]
fn a_snapshot_by_several_threads_that_was_killed_begins_again_with_any_table() {
    let mut log = Log::new();
    let table = "first_in_data_collection";
    log.snapshot_at(10, table, "public", "account_move", 1).snapshot_at(
        10,
        table,
        "public",
        "res_partner",
        1,
    );
    log.snapshot_at(20, table, "public", "res_partner", 1).snapshot_at(20, table, "public", "res_company", 1);
    log.snapshot_at(20, table, "public", "account_account", 1);
    log.snapshot_at(20, table, "public", "account_move", 2).snapshot_at(
        20,
        "last",
        "public",
        "res_currency",
        1,
    );
    let deliveries = log.deliveries();
    assert_eq!(deliveries.last().unwrap(), "snapshot end at 77, absent [] -> 7");
    assert_eq!(deliveries.iter().filter(|delivery| delivery.contains("[\"res_partner\"]")).count(), 2);
}

#[test]
fn a_row_that_is_marked_as_the_first_of_its_table_need_not_be() {
    let mut log = Log::new();
    log.snapshot_at(10, "first", "public", "account_move", 1).snapshot_at(
        10,
        "true",
        "public",
        "res_partner",
        2,
    );
    log.snapshot_at(10, "first_in_data_collection", "public", "res_partner", 1);
    log.snapshot_at(10, "last", "public", "res_partner", 3);
    let deliveries = log.deliveries();
    assert_eq!(
        deliveries[..2],
        [r#"snapshot ["account_move"] rows 1 -> 1"#, r#"snapshot ["res_partner"] rows 3 -> 4 with the next"#]
    );
}

#[test]
fn a_row_of_another_schema_may_be_a_snapshots_last() {
    let mut log = Log::new();
    log.snapshot_at(10, "first", "debezium", "heartbeat", 1);
    for table in ["account_account", "account_move", "res_company", "res_currency", "res_partner"] {
        log.snapshot_at(10, "first_in_data_collection", "public", table, 1);
    }
    log.snapshot_at(10, "last", "debezium", "signal", 1).begin(1).end(1, 50, 0);
    assert_eq!(log.lost(), "");
    assert!(log.deliveries().contains(&"snapshot end at 77, absent [] -> 7".to_owned()));
}
