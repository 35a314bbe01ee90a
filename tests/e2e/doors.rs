//! Who may read and ask, what one client can take from all others, and what belongs to whom.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::api::over_the_limit;
use crate::failures::{partner, publish, snapshot, transaction};
use crate::sandbox::{Api, Running, Sandbox, get, ready, send, until};

const READ: &str = "/api/v1/credit/holds";
const ASK: &str = "/api/v1/credit/requests";
const RELEASE: &str =
    r#"{"action":"release","arguments":{"company_id":1,"partner_id":7,"reason":"paid by cheque"}}"#;

/// A pipeline that has read a snapshot, and where it listens.
async fn running(sandbox: &Sandbox, more: &str) -> (Running, String) {
    sandbox.configure(more);
    publish(sandbox, &over_the_limit());
    let running = sandbox.start();
    let address = sandbox.listening().await;
    until("the snapshot", async || ready(&address, 200, ": running")).await;
    (running, address)
}

/// A request as it is written on the wire; answers what came back until the connection was closed.
fn raw(mut socket: impl Read + Write, text: &str) -> String {
    socket.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

fn asking_for(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_open_once_somebody_has_a_token() {
    let sandbox = Sandbox::new("tokens").await;
    let (of_reader, first) = sandbox.token("grafana", "reader");
    let (of_controller, second) = sandbox.token("anna", "controller");
    let (_running, address) = running(&sandbox, &(first + &second)).await;
    // nginx with its defaults names the upstream as host, and says nothing of whom it speaks for.
    for headers in ["Host: 127.0.0.1\r\n", "Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", "Host: x\r\n"]
    {
        let socket = TcpStream::connect(&address).unwrap();
        assert!(raw(socket, &asking_for(READ, headers)).starts_with("HTTP/1.1 401"), "{headers}");
    }
    for token in [&of_reader, &of_controller] {
        assert_eq!(send(&address, "GET", READ, Some(token), "").unwrap().0, 200);
    }
    assert_eq!(send(&address, "GET", READ, Some("lw_guess"), "").unwrap().0, 401);
    let (status, text) = send(&address, "POST", ASK, Some(&of_reader), RELEASE).unwrap();
    assert!(status == 403 && text.contains("`reader`") && text.contains("`controller`"), "{status} {text}");
    assert_eq!(send(&address, "POST", ASK, Some(&of_controller), RELEASE).unwrap().0, 202);
    assert_eq!(get(&address, "/livez").unwrap().0, 200, "health is open");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_token_reads_are_open_to_the_machine_itself_alone() {
    let sandbox = Sandbox::new("open").await;
    let (running, address) = running(&sandbox, "").await;
    assert_eq!(get(&address, READ).unwrap().0, 200);
    let rebound = raw(TcpStream::connect(&address).unwrap(), &asking_for(READ, "Host: rebound.example\r\n"));
    assert!(rebound.starts_with("HTTP/1.1 401"), "{rebound}");
    assert_eq!(send(&address, "POST", ASK, None, RELEASE).unwrap().0, 401);
    drop(running);

    let socket = sandbox.folder().join("http.sock");
    let file = sandbox.folder().join("ledgerwell.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("127.0.0.1:0", &format!("unix:{}", socket.display()))).unwrap();
    // What is no socket is somebody's file.
    std::fs::write(&socket, "somebody's").unwrap();
    let output = sandbox.run(&["run"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot listen on unix:"));
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "somebody's");
    std::fs::remove_file(&socket).unwrap();
    // The second finds the socket of the first, which was killed.
    for _ in 0..2 {
        let running = sandbox.start();
        until("the socket", async || UnixStream::connect(&socket).is_ok()).await;
        until("an answer", async || {
            raw(UnixStream::connect(&socket).unwrap(), &asking_for(READ, "Host: x\r\n")).contains(" 200 OK")
        })
        .await;
        running.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_by_halves_keeps_nobody_out() {
    let sandbox = Sandbox::new("halves").await;
    let (token, lines) = sandbox.token("anna", "controller");
    let (running, address) = running(&sandbox, &lines).await;
    let half_a_head = |_: u32| {
        let mut socket = TcpStream::connect(&address).unwrap();
        socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: ").unwrap();
        socket
    };
    let half_a_body = |_: u32| {
        let mut socket = TcpStream::connect(&address).unwrap();
        let head = "HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100";
        let head = format!("POST {ASK} {head}\r\nAuthorization: Bearer {token}\r\n\r\n{{\"action\":");
        socket.write_all(head.as_bytes()).unwrap();
        socket
    };
    let mut held: Vec<TcpStream> = (0..300).map(half_a_head).collect();
    held.extend((0..100).map(half_a_body));
    assert!(ready(&address, 200, ": running"), "three hundred heads and a hundred bodies that do not come");
    let (status, text) = send(&address, "POST", ASK, Some(&token), RELEASE).unwrap();
    assert_eq!(status, 202, "{text}");
    // More than there may be: those that have never asked for anything are closed.
    held.extend((0..300).map(half_a_head));
    assert!(ready(&address, 200, ": running"), "more connections than there may be");
    for mut socket in held {
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut answer = String::new();
        // Closed, with or without an answer; a reset is that as well.
        let closed = socket.read_to_string(&mut answer);
        assert!(
            closed.as_ref().map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |_| true)
        );
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let threads = std::fs::read_dir(format!("/proc/{}/task", running.0.id())).unwrap().count();
    let asked: Vec<u16> = std::thread::scope(|scope| {
        let ask = || send(&address, "POST", ASK, Some(&token), RELEASE).unwrap().0;
        let all: Vec<_> = (0..150).map(|_| scope.spawn(ask)).collect();
        while !all.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let now = std::fs::read_dir(format!("/proc/{}/task", running.0.id())).unwrap().count();
            assert!(now < threads + 20, "{threads} threads, and {now} while many ask");
        }
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(asked.iter().all(|status| [202, 503].contains(status)) && asked.contains(&202), "{asked:?}");
    let body = format!("{{\"action\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(send(&address, "POST", ASK, Some(&token), &body).unwrap().0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_asked_once_however_often_it_is_sent() {
    let sandbox = Sandbox::new("once").await;
    let (token, lines) = sandbox.token("anna", "controller");
    let (_running, address) = running(&sandbox, &lines).await;
    let api = Api { address: address.clone(), token: token.clone() };
    let post = |key: &str, kind: &str, body: &str| {
        let length = body.len();
        let head =
            format!("POST {ASK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}");
        let text = format!(
            "{head}\r\nContent-Type: {kind}\r\nIdempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let answer = raw(TcpStream::connect(&address).unwrap(), &text);
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    };
    let json = "application/json";
    let key = "0b9d8a52-1c1e-4f6e-9a53-0f6f1f7a2c11";
    let sent =
        [key.to_owned(), format!("\"{key}\""), key.to_uppercase()].map(|key| post(&key, json, RELEASE));
    for (status, text) in &sent {
        assert!(*status == 202 && text.contains(key) && *text == sent[0].1, "{status} {text}");
    }
    assert_eq!(api.outcome(&sent[0].1).await["status"], "done");
    assert_eq!(post(key, json, RELEASE), sent[0], "also when it is decided");
    let other = RELEASE.replace("cheque", "card");
    let (status, text) = post(key, json, &other);
    assert!(status == 409 && text.contains("another request"), "{status} {text}");
    assert_eq!(post("7", json, RELEASE).0, 400);
    assert_eq!(post("5e0d27d1-91a4-4f2c-a7f5-0d3b2c9f8e21", "text/plain", RELEASE).0, 415);
    // Each was written into the stream; it is decided once.
    let (status, text) = post("5e0d27d1-91a4-4f2c-a7f5-0d3b2c9f8e22", json, RELEASE);
    assert_eq!((status, &api.outcome(&text).await["status"]), (202, &json!("refused")));
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.request").await, 2);

    // Nobody decides for a processor that does not run.
    let body = r#"{"action":"approve","arguments":{"group":1,"reason":"seen both"}}"#;
    let (status, text) = api.post("/api/v1/dedup/requests", body);
    let outcome: Value = serde_json::from_str(&text).unwrap();
    let pending = api.read(outcome["outcome"].as_str().unwrap());
    assert_eq!(
        (status, &pending["status"], &pending["processor"]),
        (202, &json!("pending"), &json!("dedup"))
    );
    assert!(pending.get("decided_at").is_none() && pending["asked_at"].as_str().unwrap().ends_with('Z'));
}

/// The deployment that each control record of the source's topic is of.
fn deployments(sandbox: &Sandbox) -> Vec<Option<String>> {
    let mut config = sandbox.kafka();
    config.set("group.id", "deployments").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&sandbox.topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    let mut found = Vec::new();
    while let Ok(message) = consumer.poll(Duration::from_secs(30)).unwrap() {
        if message.key() == Some(b"ledgerwell") {
            let header = message.headers().and_then(|headers| {
                let header = headers.iter().find(|header| header.key == "ce_deployment")?;
                Some(String::from_utf8(header.value?.to_vec()).unwrap())
            });
            found.push(header);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_deployment_writes_into_the_stream_is_its_own_business() {
    let sandbox = Sandbox::new("deployments").await;
    let (token, lines) = sandbox.token("anna", "controller");
    let (_running, address) = running(&sandbox, &lines).await;
    let api = Api { address, token };
    until("a suggestion", async || api.read(READ)["items"][0]["status"] == "suggested").await;
    let producer: BaseProducer = sandbox.kafka().create().unwrap();
    let mut request: Value = serde_json::from_str(RELEASE).unwrap();
    request["id"] = json!("6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d1");
    request["processor"] = json!("credit");
    request["person"] = json!("somebody in staging");
    request["time"] = json!("2026-01-06T00:00:00Z");
    let rule = json!({ "name": "Credit hold", "automation_type": "credit", "action_name": "hold", "enabled": true,
        "confidence_threshold": null, "auto_approve": false, "config": { "mode": "off" } });
    for (kind, value) in [
        ("request", request),
        ("rules", json!({ "rules": [rule] })),
        ("tick", json!({ "time": "2026-01-09T00:00:00Z" })),
        ("request", json!("what an older or newer one may write")),
    ] {
        let header = |key, value| Header { key, value: Some(value) };
        let headers =
            OwnedHeaders::new().insert(header("ce_type", kind)).insert(header("ce_deployment", "staging"));
        let value = value.to_string();
        let record =
            BaseRecord::to(&sandbox.topic).partition(0).key("ledgerwell").payload(&value).headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_mins(1)).unwrap();
    // What is our own, behind it.
    let (status, text) = api.post(ASK, RELEASE);
    assert_eq!(status, 202, "{text}");
    assert_eq!(api.outcome(&text).await["status"], "done", "it was held until then");
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.request").await, 1);
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.dead_letter").await, 0);
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.checkpoint WHERE clock > '2026-01-08'").await, 0);
    let own = deployments(&sandbox).pop().unwrap();
    assert_eq!(own.as_deref(), Some(sandbox.name.as_str()), "and what we write says whose it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_one_sources_of_one_deployment() {
    let sandbox = Sandbox::new("bound").await;
    publish(&sandbox, &snapshot());
    sandbox.ok(&["run", "--until-caught-up"]);
    let file = sandbox.folder().join("ledgerwell.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let refused = |configuration: &str| {
        std::fs::write(&file, configuration).unwrap();
        let output = sandbox.run(&["run", "--until-caught-up"]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let (source, deployment) = ("source `odoo`", format!("deployment `{}`", sandbox.name));
    let other_prefix = text.replace(&format!("prefix = \"{}\"", sandbox.name), "prefix = \"staging\"");
    assert!(refused(&other_prefix).contains(&deployment));
    // Nor does a command touch what is another's.
    let output = sandbox.run(&["reset", "credit"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains(&deployment));
    let other_source = text.replace("name = \"odoo\"", "name = \"second\"");
    assert!(refused(&other_source).contains(source));
    // The same database by another name of the same server.
    let second = text.split("[[source]]").nth(1).unwrap().replace("name = \"odoo\"", "name = \"second\"");
    let second = second.replace("127.0.0.1", "localhost").replace(&sandbox.topic, "another.topic");
    let error = refused(&format!("{text}\n[[source]]\n{second}"));
    assert!(error.contains(source) && error.contains("source second"), "{error}");
    std::fs::write(&file, &text).unwrap();
    sandbox.ok(&["run", "--until-caught-up"]);
    assert_eq!(sandbox.value("SELECT count(DISTINCT source) FROM stream.checkpoint").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dead_letter_is_on_one_page() {
    let sandbox = Sandbox::new("pages").await;
    sandbox.configure("processors = [\"credit\", \"dedup\"]");
    let mut records = snapshot();
    for number in 1..=3 {
        let mut bad = partner("Seven", 100);
        bad["is_company"] = json!("seven");
        bad["id"] = json!(7);
        bad["name"] = json!(["no", "name"]);
        records.extend(transaction(number, &bad));
        // Both processors find that this is nothing, at one offset.
        records.push(json!({ "key": { "id": number }, "value": "no change event" }));
    }
    publish(&sandbox, &records);
    let _running = sandbox.start();
    let address = sandbox.listening().await;
    let all = "SELECT count(*) FROM stream.dead_letter";
    until("all dead letters", async || {
        ready(&address, 200, ": running")
            && sandbox.value(all).await >= 8
            && sandbox.value("SELECT min(next_offset) FROM stream.checkpoint").await
                >= i64::try_from(records.len()).unwrap()
    })
    .await;
    let count = usize::try_from(sandbox.value(all).await).unwrap();
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let (status, text) = get(&address, &format!("/api/v1/dead-letters?all=true&limit=1{after}")).unwrap();
        assert_eq!(status, 200, "{text}");
        let page: Value = serde_json::from_str(&text).unwrap();
        pages.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let mut different = pages.clone();
    different.dedup();
    assert_eq!((pages.len(), different.len()), (count, count));
    let out = sandbox.folder().join("letters.jsonl").display().to_string();
    sandbox.ok(&["dlq", "export", "--all", "--out", &out]);
    assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), count);
    let told = sandbox.log().lines().filter(|line| line.contains("cannot be used")).count();
    assert!((1..=4).contains(&told), "a line now and then: {told}");
    assert!(!sandbox.log().contains("no change event"), "never what the record holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_as_a_name_is_no_more_than_a_name() {
    let sandbox = Sandbox::new("injected").await;
    let (token, lines) = sandbox.token("anna", "admin");
    let (_running, address) = running(&sandbox, &lines).await;
    let before = sandbox.tables().await;
    for name in [
        "%27%3B%20DROP%20SCHEMA%20credit%20CASCADE%3B--",
        "%22%20OR%201%3D1--",
        "..%2F..%2Fetc%2Fpasswd",
        "credit%0D%0AX-Injected%3A%201",
        "credit%00",
        "%F0%9F%92%A3",
        "%FF%FE",
        "$(reboot)",
        "%7B%7Bsource%7D%7D",
        &"x".repeat(9_000),
    ] {
        for path in [
            format!("/api/v1/credit/holds?source={name}"),
            format!("/api/v1/credit/holds?status={name}"),
            format!("/api/v1/credit/holds?after={name}"),
            format!("/api/v1/credit/exposures?name={name}&limit=1"),
            format!("/api/v1/credit/partners/{name}"),
            format!("/api/v1/audit?action_name={name}"),
            format!("/api/v1/dead-letters?table={name}&key={name}&reason={name}"),
            format!("/api/v1/dead-letters/{name}/1"),
            format!("/api/v1/requests/{name}"),
            format!("/api/v1/{name}"),
        ] {
            let (status, text) = send(&address, "GET", &path, Some(&token), "").unwrap();
            assert!([200, 400, 404, 414, 431].contains(&status), "{path}: {status} {text}");
        }
        let body = json!({ "action": name, "arguments": { "reason": name } }).to_string();
        for path in [format!("/api/v1/{name}/requests"), format!("/api/v1/dead-letters/{name}/1/discard")] {
            let (status, text) = send(&address, "POST", &path, Some(&token), &body).unwrap();
            assert!([400, 404, 414, 431].contains(&status), "{path}: {status} {text}");
        }
    }
    // Many who guess, over many connections.
    let refused =
        || (0..200).all(|n| send(&address, "GET", READ, Some(&format!("lw_{n}")), "").unwrap().0 == 401);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(refused)).collect();
        assert!(ready(&address, 200, ": running"));
        assert!(all.into_iter().all(|one| one.join().unwrap()));
    });
    assert!(ready(&address, 200, ": running"));
    assert_eq!(sandbox.tables().await, before);
    let metrics = get(&address, "/metrics").unwrap().1;
    assert!(!metrics.contains("DROP") && !metrics.contains("Injected"), "{metrics}");
}
