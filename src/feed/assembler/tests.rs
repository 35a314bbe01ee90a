mod columns;
mod losses;
mod snapshots;

use super::*;
use crate::feed::progress::Snapshot;
use contract::Partial;
use contract::column::UNAVAILABLE;
use contract::odoo::NEVER_EMPTY;
use serde::Deserialize;

/// A row's id and its value; `None` when deleted.
#[derive(Clone, Debug, PartialEq)]
struct Numbered(i32, Option<i32>);

impl Decode for Numbered {
    const TABLES: &'static [&'static str] =
        &["account_account", "account_move", "res_company", "res_currency", "res_partner"];

    type Tables = ();

    fn decode(change: &Change<'_>) -> Result<Decoded<Self>, Rejected> {
        #[derive(Deserialize)]
        struct Key {
            id: i32,
        }
        #[derive(Deserialize)]
        struct Row {
            n: i32,
        }
        let id = change.key::<Key>()?.id;
        match change.image {
            Some(image) if image.contains(&format!(r#""n":"{UNAVAILABLE}"#)) => {
                Ok(Decoded::Partial(Partial { change: Self(id, Some(0)), unavailable: vec!["n"] }))
            }
            Some("{}") => Ok(Decoded::MissingColumns(Missing { columns: vec!["n"], change: None })),
            _ => Ok(Decoded::Whole(Self(id, change.row::<Row>()?.map(|row| row.n)))),
        }
    }

    fn may_be_partial(_: &str) -> bool {
        true
    }

    fn complete(_: Partial<Self>, (): &()) -> Option<Self> {
        None
    }
}

/// A log under construction and the deliveries that it makes.
struct Log {
    assembler: Assembler<Numbered>,
    offset: i64,
}

impl Log {
    /// Behind a snapshot that has brought all tables.
    fn new() -> Self {
        let all = Tables::all(Numbered::TABLES);
        let progress = Progress {
            snapshot: Snapshot::Complete,
            captured: all,
            never_empty: Tables::none(&NEVER_EMPTY).with(Numbered::TABLES.iter().copied()),
            ..Progress::none(Numbered::TABLES)
        };
        Self { assembler: Assembler::new(Some(progress), 4), offset: 0 }
    }

    /// Of which nothing was read before.
    fn unread(offset: i64) -> Self {
        Self { assembler: Assembler::new(None, 4), offset }
    }

    fn push(&mut self, key: &str, value: &str) -> &mut Self {
        self.push_at(0, key, value)
    }

    /// With a Kafka timestamp.
    fn push_at(&mut self, timestamp: i64, key: &str, value: &str) -> &mut Self {
        let kind = (key == "ledgerwell").then_some("tick");
        let offset = self.offset;
        self.offset += 1;
        let input =
            Input { offset, timestamp, key: Some(key.as_bytes()), value: Some(value.as_bytes()), kind };
        self.assembler.push(&input);
        self
    }

    /// What is lost, and which tables are doubtful.
    fn lost(&self) -> String {
        self.assembler.lost().unwrap_or_default()
    }

    fn doubtful(&self) -> String {
        self.assembler.progress.doubt.as_ref().map_or_else(String::new, |doubt| doubt.tables.to_string())
    }

    /// Transaction n begins behind position 97 + n, where the one before it ends.
    fn begin(&mut self, transaction: u32) -> &mut Self {
        self.push(
            "{}",
            &format!(r#"{{"status":"BEGIN","id":"{transaction}:{}","ts_ms":1}}"#, 97 + transaction),
        )
    }

    fn end(&mut self, transaction: u32, position: u32, count: u32) -> &mut Self {
        self.end_at(transaction, position, count, i64::from(position) * 10)
    }

    fn end_at(&mut self, transaction: u32, position: u32, count: u32, time: i64) -> &mut Self {
        self.push(
            "{}",
            &format!(
                r#"{{"status":"END","id":"{transaction}:{position}","event_count":{count},"ts_ms":{time}}}"#
            ),
        )
    }

    /// An END that counts per table.
    fn end_of(&mut self, transaction: u32, position: u32, count: u32, tables: &[(&str, u32)]) -> &mut Self {
        let tables: Vec<_> = tables
            .iter()
            .map(|(table, count)| format!(r#"{{"data_collection":"{table}","event_count":{count}}}"#))
            .collect();
        self.push(
            "{}",
            &format!(
                r#"{{"status":"END","id":"{transaction}:{position}","event_count":{count},"data_collections":[{}],"ts_ms":{position}}}"#,
                tables.join(",")
            ),
        )
    }

    /// A change of another table or of another kind.
    fn other(&mut self, transaction: u32, order: u32, op: &str, schema: &str, table: &str) -> &mut Self {
        self.push(
            r#"{"id":7}"#,
            &format!(
                r#"{{"after":{{"id":7,"n":99}},"source":{{"schema":"{schema}","table":"{table}","ts_ms":1}},
                    "transaction":{{"id":"{transaction}:9","total_order":{order}}},"op":"{op}"}}"#
            ),
        )
    }

    /// Every other one as the connector writes it, which is held undecoded; the others with their members in another order.
    fn row(&mut self, transaction: u32, order: u32, id: i32, n: i32) -> &mut Self {
        if self.offset % 2 == 0 {
            return self.image(transaction, order, id, &format!(r#"{{"id":{id},"n":{n}}}"#));
        }
        self.push(
            &format!(r#"{{"id":{id}}}"#),
            &format!(
                r#"{{"after":{{"id":{id},"n":{n}}},"source":{{"table":"account_move","snapshot":"false","ts_ms":1}},
                    "transaction":{{"id":"{transaction}:9","total_order":{order}}},"op":"u"}}"#
            ),
        )
    }

    fn image(&mut self, transaction: u32, order: u32, id: i32, image: &str) -> &mut Self {
        self.push(&format!(r#"{{"id":{id}}}"#), &usual(transaction, order, image))
    }

    fn snapshot(&mut self, marker: &str, table: &str, id: i32) -> &mut Self {
        self.push(
            &format!(r#"{{"id":{id}}}"#),
            &format!(
                r#"{{"after":{{"id":{id},"n":0}},"source":{{"table":"{table}","snapshot":"{marker}","ts_ms":77}},"op":"r"}}"#
            ),
        )
    }

    /// A row of a snapshot that was taken at a position of the source's log.
    fn snapshot_at(&mut self, lsn: u32, marker: &str, schema: &str, table: &str, id: i32) -> &mut Self {
        self.push(
            &format!(r#"{{"id":{id}}}"#),
            &format!(
                r#"{{"after":{{"id":{id},"n":0}},"source":{{"schema":"{schema}","table":"{table}","snapshot":"{marker}","ts_ms":77,"lsn":{lsn}}},"op":"r"}}"#
            ),
        )
    }

    /// A change at a position of the source's log.
    fn row_at(&mut self, lsn: u32, (transaction, order): (u32, u32), id: i32, n: i32) -> &mut Self {
        self.push(
            &format!(r#"{{"id":{id}}}"#),
            &format!(
                r#"{{"after":{{"id":{id},"n":{n}}},"source":{{"table":"account_move","snapshot":"false","ts_ms":1}},
                    "transaction":{{"id":"{transaction}:{lsn}","total_order":{order}}},"op":"u"}}"#
            ),
        )
    }

    /// Of all tables but `account_move`.
    fn whole_snapshot(&mut self) -> &mut Self {
        self.snapshot("first", "account_account", 1).snapshot("first_in_data_collection", "res_company", 1);
        self.snapshot("first_in_data_collection", "res_currency", 1).snapshot("last", "res_partner", 1)
    }

    fn tick(&mut self, time: &str) -> &mut Self {
        self.push("ledgerwell", &format!(r#"{{"time":"{time}"}}"#))
    }

    /// The deliveries so far, one line each.
    fn deliveries(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.assembler.next_delivery()).map(|delivery| describe(&delivery)).collect()
    }

    fn skipped(&mut self, reason: &str) -> u64 {
        self.assembler.take_counts().skipped.get(reason).copied().unwrap_or_default()
    }
}

fn usual(transaction: u32, order: u32, image: &str) -> String {
    format!(
        r#"{{"before":null,"after":{image},"source":{{"version":"3","schema":"public","table":"account_move","ts_ms":1}},"transaction":{{"id":"{transaction}:9","total_order":{order},"data_collection_order":1}},"op":"u","ts_ms":1}}"#
    )
}

fn describe(delivery: &Delivery<Numbered>) -> String {
    let step = match &delivery.step {
        Step::Transaction { rows, .. } => {
            let rows_in_short: Vec<_> = rows.changes.iter().map(|Numbered(id, n)| (id, n)).collect();
            format!("transaction {rows_in_short:?} dead letters {}", rows.dead_letters.len())
        }
        Step::Large { first, offsets, .. } => format!("large from {first} {offsets:?}"),
        Step::Begin => "begin".into(),
        Step::Part { .. } => "part".into(),
        Step::Snapshot { begins, rows } => {
            let begins: Vec<_> = begins.iter().map(|(table, _)| table).collect();
            format!("snapshot {begins:?} rows {}", rows.len())
        }
        Step::SnapshotEnd { absent, time: i64::MIN, .. } => format!("snapshot end, absent {absent:?}"),
        Step::SnapshotEnd { absent, time, .. } => format!("snapshot end at {time}, absent {absent:?}"),
        Step::Control { control: Control::Tick(tick), .. } => {
            format!("tick {}", tick.time.timestamp_millis())
        }
        Step::Control { .. } => "control".into(),
        Step::Unreadable { .. } => "unreadable".into(),
        Step::Advance => "advance".into(),
    };
    format!("{step} -> {}{}", delivery.resume, if delivery.may_commit { "" } else { " with the next" })
}

#[test]
fn a_transaction_goes_out_at_its_end_with_each_rows_last_version() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).row(1, 2, 8, 20);
    assert!(log.deliveries().is_empty());
    log.row(1, 3, 7, 11).end(1, 100, 3);
    assert_eq!(log.deliveries(), ["transaction [(8, Some(20)), (7, Some(11))] dead letters 0 -> 5"]);
}

#[test]
fn an_open_transaction_holds_the_offset_back() {
    let mut log = Log::new();
    log.begin(1).end(1, 100, 0).begin(2).row(2, 1, 7, 10);
    log.assembler.flush(4);
    assert_eq!(log.deliveries(), ["transaction [] dead letters 0 -> 2", "advance -> 2"]);
}

#[test]
fn a_truncated_transaction_is_dropped_and_its_repeat_counts() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).end(1, 100, 1).begin(2).row(2, 1, 9, 1);
    log.begin(1).row(1, 1, 7, 10).end(1, 100, 1).begin(2).row(2, 1, 9, 2).end(2, 101, 1);
    assert_eq!(log.skipped("truncated transaction"), 1);
    assert_eq!(
        log.deliveries(),
        [
            "transaction [(7, Some(10))] dead letters 0 -> 3",
            "transaction [(9, Some(2))] dead letters 0 -> 11"
        ]
    );
}

#[test]
fn a_replay_from_the_middle_of_a_transaction_is_merged_into_it() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).row(1, 2, 8, 20).row(1, 2, 8, 20).row(1, 3, 7, 12).end(1, 100, 3);
    assert_eq!(log.skipped("replayed change"), 1);
    assert_eq!(log.deliveries(), ["transaction [(8, Some(20)), (7, Some(12))] dead letters 0 -> 6"]);
}

#[test]
fn what_was_applied_is_dropped_when_it_is_emitted_again_even_from_its_middle() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).row(1, 2, 8, 20).end(1, 100, 2);
    log.row(1, 2, 8, 20).end(1, 100, 2).begin(1).row(1, 1, 7, 10).row(1, 2, 8, 20).end(1, 100, 2);
    assert_eq!(log.deliveries().len(), 1);
    assert_eq!(log.skipped("re-emitted transaction"), 2);
}

#[test]
fn what_is_emitted_again_behind_a_snapshot_is_older_than_it() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).end(1, 100, 1).snapshot("first", "res_partner", 1);
    log.snapshot("last", "account_account", 2).begin(1).row(1, 1, 7, 10).end(1, 100, 1);
    assert_eq!(log.skipped("re-emitted transaction"), 1);
}

#[test]
fn a_tick_inside_a_transaction_waits_for_its_end() {
    let mut log = Log::new();
    log.begin(1).tick("1970-01-01T00:00:01Z").row(1, 1, 7, 10).end(1, 100, 1);
    assert_eq!(
        log.deliveries(),
        ["transaction [(7, Some(10))] dead letters 0 -> 4 with the next", "tick 1000 -> 4"]
    );
}

#[test]
fn a_connector_that_is_killed_again_and_again_owes_only_what_is_new() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10).end(1, 99, 1).begin(2).row(2, 1, 8, 20).end(2, 100, 1);
    // It emits again, and is killed again, twice.
    log.begin(2).row(2, 1, 8, 20).begin(1).row(1, 1, 7, 10).end(1, 99, 1).begin(2).row(2, 1, 8, 20);
    log.begin(3).row(3, 1, 9, 30).end(3, 101, 1);
    assert_eq!(log.deliveries().len(), 3);
}

#[test]
fn a_row_of_an_incremental_snapshot_does_not_overwrite_what_stands_behind_it() {
    let mut log = Log::new();
    log.begin(1).snapshot("incremental", "account_move", 7).snapshot("incremental", "account_move", 8);
    log.row(1, 1, 7, 10).end(1, 100, 1);
    assert_eq!(
        log.deliveries(),
        [
            "transaction [(7, Some(10))] dead letters 0 -> 5 with the next",
            "transaction [(8, Some(0))] dead letters 0 -> 5"
        ]
    );
}

#[test]
fn a_truncated_table_that_nobody_wants_is_one_change_of_its_transaction() {
    let mut log = Log::new();
    let truncate =
        r#"{"source":{"table":"other","ts_ms":1},"transaction":{"id":"1:9","total_order":1},"op":"t"}"#;
    log.begin(1).push("{}", truncate).row(1, 2, 7, 10).end(1, 100, 2);
    assert_eq!(log.deliveries().len(), 1);
}

#[test]
fn a_time_far_ahead_of_its_own_record_is_bounded_by_it() {
    let now = 1_768_035_600_000;
    let end = |transaction, time| {
        format!(
            r#"{{"status":"END","id":"{transaction}:{}","event_count":0,"ts_ms":{time}}}"#,
            100 + transaction
        )
    };
    let mut log = Log::new();
    log.push_at(now, "{}", &end(1, now + AHEAD)).push_at(now, "{}", &end(2, now + AHEAD + 1));
    log.push_at(now, "ledgerwell", r#"{"time":"2100-01-01T00:00:00Z"}"#);
    let deliveries: Vec<_> = std::iter::from_fn(|| log.assembler.next_delivery()).collect();
    let times: Vec<_> = deliveries
        .iter()
        .map(|delivery| match &delivery.step {
            Step::Transaction { time, .. } => *time,
            Step::Control { control: Control::Tick(tick), .. } => tick.time.timestamp_millis(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [now + AHEAD, now, now]);
    assert_eq!(log.assembler.take_counts().bounded_times, 2);
    assert_eq!(deliveries[0].progress.bounded, None);
    assert_eq!(deliveries[1].progress.bounded, Some(now));
}

#[test]
fn a_tick_inside_a_truncated_transaction_goes_out_when_that_is_known() {
    let mut log = Log::new();
    log.begin(1).tick("1970-01-01T00:00:01Z").begin(2);
    assert_eq!(log.deliveries(), ["tick 1000 -> 2"]);
}

#[test]
fn a_bad_row_becomes_a_dead_letter_unless_a_later_version_is_good() {
    let mut log = Log::new();
    let bad = r#"{"after":{"id":7,"n":"x"},"source":{"table":"account_move","ts_ms":1},
                  "transaction":{"id":"1:9","total_order":1},"op":"u"}"#;
    log.begin(1).push(r#"{"id":7}"#, bad).end(1, 100, 1);
    log.begin(2).push(r#"{"id":7}"#, &bad.replace("1:9", "2:9")).row(2, 2, 7, 3).end(2, 101, 2);
    assert_eq!(
        log.deliveries(),
        ["transaction [] dead letters 1 -> 3", "transaction [(7, Some(3))] dead letters 0 -> 7"]
    );
}

#[test]
fn what_is_held_is_decoded_early_when_it_grows_large() {
    let five_megabytes = |id, n| format!(r#"{{"id":{id},"n":{n},"note":"{}"}}"#, "x".repeat(5 << 20));
    let mut log = Log::new();
    log.begin(1).image(1, 1, 7, &five_megabytes(7, 70)).image(1, 2, 8, &five_megabytes(8, 80)).image(
        1,
        3,
        7,
        &five_megabytes(7, 71),
    );
    let rows = log.assembler.open.as_ref().unwrap().rows.values();
    assert_eq!(rows.filter(|row| matches!(row.last.content, content::Content::Decoded(_))).count(), 1);
    assert_eq!(
        log.end(1, 99, 3).deliveries(),
        ["transaction [(8, Some(80)), (7, Some(71))] dead letters 0 -> 5"]
    );
}

#[test]
fn a_held_image_that_is_no_text_becomes_a_dead_letter_that_names_its_row() {
    let mut log = Log::new();
    log.begin(1);
    let mut value = usual(1, 1, r#"{"id":7,"n":1,"note":"?"}"#).into_bytes();
    let at = value.iter().position(|byte| *byte == b'?').unwrap();
    value[at] = 0xFF;
    let input = Input { offset: 1, timestamp: 0, key: Some(br#"{"id":7}"#), value: Some(&value), kind: None };
    log.assembler.push(&input);
    log.offset = 2;
    log.end(1, 99, 1);
    let Some(Delivery { step: Step::Transaction { rows, .. }, .. }) = log.assembler.next_delivery() else {
        panic!()
    };
    assert_eq!(rows.dead_letters[0].row, Some(RowKey::new("account_move", r#"{"id":7}"#)));
    assert_eq!(
        (rows.dead_letters[0].row_key.as_str(), rows.dead_letters[0].value.as_ref()),
        (r#"{"id":7}"#, Some(&value))
    );
}

#[test]
fn an_unreadable_record_is_a_dead_letter_and_explains_the_gap_it_leaves() {
    let mut log = Log::new();
    log.push("{}", "hello").begin(1).row(1, 1, 7, 10).push("{}", "hello").end(1, 100, 2);
    assert_eq!(log.deliveries(), ["unreadable -> 1", "transaction [(7, Some(10))] dead letters 1 -> 5"]);
}

#[test]
fn a_large_transaction_is_only_noted_and_read_again() {
    let mut log = Log::new();
    log.begin(1);
    for order in 1..=6 {
        log.row(1, order, i32::try_from(order % 5).unwrap(), 0);
    }
    log.end(1, 100, 6);
    assert_eq!(log.deliveries(), ["large from 0 [2, 3, 4, 5, 6] -> 8"]);
}

#[test]
fn an_incremental_snapshot_row_is_an_upsert_of_its_own() {
    let mut log = Log::new();
    log.snapshot("incremental", "account_move", 5);
    assert_eq!(log.deliveries(), ["transaction [(5, Some(0))] dead letters 0 -> 1"]);
}

#[test]
fn a_log_that_is_new_to_us_is_known_by_its_first_record() {
    let mut log = Log::unread(3);
    log.begin(1).end(1, 100, 0);
    assert_eq!(log.deliveries(), ["begin -> 3", "transaction [] dead letters 0 -> 5"]);
}

#[test]
fn a_tick_from_the_control_topic_goes_out_at_once_and_leaves_the_offset_of_the_changes() {
    let mut log = Log::new();
    log.begin(1).row(1, 1, 7, 10);
    let value = br#"{"time":"1970-01-01T00:00:01Z"}"#;
    let input =
        Input { offset: 40, timestamp: 0, key: Some(b"ledgerwell"), value: Some(value), kind: Some("tick") };
    log.assembler.push_control(&input, 2);
    log.end(1, 100, 1);
    assert_eq!(log.deliveries(), ["tick 1000 -> 0", "transaction [(7, Some(10))] dead letters 0 -> 3"]);
}
