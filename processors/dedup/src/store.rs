//! The tables of schema `dedup`, and the seed's `duplicate_groups` and `deduplication_scans`. Here are the source rows, the frozen
//! models and what people decided; `results` has what is concluded from them.

mod results;

use chrono::{DateTime, Utc};
use contract::Rows;
use rust_decimal::Decimal;
use sqlx::PgConnection;

pub use results::{Evidence, Group, GroupStatus, Resolution, Scan};

contract::table! {
    /// A country.
    pub struct Country in "country" key (id: i32) {
        /// ISO 3166 code.
        pub code: String,
    }
}

contract::table! {
    /// A person, a company, a contact or an address.
    pub struct Partner in "partner" key (id: i32) {
        /// Its name; addresses may have none.
        pub name: String,
        /// Whether it is a company.
        pub is_company: bool,
        /// Whether it is not archived.
        pub active: bool,
        /// The partner that it belongs to.
        pub parent_id: Option<i32>,
        /// The company that alone may see it.
        pub company_id: Option<i32>,
        /// E-mail address.
        pub email: Option<String>,
        /// Phone number.
        pub phone: Option<String>,
        /// Another phone number.
        pub mobile: Option<String>,
        /// Street and house number.
        pub street: Option<String>,
        /// Postcode.
        pub zip: Option<String>,
        /// City.
        pub city: Option<String>,
        /// Its country.
        pub country_id: Option<i32>,
        /// Tax number.
        pub vat: Option<String>,
        /// Invoices and bills that Odoo has counted for it.
        pub documents: i32,
    }
}

contract::table! {
    /// A lead or an opportunity.
    pub struct Lead in "lead" key (id: i32) {
        /// What it is about.
        pub title: String,
        /// Whether it is neither lost nor archived.
        pub active: bool,
        /// The company that alone may see it.
        pub company_id: Option<i32>,
        /// Name of the person.
        pub contact_name: Option<String>,
        /// Name of the company.
        pub partner_name: Option<String>,
        /// E-mail address.
        pub email: Option<String>,
        /// Phone number.
        pub phone: Option<String>,
        /// Another phone number.
        pub mobile: Option<String>,
        /// Street and house number.
        pub street: Option<String>,
        /// Postcode.
        pub zip: Option<String>,
        /// City.
        pub city: Option<String>,
        /// Its country.
        pub country_id: Option<i32>,
    }
}

contract::table! {
    /// A product template.
    pub struct Product in "product" key (id: i32) {
        /// Its name.
        pub name: String,
        /// Whether it is not archived.
        pub active: bool,
        /// The company that alone may see it.
        pub company_id: Option<i32>,
        /// Internal reference.
        pub code: Option<String>,
        /// Sales price.
        pub price: Option<Decimal>,
    }
}

contract::table! {
    /// A variant of a product template.
    pub struct Variant in "variant" key (id: i32) {
        /// Its template.
        pub product_id: i32,
        /// Whether it is not archived.
        pub active: bool,
        /// Barcode.
        pub barcode: Option<String>,
    }
}

contract::table! {
    /// The model that records of an Odoo model are compared with, as it was frozen.
    pub struct Frozen in "model" key (model: i32) {
        /// Raised each time one is frozen.
        pub version: i32,
        /// What agreement is worth, as JSON.
        pub weights: String,
        /// The frequencies of values.
        pub frequencies: Vec<u8>,
        /// The number of records at that time.
        pub records: i32,
        /// The scan that it was frozen for, in `deduplication_scans`.
        pub scan_id: i32,
    }
}

contract::table! {
    /// What a person decided about two records, in force while their values are what they were.
    pub struct PairDecision in "decision" key (model: i32, first_id: i32, second_id: i32) {
        /// Whether they are the same, or are not.
        pub same: bool,
        /// Fingerprint of the values that it was based on.
        pub basis: i64,
        /// The group that was decided about, in `duplicate_groups`.
        pub group_id: i32,
        /// Who decided.
        pub person: String,
        /// Why.
        pub note: String,
        /// When, by the task's clock.
        pub decided_at: DateTime<Utc>,
    }
}

contract::table! {
    /// A record that a person chose as the one that stays of its group.
    pub struct Master in "master" key (model: i32, record_id: i32) {
        /// Who chose.
        pub person: String,
        /// Why.
        pub note: String,
        /// When, by the task's clock.
        pub decided_at: DateTime<Utc>,
    }
}

contract::tables! {
    /// Everything that is stored.
    pub struct Tables;
    /// A row's new state; `None` when it is gone.
    pub enum RowChange;

    countries: Country from "res_country",
    partners: Partner from "res_partner",
    leads: Lead from "crm_lead",
    products: Product from "product_template",
    variants: Variant from "product_product",
    models: Frozen,
    decisions: PairDecision,
    masters: Master,
    // Groups refer to scans.
    scans: Scan,
    groups: Group,
}

impl Tables {
    /// Reads what is about one group.
    pub async fn load_group(group: i32, connection: &mut PgConnection) -> sqlx::Result<Self> {
        let records = "(SELECT record::int FROM duplicate_groups,
                            jsonb_array_elements_text(record_ids) AS record WHERE duplicate_groups.id = $1)";
        let either = format!("first_id IN {records} AND second_id IN {records}");
        let c = connection;
        Ok(Self {
            countries: Rows::load(c).await?,
            partners: Rows::load_some(&format!("id IN {records}"), group, c).await?,
            leads: Rows::load_some(&format!("id IN {records}"), group, c).await?,
            products: Rows::load_some(&format!("id IN {records}"), group, c).await?,
            variants: Rows::load_some(&format!("product_id IN {records}"), group, c).await?,
            models: Rows::load(c).await?,
            decisions: Rows::load_some(&either, group, c).await?,
            masters: Rows::load_some(&format!("record_id IN {records}"), group, c).await?,
            scans: Rows::default(),
            groups: Rows::load_some("id = $1", group, c).await?,
        })
    }
}
