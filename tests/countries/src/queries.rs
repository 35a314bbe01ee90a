//! What people ask of the results.

use sqlx::PgConnection;

use crate::store::Country;

/// All countries, the one with the most partners first.
pub async fn countries(connection: &mut PgConnection) -> sqlx::Result<Vec<Country>> {
    sqlx::query_as(
        "SELECT country_id, partners, updated_at FROM countries.country ORDER BY partners DESC, country_id",
    )
    .fetch_all(connection)
    .await
}
