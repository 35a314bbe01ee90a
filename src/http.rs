//! What operators and orchestrators ask: `/metrics`, `/livez`, `/readyz`.

use std::fmt::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::pipeline::Unit;
use crate::runner::State;
use crate::telemetry::Metrics;

#[derive(Clone)]
struct App {
    metrics: Metrics,
    units: Vec<Unit>,
}

/// Serves until the process ends. Answers the address it listens on.
///
/// # Errors
/// When the address is taken.
pub async fn serve(listen: SocketAddr, metrics: Metrics, units: Vec<Unit>) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/metrics", get(render_metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(App { metrics, units });
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "HTTP ended");
        }
    });
    Ok(address)
}

async fn render_metrics(Shared(app): Shared<App>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render()).into_response()
}

/// Ready when no unit waits for something that a person should know of. One line per unit says what it is doing.
async fn ready(Shared(app): Shared<App>) -> Response {
    let mut all = true;
    let mut text = String::new();
    for unit in &app.units {
        let figures = unit.status.figures();
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
        let _ = writeln!(text, "{}/{}: {what}", unit.processor, unit.source);
    }
    (if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text).into_response()
}
