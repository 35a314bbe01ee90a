//! What people have said and asked for: promises, disputes, scenarios.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::domain::operations::Operation;
use crate::domain::scenario::{Base, Outcome};

contract::text_enum! {
    /// What was said about an open item.
    pub enum PromiseKind {
        /// It is paid on a day.
        Promise = "promise",
        /// It is not paid before a day, because something is wrong with it.
        Dispute = "dispute",
    }
}

contract::table! {
    /// What a person has said about an open item.
    #[derive(Serialize, ToSchema)]
    pub struct Promise in "promise" key (item_id: i32) {
        /// What was said.
        pub kind: PromiseKind,
        /// The day.
        pub on_date: NaiveDate,
        /// Who said it.
        pub person: String,
        /// Why.
        pub reason: String,
        /// When, by the task's clock.
        pub said_at: DateTime<Utc>,
    }
}

contract::table! {
    /// A row of `forecast_scenarios`: what would be if something were otherwise.
    #[derive(Serialize, ToSchema)]
    pub struct Scenario in public "forecast_scenarios" key (id: i32 as "int") {
        /// What people call it.
        pub name: String as "text",
        /// What it is for.
        pub description: Option<String> as "text",
        /// What is otherwise, in the order in which it is applied.
        #[schema(value_type = Vec<Operation>)]
        pub adjustments: Json<serde_json::Value> as "jsonb" or "'[]'",
        /// The first row of `cash_forecasts` that it rests on.
        pub base_forecast_id: Option<i32> as "int",
        /// What would be.
        #[schema(value_type = Outcome)]
        pub result_data: Json<serde_json::Value> as "jsonb" or "'null'",
        /// Who asked.
        pub created_by: Option<String> as "text",
        /// When, by the task's clock.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = DateTime<Utc>)]
        pub created_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}

contract::table! {
    /// The forecast that a scenario rests on, as it was.
    pub struct ScenarioBase in "scenario_base" key (scenario_id: i32) {
        /// It.
        pub base: Json<Base>,
    }
}
