//! The columns that are read.

use std::collections::BTreeMap;

use contract::column::{Numeric, Text};
use contract::{FromSource, Invalid, Kept, kept};
use serde::Deserialize;

use crate::store::{Country, Lead, Partner, Product, Variant};

/// `res_country`
#[derive(Deserialize)]
pub struct CountryColumns {
    code: Option<Text>,
}

impl FromSource for Country {
    type Columns<'a> = CountryColumns;

    fn from_columns(id: i32, columns: CountryColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, code: text(columns.code).unwrap_or_default() }))
    }
}

/// `res_partner`
#[derive(Deserialize)]
pub struct PartnerColumns {
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

impl FromSource for Partner {
    type Columns<'a> = PartnerColumns;
    const KEPT: &'static [Kept<Self>] = kept![name, email, phone, mobile, street, zip, city, vat];

    fn from_columns(id: i32, columns: PartnerColumns) -> Result<Option<Self>, Invalid> {
        let rank = |rank: Option<i32>| rank.unwrap_or(0).max(0);
        Ok(Some(Self {
            id,
            name: text(columns.name).unwrap_or_default(),
            is_company: columns.is_company == Some(true),
            active: columns.active != Some(false),
            parent_id: columns.parent_id,
            company_id: columns.company_id,
            email: text(columns.email),
            phone: text(columns.phone),
            mobile: text(columns.mobile),
            street: text(columns.street),
            zip: text(columns.zip),
            city: text(columns.city),
            country_id: columns.country_id,
            vat: text(columns.vat),
            documents: rank(columns.customer_rank).saturating_add(rank(columns.supplier_rank)),
        }))
    }
}

/// `crm_lead`
#[derive(Deserialize)]
pub struct LeadColumns {
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

impl FromSource for Lead {
    type Columns<'a> = LeadColumns;
    const KEPT: &'static [Kept<Self>] = kept![
        title from "name",
        contact_name,
        partner_name,
        email from "email_from",
        phone,
        mobile,
        street,
        zip,
        city
    ];

    fn from_columns(id: i32, columns: LeadColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            title: text(columns.name).unwrap_or_default(),
            active: columns.active != Some(false),
            company_id: columns.company_id,
            contact_name: text(columns.contact_name),
            partner_name: text(columns.partner_name),
            email: text(columns.email_from),
            phone: text(columns.phone),
            mobile: text(columns.mobile),
            street: text(columns.street),
            zip: text(columns.zip),
            city: text(columns.city),
            country_id: columns.country_id,
        }))
    }
}

/// `product_template`
#[derive(Deserialize)]
pub struct ProductColumns {
    name: Option<Text>,
    active: Option<bool>,
    company_id: Option<i32>,
    default_code: Option<Text>,
    list_price: Option<Numeric>,
}

impl FromSource for Product {
    type Columns<'a> = ProductColumns;
    const KEPT: &'static [Kept<Self>] = kept![name, code from "default_code"];

    fn from_columns(id: i32, columns: ProductColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            name: columns.name.map(|name| in_one_language(name.0)).unwrap_or_default(),
            active: columns.active != Some(false),
            company_id: columns.company_id,
            code: text(columns.default_code),
            price: columns.list_price.map(|price| price.0),
        }))
    }
}

/// `product_product`
#[derive(Deserialize)]
pub struct VariantColumns {
    product_tmpl_id: i32,
    active: Option<bool>,
    barcode: Option<Text>,
}

impl FromSource for Variant {
    type Columns<'a> = VariantColumns;
    const KEPT: &'static [Kept<Self>] = kept![barcode];

    fn from_columns(id: i32, columns: VariantColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            product_id: columns.product_tmpl_id,
            active: columns.active != Some(false),
            barcode: text(columns.barcode),
        }))
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
