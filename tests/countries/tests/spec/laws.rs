//! The laws, and what `countries` has to be for them.

use std::collections::BTreeMap;

use contract::testkit::{Specimen, Step};
use contract::{Emitted, laws};
use countries::Countries;
use countries::store::{Country, Partner, RowChange, Tables};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

struct Counted;

impl Specimen for Counted {
    type Processor = Countries;

    fn row_change() -> BoxedStrategy<RowChange> {
        let partner = |(id, country_id)| RowChange::Partner(id, Some(Partner { id, country_id }));
        prop_oneof![
            4 => (1..9_i32, 1..4_i32).prop_map(partner),
            1 => (1..9_i32).prop_map(|id| RowChange::Partner(id, None)),
        ]
        .boxed()
    }

    fn control() -> BoxedStrategy<Step<RowChange>> {
        select(vec!["recount", "count"]).prop_map(|action| Step::Request(action, json!({}))).boxed()
    }

    fn conclusions(tables: &Tables) -> Vec<String> {
        Self::stored(tables)
    }

    fn folded(events: &[Emitted]) -> Vec<String> {
        let mut countries = BTreeMap::new();
        for event in events.iter().filter(|event| event.event_type == "country_changed") {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            countries.insert(data["country_id"].as_i64().unwrap(), data["partners"].as_i64().unwrap());
        }
        countries.retain(|_, partners| *partners > 0);
        countries.into_iter().map(|(country, partners)| format!("{country}: {partners}")).collect()
    }

    fn stored(tables: &Tables) -> Vec<String> {
        let mut rows: Vec<&Country> = tables.countries.iter().collect();
        rows.sort_by_key(|row| row.country_id);
        rows.into_iter().map(|row| format!("{}: {}", row.country_id, row.partners)).collect()
    }
}

laws!(Counted);
