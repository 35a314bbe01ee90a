//! What is lost, how far it reaches, and what heals it.

use super::*;

#[test]
fn a_hole_in_a_transaction_is_a_loss_and_the_rest_goes_on() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).row(1, 3, 8, 20).end(1, 100, 3).begin(2).row(2, 1, 9, 30).end(2, 101, 1);
    assert!(log.lost().contains("not all changes of transaction 1"), "{}", log.lost());
    assert_eq!(log.doubtful(), Tables::all(Numbered::TABLES).to_string(), "nobody says of which table");
    assert_eq!(log.deliveries().len(), 2);
}

#[test]
fn completeness_is_judged_by_what_the_connector_counts_of_wanted_tables() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).other(1, 2, "m", "", "").other(1, 4, "u", "public", "debezium_signal");
    log.end_of(
        1,
        100,
        5,
        &[("public.account_move", 1), ("public.mail_message", 3), ("LOGICAL_DECODING_MESSAGE", 1)],
    );
    log.begin(2).other(2, 1, "u", "backup", "account_move").end_of(2, 101, 1, &[("backup.account_move", 1)]);
    log.begin(3).end_of(3, 102, 1, &[("debezium.debezium_signal", 1)]);
    assert_eq!(log.lost(), "");
    assert_eq!(
        log.deliveries(),
        [
            "transaction [(7, Some(10))] dead letters 0 -> 5",
            "transaction [] dead letters 0 -> 8",
            "transaction [] dead letters 0 -> 10"
        ]
    );
    log.begin(4).row(4, 1, 7, 10).end_of(4, 103, 3, &[("public.account_move", 2), ("public.res_partner", 1)]);
    assert_eq!(log.doubtful(), "account_move, res_partner");
}

#[test]
fn a_connector_that_numbers_a_transaction_anew_inside_of_it_loses_nothing() {
    let count = |count| [("public.account_move", count)];
    let mut log = Log::new();
    // Row 7 changes twice before the restart and once behind it.
    log.begin(1).row_at(10, (1, 1), 7, 1).row_at(11, (1, 2), 8, 1).row_at(12, (1, 3), 7, 2);
    log.begin(1).row_at(13, (1, 1), 9, 1).row_at(14, (1, 2), 7, 3).end_of(1, 100, 2, &count(2));
    assert_eq!(
        log.deliveries().pop().unwrap(),
        "transaction [(8, Some(1)), (9, Some(1)), (7, Some(3))] dead letters 0 -> 8"
    );
    // It emits some of the changes again, and loses one.
    log.begin(2).row_at(20, (2, 1), 7, 4).row_at(21, (2, 2), 7, 5).row_at(22, (2, 3), 8, 5);
    log.begin(2).row_at(21, (2, 1), 7, 5).row_at(22, (2, 2), 8, 5).end_of(2, 101, 3, &count(3));
    assert_eq!(
        log.deliveries().pop().unwrap(),
        "transaction [(7, Some(5)), (8, Some(5))] dead letters 0 -> 16"
    );
    assert!(log.lost().contains("not all changes of transaction 2"), "{}", log.lost());
}

#[test]
fn a_position_that_was_passed_is_a_new_log_unless_its_transaction_is_known() {
    for time in [5, 1_000, 5_000] {
        let mut log = Log::new();
        log.begin(1).end_at(1, 100, 0, 1_000).begin(2).end_at(2, 50, 0, time);
        assert!(log.lost().contains("began anew"), "{time}");
    }
    let mut log = Log::new();
    log.begin(1).end(1, 100, 0).begin(1).end_at(1, 100, 0, 999);
    assert!(log.lost().contains("began anew"), "the same position at another time is another transaction");
}

#[test]
fn a_transaction_that_was_cut_off_and_never_comes_again_is_a_loss() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).begin(2).row(2, 1, 8, 20);
    log.end(2, 100, 1);
    assert!(log.lost().contains("transaction 1 was cut off"), "{}", log.lost());
}

#[test]
fn what_is_lost_is_known_again_when_its_tables_have_come() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).end_of(1, 100, 2, &[("public.account_move", 1), ("public.res_partner", 1)]);
    assert_eq!(log.doubtful(), "res_partner");
    log.snapshot("first", "account_move", 1).snapshot("last", "account_move", 2);
    assert_eq!(log.doubtful(), "res_partner");
    log.snapshot("first", "res_partner", 1);
    assert_eq!(log.doubtful(), "res_partner", "it has not come to its end");
    log.snapshot("last", "res_partner", 2);
    assert_eq!(log.lost(), "");
}

#[test]
fn of_a_log_that_began_anew_a_part_is_not_enough() {
    let mut log = Log::new();
    log.begin(1).end(1, 100, 0).begin(2).end(2, 50, 0);
    log.snapshot("first", "account_move", 1).snapshot("last", "res_partner", 2);
    assert_eq!(log.doubtful(), "account_account, res_company, res_currency");
    log.whole_snapshot().begin(4).end(4, 60, 0);
    assert_eq!(log.lost(), "");
}

#[test]
fn a_snapshot_that_breaks_off_leaves_what_it_had_begun_in_doubt() {
    let mut log = Log::new();
    log.snapshot("first", "account_move", 1).begin(1).row(1, 1, 7, 10).end(1, 100, 1);
    assert!(log.lost().contains("broke off"), "{}", log.lost());
    assert_eq!(log.doubtful(), "account_move");
    let mut first = Log::unread(0);
    first.snapshot("first", "account_move", 1).begin(1).end(1, 100, 0);
    assert_eq!(first.doubtful(), Tables::all(Numbered::TABLES).to_string());
}

#[test]
fn an_end_that_cannot_be_read_costs_its_transaction_and_not_the_task_unless_rows_are_lost() {
    let mut log = Log::new();
    log.begin(1).other(1, 1, "u", "public", "mail_message").push("{}", "hello").begin(2).end(2, 100, 0);
    assert_eq!(log.lost(), "");
    log.begin(3).row(3, 1, 7, 10).push("{}", "hello").begin(4).end(4, 103, 0);
    assert!(log.lost().contains("transaction 3 was cut off"), "{}", log.lost());
}

#[test]
fn a_row_without_transaction_metadata_is_a_loss_that_says_what_to_set() {
    let mut log = Log::new();
    let row = r#"{"after":{"id":7,"n":1},"source":{"table":"account_move","ts_ms":1},"op":"u"}"#;
    log.push(r#"{"id":7}"#, row);
    assert!(log.lost().contains("provide.transaction.metadata"), "{}", log.lost());
    assert_eq!(log.doubtful(), "account_move");
}

#[test]
fn a_truncated_table_is_in_doubt_unless_that_is_emitted_again() {
    let mut log = Log::new();
    log.push("{}", r#"{"source":{"table":"account_move","ts_ms":1},"op":"t"}"#);
    assert!(log.lost().contains("account_move was truncated"), "{}", log.lost());
    let mut log = Log::new();
    let transaction = |log: &mut Log| {
        log.begin(1).other(1, 1, "t", "public", "account_move").row(1, 2, 7, 10).end(1, 100, 2);
    };
    transaction(&mut log);
    assert_eq!(log.doubtful(), "account_move");
    log.snapshot("first", "account_move", 1).snapshot("last", "account_move", 2);
    transaction(&mut log);
    assert_eq!(log.lost(), "");
}
