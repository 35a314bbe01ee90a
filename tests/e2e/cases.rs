//! Every case of `tests/cases` through the whole path, against what is right.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::sandbox::Sandbox;
use crate::support::USUAL;

/// What is right of a case: `tests/cases/README.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    exit: i32,
    #[serde(default = "usual")]
    processor: String,
    #[serde(default)]
    exposure: BTreeMap<String, Option<BTreeMap<String, Value>>>,
    #[serde(default)]
    product: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default)]
    hold: Vec<String>,
    #[serde(default)]
    no_hold: Vec<String>,
    #[serde(default)]
    apart: Vec<i32>,
    letters: Option<i64>,
    /// For whoever reads it.
    #[serde(default, rename = "note")]
    _note: String,
}

fn usual() -> String {
    USUAL.name.into()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn expected(group: &str) -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(folder().join(group).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Runs a case to the end of its log and compares.
async fn run(group: &str, name: &str) {
    let case = expected(group).remove(name).unwrap();
    let sandbox = sandbox(name, &case).await;
    publish(&folder().join(group).join(format!("{name}.jsonl")).display().to_string(), &sandbox);
    compare(&case, &sandbox).await;
}

/// Where the case's processor runs.
async fn sandbox(name: &str, case: &Expected) -> Sandbox {
    let sandbox = Sandbox::new(name).await;
    sandbox.configure(&format!("processors = [\"{}\"]", case.processor));
    sandbox
}

fn publish(file: &str, sandbox: &Sandbox) {
    sandbox.ok(&["publish", file, "--topic", &sandbox.topic]);
}

/// Runs to the end of the log and compares.
async fn compare(case: &Expected, sandbox: &Sandbox) {
    let output = sandbox.run(&["run", "--until-caught-up"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(case.exit), "{said}");
    let mut connection = sandbox.connect().await;
    for (customer, right) in &case.exposure {
        let (company, partner) = customer.split_once('/').unwrap();
        let key = [("company_id", company), ("partner_id", partner)];
        let found = row("credit.exposure", &key, &mut connection).await;
        match (right, found) {
            (None, found) => assert_eq!(found, None, "{customer}"),
            (Some(right), found) => is_right(customer, right, &found.unwrap_or_default()),
        }
    }
    for (product, right) in &case.product {
        let found = row("dedup.product", &[("id", product)], &mut connection).await;
        is_right(product, right, &found.unwrap_or_default());
    }
    for (customers, held) in [(&case.hold, true), (&case.no_hold, false)] {
        for customer in customers {
            let partner = customer.split_once('/').unwrap().1;
            let sql = format!(
                "SELECT count(*) FROM credit.hold WHERE partner_id = {partner} AND status IN ('held', 'suggested')"
            );
            assert_eq!(sandbox.value(&sql).await > 0, held, "{customer} held");
        }
    }
    if !case.apart.is_empty() {
        let grouped = format!(
            "SELECT count(*) FROM duplicate_groups, jsonb_array_elements_text(record_ids) id
             WHERE status <> 'dissolved' AND id::int = ANY (ARRAY{:?})",
            case.apart
        );
        assert_eq!(sandbox.value(&grouped).await, 0, "groups that hold any of {:?}", case.apart);
    }
    if let Some(letters) = case.letters {
        let open =
            "SELECT count(*) FROM stream.dead_letter WHERE superseded_by IS NULL AND resolution IS NULL";
        assert_eq!(sandbox.value(open).await, letters, "open dead letters");
    }
}

/// What was applied last may stand inside of a transaction that is still open: that is read once more from its BEGIN.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_inside_an_open_transaction_reads_all_of_it() {
    let name = "blocking_snapshot_inside_transaction";
    let case = expected("feed").remove(name).unwrap();
    let log = std::fs::read_to_string(folder().join("feed").join(format!("{name}.jsonl"))).unwrap();
    // Inside of the snapshot, behind its last row, and behind the END.
    for cut in [14, 19, 20] {
        let sandbox = sandbox(&format!("{name}_{cut}"), &case).await;
        let (first, rest) = log.split_at(log.match_indices('\n').nth(cut - 1).unwrap().0 + 1);
        publish(&sandbox.file("first.jsonl", first), &sandbox);
        sandbox.run(&["run", "--until-caught-up"]);
        publish(&sandbox.file("rest.jsonl", rest), &sandbox);
        compare(&case, &sandbox).await;
    }
}

/// A row as text by column.
async fn row(
    table: &str,
    key: &[(&str, &str)],
    connection: &mut PgConnection,
) -> Option<BTreeMap<String, Value>> {
    let same: Vec<_> = key.iter().map(|(column, value)| format!("{column} = {value}")).collect();
    let sql = format!("SELECT to_json(t)::text FROM {table} t WHERE {}", same.join(" AND "));
    let found: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(connection).await.unwrap();
    found.map(|row| serde_json::from_str(&row).unwrap())
}

/// Figures are compared as numbers, whatever they are written as.
fn is_right(what: &str, right: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) {
    let number =
        |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).parse::<f64>().ok();
    for (column, value) in right {
        let found = found.get(column).cloned().unwrap_or_default();
        let same = match (number(value), number(&found)) {
            (Some(right), Some(found)) => (right - found).abs() < 0.005,
            _ => *value == found,
        };
        assert!(same, "{what}: {column} is {found}, not {value}");
    }
}

macro_rules! cases {
    ($group:ident: $($name:ident),+ $(,)?) => {
        mod $group {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::run(stringify!($group), stringify!($name)).await;
                }
            )+

            #[test]
            fn all_cases_are_here() {
                let here = [$(stringify!($name)),+];
                let all: Vec<_> = super::expected(stringify!($group)).into_keys().collect();
                assert_eq!(here.as_slice(), all);
            }
        }
    };
}

cases! { feed:
    blocking_snapshot_between_transactions,
    blocking_snapshot_by_signal,
    blocking_snapshot_inside_transaction,
    clock_far_ahead_once,
    counted_logical_message,
    counted_table_routed_elsewhere,
    empty_transactions_and_txid_wraparound,
    failover_with_clock_behind,
    incremental_inside_large_transaction,
    logical_router_keys,
    loss_healed_by_partial_snapshot,
    numeric_specials,
    parallel_snapshot_interleaved,
    resnapshot_with_no_items,
    restored_to_an_earlier_point,
    same_table_of_another_schema,
    schema_envelope_turned_on_in_transaction,
    ships_in_year_9999,
    snapshot_restarted_without_first,
    toast_credit_limit,
    toast_product_name,
    truncate_of_unwanted_tables,
    wrapped_key_with_spaces,
}

cases! { credit:
    archived_customer,
    branch_debt,
    branch_limit,
    dinar_company,
    dinars_of_10_to_the_15,
    dp_final_invoice,
    dp_posted_unpaid,
    draft_invoice_other_uom,
    draft_journal_entry,
    draft_refund_of_order,
    foreign_orders_rounded_one_by_one,
    fx_paid_with_exchange_move,
    instalments,
    invoice_partner_other,
    invoice_priced_higher,
    limit_null_in_json,
    locked_and_cancelled,
    merged,
    mixed_draft,
    order_by_contact,
    order_foreign_rate_moved,
    payment_without_entry,
    pos_down_payment,
    pos_receivables,
    posted_invoice_other_uom,
    refund_paid_out,
    refunded_order,
    storno_credit_note,
    undelivered_by_delivery,
    yen_company,
    yen_of_10_to_the_15,
    zero_quantity_expense,
}

cases! { dedup:
    contacts_of_one_company,
}
