//! Any division of the stream into batches, with restarts anywhere, gives the same rows and the same events.

use simulator::Settings;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::control::control;
use crate::in_process::{Pipeline, Record, everything, job};
use crate::sandbox::Sandbox;
use crate::torn::{Chance, Torn};

const CUTS: u64 = 12;

fn log() -> Vec<Record> {
    let settings =
        Settings { days: 45, customers: 20, orders_per_day: 4, companies: 2, ..Settings::default() };
    let mut torn = Torn::new(3, &settings);
    let changes: Vec<_> = std::iter::from_fn(|| torn.next()).flat_map(|piece| piece.log).collect();
    let (mut chance, mut log) = (Chance::new(4), Vec::new());
    for change in changes {
        if chance.once_in(60) {
            log.push(control(&mut chance, change.timestamp));
        }
        log.push(change);
    }
    log
}

async fn reset(connection: &mut PgConnection) {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
         WHERE table_schema IN ('credit', 'stream') OR table_name IN ('credit_scores', 'audit_logs')",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let sql = format!("TRUNCATE {}", tables.join(", "));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn any_cut_into_batches_gives_the_same_rows_and_events() {
    let log = log();
    let sandbox = Sandbox::new("batching").await;
    let mut connection = PgConnection::connect(&sandbox.database_url).await.unwrap();

    let mut one_batch = Pipeline::claim(&job(&sandbox, 1_000_000)).await;
    for offset in 0..log.len() {
        one_batch.read(&log, offset, || false).await;
    }
    one_batch.finish(&log).await;
    let expected = everything(&mut connection).await;
    for part in [
        "exposure_changed",
        "credit.exposure",
        "hold_placed",
        "hold_released",
        "score_changed",
        "refused",
        "rejected",
    ] {
        assert!(expected.contains(part), "{part} never happened, so it is not tested");
    }

    for seed in 0..CUTS {
        reset(&mut connection).await;
        let mut chance = Chance::new(seed);
        // From a batch per delivery to few, from a restart every few records to none.
        let (every, restarts) = (1 << (seed % 6), 150 << (seed % 5));
        let mut pipeline = Pipeline::claim(&job(&sandbox, 3 << (seed % 8))).await;
        // Bounded, because a restart before anything is saved begins at the same offset again.
        let (mut offset, mut restarts_left) = (0, 100);
        while offset < log.len() {
            pipeline.read(&log, offset, || chance.once_in(every)).await;
            offset += 1;
            if restarts_left > 0 && chance.once_in(restarts) {
                restarts_left -= 1;
                pipeline.restart().await;
                offset = pipeline.resume;
            }
        }
        pipeline.finish(&log).await;
        let got = everything(&mut connection).await;
        if let Some((a, b)) = expected.lines().zip(got.lines()).find(|(a, b)| a != b) {
            panic!("seed {seed}: expected {a}\n got {b}");
        }
        assert_eq!(expected.lines().count(), got.lines().count(), "seed {seed}");
    }
}
