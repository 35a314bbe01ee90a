//! What the golden streams are too short for, and what people do to each other's decisions. Partners are companies in Stuttgart.

use chrono::{DateTime, Utc};
use contract::Outcome;
use contract::testkit::Driver;
use dedup::Dedup;
use dedup::store::{Group, Partner, RowChange, Tables};
use serde_json::{Value, json};

struct Story(Driver<Dedup>);

fn story() -> Story {
    Story(Driver::new(DateTime::<Utc>::UNIX_EPOCH))
}

fn partner(id: i32, name: &str) -> Partner {
    Partner {
        id,
        name: name.into(),
        is_company: true,
        active: true,
        parent_id: None,
        company_id: None,
        email: None,
        phone: None,
        mobile: None,
        street: None,
        zip: None,
        city: Some("Stuttgart".into()),
        country_id: None,
        vat: None,
        documents: 0,
    }
}

/// A partner with a tax number, by which it is found.
fn taxed(id: i32, name: &str) -> Partner {
    Partner { vat: Some("DE136695976".into()), ..partner(id, name) }
}

impl Story {
    fn tables(&mut self) -> &Tables {
        self.0.tables()
    }

    fn writes(&mut self, rows: impl IntoIterator<Item = Partner>) {
        let now = self.0.clock();
        self.0.transaction(rows.into_iter().map(|row| RowChange::Partner(row.id, Some(row))), now);
    }

    /// A chain of partners, each of which has a phone number of the next one.
    fn chain(&mut self, length: i32) {
        let number = |id: i32| Some(format!("+49 711 {}", 2_000_000 + 7_919 * id));
        let row = |id| Partner {
            phone: number(id),
            mobile: number(id + 1),
            ..partner(id, "Brückner Maschinenbau GmbH")
        };
        self.writes((1..=length).map(row));
    }

    fn asks(&mut self, person: &str, action: &str, arguments: Value) -> Outcome {
        self.0.request(person, action, arguments)
    }

    fn live(&mut self) -> Vec<Group> {
        let is_live = |row: &&Group| row.resolved_at.is_none();
        self.tables().groups.iter().filter(is_live).cloned().collect()
    }

    /// Status and resolution of a group.
    fn state(&mut self, group: i32) -> (String, Option<String>) {
        let row = self.tables().groups.get(group).unwrap();
        (row.status.to_string(), row.resolution.clone())
    }
}

#[test]
fn more_than_two_hundred_records_that_hang_together_are_flagged_and_never_merged() {
    let mut story = story();
    assert!(story.0.rule("merge", json!({ "mode": "auto" })));
    story.chain(200);
    assert_eq!(story.state(1).0, "merge_requested");
    story.0.take_events();
    story.chain(201);
    let row = story.live().remove(0);
    assert_eq!((row.record_ids.len(), row.status.as_str(), row.similarity_score), (201, "pending", None));
    assert!(story.0.take_events().iter().all(|event| event.data.contains("too many to be looked at")));
    story.asks("anna", "approve", json!({ "group": 1, "reason": "because" }));
    assert_eq!(story.state(1).0, "pending", "nobody can have it merged as a whole");
    let rest: Vec<i32> = (2..=201).collect();
    story.asks("anna", "split", json!({ "group": 1, "parts": [[1], rest], "reason": "because" }));
    let row = story.live().remove(0);
    assert_eq!((row.record_ids.len(), row.status.as_str()), (200, "merge_requested"));
}

#[test]
fn a_name_that_no_column_holds_is_cut() {
    let mut story = story();
    story.chain(2);
    story.asks(&"é".repeat(1_000), "approve", json!({ "group": 1, "reason": "because" }));
    let by = story.live().remove(0).resolved_by;
    assert_eq!(by.map(|person| person.chars().count()), Some(255));
}

#[test]
fn a_model_is_frozen_again_when_there_are_four_times_as_many_records() {
    let mut story = story();
    let scans = |story: &mut Story| {
        let scans = story.tables().scans.iter().filter(|scan| scan.scan_type.starts_with("res.partner"));
        let mut scans: Vec<_> = scans.map(|scan| scan.scan_type.clone()).collect();
        scans.sort();
        scans
    };
    story.writes((1..=4_000).map(|id| partner(id, &format!("Partner {id}"))));
    story.writes([]);
    assert_eq!(scans(&mut story), ["res.partner bootstrap"], "a thousand are expected from the beginning");
    story.writes([partner(4_001, "Partner 4001")]);
    story.writes([]);
    assert_eq!(scans(&mut story), ["res.partner bootstrap", "res.partner growth"], "once");
}

#[test]
fn what_a_person_rejected_stays_apart_until_a_value_changes_or_somebody_reopens_it() {
    let mut story = story();
    story.writes([taxed(7, "Brückner Maschinenbau GmbH"), taxed(8, "Brueckner Maschinenbau")]);
    story.asks("anna", "reject", json!({ "group": 1, "reason": "father and son" }));
    assert_eq!(story.state(1), ("resolved".into(), Some("not_duplicate".into())));
    story.writes([Partner { documents: 3, ..taxed(7, "Brückner Maschinenbau GmbH") }]);
    assert_eq!(story.live(), [], "documents are not compared");
    story.writes([taxed(7, "Brückner Maschinenbau")]);
    assert_eq!(story.live(), [], "nor are legal forms");
    story.writes([Partner { phone: Some("+49 711 2345678".into()), ..taxed(7, "Brückner Maschinenbau") }]);
    assert_eq!(story.state(1), ("resolved".into(), Some("lapsed".into())));
    assert_eq!(story.live()[0].id, 2);
    story.asks("anna", "reject", json!({ "group": 2, "reason": "father and son" }));
    assert_eq!(story.live(), []);
    story.asks("bob", "reopen", json!({ "group": 2, "reason": "they are one" }));
    assert_eq!(story.state(2), ("resolved".into(), Some("lapsed".into())));
    assert_eq!(story.live()[0].record_ids.0, [7, 8]);
}

#[test]
fn a_decision_also_lapses_when_its_values_change_while_nothing_is_compared() {
    let mut story = story();
    story.writes([taxed(7, "Brückner Maschinenbau GmbH"), taxed(8, "Brueckner Maschinenbau")]);
    story.asks("anna", "reject", json!({ "group": 1, "reason": "father and son" }));
    assert!(story.0.rule("merge", json!({ "models": [] })));
    story.writes([Partner { phone: Some("+49 711 2345678".into()), ..taxed(7, "Brückner Maschinenbau") }]);
    assert_eq!(story.state(1), ("resolved".into(), Some("not_duplicate".into())));
    assert!(story.0.rule("merge", json!({})));
    assert_eq!(story.state(1), ("resolved".into(), Some("lapsed".into())));
    assert_eq!(story.live()[0].record_ids.0, [7, 8]);
}

#[test]
fn a_merge_in_odoo_is_the_one_that_somebody_asked_for() {
    let mut story = story();
    story.writes([taxed(7, "Brückner Maschinenbau GmbH"), taxed(8, "Brueckner Maschinenbau")]);
    let outcome = story.asks("anna", "approve", json!({ "group": 1, "reason": "one tax number" }));
    assert_eq!(outcome, Outcome::Done("res.partner 8 should be merged into 7 (group 1)".into()));
    let rows =
        [RowChange::Partner(7, Some(taxed(7, "Brückner Maschinenbau GmbH"))), RowChange::Partner(8, None)];
    story.0.transaction(rows, story.0.clock());
    assert_eq!(story.state(1), ("resolved".into(), Some("merged".into())));
    assert_eq!(story.tables().groups.get(1).unwrap().resolved_by.as_deref(), Some("anna"));
}
