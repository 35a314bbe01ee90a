//! The Odoo models whose records are compared, and what their columns mean.

use linkage::field::{Field, Kind};

contract::text_enum! {
    /// An Odoo model, by its name in Odoo.
    pub enum OdooModel {
        /// People, companies and contacts.
        Partner = "res.partner",
        /// Leads and opportunities.
        Lead = "crm.lead",
        /// Products.
        Product = "product.template",
    }
}

impl OdooModel {
    /// Its number in the working tables.
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
