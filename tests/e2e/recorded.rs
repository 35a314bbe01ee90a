//! A recorded session of a real Odoo 18, whole and as killed connectors leave it, ends in Odoo's own figures.
//! The recordings are not part of the repository: `RECORDINGS` names their folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use sqlx::Row;

use crate::sandbox::Sandbox;

fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("RECORDINGS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: RECORDINGS names no folder with recorded change events");
    }
    folder
}

/// Odoo's own credit and credit_to_invoice per partner at the end of the session, as seen in company 1.
fn truth(folder: &std::path::Path) -> BTreeMap<i32, (Decimal, Decimal)> {
    let text = std::fs::read_to_string(folder.join("odoo-18/ground_truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
    let amount = |value: &serde_json::Value| value.to_string().parse::<Decimal>().unwrap().round_dp(2);
    let partners = truth["partner_computed_end"].as_object().unwrap();
    partners
        .iter()
        .map(|(id, of)| (id.parse().unwrap(), (amount(&of["credit"]), amount(&of["credit_to_invoice"]))))
        .collect()
}

async fn ends_in_odoos_figures(test: &str, file: &str) {
    let Some(folder) = recordings() else { return };
    let sandbox = Sandbox::new(test).await;
    sandbox.ok(&["publish", folder.join(file).to_str().unwrap(), "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let mut connection = sandbox.connect().await;
    let rows = sqlx::query(
        "SELECT partner_id, not_due + overdue + unapplied AS credit, to_invoice FROM credit.exposure WHERE company_id = 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let ours: BTreeMap<i32, (Decimal, Decimal)> =
        rows.iter().map(|row| (row.get("partner_id"), (row.get("credit"), row.get("to_invoice")))).collect();
    let truth = truth(&folder);
    assert_eq!(truth.len(), 43);
    for (partner, odoo) in truth {
        let ours = ours.get(&partner).copied().unwrap_or_default();
        assert_eq!(ours, odoo, "partner {partner}: credit and credit_to_invoice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_gives_odoos_own_credit() {
    ends_in_odoos_figures("recorded", "odoo-18/odoo.changes.jsonl.gz").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_the_session_with_the_connector_killed() {
    ends_in_odoos_figures("restarts", "odoo-18/torn/restarts.jsonl.gz").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_new_snapshot_after_a_lost_stretch() {
    ends_in_odoos_figures("resnapshot", "odoo-18/torn/resnapshot.jsonl.gz").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_new_cluster() {
    ends_in_odoos_figures("newcluster", "odoo-18/torn/newcluster.jsonl.gz").await;
}
