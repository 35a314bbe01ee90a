//! Who asks. A token names a person; only its SHA-256 is configured, so the configuration is no secret.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::Problem;
use crate::config::{Config, sha256};

const HOW: &str = "send `Authorization: Bearer …` with a token made by `ledgerwell token NAME`";

/// Persons by the digests of their tokens.
pub(super) struct Tokens(BTreeMap<String, String>);

/// The person who asks.
#[derive(Clone, Debug)]
pub(super) struct Person(pub(super) String);

impl Tokens {
    pub(super) fn new(config: &Config) -> Self {
        Self(config.tokens.iter().map(|token| (token.sha256.clone(), token.person.clone())).collect())
    }

    fn person(&self, headers: &HeaderMap) -> Option<Person> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.0.get(&sha256(token.trim())).cloned().map(Person)
    }
}

/// Lets reads from this machine pass, and everything that a person asks for.
pub(super) async fn check(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let person = app.tokens.person(request.headers());
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    if person.is_none() && !(read && peer.ip().is_loopback()) {
        return Problem::unauthorized(format!("this is for people who are known: {HOW}")).into_response();
    }
    if let Some(person) = person {
        request.extensions_mut().insert(person);
    }
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::unauthorized(HOW))
    }
}
