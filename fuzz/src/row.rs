//! Target `row`: arbitrary values in the columns of the tables that `credit` reads, in records that are sound otherwise.
//!
//! An input is some rows as text with an empty line between them. The first line of a row names its table and its id, each
//! line below is the value of one column, in the order of [`TABLES`]: JSON, or else the text itself. What is not given is
//! null. All rows are one transaction behind the snapshot of a small company.

use std::fmt::Write;

use contract::Format;
use credit::store::RowChange;
use ledgerwell::feed::{Assembler, Input};
use serde_json::value::RawValue;

use super::fold::Fold;

/// The only table whose key is not `id`.
const RELATION: &str = "sale_order_line_invoice_rel";

/// The tables, and their columns that are read.
const TABLES: [(&str, &[&str]); 13] = [
    ("account_account", &["account_type"]),
    (
        "account_move",
        &[
            "state",
            "move_type",
            "company_id",
            "commercial_partner_id",
            "invoice_date",
            "amount_untaxed_signed",
        ],
    ),
    (
        "account_move_line",
        &[
            "move_id",
            "company_id",
            "partner_id",
            "account_id",
            "parent_state",
            "date",
            "date_maturity",
            "amount_residual",
            "reconciled",
            "quantity",
            "display_type",
            "balance",
        ],
    ),
    (
        "account_partial_reconcile",
        &[
            "debit_move_id",
            "credit_move_id",
            "max_date",
            "amount",
            "debit_amount_currency",
            "credit_amount_currency",
        ],
    ),
    ("product_product", &["product_tmpl_id"]),
    ("product_template", &["invoice_policy"]),
    ("res_company", &["parent_path", "currency_id"]),
    ("res_currency", &["name", "decimal_places"]),
    ("res_currency_rate", &["currency_id", "company_id", "name", "rate"]),
    ("res_partner", &["name", "commercial_partner_id", "credit_limit"]),
    ("sale_order", &["state", "company_id", "partner_id", "currency_rate", "commitment_date"]),
    (
        "sale_order_line",
        &[
            "order_id",
            "product_id",
            "state",
            "display_type",
            "product_uom_qty",
            "qty_delivered",
            "qty_invoiced",
            "price_total",
            "untaxed_amount_to_invoice",
        ],
    ),
    (RELATION, &["invoice_line_id", "order_line_id"]),
];

/// A company with a customer, an order and an invoice, so that rows have something to be about.
const COMPANY: [(&str, &str); 10] = [
    ("res_currency 1", "EUR\n2"),
    ("res_company 1", "\"1/\"\n1"),
    ("account_account 1", "asset_receivable"),
    ("res_partner 7", "Seven\n7\n\"{\\\"1\\\": 100}\""),
    ("product_template 1", "delivery"),
    ("product_product 1", "1"),
    ("sale_order 1", "sale\n1\n7\n1\n1767700000000000"),
    ("sale_order_line 1", "1\n1\nsale\nnull\n3\n2\n1\n30\n10"),
    ("account_move 1", "posted\nout_invoice\n1\n7\n20400\n50"),
    ("account_move_line 1", "1\n1\n7\n1\nposted\n20400\n20430\n50\nfalse\n1\npayment_term\n50"),
];

/// See the module.
pub fn drive(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let mut log = Log {
        assembler: Assembler::new(None, 1_000),
        fold: Fold::new(chrono_tz::America::New_York),
        offset: 0,
    };
    for (n, (head, values)) in COMPANY.into_iter().enumerate() {
        let marker = if n + 1 == COMPANY.len() { "last" } else { "true" };
        let metadata =
            format!(r#""snapshot":"{marker}","ts_ms":1767571200000}},"transaction":null,"op":"r""#);
        assert_eq!(log.row(head, values.lines(), &metadata), None, "the company is sound");
    }
    log.push("{}", r#"{"status":"BEGIN","id":"5:50","ts_ms":1767571300000}"#);
    let mut count = 0_u32;
    for row in input.split("\n\n") {
        let (head, values) = row.split_once('\n').unwrap_or((row, ""));
        count += 1;
        let metadata = format!(
            r#""snapshot":"false","ts_ms":1767571300000}},"transaction":{{"id":"5:5","total_order":{count}}},"op":"u""#
        );
        if let Some(column) = log.row(head, values.split('\n'), &metadata) {
            assert!(column.split(", ").all(is_named), "the reason names columns, not {column}");
        }
    }
    let end = format!(r#"{{"status":"END","id":"5:59","event_count":{count},"ts_ms":1767571300000}}"#);
    log.push("{}", &end);
    // A few days later items fall due and everybody is assessed again.
    log.push("{}", r#"{"status":"BEGIN","id":"6:60","ts_ms":1767871300000}"#);
    log.push("{}", r#"{"status":"END","id":"6:69","event_count":0,"ts_ms":1767871300000}"#);
    log.assembler.flush(log.offset);
    assert_eq!(log.assembler.lost(), None, "no row loses anything");
    log.fold.finish();
}

fn is_named(column: &str) -> bool {
    TABLES.iter().any(|(_, columns)| columns.contains(&column)) || ["?", "id"].contains(&column)
}

struct Log {
    assembler: Assembler<RowChange>,
    fold: Fold,
    offset: i64,
}

impl Log {
    /// Writes a row. Answers the column that is wrong, where one is.
    fn row<'a>(
        &mut self,
        head: &str,
        values: impl Iterator<Item = &'a str>,
        metadata: &str,
    ) -> Option<String> {
        let (table, id) = head.split_once(' ').unwrap_or((head, "1"));
        let first = head.bytes().next().unwrap_or_default();
        let known = TABLES.iter().find(|(name, _)| *name == table);
        let (table, columns) = known.unwrap_or(&TABLES[usize::from(first) % TABLES.len()]);
        let id = json(id);
        let key = if *table == RELATION {
            format!(r#"{{"invoice_line_id":{id},"order_line_id":1}}"#)
        } else {
            format!(r#"{{"id":{id}}}"#)
        };
        let mut row = String::from(r#"{"id":1"#);
        let values = values.map(Some).chain(std::iter::repeat(None));
        for (column, value) in columns.iter().zip(values) {
            // Writing to a String cannot fail.
            let _ = write!(row, r#","{column}":{}"#, value.map_or("null".into(), json));
        }
        row.push('}');
        let value = format!(r#"{{"before":null,"after":{row},"source":{{"table":"{table}",{metadata}}}"#);
        let record = Input {
            offset: self.offset,
            timestamp: 0,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            kind: None,
        };
        let decoded = ledgerwell::feed::decode_alone::<RowChange>(&record, &Format::default());
        self.push(&key, &value);
        decoded.err().map(|reason| reason.column)
    }

    fn push(&mut self, key: &str, value: &str) {
        let record = Input {
            offset: self.offset,
            timestamp: 0,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            kind: None,
        };
        self.assembler.push(&record);
        self.offset += 1;
        while let Some(delivery) = self.assembler.next_delivery() {
            self.fold.fold(delivery);
        }
    }
}

/// A value as JSON.
fn json(text: &str) -> String {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) => value.get().to_owned(),
        Err(_) => serde_json::Value::from(text).to_string(),
    }
}
