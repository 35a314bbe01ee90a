//! The columns that are read.

use std::collections::BTreeMap;

use contract::column::{Numeric, Text};
use contract::{Change, Rejected};
use serde::Deserialize;

use crate::store::{Country, Lead, Partner, Product, Variant};

/// A row's new state; `None` when it is gone.
#[derive(Clone, Debug)]
pub enum Event {
    /// `res_country`
    Country(i32, Option<Country>),
    /// `res_partner`
    Partner(i32, Option<Partner>),
    /// `crm_lead`
    Lead(i32, Option<Lead>),
    /// `product_template`
    Product(i32, Option<Product>),
    /// `product_product`
    Variant(i32, Option<Variant>),
}

/// The source tables that [`decode`] knows.
pub const TABLES: &[&str] =
    &["crm_lead", "product_product", "product_template", "res_country", "res_partner"];

/// Decodes one change.
pub fn decode(change: &Change<'_>) -> Result<Option<Event>, Rejected> {
    let id = change.key::<Key>()?.id;
    Ok(Some(match change.table {
        "crm_lead" => Event::Lead(id, change.row::<LeadRow>()?.map(|row| row.read(id))),
        "product_product" => Event::Variant(id, change.row::<VariantRow>()?.map(|row| row.read(id))),
        "product_template" => Event::Product(id, change.row::<ProductRow>()?.map(|row| row.read(id))),
        "res_country" => Event::Country(id, change.row::<CountryRow>()?.map(|row| row.read(id))),
        "res_partner" => Event::Partner(id, change.row::<PartnerRow>()?.map(|row| row.read(id))),
        _ => return Ok(None),
    }))
}

#[derive(Deserialize)]
struct Key {
    id: i32,
}

#[derive(Deserialize)]
struct CountryRow {
    code: Option<Text>,
}

impl CountryRow {
    fn read(self, id: i32) -> Country {
        Country { id, code: text(self.code).unwrap_or_default() }
    }
}

#[derive(Deserialize)]
struct PartnerRow {
    name: Option<Text>,
    is_company: Option<bool>,
    active: Option<bool>,
    parent_id: Option<i32>,
    company_id: Option<i32>,
    email: Option<Text>,
    phone: Option<Text>,
    mobile: Option<Text>,
    street: Option<Text>,
    zip: Option<Text>,
    city: Option<Text>,
    country_id: Option<i32>,
    vat: Option<Text>,
    customer_rank: Option<i32>,
    supplier_rank: Option<i32>,
}

impl PartnerRow {
    fn read(self, id: i32) -> Partner {
        let rank = |rank: Option<i32>| rank.unwrap_or(0).max(0);
        Partner {
            id,
            name: text(self.name).unwrap_or_default(),
            is_company: self.is_company == Some(true),
            active: self.active != Some(false),
            parent_id: self.parent_id,
            company_id: self.company_id,
            email: text(self.email),
            phone: text(self.phone),
            mobile: text(self.mobile),
            street: text(self.street),
            zip: text(self.zip),
            city: text(self.city),
            country_id: self.country_id,
            vat: text(self.vat),
            documents: rank(self.customer_rank).saturating_add(rank(self.supplier_rank)),
        }
    }
}

#[derive(Deserialize)]
struct LeadRow {
    name: Option<Text>,
    active: Option<bool>,
    company_id: Option<i32>,
    contact_name: Option<Text>,
    partner_name: Option<Text>,
    email_from: Option<Text>,
    phone: Option<Text>,
    mobile: Option<Text>,
    street: Option<Text>,
    zip: Option<Text>,
    city: Option<Text>,
    country_id: Option<i32>,
}

impl LeadRow {
    fn read(self, id: i32) -> Lead {
        Lead {
            id,
            title: text(self.name).unwrap_or_default(),
            active: self.active != Some(false),
            company_id: self.company_id,
            contact_name: text(self.contact_name),
            partner_name: text(self.partner_name),
            email: text(self.email_from),
            phone: text(self.phone),
            mobile: text(self.mobile),
            street: text(self.street),
            zip: text(self.zip),
            city: text(self.city),
            country_id: self.country_id,
        }
    }
}

#[derive(Deserialize)]
struct ProductRow {
    name: Option<Text>,
    active: Option<bool>,
    company_id: Option<i32>,
    default_code: Option<Text>,
    list_price: Option<Numeric>,
}

impl ProductRow {
    fn read(self, id: i32) -> Product {
        Product {
            id,
            name: self.name.map(|name| in_one_language(name.0)).unwrap_or_default(),
            active: self.active != Some(false),
            company_id: self.company_id,
            code: text(self.default_code),
            price: self.list_price.map(|price| price.0),
        }
    }
}

#[derive(Deserialize)]
struct VariantRow {
    product_tmpl_id: i32,
    active: Option<bool>,
    barcode: Option<Text>,
}

impl VariantRow {
    fn read(self, id: i32) -> Variant {
        Variant {
            id,
            product_id: self.product_tmpl_id,
            active: self.active != Some(false),
            barcode: text(self.barcode),
        }
    }
}

/// A value that says something.
fn text(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}

/// Odoo stores a translated column as JSON by language; English is what every database has.
fn in_one_language(name: String) -> String {
    match serde_json::from_str::<BTreeMap<String, String>>(&name) {
        Ok(mut names) => {
            names.remove("en_US").or_else(|| names.pop_first().map(|(_, name)| name)).unwrap_or_default()
        }
        Err(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translated_name_is_read_in_english_or_the_first_language_there_is() {
        let read = |name: &str| in_one_language(name.to_owned());
        assert_eq!(read(r#"{"de_DE": "Schublade", "en_US": "Drawer"}"#), "Drawer");
        assert_eq!(read(r#"{"fr_FR": "Tiroir", "de_DE": "Schublade"}"#), "Schublade");
        assert_eq!(read("Drawer"), "Drawer", "before Odoo 16 the column was text");
    }
}
