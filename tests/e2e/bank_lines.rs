//! The bank lines of a recorded session of a real Odoo are explained while it goes on; a log read in any pieces, again or as a connector
//! left it ends in the same proposals; people match over the API.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sqlx::Row;

use crate::control::with_control;
use crate::recorded::recordings;
use crate::sandbox::{Api, Sandbox, assert_same, until};
use crate::support::reconciliation::control;

/// A sandbox in which reconciliation runs.
async fn sandbox(test: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new(test).await;
    sandbox.configure(&format!("processors = [\"reconciliation\"]\n{more}"));
    sandbox
}

/// The journal entry of each registered payment.
fn entries_of_payments(file: &Path) -> BTreeMap<i64, i64> {
    let lines = BufReader::new(GzDecoder::new(std::fs::File::open(file).unwrap())).lines();
    let rows = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let row = (line["value"]["source"]["table"] == "account_payment")
            .then(|| line["value"]["after"].clone())?;
        Some((row["id"].as_i64()?, row["move_id"].as_i64()?))
    });
    rows.collect()
}

/// How the lines of one category were explained.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Explained {
    lines: usize,
    first: usize,
    in_three: usize,
    auto: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_has_its_bank_lines_explained() {
    let Some(folder) = recordings() else { return };
    let text = std::fs::read_to_string(folder.join("odoo-18/ground_truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let file = folder.join("odoo-18/odoo.changes.jsonl.gz");
    let payments = entries_of_payments(&file);
    let sandbox = sandbox("bank_lines", "").await;
    sandbox.ok(&["publish", file.to_str().unwrap(), "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let mut connection = sandbox.connect().await;
    let rows = sqlx::query(
        "SELECT line_id, rank, proposal.auto OR waits = jsonb_build_array('its journal is on probation') AS auto, move_ids, kind FROM reconciliation.proposal
             JOIN reconciliation.line ON line.id = line_id ORDER BY line_id, rank",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut proposed: BTreeMap<i64, Vec<(BTreeSet<i64>, bool, String)>> = BTreeMap::new();
    for row in &rows {
        let moves: Value = row.get("move_ids");
        let moves = moves.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
        let line: i32 = row.get("line_id");
        proposed.entry(line.into()).or_default().push((moves, row.get("auto"), row.get("kind")));
    }
    let mut categories: BTreeMap<&str, Explained> = BTreeMap::new();
    for line in truth["bank_lines"].as_array().unwrap() {
        let id = line["line_id"].as_i64().unwrap();
        // What Odoo matched in the transaction that made it never waited for anybody.
        let Some(proposals) = proposed.get(&id) else { continue };
        let paid = |of: &Value| match of["payment_id"].as_i64() {
            Some(payment) => payments[&payment],
            None => of["move_id"].as_i64().unwrap(),
        };
        let expected: BTreeSet<i64> = line["matches"].as_array().unwrap().iter().map(paid).collect();
        let category = line["category"].as_str().unwrap();
        let explained = categories.entry(category).or_default();
        explained.lines += 1;
        let (first, auto, _) = &proposals[0];
        explained.first += usize::from(*first == expected);
        explained.in_three += usize::from(proposals.iter().any(|(moves, ..)| *moves == expected));
        explained.auto += usize::from(*auto);
        if *first != expected {
            eprintln!("{category} line {id} {}: {proposals:?}, not {expected:?}", line["payment_ref"]);
        }
        assert!(!auto || *first == expected, "line {id} would be booked wrongly: {proposals:?}");
    }
    for (category, explained) in &categories {
        eprintln!("{category}: {explained:?}");
    }
    let all = categories.values().fold(Explained::default(), |all, of| Explained {
        lines: all.lines + of.lines,
        first: all.first + of.first,
        in_three: all.in_three + of.in_three,
        auto: all.auto + of.auto,
    });
    eprintln!("all: {all:?}");
    assert_eq!((all.first, all.in_three), (all.lines, all.lines), "each category's right proposal is first");
    assert!(
        all.lines > 150 && all.auto > 60,
        "and many would be booked alone, once the journal is trusted: {all:?}"
    );

    // What Odoo matched is recognised, and the automatic session has counted it.
    let session = sqlx::query(
        "SELECT auto_matched + manually_matched AS matched, remaining, skipped, total_lines,
             (SELECT count(*) FROM reconciliation.line WHERE status = 'matched' AND journal_id = s.journal_id) AS lines,
             (SELECT count(*) FROM reconciliation.line WHERE status NOT IN ('matched', 'past')
                  AND journal_id = s.journal_id) AS left_over
         FROM reconciliation_sessions AS s WHERE user_id IS NULL ORDER BY total_lines DESC LIMIT 1",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let matched: i32 = session.get("matched");
    assert_eq!(i64::from(matched), session.get::<i64, _>("lines"));
    assert_eq!(i64::from(session.get::<i32, _>("remaining")), session.get::<i64, _>("left_over"));
    let at_end: BTreeMap<i64, bool> = truth["bank_lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line_id"].as_i64().unwrap(), line["is_reconciled_at_end"] == true))
        .collect();
    for row in sqlx::query("SELECT id, status IN ('matched', 'past') AS done FROM reconciliation.line")
        .fetch_all(&mut connection)
        .await
        .unwrap()
    {
        let id: i32 = row.get("id");
        if let Some(done) = at_end.get(&id.into()) {
            assert_eq!(*done, row.get::<bool, _>("done"), "line {id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_session_ends_in_the_same_lines() {
    let Some(folder) = recordings() else { return };
    let mut before: Option<Vec<(i32, bool, String)>> = None;
    for file in [
        "odoo.changes.jsonl.gz",
        "torn/restarts.jsonl.gz",
        "torn/resnapshot.jsonl.gz",
        "torn/newcluster.jsonl.gz",
    ] {
        let sandbox = sandbox("torn_lines", "").await;
        let file = folder.join("odoo-18").join(file);
        sandbox.ok(&["publish", file.to_str().unwrap(), "--topic", &sandbox.topic]);
        sandbox.ok(&["run", "--until-caught-up"]);
        let lines: Vec<(i32, bool, String)> = sqlx::query_as(
            "SELECT id, status IN ('matched', 'past'), amount::text FROM reconciliation.line ORDER BY id",
        )
        .fetch_all(&mut sandbox.connect().await)
        .await
        .unwrap();
        assert!(lines.len() > 150);
        assert_eq!(before.get_or_insert_with(|| lines.clone()), &lines);
    }
}

/// The lines of a dump that are the processor's results, not the runner's tables.
fn results(dump: &str) -> String {
    let ours = |line: &&str| line.starts_with("reconciliation.") || line.starts_with("public.r");
    dump.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_pieces_the_log_is_read_in_and_when_it_is_read_again_the_proposals_are_the_same() {
    let whole = sandbox("lines_whole", "").await;
    let feed = whole.file("feed.jsonl", "");
    let arguments =
        ["simulate", "--seed", "11", "--days", "60", "--customers", "80", "--orders-per-day", "6"];
    whole.ok(&[&arguments[..], &["--out", &feed]].concat());
    let feed = whole.file("mixed.jsonl", &with_control(&std::fs::read_to_string(feed).unwrap(), control));
    whole.ok(&["publish", &feed, "--topic", &whole.topic]);
    whole.ok(&["run", "--until-caught-up"]);
    let pieces = whole.over_same_topic("lines_in_pieces").await;
    pieces.configure("processors = [\"reconciliation\"]");
    // A large transaction is decided in parts that nobody sees, and kills end batches anywhere.
    for _ in 0..6 {
        let running = pieces.start();
        until("a batch", async || pieces.value("SELECT count(*) FROM stream.checkpoint").await > 0).await;
        drop(running);
    }
    pieces.ok(&["run", "--until-caught-up", "--large-transaction", "20"]);
    for (what, sql) in [
        ("lines are matched", "SELECT count(*) FROM reconciliation.line WHERE status = 'matched'"),
        ("rules are learned", "SELECT count(*) FROM reconciliation.learned_rule WHERE holds"),
        ("people open sessions", "SELECT count(*) FROM reconciliation_sessions WHERE user_id IS NOT NULL"),
    ] {
        assert!(whole.value(sql).await > 0, "{what}");
    }
    assert_same(&whole.tables().await, &pieces.tables().await);
    assert_eq!(whole.events_of("reconciliation"), pieces.events_of("reconciliation"));
    assert!(pieces.ok(&["verify", "reconciliation"]).contains("exactly what is there"));
    let before = pieces.tables().await;
    let report: Value = serde_json::from_str(&pieces.ok(&["replay", "reconciliation", "--json"])).unwrap();
    let differing =
        report["tables"].as_array().unwrap().iter().filter(|of| of["equal"] == 0 && of["differing"] != 0);
    assert_eq!(differing.count(), 0, "{report}");
    assert_same(&results(&pieces.tables().await), &results(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_match_over_the_api() {
    let sandbox = Sandbox::new("lines_api").await;
    let (token, lines) = sandbox.token("anna", "controller");
    sandbox.configure(&format!("processors = [\"reconciliation\"]\n{lines}"));
    let feed = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("processors/reconciliation/tests/golden/people_match/in.jsonl");
    let feed = std::fs::read_to_string(feed).unwrap();
    // The snapshot, and the transaction that brings four lines.
    let arrive: Vec<_> = feed.lines().filter(|line| !line.contains("\"request\"")).collect();
    let end = arrive.iter().position(|line| line.contains("\"END\"")).unwrap();
    let arrive = arrive[..=end].join("\n") + "\n";
    sandbox.ok(&["publish", &sandbox.file("in.jsonl", &arrive), "--topic", &sandbox.topic]);
    let _running = sandbox.start();
    let api = Api { address: sandbox.listening().await, token };
    let list = "/api/v1/reconciliation/lines";
    let count = |path: &str| api.read(path)["items"].as_array().unwrap().len();
    until("four lines", async || api.get(list).is_some_and(|(status, _)| status == 200) && count(list) == 4)
        .await;
    for (filter, expected) in
        [("journal=6", 4), ("journal=7", 0), ("status=proposed", 4), ("status=matched", 0), ("session=1", 0)]
    {
        assert_eq!(count(&format!("{list}?{filter}")), expected, "{filter}");
    }
    let first = api.read(&format!("{list}?limit=1"));
    assert_eq!((&first["items"][0]["id"], &first["next"]), (&json!(1), &json!("1")));
    let page = api.read("/api/v1/reconciliation/lines/2");
    let proposal = &page["proposals"][0];
    assert_eq!(proposal["move_ids"], json!([112, 113]), "{page}");
    assert_eq!(page["says"]["label"], "alles bezahlt");
    assert!(
        !proposal["evidence"].as_array().unwrap().is_empty()
            && !proposal["waits"].as_array().unwrap().is_empty()
    );
    let printed = sandbox.ok(&["explain", "reconciliation", "2"]);
    for part in [
        "Bank line 2 of 2026-01-20 in journal 6: 1440.00 EUR, proposed",
        "alles bezahlt",
        "it waits:",
        "together",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
    let twin: Value =
        serde_json::from_str(&sandbox.ok(&["explain", "reconciliation", "2", "--json"])).unwrap();
    assert_eq!(twin, page, "the command and the API say the same");

    let ask = async |action: &str, arguments: Value| {
        let body = json!({ "action": action, "arguments": arguments });
        let (status, text) = api.post("/api/v1/reconciliation/requests", &body.to_string());
        assert_eq!(status, 202, "{text}");
        api.outcome(&text).await
    };
    assert_eq!(ask("open_session", json!({ "journal": 6 })).await["status"], "done");
    let answer = ask("accept", json!({ "line": 2, "reason": "both invoices" })).await;
    assert_eq!((&answer["status"], &answer["person"]), (&json!("done"), &json!("anna")), "{answer}");
    let line = api.read("/api/v1/reconciliation/lines/2");
    assert_eq!((&line["status"], &line["decided_by"]), (&json!("match_requested"), &json!("anna")));
    assert_eq!(ask("skip", json!({ "line": 4, "reason": "ask" })).await["status"], "done");
    let sessions = api.read("/api/v1/reconciliation/sessions?journal=6");
    let own = sessions["items"].as_array().unwrap().iter().find(|of| of["user_id"] == "anna").unwrap();
    assert_eq!((&own["skipped"], &own["remaining"], &own["total_lines"]), (&json!(1), &json!(3), &json!(4)));
    let refused = ask("accept", json!({ "line": 99, "reason": "?" })).await;
    assert!(refused["outcome"].as_str().unwrap().contains("there is no bank line 99"), "{refused}");
    assert_eq!(api.read("/api/v1/reconciliation/rules")["items"], json!([]));
    assert_eq!(api.get("/api/v1/reconciliation/lines/99").unwrap().0, 404);
    assert_eq!(api.get("/api/v1/reconciliation/lines?status=new").unwrap().0, 400);
}
