//! A simulated company's log, torn and spoiled: cut off, emitted again, with control records and poison in it.

use serde_json::{Value, json};

/// A record to publish.
#[derive(Clone, Debug)]
pub struct Line {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
    pub timestamp: i64,
    /// `ce_type`, and `poison`.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// In three parts, each of which is run on its own.
pub fn feed(simulated: &str) -> Vec<Vec<Line>> {
    let records: Vec<Value> = simulated.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begin = records.iter().position(|record| record["value"]["status"] == "BEGIN").unwrap();
    let (snapshot, rest) = records.split_at(begin);
    // A snapshot that was begun, and started over.
    let mut log: Vec<Line> = snapshot[..snapshot.len() / 2].iter().chain(snapshot).map(line).collect();
    let (mut transactions, mut open) = (Vec::new(), Vec::new());
    for record in rest {
        open.push(line(record));
        if record["value"]["status"] == "END" {
            transactions.push((std::mem::take(&mut open), record["value"]["ts_ms"].as_i64().unwrap()));
        }
    }
    let mut parts = Vec::new();
    for (n, (transaction, time)) in transactions.iter().enumerate() {
        let half = transaction.len() / 2;
        match n % 11 {
            // Cut off, and those before it come again: the first from its middle.
            3 if n > 4 => {
                log.extend_from_slice(&transaction[..half]);
                let middle = transactions[n - 3].0.len() / 2;
                log.extend_from_slice(&transactions[n - 3].0[middle..]);
                log.extend_from_slice(&transactions[n - 2].0);
                log.extend_from_slice(&transactions[n - 1].0);
            }
            // The replay begins in the middle of the same transaction, and a tick came between.
            6 => {
                log.extend_from_slice(&transaction[..half]);
                log.push(control("tick", &json!({ "time": timestamp(*time) }), *time));
                log.extend_from_slice(&transaction[half / 2..half]);
                log.extend_from_slice(&transaction[half..]);
            }
            _ => {}
        }
        if n % 11 != 6 {
            log.extend_from_slice(transaction);
        }
        if n % 7 == 0 {
            log.extend(spoiled(n / 7, *time, &log));
        }
        if n % 13 == 5 {
            log.push(steering(n / 13, *time));
        }
        if n == transactions.len() / 3 || n == 2 * transactions.len() / 3 {
            parts.push(std::mem::take(&mut log));
        }
    }
    parts.push(log);
    parts
}

fn line(record: &Value) -> Line {
    let value = &record["value"];
    Line {
        key: record["key"].to_string().into_bytes(),
        value: (!value.is_null()).then(|| value.to_string().into_bytes()),
        timestamp: record["timestamp"].as_i64().unwrap_or_default(),
        headers: Vec::new(),
    }
}

fn timestamp(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339()
}

fn control(kind: &'static str, value: &Value, timestamp: i64) -> Line {
    Line {
        key: b"ledgerwell".to_vec(),
        value: Some(value.to_string().into_bytes()),
        timestamp,
        headers: vec![("ce_type", kind)],
    }
}

fn steering(n: usize, time: i64) -> Line {
    let config = [
        json!({ "mode": "auto" }),
        json!({ "mode": "always" }),
        json!({ "mode": "shadow" }),
        json!({ "mode": "suggest" }),
    ];
    let rules = json!({ "rules": [{ "name": "Credit hold", "automation_type": "credit", "action_name": "hold", "enabled": true,
        "confidence_threshold": null, "auto_approve": false, "config": config[n / 2 % 4] }] });
    let action = ["release", "exempt", "forgive"][n / 2 % 3];
    let mut arguments = json!({ "company_id": 1, "partner_id": 27 + n % 20, "reason": "as agreed" });
    if action == "exempt" {
        arguments["until"] = json!(timestamp(time + 172_800_000)[..10]);
    }
    // Some ids come twice.
    let request = json!({ "id": format!("00000000-0000-4000-8000-{:012}", n / 4), "processor": "credit", "person": "anna",
        "time": timestamp(time), "action": action, "arguments": arguments });
    if n.is_multiple_of(2) { control("rules", &rules, time) } else { control("request", &request, time) }
}

fn spoiled(n: usize, time: i64, log: &[Line]) -> Vec<Line> {
    let bad = |key: &[u8], value: &[u8], poison| {
        vec![Line {
            key: key.to_vec(),
            value: Some(value.to_vec()),
            timestamp: time,
            headers: vec![("poison", poison)],
        }]
    };
    match n % 5 {
        0 => bad(b"{\"id\":1}", b"no JSON at all", "letter"),
        1 => bad(b"{\"id\":1}", br#"{"op":"x","source":{"table":"res_partner","ts_ms":1}}"#, "letter"),
        2 => bad(b"{\"id\":1}", br#"{"ts_ms":5}"#, "harmless"),
        3 => {
            let mut tick = control("tick", &json!({ "time": "yesterday" }), time);
            tick.headers.push(("poison", "letter"));
            vec![tick]
        }
        _ => spoiled_row(n, time, log),
    }
}

/// A transaction of its own, between the last one and the next, that spoils a customer.
fn spoiled_row(n: usize, time: i64, log: &[Line]) -> Vec<Line> {
    let read = |line: &Line| serde_json::from_slice::<Value>(line.value.as_deref()?).ok();
    let commit = |value: &Value| value["id"].as_str()?.split_once(':')?.1.parse::<i64>().ok();
    let last = log.iter().rev().find_map(|line| read(line).filter(|value| value["status"] == "END")).unwrap();
    let of_customer = |value: &Value| value["source"]["table"] == "res_partner" && value["after"].is_object();
    let Some((key, mut row)) =
        log.iter().rev().find_map(|line| Some((line.key.clone(), read(line).filter(of_customer)?)))
    else {
        return Vec::new();
    };
    let position = commit(&last).unwrap();
    let id = |more: i64| format!("{}:{}", 4_000_000_000_u64 + n as u64, position + more);
    row["after"]["commercial_partner_id"] = json!("seven");
    row["op"] = json!("u");
    row["source"]["snapshot"] = json!("false");
    row["transaction"] = json!({ "id": id(2), "total_order": 1, "data_collection_order": 1 });
    let marker = |status: &str, more: i64, count: Option<u32>| {
        line(&json!({ "key": { "id": id(more) }, "timestamp": time,
            "value": { "status": status, "id": id(more), "event_count": count, "ts_ms": last["ts_ms"] } }))
    };
    let bad = Line {
        key,
        value: Some(row.to_string().into_bytes()),
        timestamp: time,
        headers: vec![("poison", "letter")],
    };
    vec![marker("BEGIN", 1, None), bad, marker("END", 3, Some(1))]
}
