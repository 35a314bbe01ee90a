//! Whatever comes, and in which order: rows are the engine's groups, and a computation from scratch ends in the same ones. The laws
//! in `tests/spec` cannot look inside the engine.

use std::collections::BTreeSet;

use chrono::DateTime;
use contract::testkit::Driver;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::model_index::ModelIndex;
use super::odoo_model::OdooModel;
use super::state::State;
use crate::Dedup;
use crate::store::{Group, Partner, RowChange};

/// What happens to a handful of partners that look alike in many ways.
#[derive(Clone, Debug)]
enum Step {
    /// Some are entered, changed, deleted or, both in one transaction, merged.
    Transaction(Vec<RowChange>),
    /// A person decides about the group of a record, or about one that is settled.
    Ask(&'static str, i32),
    /// The process starts again.
    Restart,
    /// The rule lets it do more or less.
    Mode(&'static str),
    /// Fewer duplicates are expected, by this in thousandths of a bit.
    Switch(i32),
}

const RECORDS: i32 = 9;

fn partner() -> impl Strategy<Value = Partner> {
    let text = |texts: &[&'static str]| {
        select(texts.to_vec()).prop_map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
    };
    let name = select(vec![
        "Brückner Maschinenbau GmbH",
        "Brueckner Maschinenbau",
        "Brückner Maschinenhandel",
        "Nolan Bakery Inc.",
        "Nolan Bakeries",
        "Anna Weber",
    ]);
    let email = text(&["info@brueckner.de", "ap@nolanbakery.com", "anna.weber@web.de", ""]);
    let phone = text(&["+49 711 2345678", "+1 415 555 0142", "+49 711 2345679", ""]);
    let vat = text(&["DE136695976", "DE811907980", ""]);
    (1..=RECORDS, name, email, phone, vat).prop_map(|(id, name, email, phone, vat)| Partner {
        id,
        name: name.into(),
        is_company: true,
        active: true,
        parent_id: None,
        company_id: None,
        email,
        phone,
        mobile: None,
        street: None,
        zip: None,
        city: Some("Stuttgart".into()),
        country_id: None,
        vat,
        documents: 0,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = || partner().prop_map(|row| RowChange::Partner(row.id, Some(row)));
    let delete = || (1..=RECORDS).prop_map(|id| RowChange::Partner(id, None));
    let action = select(vec!["approve", "reject", "split", "choose_master", "reopen"]);
    let step = prop_oneof![
        8 => write().prop_map(|row| Step::Transaction(vec![row])),
        2 => delete().prop_map(|row| Step::Transaction(vec![row])),
        2 => (write(), delete()).prop_map(|(row, gone)| Step::Transaction(vec![row, gone])),
        4 => (action, 1..=RECORDS).prop_map(|(action, id)| Step::Ask(action, id)),
        1 => Just(Step::Restart),
        1 => select(vec!["off", "shadow", "suggest", "auto"]).prop_map(Step::Mode),
        1 => (-4_000..8_000).prop_map(Step::Switch),
    ];
    prop::collection::vec(step, 1..60)
}

struct Story(Driver<Dedup>);

impl Story {
    fn state(&self) -> &State {
        &self.0.processor().0
    }

    fn index(&self) -> &ModelIndex {
        &self.state().indexes[&OdooModel::Partner]
    }

    fn take(&mut self, step: Step) {
        let now = self.0.clock();
        match step {
            Step::Transaction(rows) => self.0.transaction(rows, now),
            Step::Ask(action, record) => self.ask(action, record),
            Step::Restart => self.0.restart(),
            Step::Mode(mode) => assert!(self.0.rule("merge", json!({ "mode": mode }))),
            Step::Switch(fewer) => {
                let mut learned = self.index().engine.model().parameters.clone();
                learned.version += 1;
                learned.duplicates = -3_322 - fewer;
                let before: Vec<Group> = self.state().tables.groups.iter().cloned().collect();
                self.0.take_events();
                self.0.request(
                    "anna",
                    "switch_model",
                    json!({ "model": "res.partner", "parameters": learned }),
                );
                self.only_differences(&before);
            }
        }
    }

    /// What is refused changes nothing.
    fn ask(&mut self, action: &str, record: i32) {
        let rows = self.state().tables.groups.iter();
        let Some(row) = rows.filter(|row| row.record_ids.contains(&record)).max_by_key(|row| row.id) else {
            return;
        };
        let mut arguments = json!({ "group": row.id, "reason": "because" });
        let (first, rest) = row.record_ids.split_at(1);
        match action {
            "split" => arguments["parts"] = json!([first, rest]),
            "choose_master" => arguments["record"] = json!(record),
            _ => {}
        }
        drop(self.0.request("anna", action, arguments));
    }

    /// Each group that was emitted is not what it was before.
    fn only_differences(&mut self, before: &[Group]) {
        for event in self.0.take_events() {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            let id = i32::try_from(data["id"].as_i64().unwrap()).unwrap();
            let then = before.iter().find(|row| row.id == id);
            assert_ne!(self.state().tables.groups.get(id), then, "{}", event.event_type);
        }
    }

    fn check(&self) {
        let State { tables, .. } = self.state();
        let live: Vec<_> = tables.groups.iter().filter(|row| row.status.is_live()).collect();
        let rows: BTreeSet<_> = live.iter().map(|row| row.record_ids.0.clone()).collect();
        assert_eq!(rows, groups(self.index()), "rows are the engine's groups");
        let scratch = ModelIndex::resume(OdooModel::Partner, self.state().rows()).unwrap().unwrap();
        assert_eq!(rows, groups(&scratch), "all at once ends in the same groups");
        assert_eq!(scratch.tally, self.index().tally, "so do the counts");
        let mut seen = BTreeSet::new();
        for row in &live {
            assert!(row.record_ids.len() > 1 && row.record_ids.iter().all(|id| seen.insert(*id)), "{row:?}");
            assert!(row.record_ids.contains(&row.master_record_id.unwrap()), "{row:?}");
        }
        for decision in tables.decisions.iter() {
            let (a, b) = (decision.first_id, decision.second_id);
            assert_eq!(scratch.basis(a, b), Some(decision.basis), "what has changed has lapsed");
            let together = live.iter().any(|row| row.record_ids.contains(&a) && row.record_ids.contains(&b));
            assert_eq!(together, decision.same, "what a person said holds: {decision:?}");
        }
    }
}

fn groups(index: &ModelIndex) -> BTreeSet<Vec<i32>> {
    index.engine.groups().map(|group| group.records.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rows_are_the_groups_that_a_computation_from_scratch_ends_in(steps in steps()) {
        let mut story = Story(Driver::new(DateTime::UNIX_EPOCH));
        for step in steps {
            story.take(step);
            story.check();
        }
    }
}
