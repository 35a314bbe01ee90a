//! Target `http`: bodies of requests to the API, over a real socket, and what the stream makes of those that are sound.
//!
//! An input is a query string, a line break, and a body. The path names a processor that is not there, so everything is
//! parsed and nothing is written to Kafka.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};

use ledgerwell::config::{Config, Http, Listen, Role, Token, sha256};
use ledgerwell::control::request;
use ledgerwell::feed::{Assembler, Input};
use ledgerwell::telemetry::Metrics;
use serde_json::Value;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::fold::Fold;

/// The API, serving for as long as the process lives.
struct Server {
    address: SocketAddr,
    _runtime: Runtime,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()?;
    let config = Config {
        prefix: "fuzz".into(),
        http: Http { listen: Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))) },
        kafka: BTreeMap::new(),
        tokens: vec![Token { person: "anna".into(), role: Role::Controller, sha256: sha256("token") }],
        sources: Vec::new(),
    };
    let metrics = Metrics::new().ok()?;
    let producer = ledgerwell::control::Producer::new(&config);
    let serving = ledgerwell::http::serve(Arc::new(config), producer, metrics, Vec::new());
    let Ok(Listen::Tcp(address)) = runtime.block_on(serving) else { return None };
    Some(Server { address, _runtime: runtime })
});

thread_local! {
    /// A connection that is kept open, because a new one for each input would run out of ports.
    static CONNECTION: std::cell::RefCell<Option<TcpStream>> = const { std::cell::RefCell::new(None) };
}

/// See the module.
pub fn drive(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (query, body) = input.split_at(at);
    let body = body.get(1..).unwrap_or_default();
    let status = ask(query, body);
    assert!([400, 404, 413].contains(&status), "status {status}");
    if let Some(text) = written(body) {
        // A query may be wrong by itself.
        let expected =
            if query.is_empty() && body.len() <= 64 * 1_024 { &[404][..] } else { &[400, 404, 413] };
        assert!(
            expected.contains(&status),
            "what is written into the stream is what the API takes: {status}"
        );
        decide(&text);
    }
}

/// Sends the body; answers the status.
fn ask(query: &[u8], body: &[u8]) -> u16 {
    let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || b"=&%+-_.~".contains(byte);
    let query: String = query.iter().filter(plain).map(|byte| char::from(*byte)).collect();
    let head = format!(
        "POST /api/v1/nobody/requests?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    CONNECTION.with_borrow_mut(|connection| {
        // A connection that was closed meanwhile is opened again, once.
        for _ in 0..2 {
            let open = connection.take().or_else(|| TcpStream::connect(SERVER.as_ref()?.address).ok());
            let Some(mut socket) = open else { panic!("the API does not listen") };
            if let Some(status) = exchange(&mut socket, &request) {
                *connection = Some(socket);
                return status;
            }
        }
        panic!("the API does not answer")
    })
}

/// Sends a request and reads its whole answer.
fn exchange(socket: &mut TcpStream, request: &[u8]) -> Option<u16> {
    socket.set_nodelay(true).ok()?;
    socket.write_all(request).ok()?;
    let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let (_, length) = length.split_once("content-length: ")?;
            if body.len() >= length.lines().next()?.parse().ok()? {
                return head.split(' ').nth(1)?.parse().ok();
            }
        }
        match socket.read(&mut part).ok()? {
            0 => return None,
            read => answer.extend_from_slice(&part[..read]),
        }
    }
}

/// The control record that a sound body becomes.
fn written(body: &[u8]) -> Option<String> {
    let Ok(Value::Object(mut asked)) = serde_json::from_slice(body) else { return None };
    let (action, arguments) = (asked.remove("action")?, asked.remove("arguments")?);
    let sound = asked.is_empty() && arguments.is_object();
    let action = action.as_str().filter(|_| sound)?;
    ledgerwell::registry::check_request("credit", action, &arguments).ok()?;
    let request = request::new(Uuid::from_u128(7), "credit", "anna", action, arguments).ok()?;
    Some(contract::audit::json(&request))
}

/// Has the processor decide about a request.
fn decide(text: &str) {
    let mut assembler = Assembler::new(None, 1_000);
    let mut fold = Fold::new(chrono_tz::UTC);
    let (key, value) = (Some(b"ledgerwell".as_slice()), Some(text.as_bytes()));
    assembler.push(&Input { offset: 0, timestamp: 0, key, value, kind: Some("request") });
    let mut deliveries = 0;
    while let Some(delivery) = assembler.next_delivery() {
        deliveries += 1;
        assert!(
            !matches!(delivery.step, ledgerwell::feed::Step::Unreadable { .. }),
            "what we write we can read"
        );
        fold.fold(delivery);
    }
    fold.finish();
    assert_eq!(deliveries, 2, "the log begins, and the request is taken");
}
