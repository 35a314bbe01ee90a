//! A query parameter that nobody knows is a mistake: answered as if it were not there, it would answer something else.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::api::http::{Problem, Query};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::App;

/// The query parameters of each path, as the description has them.
pub(super) struct Parameters(BTreeMap<(bool, String), BTreeSet<String>>);

impl Parameters {
    pub(super) fn of(description: &OpenApi) -> Self {
        let names = |operation: &Operation| {
            let all = operation.parameters.iter().flatten();
            let of_query = all.filter_map(|parameter| match parameter {
                RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(&parameter.name),
                _ => None,
            });
            of_query.cloned().collect()
        };
        let paths = description.paths.paths.iter();
        let operations = paths.flat_map(|(path, item)| {
            let both = [(true, item.get.as_ref()), (false, item.post.as_ref())];
            both.into_iter()
                .filter_map(move |(read, operation)| Some(((read, path.clone()), names(operation?))))
        });
        Self(operations.collect())
    }

    /// The first that a path does not have, and those that it has.
    fn unknown(&self, path: &str, method: &Method, given: &[(String, String)]) -> Option<String> {
        let read = matches!(*method, Method::GET | Method::HEAD);
        let known = self.0.get(&(read, path.to_owned()));
        let (unknown, _) = given.iter().find(|(name, _)| !known.is_some_and(|known| known.contains(name)))?;
        let known: Vec<_> = known.into_iter().flatten().map(String::as_str).collect();
        Some(match known.as_slice() {
            [] => format!("this path takes no parameters, and `{unknown}` is one"),
            known => format!("there is no parameter `{unknown}`; there are: {}", known.join(", ")),
        })
    }
}

/// Refuses what a path does not know.
pub(super) async fn check(
    State(app): State<App>,
    path: MatchedPath,
    Query(given): Query<Vec<(String, String)>>,
    request: Request,
    next: Next,
) -> Response {
    match app.parameters.unknown(path.as_str(), request.method(), &given) {
        Some(why) => Problem::bad_request(why).into_response(),
        None => next.run(request).await,
    }
}
