//! What operators, orchestrators and people ask: health, metrics, and the API under `/api/v1`.
//!
//! Health and metrics are open. Reads are for people with a token; while nobody has one, for this machine itself. What changes
//! anything needs a token whose role may: it is written into the stream as a request, and the answer is 202 with the request's id.
//!
//! It has a thread of its own, so that nobody who reads takes time from whoever decides.

mod audit;
mod dead_letters;
mod description;
mod health;
mod limits;
mod parameters;
mod requests;
mod rules;
mod server;
mod tokens;

use std::io;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router, middleware};
use contract::api::Sources;
use contract::api::http::Problem;
use tokio::sync::oneshot;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::{Config, Listen};
use crate::control::Producer;
use crate::registry::PROCESSORS;
use crate::results::Results;
use crate::task::Task;
use crate::telemetry::Metrics;

use limits::Permits;
use parameters::Parameters;
use server::Listener;
use tokens::Tokens;

pub use description::description;

/// How much later than whoever decides this thread gets its turn where there are more of both than cores; 0 is equal, 19 last.
const NICE: i32 = 10;

/// What handlers share.
#[derive(Clone)]
struct App {
    metrics: Metrics,
    tasks: Arc<[Task]>,
    sources: Sources<Results>,
    tokens: Arc<Tokens>,
    parameters: Arc<Parameters>,
    permits: Arc<Permits>,
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

/// Serves until the process ends. Answers where it listens.
///
/// # Errors
/// When the address is taken.
pub async fn serve(
    config: Arc<Config>,
    producer: Arc<Producer>,
    metrics: Metrics,
    tasks: Vec<Task>,
) -> io::Result<Listen> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new().name("http".into()).spawn(move || {
        // Linux has a priority for each thread. Where it cannot be lowered, it serves all the same.
        let _ = rustix::process::setpriority_process(None, NICE);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let serve = |runtime: tokio::runtime::Runtime| {
            runtime.block_on(async {
                let bound = Listener::bind(&config.http.listen).await;
                let bound = bound.and_then(|listener| Ok((listener.address(&config.http.listen)?, listener)));
                match bound {
                    Ok((address, listener)) => {
                        let _ = tell.send(Ok(address));
                        listener.serve(router(&config, &producer, metrics, tasks)).await;
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            });
        };
        runtime.map(serve)
    })?;
    told.await.map_err(io::Error::other)?
}

fn router(config: &Config, producer: &Arc<Producer>, metrics: Metrics, tasks: Vec<Task>) -> Router {
    let sources = config.sources.iter().map(|source| Arc::new(Results::shared(source, producer)));
    let description = description();
    let app = App {
        metrics,
        tasks: tasks.into(),
        sources: Sources::new(sources),
        tokens: Arc::new(Tokens::new(config)),
        parameters: Arc::new(Parameters::of(&description)),
        permits: Arc::default(),
    };
    let (api, _) = api(&app.sources.for_processors()).split_for_parts();
    let api = api
        .route("/api/v1/openapi.json", get(async move || Json(description.clone())))
        .route_layer(middleware::from_fn_with_state(app.clone(), limits::bound))
        .route_layer(middleware::from_fn_with_state(app.clone(), parameters::check))
        .route_layer(middleware::from_fn_with_state(app.clone(), tokens::check));
    Router::new()
        .merge(api)
        .route("/metrics", get(health::metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(health::ready))
        .fallback(async || {
            Problem::not_found("there is nothing here; GET /api/v1/openapi.json lists what there is")
        })
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(app)
}
