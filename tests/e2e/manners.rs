//! What commands do to people's data and terminals: they ask, need no more than they use, and end quietly.

use std::io::Read;
use std::process::{Output, Stdio};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::failures::{publish, snapshot};
use crate::sandbox::{END_OTHERS, Running, Sandbox, get, ready, until};

fn text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A pipeline that has read a snapshot, and where it listens.
async fn running(sandbox: &Sandbox) -> (Running, String) {
    publish(sandbox, &snapshot());
    let running = sandbox.start();
    let address = sandbox.listening().await;
    until("the pipeline", async || ready(&address, 200, ": running")).await;
    (running, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_down_asks_and_waits_for_whoever_is_at_work() {
    let sandbox = Sandbox::new("down").await;
    let (running, address) = running(&sandbox).await;
    let before = sandbox.ok(&["migrate", "status", "--json"]);
    let output = sandbox.command(&["migrate", "down"]).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--yes"), "{}", text(&output));
    let output = sandbox.run(&["migrate", "down", "--yes"]);
    assert!(
        !output.status.success() && text(&output).contains("credit/odoo is at work"),
        "{}",
        text(&output)
    );
    assert_eq!(sandbox.ok(&["migrate", "status", "--json"]), before);
    assert!(ready(&address, 200, ": running"), "nobody was disturbed");
    drop(running);
    until("its connections to end", async || sandbox.run(&["migrate", "down", "--yes"]).status.success())
        .await;
    assert_ne!(sandbox.ok(&["migrate", "status", "--json"]), before);
    let output = sandbox.run(&["run"]);
    assert!(text(&output).contains("ledgerwell migrate up"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmigrated_database_is_answered_with_what_to_do() {
    let sandbox = Sandbox::unmigrated("bare").await;
    sandbox.ok(&["topics"]);
    for command in [
        &["dlq", "list"][..],
        &["explain", "credit", "7"],
        &["run", "--until-caught-up"],
        &["status"],
        &["reset", "credit"],
    ] {
        let output = sandbox.run(command);
        let said = text(&output);
        assert!(!output.status.success() && said.contains("ledgerwell migrate up"), "{command:?}: {said}");
    }
}

/// Each command is run without what it does not use; what it says then is about something else.
#[tokio::test(flavor = "multi_thread")]
async fn commands_need_no_more_than_they_use() {
    let sandbox = Sandbox::new("needs").await;
    let file = sandbox.folder().join("ledgerwell.toml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    let without = |variable: &str, arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        text(&command.env_remove(variable).env("LEDGERWELL_CONFIG", &file).output().unwrap())
    };
    for command in [
        &["migrate", "status"][..],
        &["dlq", "list"],
        &["dlq", "show", "credit", "1"],
        &["explain", "credit", "7"],
    ] {
        let said = without("KAFKA_BOOTSTRAP_SERVERS", command);
        assert!(!said.contains("KAFKA"), "{command:?}: {said}");
    }
    let no_database: Vec<_> =
        configuration.lines().filter(|line| !line.starts_with("database_url")).collect();
    std::fs::write(&file, no_database.join("\n")).unwrap();
    let feed = sandbox.file("feed.jsonl", "{\"key\":{\"id\":1},\"value\":null}\n");
    for command in [&["topics"][..], &["publish", &feed, "--topic", &sandbox.topic]] {
        let said = without("DATABASE_URL", command);
        assert!(!said.contains("DATABASE_URL") && said.is_empty(), "{command:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_ends_nothing_that_has_work_to_do() {
    let sandbox = Sandbox::new("pipes").await;
    publish(&sandbox, &snapshot());
    sandbox.ok(&["run", "--until-caught-up"]);
    for command in
        [&["status", "--json"][..], &["status"], &["migrate", "status"], &["dlq", "list"], &["--help"]]
    {
        let mut child =
            sandbox.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {}", text(&output));
    }
    // Whoever read the log of a service is gone.
    let mut child = sandbox
        .command(&["run"])
        .env_remove("NO_COLOR")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = child.stderr.take().unwrap();
    let mut said = String::new();
    while !said.contains("listening") {
        let mut part = [0; 1_024];
        let read = log.read(&mut part).unwrap();
        assert!(read > 0, "it ended: {said}");
        said.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    assert!(!said.contains('\u{1b}'), "no colours where nobody sees them: {said}");
    let address = said.split("address=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    drop((log, child.stdout.take()));
    let running = Running(child);
    until("the pipeline", async || ready(&address, 200, ": running")).await;
    // It has something to say: it loses its connections, and claims again.
    let epoch = "SELECT owner_epoch FROM stream.checkpoint";
    let before = sandbox.value(epoch).await;
    sandbox.value(END_OTHERS).await;
    publish(&sandbox, &crate::failures::transaction(1, &crate::failures::partner("Seven", 300)));
    until("another claim", async || sandbox.value(epoch).await > before).await;
    until("the pipeline again", async || ready(&address, 200, ": running")).await;
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_decided_nothing_says_so() {
    let sandbox = Sandbox::new("nothing").await;
    let output = sandbox.run(&["run", "--until-caught-up"]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("no complete snapshot"), "{said}");
    publish(&sandbox, &snapshot()[..3]);
    let output = sandbox.run(&["run", "--until-caught-up"]);
    assert!(!output.status.success() && text(&output).contains("no complete snapshot"), "{}", text(&output));
    publish(&sandbox, &snapshot());
    sandbox.ok(&["run", "--until-caught-up"]);
}

/// Also on a stream that nothing comes on, and the second time as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_and_its_end_as_well() {
    let sandbox = Sandbox::new("outage").await;
    let (_running, address) = running(&sandbox).await;
    let mut server = PgConnection::connect(&std::env::var("DATABASE_URL").unwrap()).await.unwrap();
    let mut administer = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
    };
    let name = &sandbox.name;
    let retries = || -> u32 {
        let metrics = get(&address, "/metrics").unwrap().1;
        let line = metrics.lines().find(|line| line.starts_with("ledgerwell_retries_total"));
        line.and_then(|line| line.rsplit(' ').next()).map_or(0, |retries| retries.parse().unwrap())
    };
    let lines = |word: &str| sandbox.log().lines().filter(|line| line.contains(word)).count();
    for outage in 1..=2 {
        let before = (retries(), lines("WARN"));
        administer(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        administer(format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await;
        until("many attempts", async || retries() >= before.0 + 5).await;
        let told = lines("WARN") - before.1;
        assert!((1..=4).contains(&told), "{told} lines for outage {outage}:\n{}", sandbox.log());
        administer(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        until("its end to be told", async || lines("goes on") == outage).await;
        assert!(ready(&address, 200, ": running"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_told_once_however_often_it_is_tried() {
    let sandbox = Sandbox::new("no_broker").await;
    let file = sandbox.folder().join("run.log");
    let child = sandbox
        .command(&["run", "--json"])
        .env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
        .env("RUST_LOG", "warn,ledgerwell=debug,librdkafka=off,rdkafka=off")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(file).unwrap())
        .spawn();
    let _running = Running(child.unwrap());
    let address = sandbox.listening().await;
    until("another client", async || sandbox.log().contains("another Kafka client tries")).await;
    until("word of it", async || ready(&address, 503, "no Kafka broker can be reached")).await;
    let told = sandbox.log().lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    assert_eq!(told, 1, "{}", sandbox.log());
}
