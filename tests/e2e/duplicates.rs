//! The duplicates that were made in a recorded session of a real Odoo are found while it goes on, and nothing else; a log read in
//! any pieces, again or as a connector left it ends in the same groups; people decide over the API.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::control::{dedup_control, with_control};
use crate::recorded::recordings;
use crate::sandbox::{Api, Sandbox, assert_same, until};

/// A sandbox in which dedup runs.
async fn sandbox(test: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new(test).await;
    sandbox.configure(&format!("processors = [\"dedup\"]\n{more}"));
    sandbox
}

/// A duplicate or a hard negative: the two records.
fn pairs(truth: &Value, list: &str, a: &str, b: &str) -> Vec<(i32, i32)> {
    let id = |pair: &Value, name: &str| i32::try_from(pair[name].as_i64().unwrap()).unwrap();
    let pair = |pair: &Value| (id(pair, a).min(id(pair, b)), id(pair, a).max(id(pair, b)));
    truth[list].as_array().unwrap().iter().map(pair).collect()
}

/// What events say about groups of an Odoo model: pairs that were in one group once, and groups that Odoo has merged.
struct Emitted {
    grouped: BTreeSet<(i32, i32)>,
    merged: Vec<Vec<i32>>,
}

fn emitted(sandbox: &Sandbox, model: &str) -> Emitted {
    let mut emitted = Emitted { grouped: BTreeSet::new(), merged: Vec::new() };
    for event in sandbox.events_of("dedup") {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        if data["odoo_model"] != model {
            continue;
        }
        let records: Vec<i32> = serde_json::from_value(data["record_ids"].clone()).unwrap();
        for (i, b) in records.iter().enumerate() {
            emitted.grouped.extend(records[..i].iter().map(|a| (*a, *b)));
        }
        if data["resolution"] == "merged" || data["why"] == "some of its records are one in Odoo" {
            emitted.merged.push(records);
        }
    }
    emitted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_has_its_duplicates_found() {
    let Some(folder) = recordings() else { return };
    let text = std::fs::read_to_string(folder.join("odoo-18/ground_truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let sandbox = sandbox("duplicates", "").await;
    let file = folder.join("odoo-18/odoo.changes.jsonl.gz");
    sandbox.ok(&["publish", file.to_str().unwrap(), "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let partners = emitted(&sandbox, "res.partner");
    let duplicates = pairs(&truth, "partner_duplicates", "canonical_id", "duplicate_id");
    assert_eq!(duplicates.len(), 44);
    let missed: Vec<_> = duplicates.iter().filter(|pair| !partners.grouped.contains(pair)).collect();
    assert!(missed.is_empty(), "partners that were not found: {missed:?}");
    let negatives = pairs(&truth, "partner_hard_negatives", "a", "b");
    let linked: Vec<_> = negatives.iter().filter(|pair| partners.grouped.contains(pair)).collect();
    assert!(linked.is_empty(), "different partners in one group: {linked:?}");
    // Two duplicates of one partner are duplicates of each other; everything else is wrong.
    let same: BTreeMap<i32, i32> =
        duplicates.iter().map(|(canonical, duplicate)| (*duplicate, *canonical)).collect();
    let canonical = |id: &i32| same.get(id).copied().unwrap_or(*id);
    let wrong: Vec<_> = partners.grouped.iter().filter(|(a, b)| canonical(a) != canonical(b)).collect();
    assert!(wrong.is_empty(), "partners that nobody made duplicates: {wrong:?}");
    let leads = emitted(&sandbox, "crm.lead");
    let duplicates = pairs(&truth, "lead_duplicates", "canonical_id", "duplicate_id");
    let missed: Vec<_> = duplicates.iter().filter(|pair| !leads.grouped.contains(pair)).collect();
    assert!(missed.is_empty(), "leads that were not found: {missed:?}");
    for merge in truth["merges"].as_array().unwrap() {
        let id = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
        let (stays, lost) = (id(&merge["dst_partner_id"]), id(&merge["src_partner_ids"][0]));
        let resolved = partners.merged.iter().any(|group| group.contains(&stays));
        assert!(resolved, "{lost} was merged into {stays}, and its group does not say so");
    }
    assert!(sandbox.ok(&["verify", "dedup"]).contains("exactly what is there"));
}

/// The groups that are neither resolved nor dissolved, without their numbers: those depend on what happened before.
async fn groups(sandbox: &Sandbox) -> Vec<String> {
    let sql = "SELECT odoo_model || record_ids::text || similarity_score || status || match_fields::text FROM duplicate_groups
               WHERE status NOT IN ('resolved', 'dissolved') ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(&mut sandbox.connect().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_was_killed_changes_no_group() {
    let Some(folder) = recordings() else { return };
    let mut before = None;
    for file in ["odoo.changes.jsonl.gz", "torn/restarts.jsonl.gz"] {
        let sandbox = sandbox("torn_groups", "").await;
        let file = folder.join("odoo-18").join(file);
        sandbox.ok(&["publish", file.to_str().unwrap(), "--topic", &sandbox.topic]);
        sandbox.ok(&["run", "--until-caught-up"]);
        let groups = groups(&sandbox).await;
        assert!(groups.len() > 30);
        assert_eq!(before.get_or_insert_with(|| groups.clone()), &groups);
    }
}

/// The lines of a dump that are the processor's results, not the runner's tables.
fn results(dump: &str) -> String {
    let ours = |line: &&str| line.starts_with("dedup.") || line.starts_with("public.d");
    dump.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_pieces_the_log_is_read_in_and_when_it_is_read_again_the_groups_are_the_same() {
    let whole = sandbox("groups_whole", "").await;
    let feed = whole.file("feed.jsonl", "");
    let arguments =
        ["simulate", "--seed", "11", "--days", "60", "--customers", "80", "--orders-per-day", "6"];
    whole.ok(&[&arguments[..], &["--out", &feed]].concat());
    let feed =
        whole.file("mixed.jsonl", &with_control(&std::fs::read_to_string(feed).unwrap(), dedup_control));
    whole.ok(&["publish", &feed, "--topic", &whole.topic]);
    whole.ok(&["run", "--until-caught-up"]);
    let pieces = whole.over_same_topic("groups_in_pieces").await;
    pieces.configure("processors = [\"dedup\"]");
    // A large transaction is decided in parts that nobody sees, and kills end batches anywhere.
    for _ in 0..6 {
        let running = pieces.start();
        until("a batch", async || pieces.value("SELECT count(*) FROM stream.checkpoint").await > 0).await;
        drop(running);
    }
    pieces.ok(&["run", "--until-caught-up", "--large-transaction", "20"]);
    let rows = "SELECT count(*) FROM duplicate_groups";
    assert!(whole.value(rows).await > 0, "there are duplicates in the simulated company");
    let done = "SELECT count(DISTINCT action) FROM stream.request WHERE status = 'done'";
    assert!(whole.value(done).await >= 4, "people decide in every way");
    assert_same(&whole.tables().await, &pieces.tables().await);
    assert_eq!(whole.events_of("dedup"), pieces.events_of("dedup"));
    assert!(pieces.ok(&["verify", "dedup"]).contains("exactly what is there"));
    let before = pieces.tables().await;
    let report: Value = serde_json::from_str(&pieces.ok(&["replay", "dedup", "--json"])).unwrap();
    let differing =
        report["tables"].as_array().unwrap().iter().filter(|of| of["equal"] == 0 && of["differing"] != 0);
    assert_eq!(differing.count(), 0, "{report}");
    assert_same(&results(&pieces.tables().await), &results(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_look_at_groups_and_decide_over_the_api() {
    let sandbox = Sandbox::new("groups_api").await;
    let (token, lines) = sandbox.token("anna", "controller");
    sandbox.configure(&format!("processors = [\"dedup\"]\n{lines}"));
    let feed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("processors/dedup/tests/golden/rules_let_it_act/in.jsonl");
    let feed = std::fs::read_to_string(feed).unwrap();
    let snapshot: Vec<_> = feed.lines().take_while(|line| !line.contains("\"rules\"")).collect();
    let snapshot = snapshot.join("\n") + "\n";
    sandbox.ok(&["publish", &sandbox.file("in.jsonl", &snapshot), "--topic", &sandbox.topic]);
    let _running = sandbox.start();
    let api = Api { address: sandbox.listening().await, token };
    let list = "/api/v1/dedup/groups";
    until("two groups", async || api.read(list)["items"].as_array().unwrap().len() == 2).await;
    let first = api.read("/api/v1/dedup/groups?limit=1");
    assert_eq!((&first["items"][0]["record_ids"], &first["next"]), (&json!([7, 8]), &json!("1")));
    assert_eq!(api.read("/api/v1/dedup/groups?after=1")["items"][0]["record_ids"], json!([10, 11]));
    for (filter, count) in [
        ("model=res.partner", 2),
        ("model=crm.lead", 0),
        ("status=suggested", 2),
        ("status=merge_requested", 0),
        ("record=8", 1),
        ("record=9", 0),
        ("min_score=0.9", 2),
    ] {
        let found = api.read(&format!("{list}?{filter}"))["items"].as_array().unwrap().len();
        assert_eq!(found, count, "{filter}");
    }
    assert_eq!(api.read("/api/v1/dedup/scans")["items"][1]["pending_review"], 2);
    let page = api.read("/api/v1/dedup/groups/1");
    let why = &page["explanation"];
    assert_eq!(why["records"][0]["values"]["name"], "Brückner Maschinenbau GmbH");
    assert_eq!(why["links"][0]["why"]["steps"][0]["level"], "same");
    assert_eq!((&why["survivors"]["vat"]["record"], &why["vetoes"]), (&json!(7), &json!([])));
    let bits = why["links"][0]["why"]["bits"].as_f64().unwrap();
    let probability: f64 = page["similarity_score"].as_str().unwrap().parse().unwrap();
    assert!((1.0 / (1.0 + (-bits).exp2()) - probability).abs() < 1e-4, "the page says what the row says");
    assert!(why["would_change"].to_string().contains("approve"));

    let printed = sandbox.ok(&["explain", "dedup", "1"]);
    for part in [
        "Group 1 of res.partner: suggested",
        "7 (stays)",
        "Brückner Maschinenbau GmbH *",
        "before looking",
        "approve",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
    let twin: Value = serde_json::from_str(&sandbox.ok(&["explain", "dedup", "1", "--json"])).unwrap();
    assert_eq!(twin, page, "the command and the API say the same");

    let ask = async |action: &str, arguments: Value| {
        let body = json!({ "action": action, "arguments": arguments });
        let (status, text) = api.post("/api/v1/dedup/requests", &body.to_string());
        assert_eq!(status, 202, "{text}");
        api.outcome(&text).await
    };
    let answer = ask("approve", json!({ "group": 1, "reason": "seen both" })).await;
    assert_eq!((&answer["status"], &answer["person"]), (&json!("done"), &json!("anna")), "{answer}");
    let answer = ask("reject", json!({ "group": 2, "reason": "two shops" })).await;
    assert_eq!(answer["status"], "done", "{answer}");
    let answer = ask("reject", json!({ "group": 2, "reason": "two shops" })).await;
    assert!(answer["outcome"].as_str().unwrap().contains("not_duplicate"), "{answer}");
    assert_eq!(api.read("/api/v1/dedup/groups/1")["status"], "merge_requested");
    let rejected = api.read("/api/v1/dedup/groups/2");
    assert_eq!(
        (&rejected["resolution"], &rejected["resolved_by"]),
        (&json!("not_duplicate"), &json!("anna"))
    );
    assert_eq!(rejected["explanation"]["decisions"][0]["note"], "two shops");
    assert!(rejected["explanation"]["would_change"][0].as_str().unwrap().contains("reopen"));
    let refused = sandbox.run(&["train", "dedup"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("--from-few"), "{refused:?}");
    let report = sandbox.ok(&["dedup", "train", "--from-few", "--person", "anna", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["outcome"].as_str().unwrap().contains("learned, version 2"), "{report}");
    assert_eq!(report["training"]["settled"], 1, "the group that was rejected");
    assert_eq!(api.read("/api/v1/dedup/scans")["items"][0]["scan_type"], "res.partner model switch");
    assert_eq!(api.get("/api/v1/dedup/groups/99").unwrap().0, 404);
    assert_eq!(api.get("/api/v1/dedup/groups?status=open").unwrap().0, 400);
}
