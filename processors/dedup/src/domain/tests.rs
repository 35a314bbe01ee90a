//! Whatever comes, and in which order: rows are the engine's groups, a restart and a computation from scratch end in the same ones,
//! and the events tell the table.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::store::{Group, Partner};
use standing::Status;

/// What happens to a handful of partners that look alike in many ways.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One is entered or changed: name, mail, phone and tax number, each one of a few.
    Write(i32, [usize; 4]),
    /// One is deleted, …
    Delete(i32),
    /// … or merged into another.
    Merge(i32, i32, [usize; 4]),
    /// A person decides about the group of a record.
    Ask(usize, i32),
    /// A new snapshot that lacks a record and has another one changed; the process starts anew behind so many of its rows.
    Again(i32, i32, [usize; 4], usize),
    /// The process starts anew.
    Restart,
    /// The rule lets it do more or less.
    Mode(usize),
    /// What agreement is worth was learned anew: so much fewer duplicates are expected, in thousandths of a bit.
    Switch(i32),
}

const NAMES: [&str; 6] = [
    "Brückner Maschinenbau GmbH",
    "Brueckner Maschinenbau",
    "Brückner Maschinenhandel",
    "Nolan Bakery Inc.",
    "Nolan Bakeries",
    "Anna Weber",
];
const MAILS: [&str; 4] = ["info@brueckner.de", "ap@nolanbakery.com", "anna.weber@web.de", ""];
const PHONES: [&str; 4] = ["+49 711 2345678", "+1 415 555 0142", "+49 711 2345679", ""];
const VATS: [&str; 3] = ["DE136695976", "DE811907980", ""];
const RECORDS: i32 = 9;

fn partner(id: i32, [name, mail, phone, vat]: [usize; 4]) -> Partner {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Partner {
        id,
        name: NAMES[name % NAMES.len()].into(),
        is_company: true,
        active: true,
        parent_id: None,
        company_id: None,
        email: some(MAILS[mail % MAILS.len()]),
        phone: some(PHONES[phone % PHONES.len()]),
        mobile: None,
        street: None,
        zip: None,
        city: Some("Stuttgart".into()),
        country_id: None,
        vat: some(VATS[vat % VATS.len()]),
        documents: 0,
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let record = 1..=RECORDS;
    let values = || [0..NAMES.len(), 0..MAILS.len(), 0..PHONES.len(), 0..VATS.len()];
    prop::collection::vec(
        prop_oneof![
            8 => (record.clone(), values()).prop_map(|(id, values)| Step::Write(id, values)),
            2 => record.clone().prop_map(Step::Delete),
            2 => (record.clone(), record.clone(), values()).prop_map(|(a, b, values)| Step::Merge(a, b, values)),
            4 => (0..5_usize, record.clone()).prop_map(|(action, id)| Step::Ask(action, id)),
            2 => (record.clone(), record.clone(), values(), 0..10_usize).prop_map(|(gone, id, values, cut)| Step::Again(gone, id, values, cut)),
            1 => Just(Step::Restart),
            1 => (0..4_usize).prop_map(Step::Mode),
            1 => (-4_000..8_000).prop_map(Step::Switch),
        ],
        1..60,
    )
}

/// A catalogue on its way through a stream, with the rows as a reader of its events knows them.
struct Story {
    catalogue: Catalogue,
    outbox: Outbox,
    told: BTreeMap<i64, Value>,
    requests: u128,
    /// Whether its process never starts anew.
    goes_on: bool,
}

impl Story {
    fn new() -> Self {
        let mut story = Self {
            catalogue: Catalogue::new(Tables::default()).unwrap(),
            outbox: Outbox::default(),
            told: BTreeMap::new(),
            requests: 0,
            goes_on: false,
        };
        story.decide();
        story
    }

    fn decide(&mut self) {
        self.catalogue.decide(DateTime::UNIX_EPOCH, &mut self.outbox);
        for event in self.outbox.take() {
            let row: Value = serde_json::from_str(&event.data).unwrap();
            self.told.insert(row["id"].as_i64().unwrap(), row);
        }
    }

    fn apply(&mut self, id: i32, row: Option<Partner>) {
        self.catalogue.apply(Event::Partner(id, row));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Write(id, values) => self.apply(id, Some(partner(id, values))),
            Step::Delete(id) => self.apply(id, None),
            Step::Merge(gone, kept, values) => {
                self.apply(kept, Some(partner(kept, values)));
                if gone != kept {
                    self.apply(gone, None);
                }
            }
            Step::Ask(action, id) => self.ask(action, id),
            Step::Again(gone, id, values, cut) => {
                let mut rows: Vec<Partner> =
                    self.catalogue.tables.partners.iter().filter(|row| row.id != gone).cloned().collect();
                rows.sort_unstable_by_key(|row| row.id);
                self.catalogue.forget("res_partner");
                for (n, row) in rows.into_iter().enumerate() {
                    if n == cut {
                        self.restart();
                    }
                    let row = if row.id == id { partner(id, values) } else { row };
                    self.apply(row.id, Some(row));
                }
            }
            Step::Restart => self.restart(),
            Step::Mode(mode) => {
                let mode = ["off", "shadow", "suggest", "auto"][mode];
                let rule = json!({ "name": "", "automation_type": "dedup", "action_name": "merge", "enabled": true,
                    "confidence_threshold": null, "auto_approve": false, "config": { "mode": mode } });
                let rules = serde_json::from_value(json!({ "rules": [rule] })).unwrap();
                self.catalogue.rules(&rules).unwrap();
            }
            Step::Switch(fewer) => {
                let engine = &self.catalogue.books[&OdooModel::Partner].engine;
                let mut learned = engine.model().parameters.clone();
                learned.version += 1;
                learned.duplicates = -3_322 - fewer;
                let before = self.catalogue.tables.groups.iter().cloned().collect::<Vec<_>>();
                self.request("switch_model", json!({ "model": "res.partner", "parameters": learned }));
                self.only_differences(&before);
            }
        }
        self.decide();
    }

    fn restart(&mut self) {
        if self.goes_on {
            return;
        }
        let settings = self.catalogue.settings.clone();
        self.catalogue = Catalogue::new(std::mem::take(&mut self.catalogue.tables)).unwrap();
        self.catalogue.settings = settings;
    }

    fn request(&mut self, action: &str, arguments: Value) {
        self.requests += 1;
        let request = contract::Request {
            id: Uuid::from_u128(self.requests),
            processor: "dedup".into(),
            person: "anna".into(),
            time: DateTime::UNIX_EPOCH,
            action: action.into(),
            arguments,
        };
        // What is refused changes nothing.
        let _ = self.catalogue.request(&request, DateTime::UNIX_EPOCH, &mut self.outbox);
    }

    /// A person decides about the group of a record, or about one that is settled, if there is any.
    fn ask(&mut self, action: usize, id: i32) {
        let mut rows: Vec<&Group> = self.catalogue.tables.groups.iter().collect();
        rows.sort_unstable_by_key(|row| row.id);
        let Some(row) = rows.iter().rev().find(|row| row.record_ids.contains(&id)) else { return };
        let mut arguments = json!({ "group": row.id, "reason": "because" });
        let action = ["approve", "reject", "split", "choose_master", "reopen"][action];
        let (first, rest) = row.record_ids.split_at(1);
        match action {
            "split" => arguments["parts"] = json!([first, rest]),
            "choose_master" => arguments["record"] = json!(id),
            _ => {}
        }
        self.request(action, arguments);
    }

    /// Each group that was told is not what it was before.
    fn only_differences(&mut self, before: &[Group]) {
        let told = self.outbox.take();
        for event in &told {
            let row: Value = serde_json::from_str(&event.data).unwrap();
            let id = row["id"].as_i64().unwrap();
            let now = self.catalogue.tables.groups.iter().find(|row| i64::from(row.id) == id);
            let then = before.iter().find(|row| i64::from(row.id) == id);
            assert_ne!(now, then, "{}", event.event_type);
            self.told.insert(id, row);
        }
    }

    fn live(&self) -> Vec<&Group> {
        let mut live: Vec<_> =
            self.catalogue.tables.groups.iter().filter(|row| Status::of(row).is_live()).collect();
        live.sort_unstable_by_key(|row| row.record_ids.0.clone());
        live
    }

    fn check(&self) {
        let live = self.live();
        let rows: Vec<_> = live.iter().map(|row| row.record_ids.0.clone()).collect();
        let engine = &self.catalogue.books[&OdooModel::Partner].engine;
        let mut groups: Vec<_> = engine.groups().map(|group| group.records.clone()).collect();
        groups.sort();
        assert_eq!(rows, groups, "rows are the engine's groups");
        let scratch = Book::resume(OdooModel::Partner, &self.catalogue.tables, &self.catalogue.links);
        let scratch = scratch.unwrap().unwrap();
        let mut groups: Vec<_> = scratch.engine.groups().map(|group| group.records.clone()).collect();
        groups.sort();
        assert_eq!(rows, groups, "all at once ends in the same groups");
        assert_eq!(scratch.tally, self.catalogue.books[&OdooModel::Partner].tally, "so do the counts");
        let mut seen = BTreeSet::new();
        for row in &live {
            assert!(row.record_ids.len() > 1 && row.record_ids.iter().all(|id| seen.insert(*id)), "{row:?}");
            assert!(row.record_ids.contains(&row.master_record_id.unwrap()), "{row:?}");
        }
        for decision in self.catalogue.tables.decisions.iter() {
            let (a, b) = (decision.first_id, decision.second_id);
            assert_eq!(decisions::basis(&scratch, a, b), Some(decision.basis), "what has changed has lapsed");
            let together = live.iter().any(|row| row.record_ids.contains(&a) && row.record_ids.contains(&b));
            assert_eq!(together, decision.same, "what a person said holds: {decision:?}");
        }
        for row in self.catalogue.tables.groups.iter() {
            let told = &self.told[&i64::from(row.id)];
            assert_eq!(told["record_ids"], json!(row.record_ids));
            assert_eq!(told["master_record_id"], json!(row.master_record_id));
            assert_eq!(told["similarity_score"], json!(row.similarity_score));
            assert_eq!(told["match_fields"], serde_json::to_value(&row.match_fields).unwrap());
            assert_eq!(told["status"], json!(row.status));
            assert_eq!(told["resolution"], json!(row.resolution));
            assert_eq!(told["resolved_by"], json!(row.resolved_by));
        }
        assert_eq!(self.told.len(), self.catalogue.tables.groups.len(), "every row was told");
    }
}

/// A chain of as many partners, each of which has a phone number of the next one.
fn chain(story: &mut Story, length: i32) {
    let number = |id: i32| Some(format!("+49 711 {}", 2_000_000 + 7_919 * id));
    for id in 1..=length {
        let row = Partner { phone: number(id), mobile: number(id + 1), ..partner(id, [0, 3, 3, 2]) };
        story.apply(id, Some(row));
    }
    story.decide();
}

#[test]
fn more_than_two_hundred_records_that_hang_together_are_flagged_and_never_merged() {
    let mut story = Story::new();
    story.take(Step::Mode(3));
    chain(&mut story, 200);
    assert_eq!(story.live()[0].status, "merge_requested");
    chain(&mut story, 201);
    let row = story.live()[0].clone();
    assert_eq!((row.record_ids.len(), row.status.as_str(), row.similarity_score), (201, "pending", None));
    assert!(story.told[&i64::from(row.id)]["why"].as_str().unwrap().contains("too many"));
    story.request("approve", json!({ "group": row.id, "reason": "because" }));
    story.decide();
    assert_eq!(story.live()[0].status, "pending", "nobody can have it merged as a whole");
    let rest: Vec<i32> = (2..=201).collect();
    story.request("split", json!({ "group": row.id, "parts": [[1], rest], "reason": "because" }));
    story.decide();
    assert_eq!(story.live()[0].record_ids.len(), 200);
    assert_eq!(story.live()[0].status, "merge_requested");
}

#[test]
fn a_name_that_no_column_holds_is_cut() {
    let mut story = Story::new();
    chain(&mut story, 2);
    let request = contract::Request {
        id: Uuid::nil(),
        processor: "dedup".into(),
        person: "é".repeat(1_000),
        time: DateTime::UNIX_EPOCH,
        action: "approve".into(),
        arguments: json!({ "group": 1, "reason": "because" }),
    };
    story.catalogue.request(&request, DateTime::UNIX_EPOCH, &mut story.outbox);
    story.decide();
    assert_eq!(story.live()[0].resolved_by.as_deref().map(|person| person.chars().count()), Some(255));
}

#[test]
fn a_model_is_frozen_anew_when_there_are_four_times_as_many_records() {
    let mut story = Story::new();
    let scans = |story: &Story| {
        let scans =
            story.catalogue.tables.scans.iter().filter(|scan| scan.scan_type.starts_with("res.partner"));
        scans.map(|scan| scan.scan_type.clone()).collect::<BTreeSet<_>>()
    };
    let partner = |id: i32| Partner { name: format!("Partner {id}"), ..partner(id, [0, 3, 3, 2]) };
    for id in 1..=4_000 {
        story.apply(id, Some(partner(id)));
    }
    story.decide();
    story.decide();
    assert_eq!(scans(&story).len(), 1, "a thousand are expected from the beginning");
    story.apply(4_001, Some(partner(4_001)));
    story.decide();
    story.decide();
    assert!(scans(&story).contains("res.partner growth"));
    let version = story.catalogue.tables.models.get(OdooModel::Partner.number()).unwrap().version;
    assert_eq!(version, 2, "once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rows_are_the_groups_that_there_are_and_events_tell_them(steps in steps()) {
        let mut story = Story::new();
        let mut undisturbed = Story { goes_on: true, ..Story::new() };
        for step in steps {
            story.take(step);
            undisturbed.take(step);
            story.check();
            prop_assert_eq!(&story.told, &undisturbed.told, "whenever a process starts anew, it tells the same");
        }
    }

    #[test]
    fn the_order_of_changes_does_not_show_in_the_groups(
        rows in prop::collection::btree_map(1..=RECORDS, (0..NAMES.len(), 0..MAILS.len(), 0..PHONES.len(), 0..VATS.len()), 1..9)
            .prop_map(|rows| rows.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let ends = [rows.0, rows.1].map(|rows| {
            let mut story = Story::new();
            for (id, (name, mail, phone, vat)) in rows {
                story.take(Step::Write(id, [name, mail, phone, vat]));
            }
            story.live().into_iter().map(|row| Group { id: 0, ..row.clone() }).collect::<Vec<_>>()
        });
        prop_assert_eq!(&ends[0], &ends[1]);
    }
}
