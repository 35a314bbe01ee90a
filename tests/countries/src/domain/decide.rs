//! Conclusions: stored counts become the present ones.

use chrono::{DateTime, Utc};
use contract::Outbox;

use super::events::CountryChanged;
use super::state::State;
use crate::store::Country;

/// The conclusions of what was applied, as of an instant.
pub struct Decision<'a> {
    /// What they are drawn from.
    pub state: &'a mut State,
    /// As of when.
    pub now: DateTime<Utc>,
    /// What they are announced through.
    pub outbox: &'a mut Outbox,
}

impl Decision<'_> {
    /// Brings every touched country up to date.
    pub fn decide(self) {
        for country_id in std::mem::take(&mut self.state.touched) {
            let partners = self.state.counts.get(&country_id).copied().unwrap_or_default();
            let stored = self.state.tables.countries.get(country_id).map_or(0, |row| row.partners);
            if partners == stored {
                continue;
            }
            let row = (partners > 0).then_some(Country { country_id, partners, updated_at: self.now });
            self.state.tables.countries.set(country_id, row);
            self.outbox.emit(self.now, &CountryChanged { country_id, partners });
        }
    }
}
