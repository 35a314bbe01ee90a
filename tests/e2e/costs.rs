//! What a batch costs Postgres: statements, and bytes of write-ahead log. Both are properties of the program and not of the machine,
//! so they are held to figures.

use simulator::{DeliveryKind, Settings, Simulation};
use sqlx::{Connection, PgConnection};

use crate::in_process::{Pipeline, Record, job};
use crate::sandbox::Sandbox;
use crate::servers::Postgres;

/// Statements of a batch, BEGIN and COMMIT among them. A table is at most one DELETE and one upsert.
const STATEMENTS: i64 = 30;
/// Statements of a batch of one transaction, on average.
const STATEMENTS_OF_ONE: i64 = 8;
/// Bytes of write-ahead log per change, when a hundred transactions are one batch: rows, events, and audit rows of what is decided,
/// also about customers who have but the company's default limit.
const WAL: i64 = 110;
/// Behind a checkpoint PostgreSQL writes each page whole when it changes first, which says nothing of us.
const NO_WHOLE_PAGES: &str = "full_page_writes = off\ncheckpoint_timeout = 1d\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_a_bounded_number_of_statements_and_a_change_a_bounded_number_of_bytes() {
    let postgres = Postgres::start("costs", NO_WHOLE_PAGES);
    let mut sandbox = Sandbox::unmigrated("costs").await;
    sandbox.database_url.clone_from(&postgres.url);
    sandbox.configure("");
    sandbox.ok(&["migrate", "up"]);
    let mut connection = PgConnection::connect(&sandbox.database_url).await.unwrap();
    sqlx::query("CREATE EXTENSION pg_stat_statements").execute(&mut connection).await.unwrap();
    let settings = Settings { days: 12, customers: 100, orders_per_day: 25, ..Settings::default() };
    let (mut simulation, mut log, mut ends) = (Simulation::new(settings), Vec::new(), Vec::new());
    let mut snapshot = 0;
    while let Some(delivery) = simulation.next_delivery() {
        log.extend(delivery.records.into_iter().map(Record::from));
        match delivery.kind {
            DeliveryKind::Snapshot => snapshot = log.len(),
            DeliveryKind::Transaction => ends.push(log.len()),
        }
    }
    let mut pipeline = Pipeline::claim(&job(&sandbox, 1_000_000)).await;
    for offset in 0..snapshot {
        pipeline.read(&log, offset, || false).await;
    }
    pipeline.save().await;

    let (first, rest) = ends.split_at(300);
    let mut offset = snapshot;
    let mut costs = Vec::new();
    for (ends, size) in [(first, 1), (rest, 100)] {
        sqlx::query("SELECT pg_stat_statements_reset()").execute(&mut connection).await.unwrap();
        let (begin, mut before, mut most) = (offset, 0, 0);
        for batch in ends.chunks(size) {
            while offset < *batch.last().unwrap() {
                pipeline.read(&log, offset, || false).await;
                offset += 1;
            }
            pipeline.save().await;
            let (statements, _) = statements(&mut connection).await;
            most = most.max(statements - before);
            before = statements;
        }
        let (statements, wal) = statements(&mut connection).await;
        // A transaction's BEGIN and END are no changes.
        let changes = i64::try_from(offset - begin - 2 * ends.len()).unwrap();
        costs.push((statements / i64::try_from(ends.chunks(size).len()).unwrap(), most, wal / changes));
    }
    let [(one, _, _), (_, most, wal)] = costs[..] else { panic!() };
    println!(
        "a transaction by itself: {one} statements; batches of 100: at most {most}, {wal} bytes of WAL a change"
    );
    assert!(one <= STATEMENTS_OF_ONE, "{one} statements save one transaction");
    assert!(most <= STATEMENTS, "{most} statements save a hundred transactions");
    assert!(wal <= WAL, "{wal} bytes of write-ahead log a change");
}

/// Statements and bytes of write-ahead log of the processor's connections.
async fn statements(connection: &mut PgConnection) -> (i64, i64) {
    sqlx::query_as(
        "SELECT COALESCE(sum(calls), 0)::bigint, COALESCE(sum(wal_bytes), 0)::bigint FROM pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND query NOT LIKE '%pg_stat_statements%'",
    )
    .fetch_one(connection)
    .await
    .unwrap()
}
