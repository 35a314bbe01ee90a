//! What control records have said to one unit so far: kept with its results, so that a restart knows what a replay would.

use chrono::{DateTime, Utc};
use contract::{Failure, Outcome, Request, RuleSet};
use rustc_hash::FxHashSet;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::rules;
use crate::runner::Place;
use crate::torture::{Guard, stands};

/// The rules in force and the requests that were decided, and what has changed about them since the last save.
#[derive(Default)]
pub struct Folded {
    /// The last rule set that the processor could use.
    accepted: RuleSet,
    /// Fingerprint of the last one that it was told, usable or not.
    told: String,
    rules_changed: bool,
    requests: FxHashSet<Uuid>,
    decided: Vec<Decided>,
}

struct Decided {
    request: Request,
    outcome: Outcome,
    time: DateTime<Utc>,
}

impl Folded {
    /// Reads it.
    pub async fn load(place: &Place, connection: &mut PgConnection) -> Result<Self, Failure> {
        let mut folded = Self::default();
        let rules = "SELECT accepted, told FROM stream.rules
                     WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        if let Some(row) = place.query(rules).fetch_optional(&mut *connection).await? {
            folded.accepted = serde_json::from_str(row.try_get("accepted")?)
                .map_err(|error| Failure::permanent(format!("stream.rules: {error}")))?;
            folded.told = row.try_get("told")?;
        }
        let requests = "SELECT id FROM stream.request
                        WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        for row in place.query(requests).fetch_all(connection).await? {
            folded.requests.insert(row.try_get("id")?);
        }
        Ok(folded)
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.accepted
    }

    /// Fingerprint of the last rule set that was told.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// A rule set has come. False when it is the one that came before.
    pub fn tell(&mut self, rules: &RuleSet) -> bool {
        let told = rules::fingerprint(rules);
        let new = self.told != told;
        self.rules_changed |= new;
        self.told = told;
        new
    }

    /// The rule set that was told is in force.
    pub fn accept(&mut self, rules: RuleSet) {
        self.accepted = rules;
    }

    /// Whether a request has not come before: whoever sends one may send it twice.
    pub fn is_new(&self, request: &Request) -> bool {
        !self.requests.contains(&request.id) || !stands(Guard::RequestOnce)
    }

    /// A request was decided.
    pub fn decide(&mut self, request: Request, outcome: Outcome, time: DateTime<Utc>) {
        self.requests.insert(request.id);
        self.decided.push(Decided { request, outcome, time });
    }

    /// Writes what has changed, inside the batch's transaction.
    pub async fn save(&mut self, place: &Place, connection: &mut PgConnection) -> Result<(), Failure> {
        if std::mem::take(&mut self.rules_changed) {
            place
                .query(
                    "INSERT INTO stream.rules (processor, version, source, topic, partition, accepted, told)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (processor, version, source, topic, partition)
                         DO UPDATE SET accepted = EXCLUDED.accepted, told = EXCLUDED.told",
                )
                .bind(rules::text(&self.accepted))
                .bind(&self.told)
                .execute(&mut *connection)
                .await?;
        }
        for Decided { request, outcome, time } in std::mem::take(&mut self.decided) {
            let (status, text) = match &outcome {
                Outcome::Done(text) => ("done", text),
                Outcome::Refused(text) => ("refused", text),
            };
            place
                .query(
                    "INSERT INTO stream.request (processor, version, source, topic, partition, id, person, action, arguments,
                         asked_at, status, outcome, decided_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                )
                .bind(request.id)
                .bind(&request.person)
                .bind(&request.action)
                .bind(request.arguments.to_string())
                .bind(request.time)
                .bind(status)
                .bind(text)
                .bind(time)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
