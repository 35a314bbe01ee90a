//! Target `control`: control records into the processor, while a small company is there to decide about.
//!
//! An input is one record a line, the first word its type: `tick {"time":…}`. The short forms `config` and `config!` put the
//! line into the rule of holds, and `release`, `exempt`, `raise_limit`, `replay_dead_letter` and `discard_dead_letter` make
//! it the arguments of a request: these are what people write.

use credit::store::RowChange;
use ledgerwell::feed::{Assembler, Input};

use super::fold::Fold;

/// A customer over its limit with items that are overdue: enough of them for a score.
const COMPANY: [(&str, &str); 5] = [
    ("res_currency", r#"{"id":1,"name":"EUR","decimal_places":2}"#),
    ("res_company", r#"{"id":1,"parent_path":"1/","currency_id":1}"#),
    ("account_account", r#"{"id":1,"account_type":"asset_receivable"}"#),
    ("res_partner", r#"{"id":1,"name":"One","commercial_partner_id":1,"credit_limit":"{\"1\": 100}"}"#),
    (
        "account_move",
        r#"{"id":1,"state":"posted","move_type":"out_invoice","company_id":1,"commercial_partner_id":1,"invoice_date":20400,"amount_untaxed_signed":"150"}"#,
    ),
];

/// An item of its invoice.
const ITEM: &str = r#"{"id":1,"move_id":1,"company_id":1,"partner_id":1,"account_id":1,"parent_state":"posted","date":20400,"date_maturity":20430,"amount_residual":"50","reconciled":false,"quantity":"1","display_type":"payment_term","balance":"50"}"#;

/// See the module.
pub fn drive(input: &[u8]) {
    let mut log =
        Log { assembler: Assembler::new(None, 1_000), fold: Fold::new(chrono_tz::Asia::Tokyo), offset: 0 };
    for (table, row) in COMPANY {
        log.snapshot(1, table, row, "true");
    }
    for id in 1..=3 {
        log.snapshot(id, "account_move_line", ITEM, if id == 3 { "last" } else { "true" });
    }
    for line in input.split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (kind, value) = line.split_at(at);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let Ok(kind) = std::str::from_utf8(kind) else { continue };
        let around = |before: &str, after: &str| [before.as_bytes(), value, after.as_bytes()].concat();
        match kind {
            "config" | "config!" => {
                let approve = kind.ends_with('!');
                let before = format!(
                    r#"{{"rules":[{{"name":"Credit hold","automation_type":"credit","action_name":"hold","enabled":true,"confidence_threshold":null,"auto_approve":{approve},"config":"#
                );
                log.push(b"ledgerwell", &around(&before, "}]}"), Some("rules"));
            }
            "release" | "exempt" | "raise_limit" | "replay_dead_letter" | "discard_dead_letter" => {
                let before = format!(
                    r#"{{"id":"6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d1","processor":"credit","person":"anna","time":"2026-01-10T00:00:00Z","action":"{kind}","arguments":"#
                );
                log.push(b"ledgerwell", &around(&before, "}"), Some("request"));
            }
            _ => log.push(b"ledgerwell", value, Some(kind)),
        }
    }
    log.assembler.flush(log.offset);
    assert_eq!(log.assembler.lost(), None, "no control record loses anything");
    log.fold.finish();
}

struct Log {
    assembler: Assembler<RowChange>,
    fold: Fold,
    offset: i64,
}

impl Log {
    fn snapshot(&mut self, id: u32, table: &str, row: &str, marker: &str) {
        let key = format!(r#"{{"id":{id}}}"#);
        let value = format!(
            r#"{{"before":null,"after":{row},"source":{{"table":"{table}","snapshot":"{marker}","ts_ms":1767571200000}},"transaction":null,"op":"r"}}"#
        );
        self.push(key.as_bytes(), value.as_bytes(), None);
    }

    fn push(&mut self, key: &[u8], value: &[u8], kind: Option<&str>) {
        let offset = self.offset;
        self.assembler.push(&Input { offset, timestamp: 0, key: Some(key), value: Some(value), kind });
        self.offset += 1;
        while let Some(delivery) = self.assembler.next_delivery() {
            self.fold.fold(delivery);
        }
    }
}
