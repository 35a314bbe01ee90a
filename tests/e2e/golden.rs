//! Every processor's golden streams: what goes in, which rows and events come out.
//! `UPDATE_GOLDEN=1 cargo test --test e2e golden` writes what came out; read the difference before you commit it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::sandbox::{Event, Sandbox};
use crate::support::{self, Processor};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn golden_streams() {
    let mut checks = tokio::task::JoinSet::new();
    for processor in support::ALL {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("processors")
            .join(processor.name)
            .join("tests/golden");
        let cases: Vec<_> = golden.read_dir().unwrap().map(|case| case.unwrap().path()).collect();
        assert!(!cases.is_empty(), "{} has none", processor.name);
        for case in cases {
            checks.spawn(check(processor, case));
        }
    }
    checks.join_all().await;
}

/// What was written into `audit_logs`, one line a decision.
async fn decisions(connection: &mut PgConnection) -> String {
    let sql = "SELECT to_char(timestamp, 'YYYY-MM-DD HH24:MI') || ' ' || action_name || ' ' || status || ': ' || ai_reasoning
               FROM audit_logs ORDER BY id";
    let lines: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await.unwrap();
    lines.iter().fold(String::new(), |all, line| all + line + "\n")
}

async fn check(processor: &Processor, case: PathBuf) {
    let name = case.file_name().unwrap().to_str().unwrap();
    let sandbox = Sandbox::new(&format!("golden_{name}")).await;
    sandbox.configure(&format!("processors = [\"{}\"]", processor.name));
    sandbox.ok(&["publish", case.join("in.jsonl").to_str().unwrap(), "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    compare(&sandbox, processor.name, processor.golden, processor.sequences, &case).await;
}

/// Compares what a processor has stored, emitted and written down with what a case expects. Of the tables in `sequences` the id
/// means nothing.
pub async fn compare(sandbox: &Sandbox, processor: &str, tables: &[&str], sequences: &[&str], case: &Path) {
    let mut connection = sandbox.connect().await;
    let mut rows = String::new();
    for table in tables {
        let ignored = if sequences.contains(table) { "id" } else { "" };
        let sql = format!("SELECT jsonb_strip_nulls(to_jsonb(t) - '{ignored}') FROM {table} AS t ORDER BY 1");
        let of_table: Vec<Value> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        for row in of_table {
            writeln!(rows, "{table} {row}").unwrap();
        }
    }
    let mut events = sandbox.events_of(processor);
    events.sort_by_key(|event| {
        let (offset, number) = event.position.split_once('.').unwrap();
        (offset.parse::<i64>().unwrap(), number.parse::<i64>().unwrap())
    });
    // A tick is in every partition.
    events.dedup_by_key(|event| event.id.clone());
    let mut out = String::new();
    for Event { position, kind, time, key, data, .. } in &events {
        writeln!(out, "{position} {kind} {time} {key} {data}").unwrap();
    }
    let decisions = decisions(&mut connection).await;
    for (file, got) in [("rows.txt", rows), ("out.txt", out), ("decisions.txt", decisions)] {
        let path = case.join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(got, expected, "{}: see UPDATE_GOLDEN in {}", path.display(), file!());
    }
}
