//! Decisions as they are written down: `audit_logs`, in the batch's transaction.

use chrono::SecondsFormat;
use contract::{Audit, Failure};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, PgConnection};

/// A row as JSON: another service may have made the table, with types of its own.
#[derive(Serialize)]
struct Row<'a> {
    timestamp: String,
    automation_type: &'a str,
    action_name: &'a str,
    odoo_model: Option<&'a str>,
    odoo_record_id: Option<i32>,
    status: &'a str,
    confidence: Option<Decimal>,
    ai_reasoning: &'a str,
    input_data: &'a RawValue,
    output_data: &'a RawValue,
    tokens_used: i32,
}

const COLUMNS: &str = "timestamp, automation_type, action_name, odoo_model, odoo_record_id, status, confidence, ai_reasoning, \
     input_data, output_data, tokens_used";

/// Rows of a statement. A row can have tens of kilobytes, each is copied several times on its way into the statement, and a JSON
/// array of Postgres' holds no more than 256 MB.
const ROWS_PER_STATEMENT: usize = 250;

/// Inserts rows, given as a JSON array, that meet a condition. Postgres turns each value into whatever type its column has.
pub async fn insert_json(
    table: &str,
    columns: &str,
    rows: &str,
    condition: &str,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let sql = format!(
        "INSERT INTO {table} ({columns})
         SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb) AS new {condition}"
    );
    sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(connection).await?;
    Ok(())
}

/// Stores what `processor` has written down.
pub async fn insert(processor: &str, audits: &[Audit], connection: &mut PgConnection) -> Result<(), Failure> {
    for audits in audits.chunks(ROWS_PER_STATEMENT) {
        insert_some(processor, audits, connection).await?;
    }
    Ok(())
}

async fn insert_some(
    processor: &str,
    audits: &[Audit],
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let raw =
        |json: &str| RawValue::from_string(json.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let data: Vec<_> = audits.iter().map(|audit| (raw(&audit.input), raw(&audit.output))).collect();
    let row = |(audit, (input, output)): (&'_ Audit, &'_ (Box<RawValue>, Box<RawValue>))| {
        serde_json::to_string(&Row {
            timestamp: audit.time.to_rfc3339_opts(SecondsFormat::Millis, true),
            automation_type: processor,
            action_name: audit.action,
            odoo_model: audit.record.map(|(model, _)| model),
            odoo_record_id: audit.record.map(|(_, id)| id),
            status: audit.status.as_str(),
            confidence: audit.confidence,
            ai_reasoning: &audit.reasoning,
            input_data: input,
            output_data: output,
            tokens_used: 0,
        })
    };
    let rows: Result<Vec<_>, _> = audits.iter().zip(&data).map(row).collect();
    let rows =
        rows.map_err(|error| Failure::permanent(format!("an audit row is no JSON: {error}")).because(error))?;
    insert_json("audit_logs", COLUMNS, &format!("[{}]", rows.join(",")), "", connection).await
}
