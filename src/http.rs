//! What operators, orchestrators and people ask: health, metrics, and the API under `/api/v1`.
//!
//! Health, metrics and, from the machine itself, reads are open. What changes anything needs a bearer token that names a
//! person; it is written into the stream as a request, and the answer is 202 with the request's id.

mod audit;
mod dead_letters;
mod description;
mod health;
mod requests;
mod rules;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router, middleware};
use contract::api::Sources;
use contract::api::http::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::registry::PROCESSORS;
use crate::results::Results;
use crate::task::Task;
use crate::telemetry::Metrics;

use tokens::Tokens;

pub use description::description;

/// What handlers share.
#[derive(Clone)]
struct App {
    metrics: Metrics,
    tasks: Arc<[Task]>,
    sources: Sources<Results>,
    tokens: Arc<Tokens>,
}

/// All routes under `/api/v1`: the shell's own, and those that processors declare.
fn api(sources: &Sources) -> OpenApiRouter<App> {
    let own = OpenApiRouter::new()
        .routes(routes!(requests::ask))
        .routes(routes!(requests::outcome))
        .routes(routes!(audit::list))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(rules::list));
    PROCESSORS.iter().fold(own, |api, entry| {
        let mut routes = (entry.api.routes)().with_state(sources.clone());
        description::qualify(entry.name, routes.get_openapi_mut());
        api.merge(routes)
    })
}

/// Serves until the process ends. Answers the address it listens on.
///
/// # Errors
/// When the address is taken.
pub async fn serve(config: &Config, metrics: Metrics, tasks: Vec<Task>) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(config.http.listen).await?;
    let address = listener.local_addr()?;
    let app = App {
        metrics,
        tasks: tasks.into(),
        sources: Sources::new(config.sources.iter().map(|source| Arc::new(Results::shared(config, source)))),
        tokens: Arc::new(Tokens::new(config)),
    };
    let (api, _) = api(&app.sources.for_processors()).split_for_parts();
    let api = api
        .route("/api/v1/openapi.json", get(async || Json(description())))
        .route_layer(middleware::from_fn_with_state(app.clone(), tokens::check));
    let router = Router::new()
        .merge(api)
        .route("/metrics", get(health::metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(health::ready))
        .fallback(async || {
            Problem::not_found("there is nothing here; GET /api/v1/openapi.json lists what there is")
        })
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(app);
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "HTTP ended");
        }
    });
    Ok(address)
}
