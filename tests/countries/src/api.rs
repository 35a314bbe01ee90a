//! What people meet of it: `/api/v1/countries/…`, `ledgerwell explain countries`, and its part of the demo.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use clap::Args;
use contract::Api;
use contract::api::http::{Problem, Query, SourceQuery, Sources};
use contract::api::{Command, Outcome, Run, Section, Session, Step, Verb, command};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::NAME;
use crate::queries;
use crate::store::Country;

/// What the shell serves.
pub const API: Api = Api {
    routes: || OpenApiRouter::new().routes(routes!(counts)),
    commands: &[Command::new::<Explain>(Verb::Explain)],
    demo: &[Step::Show(|connection| Box::pin(show(connection)))],
};

/// All countries, the one with the most partners first.
#[utoipa::path(get, path = "/api/v1/countries/counts", params(SourceQuery), tag = "countries",
    responses((status = 200, body = Vec<Country>), (status = 400, body = Problem)))]
async fn counts(
    State(sources): State<Sources>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Vec<Country>>, Problem> {
    let mut connection = sources.get(of.source.as_deref())?.connect().await?;
    Ok(Json(queries::countries(&mut connection).await?))
}

/// How many partners a country has, and since when
#[derive(Args)]
struct Explain {
    /// The country's id in Odoo
    country: i32,
}

impl Run for Explain {
    const EXAMPLES: &'static [&'static str] = &["ledgerwell explain countries 57"];

    async fn run(self, session: &dyn Session) -> Outcome {
        let mut snapshot = session.results(None)?.snapshot(NAME).await?;
        let mut countries: BTreeMap<_, _> = queries::countries(&mut snapshot.connection)
            .await?
            .into_iter()
            .map(|row| (row.country_id, row))
            .collect();
        let none = format!("no partner in country {}", self.country);
        command::answer(countries.remove(&self.country).as_ref(), &none, NAME, session, |row| {
            println!("{} partners since {}", row.partners, row.updated_at);
        })
    }
}

async fn show(connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let rows = queries::countries(connection).await?;
    Ok(vec![Section {
        title: Some("Partners by country".into()),
        header: &["country", "partners"],
        right: &["partners"],
        rows: rows.iter().map(|row| vec![row.country_id.to_string(), row.partners.to_string()]).collect(),
        closing: None,
    }])
}
