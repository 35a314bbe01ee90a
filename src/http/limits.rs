//! What one client can take from all others: how long a body may come, how large it may be, how many requests are in work, and how long.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::api::http::Problem;
use http_body_util::LengthLimitError;
use tokio::sync::Semaphore;

use super::App;
use crate::results::Results;

/// The most bytes of a request's body.
const LARGEST_BODY: usize = 64 * 1024;
/// A body has come within this.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// A request is answered within this: a statement takes ten seconds at most, and a record ten until Kafka has it.
const TIMEOUT: Duration = Duration::from_secs(25);

/// Requests in work at a time. Who reads takes nothing from who asks.
pub(super) struct Permits {
    reads: Semaphore,
    asks: Semaphore,
}

impl Default for Permits {
    fn default() -> Self {
        Self { reads: Semaphore::new(24), asks: Semaphore::new(8) }
    }
}

/// Reads a request's body, then waits for nothing: who comes while too many are in work may come again.
pub(super) async fn bound(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) => {
            return Problem::too_large(format!("a body has at most {LARGEST_BODY} bytes")).into_response();
        }
        Ok(Err(_)) => return Problem::bad_request("the body broke off").into_response(),
        Err(_) => {
            let seconds = BODY_TIMEOUT.as_secs();
            return Problem::too_slow(format!("the body has to come within {seconds} s")).into_response();
        }
    };
    let read = matches!(parts.method, Method::GET | Method::HEAD);
    let permits = if read { &app.permits.reads } else { &app.permits.asks };
    let Ok(_in_work) = permits.try_acquire() else {
        return Problem::unavailable("too many requests are in work. Try again in a second").into_response();
    };
    let answer = tokio::time::timeout(TIMEOUT, next.run(Request::from_parts(parts, Body::from(body)))).await;
    answer.unwrap_or_else(|_| {
        // A server that is gone without a word answers on none of the connections that are open.
        app.sources.iter().for_each(Results::forget_connections);
        let seconds = TIMEOUT.as_secs();
        Problem::unavailable(format!("there was no answer within {seconds} s. Try again")).into_response()
    })
}
