//! What the commands of processors may reach.

use std::time::Instant;

use contract::api::{Answer, BoxFuture, Question, Session};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Global, Outcome, source};
use crate::config::Needs;
use crate::control::{Producer, Target, asked, request};
use crate::registry;
use crate::results::Results;

/// How often it is looked whether a request is decided.
const EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// The command line that a command was called from.
pub(super) struct Terminal<'a>(pub(super) &'a Global);

impl Session for Terminal<'_> {
    fn json(&self) -> bool {
        self.0.json
    }

    fn results(&self, name: Option<&str>) -> Outcome<Box<dyn contract::api::Results>> {
        let config = self.0.config(Needs::Databases)?;
        Ok(Box::new(Results::own(&config, source(&config, name)?)))
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Outcome<Answer>> {
        Box::pin(self.ask_and_wait(question))
    }
}

impl Terminal<'_> {
    async fn ask_and_wait(&self, question: Question<'_>) -> Outcome<Answer> {
        let Question { processor, person, action, arguments, wait, .. } = question;
        let config = self.0.config(Needs::Everything)?;
        let source = source(&config, question.source)?;
        let id = Uuid::new_v4();
        registry::check_request(processor, action, &arguments)?;
        let request = request::new(id, processor, person, action, arguments)?;
        let target = Target::new(&Producer::new(&config), source);
        let mut connection = PgConnection::connect(source.database_url()).await?;
        let asked = asked::remember(request, &target, &mut connection).await?;
        asked.write(&target).await?;
        asked.confirm(&mut connection).await?;
        let began = Instant::now();
        while began.elapsed() < wait {
            if let Some((done, outcome)) = request::outcome(id, &mut connection).await? {
                return Ok(Answer { request: id, done, outcome });
            }
            tokio::time::sleep(EVERY).await;
        }
        let outcome = format!(
            "asked for (request {id}), not decided yet: it is when the processor runs and gets there"
        );
        Ok(Answer { request: id, done: wait.is_zero(), outcome })
    }
}
