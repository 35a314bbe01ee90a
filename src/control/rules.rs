//! `automation_rules`: one row per automation, and their way into the stream. Processors never read the table; they fold what
//! the stream says it was.

use contract::{Descriptor, Failure, RuleSet};
use serde::Serialize;
use sqlx::PgConnection;
use xxhash_rust::xxh3::xxh3_128;

use crate::audit::insert_json;

/// A rule set as a control record carries it: the same text for the same rules.
pub fn text(rules: &RuleSet) -> String {
    contract::audit::json(rules)
}

/// What a rule set is known by.
pub fn fingerprint(rules: &RuleSet) -> String {
    format!("{:032x}", xxh3_128(text(rules).as_bytes()))
}

/// The table as it is now. Another service may have made it, so columns may hold less than ours would.
pub async fn read(connection: &mut PgConnection) -> Result<RuleSet, Failure> {
    let rules: Option<String> = sqlx::query_scalar(
        "SELECT json_agg(json_build_object('name', COALESCE(name::text, ''), 'automation_type', automation_type::text,
             'action_name', action_name::text,
             'enabled', COALESCE(enabled, true), 'confidence_threshold', confidence_threshold,
             'auto_approve', COALESCE(auto_approve, false), 'config', COALESCE(config::jsonb, '{}'))
             ORDER BY automation_type, action_name)::text
         FROM automation_rules WHERE automation_type IS NOT NULL AND action_name IS NOT NULL",
    )
    .fetch_one(connection)
    .await?;
    let rules = serde_json::from_str(rules.as_deref().unwrap_or("[]"));
    rules.map(|rules| RuleSet { rules }).map_err(|error| {
        Failure::permanent(format!("automation_rules cannot be read: {error}")).because(error)
    })
}

/// The rules that a processor goes by: the last ones from the stream that it could use.
pub async fn in_force(
    processor: &str,
    source: &str,
    topic: &str,
    connection: &mut PgConnection,
) -> Result<RuleSet, Failure> {
    let rules: Option<String> = sqlx::query_scalar(
        "SELECT accepted FROM stream.rules JOIN stream.active USING (processor, source, version)
         WHERE processor = $1 AND source = $2 AND topic = $3",
    )
    .bind(processor)
    .bind(source)
    .bind(topic)
    .fetch_optional(connection)
    .await?;
    let rules = rules.as_deref().map_or(Ok(RuleSet::default()), serde_json::from_str);
    rules.map_err(|error| Failure::permanent(format!("stream.rules: {error}")).because(error))
}

/// Adds a row for each automation that has none: enabled, and suggesting.
pub async fn seed(
    processors: impl Iterator<Item = &Descriptor>,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Seed<'a> {
        name: &'a str,
        automation_type: &'a str,
        action_name: &'a str,
        enabled: bool,
        auto_approve: bool,
        config: serde_json::Value,
    }
    let of = |processor: &Descriptor| {
        let name = processor.name;
        processor.automations.iter().map(move |automation| Seed {
            name: automation.name,
            automation_type: name,
            action_name: automation.action,
            enabled: true,
            auto_approve: false,
            config: serde_json::json!({ "mode": "suggest" }),
        })
    };
    let rows: Vec<_> = processors.flat_map(of).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| {
        Failure::permanent(format!("automation_rules cannot be seeded: {error}")).because(error)
    })?;
    insert_json(
        "automation_rules",
        "name, automation_type, action_name, enabled, auto_approve, config",
        &rows,
        "WHERE NOT EXISTS (SELECT FROM automation_rules AS old
             WHERE old.automation_type = new.automation_type AND old.action_name = new.action_name)
         ON CONFLICT DO NOTHING",
        connection,
    )
    .await
}
