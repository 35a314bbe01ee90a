//! What control records have said to one task so far: stored with its results, so that a restart knows what a replay
//! would.

use chrono::{DateTime, Utc};
use contract::{Failure, Fold, Outcome, Processor, Request, RuleSet};
use rustc_hash::FxHashSet;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::rules;
use crate::feed::Control;
use crate::task::TaskId;
use crate::torture::{Guard, stands};

/// The rules in force and the requests that were decided, and what has changed about them since the last save.
#[derive(Default)]
pub struct ControlState {
    /// The last rule set that the processor could use.
    accepted: RuleSet,
    /// Fingerprint of the last one that was announced, usable or not.
    announced: String,
    rules_changed: bool,
    requests: FxHashSet<Uuid>,
    decided: Vec<Decided>,
}

struct Decided {
    request: Request,
    outcome: Outcome,
    time: DateTime<Utc>,
}

impl ControlState {
    /// Reads it.
    pub async fn load(task: &TaskId, connection: &mut PgConnection) -> Result<Self, Failure> {
        let mut state = Self::default();
        let rules = "SELECT accepted, told FROM stream.rules
                     WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        if let Some(row) = task.query(rules).fetch_optional(&mut *connection).await? {
            state.accepted = serde_json::from_str(row.try_get("accepted")?)
                .map_err(|error| Failure::permanent(format!("stream.rules: {error}")).because(error))?;
            state.announced = row.try_get("told")?;
        }
        let requests = "SELECT id FROM stream.request
                        WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        for row in task.query(requests).fetch_all(connection).await? {
            state.requests.insert(row.try_get("id")?);
        }
        Ok(state)
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.accepted
    }

    /// Fingerprint of the last rule set that was announced.
    pub fn announced(&self) -> &str {
        &self.announced
    }

    /// Folds a control record into a processor. A request to it is given to `answer`, unless it has come before: whoever sends one
    /// may send it twice.
    pub fn fold<P: Processor>(
        &mut self,
        control: Control,
        fold: &mut Fold<P>,
        answer: impl FnOnce(&mut Fold<P>, &mut Request) -> Outcome,
    ) {
        match control {
            Control::Tick(tick) => fold.tick(tick),
            Control::Rules(rules) => self.rules_come(rules, fold),
            Control::Request(mut request) => {
                let known = self.requests.contains(&request.id) && stands(Guard::RequestOnce);
                if request.processor == P::NAME && !known {
                    let time = fold.time_of(&request);
                    let outcome = answer(fold, &mut request);
                    self.requests.insert(request.id);
                    self.decided.push(Decided { request: *request, outcome, time });
                }
            }
        }
    }

    /// Rules that differ from those announced before take effect, unless the processor cannot use them.
    fn rules_come<P: Processor>(&mut self, rules: RuleSet, fold: &mut Fold<P>) {
        let announced = rules::fingerprint(&rules);
        if self.announced == announced {
            return;
        }
        self.announced = announced;
        self.rules_changed = true;
        if fold.rules(&self.accepted, &rules) {
            self.accepted = rules;
        }
    }

    /// Writes what has changed, inside the batch's transaction.
    pub async fn save(&mut self, task: &TaskId, connection: &mut PgConnection) -> Result<(), Failure> {
        if std::mem::take(&mut self.rules_changed) {
            task.query(
                "INSERT INTO stream.rules (processor, version, source, topic, partition, accepted, told)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (processor, version, source, topic, partition)
                         DO UPDATE SET accepted = EXCLUDED.accepted, told = EXCLUDED.told",
            )
            .bind(rules::text(&self.accepted))
            .bind(&self.announced)
            .execute(&mut *connection)
            .await?;
        }
        for Decided { request, outcome, time } in std::mem::take(&mut self.decided) {
            let (status, text) = match &outcome {
                Outcome::Done(text) => ("done", text),
                Outcome::Refused(text) => ("refused", text),
            };
            task
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
                // The feed may be behind the clock on the wall, by which people ask.
                .bind(time.max(request.time))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
