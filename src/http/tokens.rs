//! Who asks. A token names a person; only its SHA-256 is configured, so the configuration is no secret.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::api::http::Problem;

use super::App;
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
    if person.is_none() && !(read && is_local(peer, request.headers())) {
        return Problem::unauthorized(format!("this is for people who are known: {HOW}")).into_response();
    }
    if let Some(person) = person {
        request.extensions_mut().insert(person);
    }
    next.run(request).await
}

/// Whether a request comes from this machine itself, and not through a proxy or a page of somebody else's on it.
fn is_local(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let local = |address: &str| address.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    !forwarded && peer.ip().to_canonical().is_loopback() && (host == "localhost" || local(host))
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::unauthorized(HOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_itself_is_local() {
        let local = |peer: &str, headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            is_local(peer.parse().unwrap(), &headers.collect())
        };
        assert!(local("127.0.0.1:5", &[("host", "127.0.0.1:8080")]));
        assert!(
            local("[::ffff:127.0.0.1]:5", &[("host", "localhost")])
                && local("[::1]:5", &[("host", "[::1]:8080")])
        );
        assert!(!local("10.0.0.7:5", &[("host", "127.0.0.1:8080")]));
        assert!(!local("127.0.0.1:5", &[("host", "127.0.0.1"), ("x-forwarded-for", "10.0.0.7")]));
        assert!(!local("127.0.0.1:5", &[("host", "rebound.example")]));
    }
}
