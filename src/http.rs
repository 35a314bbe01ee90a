//! What operators, orchestrators and people ask: health, metrics, and the API under `/api/v1`.
//!
//! Health, metrics and, from the machine itself, reads are open. What changes anything needs a bearer token that names a
//! person; it is written into the stream as a request, and the answer is 202 with the request's id.

mod audit;
mod credit;
mod dead_letters;
mod dedup;
mod health;
mod page;
mod problem;
mod requests;
mod rules;
mod sources;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router, middleware};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::pipeline::Unit;
use crate::telemetry::Metrics;

use problem::Problem;
use sources::Sources;
use tokens::Tokens;

/// What handlers share.
#[derive(Clone)]
struct App {
    metrics: Metrics,
    units: Arc<[Unit]>,
    sources: Arc<Sources>,
    tokens: Arc<Tokens>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Ledgerwell",
    description = "Live finance answers from an Odoo change feed. Lists come in pages: pass `next` of one as `after` of the \
                   next. Amounts are decimal text. What went wrong is told as application/problem+json (RFC 9457)."
))]
struct Description;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(credit::exposures))
        .routes(routes!(credit::holds))
        .routes(routes!(credit::partner))
        .routes(routes!(dedup::groups))
        .routes(routes!(dedup::group))
        .routes(routes!(dedup::scans))
        .routes(routes!(requests::ask))
        .routes(routes!(requests::outcome))
        .routes(routes!(audit::list))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(rules::list))
}

/// The API, described: `schemas/openapi.json`.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut description = api().into_openapi();
    let scheme =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made by `ledgerwell token`."));
    description
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    for item in description.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, when) in [("401", "from elsewhere, without a token"), ("503", "not now")] {
                let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                let response =
                    Response::builder().description(when).content("application/problem+json", problem);
                operation.responses.responses.entry(status.into()).or_insert_with(|| response.build().into());
            }
        }
    }
    description
}

/// Serves until the process ends. Answers the address it listens on.
///
/// # Errors
/// When the address is taken.
pub async fn serve(config: &Config, metrics: Metrics, units: Vec<Unit>) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(config.http.listen).await?;
    let address = listener.local_addr()?;
    let app = App {
        metrics,
        units: units.into(),
        sources: Arc::new(Sources::new(config)),
        tokens: Arc::new(Tokens::new(config)),
    };
    let (api, _) = api().split_for_parts();
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
