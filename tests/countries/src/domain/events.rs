//! What is emitted.

use contract::Subject;
use serde::Serialize;

contract::events! {
    /// All that is emitted.
    pub const EVENTS;

    "country_changed": CountryChanged, |event| Subject::in_source(format!("country-{}", event.country_id));
}

/// A country has more or fewer partners.
#[derive(Serialize)]
pub struct CountryChanged {
    pub(super) country_id: i32,
    pub(super) partners: i32,
}
