//! The whole path on real Kafka and real Postgres. `make test` brings them up and says where they are.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod adoption;
mod api;
mod bank_lines;
mod batching;
mod cases;
mod cash;
mod columns;
mod commands;
mod control;
mod costs;
mod dead_letters;
mod documents;
mod doors;
mod duplicates;
mod early_warning;
mod encodings;
mod failures;
mod golden;
mod in_process;
mod kills;
mod manners;
mod migrations;
mod monsters;
mod odoo_versions;
mod openapi;
mod oracle;
mod pieces;
mod proxies;
mod recorded;
mod replays;
mod runbooks;
mod sandbox;
mod security;
mod servers;
mod specimen;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the torture")]
mod support;
mod torn;
