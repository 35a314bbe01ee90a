//! Who asks, and what they may. A token names a person and a role; only its SHA-256 is configured, so the configuration is no secret.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::api::http::Problem;

use super::App;
use super::server::Peer;
use crate::config::{Config, Role, sha256};

const HOW: &str = "send `Authorization: Bearer …` with a token made by `ledgerwell token NAME`";

/// Who bears which token, by the tokens' digests.
pub(super) struct Tokens(BTreeMap<String, Bearer>);

/// Who bears a token.
#[derive(Clone, Debug)]
struct Bearer {
    person: String,
    role: Role,
}

/// A person who may ask processors for something.
#[derive(Debug)]
pub(super) struct Controller(pub(super) String);

/// A person who may settle dead letters.
#[derive(Debug)]
pub(super) struct Admin(pub(super) String);

/// Whoever may see raw records: people with the role for it, and everybody on this machine while nobody has a token.
#[derive(Debug)]
pub(super) struct MaySeeRecords;

impl Tokens {
    pub(super) fn new(config: &Config) -> Self {
        let bearer = |token: &crate::config::Token| Bearer { person: token.person.clone(), role: token.role };
        Self(config.tokens.iter().map(|token| (token.sha256.clone(), bearer(token))).collect())
    }

    fn bearer(&self, headers: &HeaderMap) -> Option<&Bearer> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        // Schemes are compared without case: RFC 9110, 11.1.
        let (scheme, token) = value.split_once(' ')?;
        self.0.get(&sha256(token.trim())).filter(|_| scheme.eq_ignore_ascii_case("bearer"))
    }

    /// Whether reads are open: nobody has a token, and it comes from this machine itself.
    fn are_open_to(&self, peer: Peer, headers: &HeaderMap) -> bool {
        self.0.is_empty() && (peer == Peer::Socket || peer == Peer::Loopback && names_this_machine(headers))
    }
}

/// Lets people with a token pass; who only reads needs none where reads are open.
pub(super) async fn check(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let bearer = app.tokens.bearer(request.headers()).cloned();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    if bearer.is_none() && !(read && app.tokens.are_open_to(peer, request.headers())) {
        return Problem::unauthorized(format!("this is for people who are known: {HOW}")).into_response();
    }
    if let Some(bearer) = bearer {
        request.extensions_mut().insert(bearer);
    }
    next.run(request).await
}

/// Whether a request means this machine itself: not one that a proxy passes on, nor one of a page of somebody else's whose name
/// leads here.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let local = |address: &str| address.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    !forwarded && (host == "localhost" || local(host))
}

/// The person, if their role is at least this one.
fn with_role(parts: &Parts, role: Role) -> Result<String, Problem> {
    let bearer = parts.extensions.get::<Bearer>().ok_or_else(|| Problem::unauthorized(HOW))?;
    if bearer.role < role {
        return Err(Problem::forbidden(format!(
            "{} has the role `{}`, and this needs `{}`: `role` of the token in the configuration",
            bearer.person,
            bearer.role.as_str(),
            role.as_str()
        )));
    }
    Ok(bearer.person.clone())
}

impl<S: Sync> FromRequestParts<S> for Controller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        with_role(parts, Role::Controller).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        with_role(parts, Role::Admin).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for MaySeeRecords {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.extensions.get::<Bearer>().is_some() {
            with_role(parts, Role::Admin)?;
        }
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_this_machine_itself_is_meant() {
        let means = |these: &[_]| names_this_machine(&headers(these));
        assert!(means(&[("host", "127.0.0.1:8080")]) && means(&[("host", "localhost")]));
        assert!(means(&[("host", "[::1]:8080")]));
        assert!(!means(&[("host", "127.0.0.1"), ("x-forwarded-for", "10.0.0.7")]));
        assert!(!means(&[("host", "rebound.example")]) && !means(&[]));
    }

    /// nginx with its defaults says nothing of whom it speaks for.
    #[test]
    fn nothing_is_open_once_somebody_has_a_token() {
        let local = headers(&[("host", "127.0.0.1:8080")]);
        let bearer = Bearer { person: "anna".into(), role: Role::Reader };
        let [open, closed] = [[].into(), [(sha256("lw_1"), bearer)].into()].map(Tokens);
        for peer in [Peer::Loopback, Peer::Socket] {
            assert!(open.are_open_to(peer, &local) && !closed.are_open_to(peer, &local), "{peer:?}");
        }
        assert!(!open.are_open_to(Peer::Elsewhere, &local));
        let person =
            |value| closed.bearer(&headers(&[("authorization", value)])).map(|bearer| &bearer.person);
        assert!(person("Bearer lw_1").is_some() && person("bearer  lw_1").is_some());
        assert!(
            person("Bearer lw_2").is_none() && person("Basic lw_1").is_none() && person("lw_1").is_none()
        );
    }
}
