//! Records that no sane connector writes: each is accepted or becomes a dead letter, and what is sound around it is applied.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use contract::Decode;
use credit::store::RowChange;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::failures::{limit, partner, run, snapshot, transaction};
use crate::sandbox::{Sandbox, TIMEOUT};

/// As large as a record gets where somebody has raised `max.message.bytes`.
const HUGE: usize = 20_000_000;
/// What the topic is raised to.
const MESSAGE_BYTES: &str = "31457280";
/// What the process may take with a few records of that size, in every stage from Kafka's queue to Postgres at once …
const BOUND_KB: u64 = 900_000;
/// … and with a topic full of them.
const MANY_BOUND_KB: u64 = 2_000_000;

/// A raw record.
#[derive(Clone, Debug)]
struct Record {
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    kind: Option<Vec<u8>>,
}

impl Record {
    fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), value: Some(value.into()), kind: None }
    }

    fn control(kind: &str, value: &str) -> Self {
        Self { kind: Some(kind.into()), ..Self::new("ledgerwell", value) }
    }

    /// A line of a recorded file.
    fn from_row(line: &Value) -> Self {
        Self::new(line["key"].to_string(), line["value"].to_string())
    }
}

/// A record, what it is, and the table and column of the dead letter that it has to become.
struct Monster {
    what: String,
    record: Record,
    dead_letter: Option<(&'static str, &'static str)>,
}

fn accepted(what: &str, record: Record) -> Monster {
    Monster { what: what.into(), record, dead_letter: None }
}

fn refused(what: &str, record: Record, table: &'static str, column: &'static str) -> Monster {
    Monster { what: what.into(), record, dead_letter: Some((table, column)) }
}

/// The log under construction, with what has to become of it.
struct Log {
    records: Vec<Record>,
    dead_letters: Vec<(i64, String, (&'static str, &'static str))>,
    number: u32,
    /// The limits that the sound transactions set.
    limits: Vec<String>,
}

impl Log {
    fn new() -> Self {
        let records = snapshot().iter().map(Record::from_row).collect();
        Self { records, dead_letters: Vec::new(), number: 0, limits: vec!["100.00".into()] }
    }

    /// A sound transaction.
    fn good(&mut self) {
        self.number += 1;
        let limit = 1_000 + i32::try_from(self.number).unwrap();
        self.limits.push(format!("{limit}.00"));
        self.records.extend(transaction(self.number, &partner("Seven", limit)).iter().map(Record::from_row));
    }

    /// A monster outside any transaction.
    fn outside(&mut self, monster: Monster) {
        self.good();
        self.push(monster);
    }

    /// A monster that is the one change of a transaction.
    fn inside(&mut self, monster: Monster) {
        self.good();
        self.number += 1;
        let around = transaction(self.number, &json!({}));
        self.records.push(Record::from_row(&around[0]));
        self.push(monster);
        self.records.push(Record::from_row(&around[2]));
    }

    fn push(&mut self, monster: Monster) {
        if let Some(dead_letter) = monster.dead_letter {
            self.dead_letters.push((i64::try_from(self.records.len()).unwrap(), monster.what, dead_letter));
        }
        self.records.push(monster.record);
    }

    /// A change of a row for [`Self::inside`], which writes a good transaction first.
    fn row(&self, table: &str, key: &str, image: &str) -> Record {
        row_of(self.number + 2, table, key, image)
    }
}

/// A change of a row that is the one change of a transaction.
fn row_of(number: u32, table: &str, key: &str, image: &str) -> Record {
    let value = format!(
        r#"{{"before":null,"after":{image},"source":{{"table":"{table}","snapshot":"false","ts_ms":1767571200000}},"transaction":{{"id":"{number}:{number}1","total_order":1}},"op":"u"}}"#
    );
    Record::new(key, value)
}

/// A migrated database, and a topic that takes large records. It is created with that: a broker takes its time with a change.
async fn sandbox(test: &str) -> Sandbox {
    let sandbox = Sandbox::unmigrated(test).await;
    let admin: AdminClient<DefaultClientContext> = sandbox.kafka().create().unwrap();
    let topic = NewTopic::new(&sandbox.topic, 1, TopicReplication::Fixed(1))
        .set("retention.ms", "-1")
        .set("max.message.bytes", MESSAGE_BYTES);
    admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    sandbox.ok(&["migrate", "up"]);
    sandbox.ok(&["topics"]);
    sandbox
}

/// Writes all records in order.
fn produce(sandbox: &Sandbox, records: &[Record]) {
    let mut config = sandbox.kafka();
    config.set("message.max.bytes", MESSAGE_BYTES).set("enable.idempotence", "true");
    let producer: BaseProducer = config.create().unwrap();
    let began = Instant::now();
    for record in records {
        let mut message = BaseRecord::to(&sandbox.topic).partition(0).key(&record.key);
        message.payload = record.value.as_ref();
        if let Some(kind) = &record.kind {
            let header = Header { key: "ce_type", value: Some(kind) };
            message = message.headers(OwnedHeaders::new().insert(header));
        }
        while let Err((error, back)) = producer.send(message) {
            let full = rdkafka::types::RDKafkaErrorCode::QueueFull;
            assert!(error.rdkafka_error_code() == Some(full) && began.elapsed() < TIMEOUT, "{error}");
            message = back;
            producer.poll(Duration::from_millis(10));
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(TIMEOUT).unwrap();
    let (_, end) = rdkafka::consumer::Consumer::fetch_watermarks(
        &sandbox.kafka().create::<rdkafka::consumer::BaseConsumer>().unwrap(),
        &sandbox.topic,
        0,
        TIMEOUT,
    )
    .unwrap();
    assert_eq!(end, i64::try_from(records.len()).unwrap(), "every record is in the topic");
}

/// Runs to the end of the log. Answers the exit code, the error text, and the most memory that it took, in kB; 0 where the
/// system does not say.
fn run_measured(sandbox: &Sandbox) -> (Option<i32>, String, u64) {
    let log = std::env::temp_dir().join(&sandbox.name).join("measured.log");
    let mut child = sandbox
        .command(&["run", "--until-caught-up"])
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), std::fs::read_to_string(&log).unwrap(), peak);
        }
        // More than a gigabyte goes through a disk.
        if began.elapsed() > TIMEOUT * 3 {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it does not come to the end: {}", std::fs::read_to_string(&log).unwrap());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes the log, runs, and compares what became of it with what has to.
async fn check(test: &str, log: Log, bound: u64) -> Sandbox {
    let sandbox = sandbox(test).await;
    produce(&sandbox, &log.records);
    let (code, error, peak) = run_measured(&sandbox);
    let expected = if log.dead_letters.is_empty() { 0 } else { 2 };
    assert_eq!(code, Some(expected), "{error}");
    eprintln!("{test}: {} records, {} MB at most", log.records.len(), peak / 1_000);
    assert!(peak < bound, "{peak} kB at most");

    let mut connection = sandbox.connect().await;
    let dead_letters: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT record_offset, table_name, column_name, left(expected || ', found ' || found, 200) FROM stream.dead_letter
         WHERE superseded_by IS NULL ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let what = |offset: i64| {
        log.dead_letters.iter().find(|(of, ..)| *of == offset).map_or("?", |(_, what, _)| what.as_str())
    };
    let became: Vec<_> = dead_letters
        .iter()
        .map(|(offset, table, column, _)| format!("{offset} {}: {table}.{column}", what(*offset)))
        .collect();
    let should: Vec<_> = log
        .dead_letters
        .iter()
        .map(|(offset, what, (table, column))| format!("{offset} {what}: {table}.{column}"))
        .collect();
    assert_eq!(became, should, "{dead_letters:#?}");
    for (offset, _, _, reason) in &dead_letters {
        assert!(!reason.starts_with(", "), "{}: {reason}", what(*offset));
    }
    let emitted: Vec<_> = sandbox
        .events()
        .iter()
        .filter(|event| event.kind == "exposure_changed" && event.key == "odoo/1/partner-7")
        .map(|event| {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            data["after"]["credit_limit"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(emitted, log.limits, "every sound transaction was applied");
    sandbox
}

/// A partner of its own, so that no dead letter supersedes another.
fn other(id: usize, columns: &str) -> (String, String) {
    (format!(r#"{{"id":{id}}}"#), format!(r#"{{"id":{id},{columns}}}"#))
}

/// The columns of a partner after its name.
const REST: &str = r#""commercial_partner_id":null,"credit_limit":"{\"1\": 5}""#;

#[tokio::test(flavor = "multi_thread")]
async fn huge_records_are_taken_or_put_aside() {
    let mut log = Log::new();
    let huge = "x".repeat(HUGE);

    let (key, image) = other(101, &format!(r#""comment":"{huge}","name":"Unknown column",{REST}"#));
    log.inside(accepted("a huge column that nobody reads", log.row("res_partner", &key, &image)));
    let (key, image) = other(102, &format!(r#""name":"{huge}",{REST}"#));
    log.inside(refused("a huge name", log.row("res_partner", &key, &image), "res_partner", "name"));
    let (key, image) =
        other(103, &format!(r#""name":"x","commercial_partner_id":"{huge}","credit_limit":null"#));
    let record = log.row("res_partner", &key, &image);
    log.inside(refused("a huge text for a number", record, "res_partner", "commercial_partner_id"));
    log.inside(accepted("a huge row of another table", log.row("mail_message", "{}", &image)));
    log.outside(refused("a huge text that is no JSON", Record::new("{}", huge.as_str()), "?", "?"));
    log.outside(refused("a huge tick", Record::control("tick", &huge), "?", "?"));
    let key = format!(r#"{{"id":104,"more":"{huge}"}}"#);
    let record = log.row("res_partner", &key, &format!(r#"{{"name":true,{REST}}}"#));
    log.inside(refused("a huge key", record, "res_partner", "name"));

    let many: Vec<_> = (0..10_000).map(|n| format!(r#""x_{n}":{n}"#)).collect();
    let (key, image) = other(105, &format!(r#""name":"Many columns",{REST},{}"#, many.join(",")));
    log.inside(accepted("ten thousand columns", log.row("res_partner", &key, &image)));

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (key, image) = other(106, &format!(r#""x_deep":{deep},"name":"Deep",{REST}"#));
    log.inside(accepted("a deep column that nobody reads", log.row("res_partner", &key, &image)));
    let (key, image) = other(107, &format!(r#""name":{deep},{REST}"#));
    log.inside(refused("a deep name", log.row("res_partner", &key, &image), "res_partner", "name"));
    log.outside(accepted("nothing but depth", Record::new("{}", deep.as_str())));
    let rules = format!(
        r#"{{"rules":[{{"name":"","automation_type":"credit","action_name":"hold","enabled":true,"confidence_threshold":null,"auto_approve":false,"config":{deep}}}]}}"#
    );
    log.outside(refused("a deep rule", Record::control("rules", &rules), "?", "?"));
    log.good();

    let sandbox = check("monsters_huge", log, BOUND_KB).await;
    let taken = sandbox.value("SELECT count(*) FROM credit.partner WHERE id IN (101, 105, 106)").await;
    assert_eq!(taken, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_huge_records_do_not_add_up() {
    let mut log = Log::new();
    let huge = "x".repeat(HUGE);
    for n in 0..60 {
        log.number += 1;
        let around = transaction(log.number, &json!({}));
        let (key, image) = other(n + 1_000, &format!(r#""name":"{huge}",{REST}"#));
        let record = row_of(log.number, "res_partner", &key, &image);
        log.records.push(Record::from_row(&around[0]));
        log.push(refused("a huge name", record, "res_partner", "name"));
        log.records.push(Record::from_row(&around[2]));
    }
    log.good();
    check("monsters_many", log, MANY_BOUND_KB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_none_and_keys_that_are_none_are_put_aside() {
    let mut log = Log::new();
    let (key, image) = other(201, &format!(r#""name":"x",{REST}"#));
    let mut record = log.row("res_partner", &key, &image);
    record.value.as_mut().unwrap()[30] = 0xff;
    log.inside(refused("no UTF-8 in the value", record, "?", "?"));
    let mut record = log.row("res_partner", "", &image);
    record.key = vec![0xff, 0xfe];
    log.inside(refused("no UTF-8 in the key", record, "res_partner", "?"));
    log.inside(refused("an empty key", log.row("res_company", "", &image), "res_company", "?"));
    log.inside(refused("a key without the id", log.row("res_partner", "{}", &image), "res_partner", "id"));
    let record = log.row("res_partner", r#"{"id":2147483648}"#, &image);
    log.inside(refused("an id that is too large", record, "res_partner", "id"));

    let (key, image) = other(202, &format!(r#""name":"a\u0000b",{REST}"#));
    log.inside(refused("NUL in a name", log.row("res_partner", &key, &image), "res_partner", "name"));
    let (key, image) = other(203, &format!(r#""name":"\ud800",{REST}"#));
    log.inside(refused(
        "half a surrogate in a name",
        log.row("res_partner", &key, &image),
        "res_partner",
        "name",
    ));
    let (key, image) = other(204, &format!(r#""name":"a","name":"b",{REST}"#));
    log.inside(refused("a column twice", log.row("res_partner", &key, &image), "res_partner", "name"));
    let (key, image) = other(205, &format!(r#""x_a":1,"x_a":2,"name":"Twice",{REST}"#));
    log.inside(accepted("an unknown column twice", log.row("res_partner", &key, &image)));
    let mut record = log.row("res_partner", &key, &image);
    let value = String::from_utf8(record.value.take().unwrap()).unwrap();
    record.value = Some(value.replace(r#""op":"u""#, r#""op":"u","op":"d""#).into());
    log.inside(refused("an operation twice", record, "?", "?"));
    log.inside(refused(
        "a row that is no object",
        log.row("res_partner", r#"{"id":207}"#, "7"),
        "res_partner",
        "?",
    ));
    log.inside(refused(
        "a row that is not there",
        log.row("res_partner", r#"{"id":208}"#, "null"),
        "res_partner",
        "?",
    ));

    log.outside(accepted("a tombstone", Record { key: r#"{"id":7}"#.into(), value: None, kind: None }));
    log.inside(accepted("an unknown table", log.row("x_unknown", r#"{"id":7}"#, "{}")));
    log.outside(refused("nothing", Record::new("", ""), "?", "?"));
    log.outside(refused("half a record", Record::new("{}", r#"{"before":null,"after":{"id":"#), "?", "?"));
    log.outside(refused("a number", Record::new("{}", "NaN"), "?", "?"));
    log.good();
    check("monsters_texts", log, BOUND_KB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_and_numbers_out_of_this_world_are_put_aside() {
    let mut log = Log::new();
    let days = 300_000_i64 * 365;
    let mut id = 300;
    for (what, value) in [
        ("days", days.to_string()),
        ("the last day", i64::MAX.to_string()),
        ("the first day", i64::MIN.to_string()),
        ("more than a day has digits", u64::MAX.to_string()),
        ("a fraction of a day", "20460.5".into()),
        ("ISO", r#""300000-01-01Z""#.into()),
        ("ISO with a sign", r#""+262142-01-01Z""#.into()),
        ("ISO before Christ", r#""-0044-03-15Z""#.into()),
    ] {
        id += 1;
        let record =
            log.row("account_move_line", &format!(r#"{{"id":{id}}}"#), &item("date_maturity", &value));
        log.inside(refused(&format!("a due date, {what}"), record, "account_move_line", "date_maturity"));
    }
    for (what, value, refusable) in [
        ("the last microsecond of 9999", "253402300799999999".to_owned(), false),
        ("the first microsecond of 10000", "253402300800000000".to_owned(), true),
        ("as many microseconds as fit", "9000000000000000000".to_owned(), true),
        ("the last number", i64::MAX.to_string(), true),
        ("the first number", i64::MIN.to_string(), true),
        ("more than a number has digits", u64::MAX.to_string(), true),
        ("ISO", r#""300000-01-01T00:00:00Z""#.to_owned(), true),
        ("ISO with a sign", r#""+262142-01-01T00:00:00Z""#.to_owned(), true),
        ("ISO before all times", r#""-262143-01-01T00:00:00Z""#.to_owned(), true),
        ("ISO that is none", r#""2026-02-30T00:00:00Z""#.to_owned(), true),
    ] {
        id += 1;
        let record = log.row("sale_order", &format!(r#"{{"id":{id}}}"#), &order(&value));
        let what = format!("a delivery date, {what}");
        log.inside(if refusable {
            refused(&what, record, "sale_order", "commitment_date")
        } else {
            accepted(&what, record)
        });
    }
    let forty = format!("1{}", "0".repeat(39));
    for (what, value) in [
        ("1e308", "1e308".to_owned()),
        ("-1e308 as text", r#""-1e308""#.into()),
        ("forty digits", forty.clone()),
        ("forty digits as text", format!("\"{forty}\"")),
        ("NaN", r#""NaN""#.into()),
        ("Infinity", r#""Infinity""#.into()),
        ("ten quadrillion", "10000000000000000".into()),
        ("Base64, as `precise` writes it", r#""AYag""#.into()),
        ("scale and value, as `precise` writes them", r#"{"scale":-3,"value":"AQ=="}"#.into()),
    ] {
        id += 1;
        let record =
            log.row("account_move_line", &format!(r#"{{"id":{id}}}"#), &item("amount_residual", &value));
        log.inside(refused(&format!("an amount, {what}"), record, "account_move_line", "amount_residual"));
    }
    for value in [r#""1E+3""#, "1e-308", "-0.0", r#""0.0000000000000000000000000001""#, "9999999999999"] {
        id += 1;
        let record =
            log.row("account_move_line", &format!(r#"{{"id":{id}}}"#), &item("amount_residual", value));
        log.inside(accepted(&format!("an amount, {value}"), record));
    }
    log.good();
    check("monsters_numbers", log, BOUND_KB).await;
}

/// A journal item with one column set to `value`.
fn item(column: &str, value: &str) -> String {
    columns("account_move_line", Some((column, value)))
}

/// An order that is delivered at `ships_at`.
fn order(ships_at: &str) -> String {
    columns("sale_order", Some(("commitment_date", ships_at)))
}

/// Sound rows of every table.
const ROWS: [(&str, &[(&str, &str)]); 21] = [
    ("account_account", &[("account_type", r#""income""#)]),
    ("account_journal", &[("type", r#""bank""#)]),
    (
        "account_move",
        &[
            ("state", r#""draft""#),
            ("move_type", r#""out_invoice""#),
            ("company_id", "1"),
            ("commercial_partner_id", "8"),
            ("invoice_date", "20460"),
            ("amount_untaxed_signed", r#""50.00""#),
        ],
    ),
    (
        "account_move_line",
        &[
            ("move_id", "1"),
            ("move_name", r#""INV/1""#),
            ("journal_id", "1"),
            ("payment_id", "null"),
            ("statement_line_id", "null"),
            ("company_id", "1"),
            ("partner_id", "8"),
            ("account_id", "1"),
            ("parent_state", r#""posted""#),
            ("date", "20457"),
            ("date_maturity", "20460"),
            ("amount_residual", r#""50.00""#),
            ("reconciled", "false"),
            ("quantity", "1"),
            ("display_type", r#""payment_term""#),
            ("balance", r#""50.00""#),
            ("product_uom_id", "1"),
            ("currency_id", "2"),
            ("amount_currency", r#""50.00""#),
            ("is_downpayment", "false"),
        ],
    ),
    (
        "account_partial_reconcile",
        &[
            ("debit_move_id", "1"),
            ("credit_move_id", "2"),
            ("max_date", "20460"),
            ("amount", "1"),
            ("debit_amount_currency", "1"),
            ("credit_amount_currency", "1"),
        ],
    ),
    (
        "account_payment",
        &[
            ("state", r#""in_process""#),
            ("partner_type", r#""customer""#),
            ("payment_type", r#""inbound""#),
            ("move_id", "null"),
            ("company_id", "1"),
            ("partner_id", "8"),
            ("currency_id", "2"),
            ("amount", "50"),
            ("amount_company_currency_signed", r#""50.00""#),
            ("date", "20460"),
        ],
    ),
    (
        "ir_default",
        &[
            ("field_id", "1"),
            ("user_id", "null"),
            ("company_id", "1"),
            ("condition", "null"),
            ("json_value", r#""3000.0""#),
        ],
    ),
    ("ir_model_fields", &[("model", r#""res.partner""#), ("name", r#""credit_limit""#)]),
    (
        "ir_property",
        &[
            ("name", r#""credit_limit""#),
            ("res_id", r#""res.partner,8""#),
            ("company_id", "1"),
            ("value_float", "1"),
        ],
    ),
    ("pos_order", &[("state", r#""paid""#), ("partner_id", "8"), ("account_move", "null")]),
    ("pos_order_line", &[("order_id", "1"), ("sale_order_line_id", "1"), ("price_subtotal_incl", "50")]),
    ("product_product", &[("product_tmpl_id", "1")]),
    ("product_template", &[("invoice_policy", r#""delivery""#)]),
    (
        "res_company",
        &[("parent_path", r#""1/""#), ("currency_id", "1"), ("account_use_credit_limit", "true")],
    ),
    ("res_currency", &[("name", r#""USD""#), ("decimal_places", "2")]),
    ("res_currency_rate", &[("currency_id", "2"), ("company_id", "1"), ("name", "20460"), ("rate", "1.1")]),
    ("res_partner", &[("name", r#""Eight""#), ("commercial_partner_id", "8"), ("credit_limit", "null")]),
    (
        "sale_order",
        &[
            ("name", r#""S1""#),
            ("state", r#""sale""#),
            ("company_id", "1"),
            ("partner_id", "8"),
            ("partner_invoice_id", "8"),
            ("currency_id", "2"),
            ("amount_untaxed", "100"),
            ("amount_total", "100"),
            ("commitment_date", "1767700000000000"),
        ],
    ),
    (
        "sale_order_line",
        &[
            ("order_id", "1"),
            ("product_id", "1"),
            ("state", r#""sale""#),
            ("display_type", "null"),
            ("product_uom", "1"),
            ("product_uom_id", "1"),
            ("product_uom_qty", "2"),
            ("qty_delivered", "1"),
            ("qty_invoiced", "0"),
            ("price_total", "100"),
            ("untaxed_amount_to_invoice", "100"),
            ("is_downpayment", "false"),
        ],
    ),
    ("sale_order_line_invoice_rel", &[]),
    ("uom_uom", &[("factor", "0.5"), ("relative_factor", "2"), ("rounding", "0.01")]),
];

/// A sound row of `table`, except for one column.
fn columns(table: &str, except: Option<(&str, &str)>) -> String {
    let (_, columns) = ROWS.iter().find(|(name, _)| *name == table).unwrap();
    let value = |(name, value): &(&'static str, &'static str)| {
        let value = except.filter(|(column, _)| column == name).map_or(*value, |(_, value)| value);
        format!(r#""{name}":{value}"#)
    };
    let columns: Vec<_> = columns.iter().map(value).collect();
    format!("{{{}}}", columns.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_type_in_any_column_is_put_aside_and_named() {
    let tables: Vec<_> = ROWS.iter().map(|(table, _)| *table).collect();
    let mut read = RowChange::TABLES.to_vec();
    read.sort_unstable();
    assert_eq!(tables, read);
    let mut log = Log::new();
    let mut id = 400;
    for (table, names) in ROWS {
        if names.is_empty() {
            for (column, key) in [
                ("invoice_line_id", r#"{"invoice_line_id":true,"order_line_id":1}"#),
                ("order_line_id", r#"{"invoice_line_id":1,"order_line_id":"1"}"#),
            ] {
                log.inside(refused("a key's column", log.row(table, key, "{}"), table, column));
            }
            continue;
        }
        for (column, _) in names {
            for wrong in [r#"{"a":1}"#, "[true]"] {
                id += 1;
                let image = columns(table, Some((column, wrong)));
                let record = log.row(table, &format!(r#"{{"id":{id}}}"#), &image);
                log.inside(refused(&format!("{wrong} for {column}"), record, table, column));
            }
        }
        log.inside(accepted("a sound row", log.row(table, r#"{"id":8}"#, &columns(table, None))));
    }
    log.good();
    check("monsters_types", log, BOUND_KB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_markers_and_control_records_are_put_aside() {
    let mut log = Log::new();
    for (what, value) in [
        (
            "a BEGIN whose numbers overflow",
            r#"{"status":"BEGIN","id":"99999999999999999999:99999999999999999999","ts_ms":1}"#,
        ),
        ("a BEGIN without a position", r#"{"status":"BEGIN","id":"5","ts_ms":1}"#),
        ("a BEGIN without an id", r#"{"status":"BEGIN","ts_ms":1}"#),
        ("a BEGIN whose time overflows", r#"{"status":"BEGIN","id":"5:5","ts_ms":99999999999999999999}"#),
        ("a marker that is neither", r#"{"status":"MIDDLE","id":"5:5","ts_ms":1}"#),
        ("an END without a count", r#"{"status":"END","id":"5:5","ts_ms":1}"#),
        (
            "an END whose count overflows",
            r#"{"status":"END","id":"5:5","event_count":99999999999999999999,"ts_ms":1}"#,
        ),
        ("an END with a negative count", r#"{"status":"END","id":"5:5","event_count":-1,"ts_ms":1}"#),
    ] {
        log.outside(refused(what, Record::new("{}", value), "?", "?"));
    }
    for (what, kind, value) in [
        ("a tick without a time", "tick", "{}"),
        ("a tick that is no JSON", "tick", "soon"),
        ("a tick of a number", "tick", r#"{"time":5}"#),
        ("a tick in the year 300000", "tick", r#"{"time":"300000-01-01T00:00:00Z"}"#),
        ("a tick in the last year", "tick", r#"{"time":"+262142-01-01T00:00:00Z"}"#),
        ("a tick before all times", "tick", r#"{"time":"-262143-01-01T00:00:00Z"}"#),
        ("rules that are none", "rules", r#"{"rules":{}}"#),
        ("a rule without a name", "rules", r#"{"rules":[{"automation_type":"credit"}]}"#),
        (
            "a rule with a NUL",
            "rules",
            r#"{"rules":[{"name":"\u0000","automation_type":"credit","action_name":"hold","enabled":true,"confidence_threshold":null,"auto_approve":false,"config":{}}]}"#,
        ),
        ("a request without anything", "request", "{}"),
        (
            "a request with a wrong id",
            "request",
            r#"{"id":"7","processor":"credit","person":"anna","time":"2026-01-10T00:00:00Z","action":"release","arguments":{}}"#,
        ),
        (
            "a request before all times",
            "request",
            r#"{"id":"6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d1","processor":"credit","person":"anna","time":"-262143-01-10T00:00:00Z","action":"release","arguments":{}}"#,
        ),
    ] {
        log.outside(refused(what, Record::control(kind, value), "?", "?"));
    }
    log.outside(refused("a control record without its type", Record::new("ledgerwell", "{}"), "?", "?"));
    let mut typed = Record::control("tick", "{}");
    typed.kind = Some(vec![0xff]);
    log.outside(refused("a control record whose type is no text", typed, "?", "?"));
    log.outside(accepted("a control record of an unknown type", Record::control("weather", "rain")));
    let mut tombstone = Record::control("rules", "");
    tombstone.value = None;
    log.outside(accepted("a control record without a value", tombstone));
    // Rules and requests that are sound and make no sense are written down, not put aside.
    let rules = r#"{"rules":[{"name":"Credit hold","automation_type":"credit","action_name":"hold","enabled":true,"confidence_threshold":1e28,"auto_approve":false,"config":{"chekcs":[]}}]}"#;
    log.outside(accepted("rules that make no sense", Record::control("rules", rules)));
    let request = r#"{"id":"6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d2","processor":"credit","person":"anna","time":"2026-01-10T00:00:00Z","action":"exempt","arguments":{"company_id":1,"partner_id":7,"until":"+262142-12-31","reason":"x"}}"#;
    log.outside(accepted("an exemption for ever", Record::control("request", request)));
    log.good();
    let sandbox = check("monsters_control", log, BOUND_KB).await;
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_logs WHERE status = 'rejected'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_counts_too_many_is_a_hole_in_the_log_until_a_new_snapshot() {
    let sandbox = Sandbox::new("monsters_end").await;
    let mut log = Log::new();
    log.good();
    log.number += 1;
    let mut records = transaction(log.number, &partner("Seven", 5));
    records[2]["value"]["event_count"] = json!(u64::MAX);
    log.records.extend(records.iter().map(Record::from_row));
    log.good();
    produce(&sandbox, &log.records);
    let (code, error) = run(&sandbox);
    assert!(
        code == Some(1) && error.contains("not all changes of transaction") && error.contains("snapshot"),
        "{error}"
    );
    assert_eq!(limit(&sandbox).await, 1_001, "what comes before it is applied");
}
