//! The tables of schema `countries`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

contract::table! {
    /// A partner that counts.
    pub struct Partner in "partner" key (id: i32) {
        /// Where it is.
        pub country_id: i32,
    }
}

contract::table! {
    /// How many partners a country has.
    #[derive(Serialize, FromRow, ToSchema)]
    pub struct Country in "country" key (country_id: i32) {
        /// Partners; never 0.
        pub partners: i32,
        /// When that last changed, by the task's clock.
        pub updated_at: DateTime<Utc>,
    }
}

contract::tables! {
    /// Everything that is stored.
    pub struct Tables;
    /// A row's new state; `None` when it is gone or does not count.
    pub enum RowChange;

    partners: Partner from "res_partner",
    countries: Country,
}
