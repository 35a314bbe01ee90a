//! What expectations rest on: what became of documents before, payments that come again, how wrong forecasts were.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

contract::text_enum! {
    /// What something is that took its time.
    pub enum Story {
        /// A customer's invoice, until it was paid: a journal item.
        Receivable = "receivable",
        /// What was owed, until it was paid: a journal item.
        Payable = "payable",
        /// A sales order, until it was invoiced.
        Sale = "sale",
        /// A purchase order, until it was billed.
        Purchase = "purchase",
        /// An opportunity, until it was won or lost.
        Lead = "lead",
    }
}

contract::table! {
    /// How long something took, as it was known at the beginning of the day.
    pub struct History in "history" key (story: Story, id: i32) {
        /// Its root company.
        pub company_id: i32,
        /// Whose it was.
        pub partner_id: i32,
        /// The day on which it began: was issued, was confirmed, was made.
        pub begun: NaiveDate,
        /// The day on which it was due.
        pub due: NaiveDate,
        /// How much it was, in its currency.
        pub amount: f64,
        /// The day on which it was done: was paid, invoiced, won; none while it is not, and where it never will be.
        pub done: Option<NaiveDate>,
        /// The last day of a discount.
        pub discount_day: Option<NaiveDate>,
        /// How far an opportunity that is lost got, by its stage's place.
        pub lost_at: Option<i32>,
    }
}

contract::table! {
    /// Payments that come again.
    #[derive(Serialize, ToSchema)]
    pub struct Repetition in "repetition" key (id: i32) {
        /// The root company.
        pub company_id: i32,
        /// Who pays or is paid, by the commercial partner.
        pub partner_id: Option<i32>,
        /// What is written on them, where there is no partner.
        pub label: String,
        /// Whether money comes in.
        pub is_incoming: bool,
        /// When they come, in words.
        pub cadence: String,
        /// How much each is, in the company's currency.
        pub amount: Decimal,
        /// How many were seen.
        pub seen: i32,
        /// The day of the last one.
        pub last_date: NaiveDate,
        /// The last day of the contract that they are of.
        pub until: Option<NaiveDate>,
        /// When they come, for the program.
        #[serde(skip)]
        pub series: Json<forecasting::repetitions::Repetition>,
    }
}

contract::table! {
    /// What moved on a day that has passed, in a company's currency; `day` counts from 1970-01-01.
    #[derive(Serialize, ToSchema)]
    pub struct Actual in "actual" key (company_id: i32, day: i32) {
        /// The day.
        pub on_date: NaiveDate,
        /// The balance at its end.
        pub balance: Decimal,
        /// What customers paid.
        pub ar: Decimal,
        /// What was paid to others.
        pub ap: Decimal,
        /// All else, with its sign.
        pub other: Decimal,
    }
}

contract::table! {
    /// By how much more came in, or less went out, in a week that has passed than a company's forecast of a Sunday had said by documents and
    /// repetitions, in its currency. The id is that of the row of the week's last day.
    #[derive(Serialize, ToSchema)]
    pub struct Missed in "missed" key (company_id: i32, id: i32) {
        /// The Sunday on which it was forecast.
        pub forecast_date: NaiveDate,
        /// The last day of the week.
        pub target_date: NaiveDate,
        /// By how much.
        pub amount: Decimal,
    }
}

/// By how much intervals are wider than those of independent documents, for each distance; in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scales {
    /// Of the balance.
    pub balance: [i32; 6],
    /// Of what customers pay.
    pub ar: [i32; 6],
    /// Of what is paid to others.
    pub ap: [i32; 6],
}

contract::table! {
    /// What the accuracy of a company's forecasts says of their intervals.
    pub struct Calibration in "calibration" key (company_id: i32) {
        /// How wide they have to be.
        pub scales: Json<Scales>,
        /// How many days were looked at.
        pub days: i32,
    }
}
