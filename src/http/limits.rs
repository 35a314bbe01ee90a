//! What one client can take from all others: how long a body may come, how large it may be, how many requests are in work.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::api::http::Problem;

use super::App;

/// The most bytes of a request's body.
pub(super) const LARGEST_BODY: usize = 64 * 1024;
/// A body has come within this.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests in work at a time.
pub(super) const IN_WORK: usize = 32;

/// Reads a request's body, then waits for nothing: who comes while too many are in work may come again.
pub(super) async fn bound(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Problem::too_large(format!("a body has at most {LARGEST_BODY} bytes")).into_response();
        }
        Err(_) => {
            let seconds = BODY_TIMEOUT.as_secs();
            return Problem::too_slow(format!("the body has to come within {seconds} s")).into_response();
        }
    };
    let Ok(_in_work) = app.in_work.try_acquire() else {
        return Problem::unavailable("too many requests are in work. Try again in a second").into_response();
    };
    next.run(Request::from_parts(parts, Body::from(body))).await
}
