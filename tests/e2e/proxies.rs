//! Behind nginx and Caddy, with the lines of `docs/security.md`: whoever has no token gets nothing, whoever has one gets all of theirs.
//!
//! Each is skipped, aloud, where its program is not installed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::api::over_the_limit;
use crate::failures::publish;
use crate::sandbox::{Sandbox, ready, until};

const KEY: &str = "0b9d8a52-1c1e-4f6e-9a53-0f6f1f7a2c12";

/// A proxy in front of a pipeline. Dropping it ends it.
struct Proxy {
    process: Child,
    url: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn is_installed(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

/// The lines of the document in a language.
fn documented(language: &str) -> String {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let text = std::fs::read_to_string(document).unwrap();
    let (_, block) = text.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn certificate(folder: &Path) -> [PathBuf; 2] {
    let [certificate, key] = ["proxy.pem", "proxy.key"].map(|name| folder.join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    [certificate, key]
}

fn nginx(folder: &Path, server: &str, more: &str) -> Proxy {
    let [certificate, key] = certificate(folder);
    let port = free_port();
    let server = server
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
        .replace("/etc/ssl/ledgerwell.pem", &certificate.display().to_string())
        .replace("/etc/ssl/ledgerwell.key", &key.display().to_string());
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};"))
        .concat();
    let configuration = format!(
        "daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\n\
         http {{ access_log off; {temporary}\n{more}\n{server} }}\n"
    );
    let file = format!("{folder}/nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-c", &file, "-g", "worker_processes 1;"]).stderr(Stdio::null());
    Proxy { process: command.spawn().unwrap(), url: format!("https://127.0.0.1:{port}") }
}

fn caddy(folder: &Path, site: &str) -> Proxy {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let site = site.replace("ledgerwell.example", &url);
    let file = folder.join("Caddyfile");
    std::fs::write(&file, format!("{{\n    admin off\n    auto_https off\n}}\n{site}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file).env("HOME", folder);
    Proxy { process: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), url }
}

/// The status and the body of an answer.
fn curl(folder: &Path, arguments: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--max-time", "30", "--write-out", "\n%{http_code}"]);
    if folder.join("proxy.pem").exists() {
        command.arg("--cacert").arg(folder.join("proxy.pem"));
    }
    let output = command.args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// What has to hold behind any proxy.
async fn holds_behind(name: &str, start: impl Fn(&Path, &str) -> Proxy) {
    let sandbox = Sandbox::new(name).await;
    let (of_reader, first) = sandbox.token("grafana", "reader");
    let (of_controller, second) = sandbox.token("anna", "controller");
    sandbox.configure(&(first + &second));
    publish(&sandbox, &over_the_limit());
    let _running = sandbox.start();
    let address = sandbox.listening().await;
    until("the pipeline", async || ready(&address, 200, ": running")).await;
    let proxy = start(sandbox.folder(), &address);
    let url = |path: &str| format!("{}{path}", proxy.url);
    let holds = url("/api/v1/credit/holds");
    until("the proxy", async || curl(sandbox.folder(), &[&holds]).0 != 0).await;

    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let (reader, controller) = (bearer(&of_reader), bearer(&of_controller));
    let ask = |headers: &[&str], body: &str| {
        let mut arguments = vec!["--header", "Content-Type: application/json"];
        arguments.extend(headers.iter().flat_map(|header| ["--header", header]));
        let path = url("/api/v1/credit/requests");
        arguments.extend(["--data", body, &path]);
        curl(sandbox.folder(), &arguments)
    };
    for headers in
        [&[][..], &["Host: 127.0.0.1:8080"], &["X-Forwarded-For: 127.0.0.1"], &["Forwarded: for=127.0.0.1"]]
    {
        let mut arguments: Vec<_> = headers.iter().flat_map(|header| ["--header", header]).collect();
        arguments.push(&holds);
        let (status, body) = curl(sandbox.folder(), &arguments);
        // Caddy answers for no other host than its own, with nothing.
        let nothing = name == "caddy" && (status, body.as_str()) == (200, "");
        assert!(status == 401 || nothing, "{headers:?}: {status} {body}");
    }
    let (status, body) = curl(sandbox.folder(), &["--header", &reader, &holds]);
    assert!(status == 200 && body.contains("items"), "{status} {body}");
    let body =
        r#"{"action":"release","arguments":{"company_id":1,"partner_id":7,"reason":"paid by cheque"}}"#;
    assert_eq!(ask(&[], body).0, 401);
    assert_eq!(ask(&[&reader], body).0, 403);
    let (status, text) = ask(&[&controller, &format!("Idempotency-Key: {KEY}")], body);
    let taken: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, taken["id"].as_str()), (202, Some(KEY)), "{text}");
    assert_eq!(ask(&[&controller], &format!("{{\"action\":\"{}\"}}", "x".repeat(70_000))).0, 413);
    let (_, metrics) = curl(sandbox.folder(), &[&url("/metrics")]);
    assert!(!metrics.contains("ledgerwell_"), "metrics are not passed on");
    // Many, one after the other and over connections that are kept.
    let twenty = vec![holds.as_str(); 20];
    let (_, statuses) = curl(sandbox.folder(), &[&["--header", &reader][..], &twenty].concat());
    assert_eq!(statuses.matches("\n200").count(), 19, "and the last one is not among them: {statuses}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_lets_nobody_in_without_a_token() {
    if is_installed("nginx", "-v") {
        let server = |address: &str| documented("nginx").replace("127.0.0.1:8080", address);
        holds_behind("nginx", |folder, address| nginx(folder, &server(address), "")).await;
    }
}

/// What ingress-nginx makes of an ingress: the host is passed on, who asks is named, and connections are kept.
#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_lets_nobody_in_without_a_token() {
    if is_installed("nginx", "-v") {
        let pass =
            "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme; proxy_pass http://upstream_balancer";
        let server = documented("nginx").replace("proxy_pass http://127.0.0.1:8080", pass);
        holds_behind("ingress", |folder, address| {
            let upstream = format!("upstream upstream_balancer {{ server {address}; keepalive 32; }}");
            nginx(folder, &server, &upstream)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_lets_nobody_in_without_a_token() {
    if is_installed("caddy", "version") {
        let site = |address: &str| documented("caddy").replace("127.0.0.1:8080", address);
        holds_behind("caddy", |folder, address| caddy(folder, &site(address))).await;
    }
}
