//! `/metrics` and `/readyz`.

use std::fmt::Write;

use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use crate::status::State;

pub(super) async fn metrics(Shared(app): Shared<App>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render()).into_response()
}

/// Ready when no task waits for something that a person should know of. One line per task says what it is doing.
pub(super) async fn ready(Shared(app): Shared<App>) -> Response {
    let mut all = true;
    let mut text = String::new();
    for task in app.tasks.iter() {
        let figures = task.status.figures();
        let (ready, what) = match figures.state {
            State::Stopped(why) => (false, format!("stopped: {why}")),
            _ if figures.kafka_away => (false, "no Kafka broker can be reached".into()),
            State::Running if figures.unpublished.is_some() => (
                false,
                format!("running, but events are not published: {}", figures.unpublished.unwrap_or_default()),
            ),
            State::Running if figures.complete => (true, "running".into()),
            State::Running => (false, "waiting for a snapshot to end; nothing is decided before".into()),
            State::Standby => (true, "standby: another instance has it".into()),
            State::Claiming => (false, "reading its state".into()),
            State::BackingOff(why) => (false, format!("backing off: {why}")),
        };
        all &= ready;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}/{}: {what}", task.processor, task.source);
    }
    (if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text).into_response()
}
