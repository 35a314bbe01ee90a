//! What a batch costs Postgres: statements, and bytes of write-ahead log. Both are properties of the program and not of the machine,
//! so they are held to figures.

use simulator::{Settings, Simulation, UnitKind};
use sqlx::{Connection, PgConnection};

use crate::in_process::{Pipeline, Record, job};
use crate::sandbox::Sandbox;

/// Statements of a batch, BEGIN and COMMIT among them. A table is at most one DELETE and one upsert.
const STATEMENTS: i64 = 24;
/// Statements of a batch of one transaction, on average.
const STATEMENTS_OF_ONE: i64 = 8;
/// Bytes of write-ahead log per change, when a hundred transactions are one batch.
const WAL: i64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_a_bounded_number_of_statements_and_a_change_a_bounded_number_of_bytes() {
    let sandbox = Sandbox::new("costs").await;
    let mut connection = PgConnection::connect(&sandbox.database_url).await.unwrap();
    let measurable =
        sqlx::raw_sql("CREATE EXTENSION pg_stat_statements; SELECT count(*) FROM pg_stat_statements")
            .execute(&mut connection)
            .await;
    if let Err(error) = measurable {
        eprintln!("skipped: this PostgreSQL does not load pg_stat_statements ({error})");
        return;
    }
    let settings = Settings { days: 12, customers: 100, orders_per_day: 25, ..Settings::default() };
    let (mut simulation, mut log, mut ends) = (Simulation::new(settings), Vec::new(), Vec::new());
    let mut snapshot = 0;
    while let Some(unit) = simulation.next_unit() {
        log.extend(unit.records.into_iter().map(Record::from));
        match unit.kind {
            UnitKind::Snapshot => snapshot = log.len(),
            UnitKind::Transaction => ends.push(log.len()),
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
        let (begin, mut batches, mut most) = (offset, 0, 0);
        for batch in ends.chunks(size) {
            let before = statements(&mut connection).await.0;
            while offset < *batch.last().unwrap() {
                pipeline.read(&log, offset, || false).await;
                offset += 1;
            }
            pipeline.save().await;
            most = most.max(statements(&mut connection).await.0 - before);
            batches += 1;
        }
        let (statements, wal) = statements(&mut connection).await;
        let changes = i64::try_from(offset - begin - 2 * ends.len()).unwrap();
        costs.push((statements / batches, most, wal / changes));
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
