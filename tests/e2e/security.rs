//! Connections that are encrypted, verified and limited, on a Kafka and a PostgreSQL that insist on it, with the rights that
//! `docs/security.md` names.

mod acls;
mod certificates;
mod document;
mod pipeline;
mod services;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::api::over_the_limit;
use crate::failures::{partner, transaction};
use crate::sandbox::until;
use pipeline::{Access, Pipeline, warnings};
use services::Services;

#[test]
fn the_document_says_the_same_in_its_table_and_in_its_commands() {
    let table: BTreeSet<_> = document::acls().into_iter().collect();
    assert_eq!(table, document::acls_of_commands());
    assert_eq!(document::statements().len(), 2);
}

/// One test, because the services take seconds to start.
#[tokio::test(flavor = "multi_thread")]
async fn all_works_with_the_documented_rights_every_refusal_says_why_and_no_secret_is_printed() {
    let services = Services::start();
    let pipeline = Pipeline::new(&services);
    let test = Test {
        services: &services,
        pipeline: &pipeline,
        least: Access::least(&services),
        owner: Access::owner(&services),
    };
    test.set_up().await;
    test.works().await;
    test.kafka_refuses().await;
    test.postgres_refuses().await;
    test.every_acl_is_needed().await;
    test.every_grant_is_needed().await;
    let printed = pipeline.printed();
    assert!(printed.contains("TRACE") && printed.contains("claimed"), "everything is logged");
    let leaked = printed.lines().find(|line| line.contains(services.secret()));
    assert_eq!(leaked, None, "a secret was printed");
}

struct Test<'a> {
    services: &'a Services,
    pipeline: &'a Pipeline,
    least: Access,
    owner: Access,
}

impl Test<'_> {
    /// Applies the document from its beginning to its end.
    async fn set_up(&self) {
        let [as_superuser, as_owner] = document::statements().try_into().unwrap();
        let mut superuser = self.services.connect("superuser", "postgres").await;
        apply(&mut superuser, &as_superuser).await;
        for role in ["ledgerwell_owner", "ledgerwell_run"] {
            let password = format!("ALTER ROLE {role} PASSWORD '{}'", self.services.password(role));
            apply(&mut superuser, &[password]).await;
        }
        self.pipeline.ok("owner", &self.owner, &["migrate", "up"]);
        apply(&mut self.services.connect("ledgerwell_owner", "odoo_results").await, &as_owner).await;
        self.pipeline.ok("owner", &self.owner, &["topics"]);
        for acl in document::acls() {
            acl.give(&self.services.inside());
        }
    }

    /// Changes arrive as rows and events, requests are answered, and the commands that look work, too.
    async fn works(&self) {
        let task = self.pipeline.start("least", &self.least);
        self.pipeline.publish(&self.owner, &over_the_limit());
        until("a hold", async || task.get("/api/v1/credit/holds").1.contains("suggested")).await;
        self.event();
        let (status, taken) = task.ask();
        assert_eq!(status, 202, "{taken}");
        let taken: Value = serde_json::from_str(&taken).unwrap();
        let outcome = taken["outcome"].as_str().unwrap();
        until("an answer", async || task.get(outcome).1.contains("decided_at")).await;
        // Other processors are through the snapshot a little later.
        until("readiness", async || task.get("/readyz").0 == 200).await;
        for path in ["/metrics", "/readyz", "/api/v1/credit/exposures", "/api/v1/audit", "/api/v1/rules"] {
            let (status, text) = task.get(path);
            assert!(status == 200 && !text.contains(self.services.secret()), "{path}: {status} {text}");
        }
        for command in [&["status", "--json"][..], &["dlq", "list"], &["explain", "credit", "7"]] {
            self.pipeline.ok("least", &self.least, command);
        }
        task.stop().await;
    }

    /// Waits for an event, as one who may read them.
    fn event(&self) {
        let mut client = self.services.admin();
        let consumer: BaseConsumer =
            client.set("group.id", "test").set("isolation.level", "read_committed").create().unwrap();
        let mut partitions = TopicPartitionList::new();
        for partition in 0..6 {
            partitions.add_partition_offset("ledgerwell.credit", partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&partitions).unwrap();
        let began = Instant::now();
        let emitted = std::iter::from_fn(|| {
            (began.elapsed() < Duration::from_secs(30)).then(|| consumer.poll(Duration::from_millis(100)))
        });
        let event = emitted.flatten().map(|message| message.unwrap().key().unwrap().to_vec()).next();
        assert!(event.is_some_and(|key| key.starts_with(b"odoo/")), "no event has come");
    }

    /// `/readyz` says why and what to check, for as long as it lasts.
    async fn kafka_refuses(&self) {
        let least = || self.least.clone();
        let refused = [
            (
                "wrong password",
                Access { password: self.services.password("wrong"), ..least() },
                "sasl.password",
            ),
            ("unknown user", Access { user: "nobody".into(), ..least() }, "sasl.username"),
            (
                "expired certificate",
                Access { servers: self.services.kafka("expired"), ..least() },
                "ssl.ca.location",
            ),
            (
                "another host",
                Access { servers: self.services.kafka("elsewhere"), ..least() },
                "names the host",
            ),
            (
                "unknown authority",
                Access { authority: self.services.stranger.clone(), ..least() },
                "ssl.ca.location",
            ),
        ];
        let tasks =
            refused.each_ref().map(|(name, access, _)| self.pipeline.start(&name.replace(' ', "-"), access));
        for ((name, _, check), task) in refused.iter().zip(tasks) {
            until(name, async || task.get("/readyz").1.contains(check)).await;
            let (status, text) = task.get("/readyz");
            assert!(
                status == 503 && text.contains("Kafka refuses us") && text.contains("Check"),
                "{name}: {text}"
            );
            task.stop().await;
        }
    }

    /// Nothing starts, and the command says why.
    async fn postgres_refuses(&self) {
        let database = |role, password: &str| self.services.database(role, password, "odoo_results");
        let (right, wrong) = (self.services.password("ledgerwell_run"), self.services.password("wrong"));
        let least = database("ledgerwell_run", &right);
        let unencrypted = least.replace("verify-full", "disable");
        let stranger = least.replace("authority.crt", "stranger.crt");
        for (name, address, words) in [
            ("wrong-password", database("ledgerwell_run", &wrong), "password authentication failed"),
            ("unknown-role", database("nobody", &wrong), "password authentication failed"),
            ("unencrypted", unencrypted, "no encryption"),
            ("unknown-authority", stranger, "certificate verify failed"),
            ("no-address", wrong.clone(), "configuration"),
        ] {
            self.stays_out(name, address, words).await;
        }
        let mut superuser = self.services.connect("superuser", "postgres").await;
        for (certificate, words) in [("expired", "expired"), ("elsewhere", "mismatch")] {
            show(&mut superuser, certificate).await;
            self.stays_out(certificate, least.clone(), words).await;
        }
        show(&mut superuser, "secure").await;
        until("the right certificate", async || PgConnection::connect(&least).await.is_ok()).await;
    }

    /// Waits until `run` ends with these words.
    async fn stays_out(&self, name: &str, database: String, words: &str) {
        let access = Access { database, ..self.least.clone() };
        let mut said = String::new();
        let began = Instant::now();
        while !said.contains(words) {
            assert!(began.elapsed() < Duration::from_secs(20), "{name}: waited for {words}, but: {said}");
            let mut task = self.pipeline.start(name, &access);
            // A certificate is exchanged a moment after it was asked for.
            until("an end, or a beginning", async || task.has_ended() || task.address().is_some()).await;
            said = warnings(&task.log());
            task.stop().await;
        }
    }

    /// Without each one of them something does not work, and it says so.
    async fn every_acl_is_needed(&self) {
        let mut wrong = Vec::new();
        for (number, acl) in (1..).zip(document::acls()) {
            acl.take(&self.services.inside());
            self.change(number);
            let mut task = self.pipeline.start(&format!("acl-{number}"), &self.least);
            let said = if (acl.name.as_str(), acl.operation.as_str()) == ("odoo.changes", "Write") {
                until("HTTP", async || task.address().is_some()).await;
                let (status, text) = task.ask();
                if status == 503 && text.contains("authorization failed") { Ok(()) } else { Err(text) }
            } else {
                task.says(&["ACL", "authorization failed"]).await
            };
            wrong.extend(said.err().map(|said| format!("{acl:?}: {said}")));
            acl.give(&self.services.inside());
            task.stop().await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The same for what is granted to the role.
    async fn every_grant_is_needed(&self) {
        let [as_superuser, as_owner] = document::statements().try_into().unwrap();
        let mut superuser = self.services.connect("superuser", "odoo_results").await;
        let mut wrong = Vec::new();
        let grants = as_superuser.iter().chain(&as_owner).flat_map(|statement| each(statement));
        for (number, (revoke, grant)) in (101..).zip(grants) {
            self.change(number);
            apply(&mut superuser, std::slice::from_ref(&revoke)).await;
            let mut task = self.pipeline.start(&format!("grant-{number}"), &self.least);
            until("HTTP", async || task.has_ended() || task.address().is_some()).await;
            task.ask();
            // Tables of a schema that a role may not use do not exist for it.
            wrong.extend(
                task.says(&["permission denied", "does not exist"])
                    .await
                    .err()
                    .map(|said| format!("{revoke}: {said}")),
            );
            apply(&mut superuser, &[grant]).await;
            task.stop().await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Changes the customer's limit in the source.
    fn change(&self, number: u32) {
        let limit = i32::try_from(number).unwrap() + 100;
        self.pipeline.publish(&self.owner, &transaction(number, &partner("Seven", limit)));
    }
}

async fn apply(connection: &mut PgConnection, statements: &[String]) {
    for statement in statements {
        let applied = connection.execute(AssertSqlSafe(statement.clone())).await;
        assert!(applied.is_ok(), "{statement}: {}", applied.unwrap_err());
    }
}

/// Lets the server show another certificate to whoever connects from now on.
async fn show(superuser: &mut PgConnection, certificate: &str) {
    let statements = [
        format!("ALTER SYSTEM SET ssl_cert_file = '{certificate}.crt'"),
        format!("ALTER SYSTEM SET ssl_key_file = '{certificate}.key'"),
        "SELECT pg_reload_conf()".into(),
    ];
    apply(superuser, &statements).await;
}

/// A GRANT as one pair of REVOKE and GRANT for each thing that it is about.
fn each(statement: &str) -> Vec<(String, String)> {
    let grant = || {
        let (rights, rest) = statement.strip_prefix("GRANT ")?.split_once(" ON ")?;
        let (things, role) = rest.split_once(" TO ")?;
        let names = things.find(|character: char| character.is_lowercase() || character == '_')?;
        let (kind, names) = things.split_at(names);
        let pair = |name: &str| {
            let on = format!("{rights} ON {kind}{name}");
            (format!("REVOKE {on} FROM {role}"), format!("GRANT {on} TO {role}"))
        };
        Some(names.split(", ").map(pair).collect())
    };
    grant().unwrap_or_default()
}
