//! What handlers of HTTP requests need. There is no server here: the shell has it.

mod page;
mod problem;
mod sources;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

pub use page::{Limit, Page, PageQuery, SourceQuery};
pub use problem::Problem;
pub use sources::Sources;

/// The query of a request, as axum has it, but what cannot be read is answered with a [`Problem`].
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// What the path of a request names, as axum has it, but what cannot be read is answered with a [`Problem`].
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Query(query) = axum::extract::Query::from_request_parts(parts, state).await?;
        Ok(Self(query))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(path) = axum::extract::Path::from_request_parts(parts, state).await?;
        Ok(Self(path))
    }
}
