//! The columns that are read.

use contract::{FromSource, Invalid};
use serde::Deserialize;

use crate::store::Partner;

/// `res_partner`
#[derive(Deserialize)]
pub struct PartnerColumns {
    country_id: Option<i32>,
    active: Option<bool>,
}

impl FromSource for Partner {
    type Columns<'a> = PartnerColumns;

    /// Only active partners with a country count.
    fn from_columns(id: i32, columns: PartnerColumns) -> Result<Option<Self>, Invalid> {
        let country = columns.country_id.filter(|_| columns.active != Some(false));
        Ok(country.map(|country_id| Self { id, country_id }))
    }
}
