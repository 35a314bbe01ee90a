//! The Odoo models whose records are compared, and what their columns mean.

use std::fmt;

use linkage::field::{Field, Kind};
use serde::{Deserialize, Serialize};

/// An Odoo model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OdooModel {
    /// People, companies and contacts.
    #[serde(rename = "res.partner")]
    Partner,
    /// Leads and opportunities.
    #[serde(rename = "crm.lead")]
    Lead,
    /// Products.
    #[serde(rename = "product.template")]
    Product,
}

impl OdooModel {
    /// All.
    pub const ALL: [Self; 3] = [Self::Partner, Self::Lead, Self::Product];

    /// As Odoo calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partner => "res.partner",
            Self::Lead => "crm.lead",
            Self::Product => "product.template",
        }
    }

    /// The one that Odoo calls so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// As the working tables have it.
    pub const fn number(self) -> i32 {
        match self {
            Self::Partner => 1,
            Self::Lead => 2,
            Self::Product => 3,
        }
    }

    /// What its columns mean, in the order of a record's values.
    pub fn schema(self) -> Vec<Field> {
        let fields: &[(&[&str], Kind)] = match self {
            Self::Partner => &[
                (&["name"], Kind::Name),
                (&["email"], Kind::Email),
                (&["phone", "mobile"], Kind::Phone),
                (&["street"], Kind::Street),
                (&["zip"], Kind::Postcode),
                (&["city"], Kind::City),
                (&["country"], Kind::Country),
                (&["vat"], Kind::TaxId),
                (&["is_company"], Kind::Category),
            ],
            Self::Lead => &[
                (&["name"], Kind::Title),
                (&["partner_name", "contact_name"], Kind::Name),
                (&["email_from"], Kind::Email),
                (&["phone", "mobile"], Kind::Phone),
                (&["street"], Kind::Street),
                (&["zip"], Kind::Postcode),
                (&["city"], Kind::City),
                (&["country"], Kind::Country),
            ],
            Self::Product => &[
                (&["name"], Kind::Text),
                (&["default_code"], Kind::Identifier),
                (&["barcode"], Kind::Identifier),
                (&["list_price"], Kind::Price),
            ],
        };
        let field = |(columns, kind): &(&[&str], Kind)| Field {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            kind: *kind,
        };
        fields.iter().map(field).collect()
    }

    /// Its columns, in the order of a record's values.
    pub fn columns(self) -> Vec<String> {
        self.schema().into_iter().flat_map(|field| field.columns).collect()
    }
}

impl fmt::Display for OdooModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
