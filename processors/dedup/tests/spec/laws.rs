//! The laws, and what `dedup` has to be for them.

use std::collections::BTreeMap;

use contract::testkit::{Specimen, Step};
use contract::{Emitted, laws};
use dedup::Dedup;
use dedup::queries::OdooModel;
use dedup::store::{Country, Group, GroupStatus, Lead, Partner, Product, RowChange, Scan, Tables, Variant};
use linkage::model::Model;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const NAMES: [&str; 7] = [
    "Brückner Maschinenbau GmbH",
    "Brueckner Maschinenbau",
    "Brückner Maschinenhandel",
    "Nolan Bakery Inc.",
    "Nolan Bakeries",
    "Anna Weber",
    "",
];
const EMAILS: [&str; 4] = ["info@brueckner.de", "ap@nolanbakery.com", "anna.weber@web.de", ""];
const PHONES: [&str; 4] = ["+49 711 2345678", "+1 415 555 0142", "+49 711 2345679", ""];
const VATS: [&str; 3] = ["DE136695976", "DE811907980", ""];
const MODELS: [OdooModel; 3] = [OdooModel::Partner, OdooModel::Lead, OdooModel::Product];

/// One of these, or nothing.
fn text(texts: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    select(texts).prop_map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn rarely<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.2, some)
}

fn partner() -> impl Strategy<Value = Partner> {
    let who = (1..9_i32, select(&NAMES[..]), prop::bool::weighted(0.7), prop::bool::weighted(0.9));
    let belongs = (rarely(1..9_i32), rarely(1..3_i32), rarely(1..4_i32), 0..3_i32);
    let values = (text(&EMAILS), text(&PHONES), text(&PHONES), text(&VATS), text(&["70173", ""]));
    (who, belongs, values).prop_map(|(who, belongs, (email, phone, mobile, vat, zip))| {
        let (id, name, is_company, active) = who;
        let (parent_id, company_id, country_id, documents) = belongs;
        Partner {
            id,
            name: name.into(),
            is_company,
            active,
            parent_id,
            company_id,
            email,
            phone,
            mobile,
            street: None,
            zip,
            city: Some("Stuttgart".into()),
            country_id,
            vat,
            documents,
        }
    })
}

fn lead() -> impl Strategy<Value = Lead> {
    let title = select(vec!["A machine for Brückner", "A new oven", "Website"]);
    let who = (text(&NAMES), text(&NAMES), text(&EMAILS), text(&PHONES), rarely(1..4_i32));
    (1..6_i32, title, any::<bool>(), who).prop_map(|(id, title, active, who)| {
        let (contact_name, partner_name, email, phone, country_id) = who;
        Lead {
            id,
            title: title.into(),
            active,
            company_id: None,
            contact_name,
            partner_name,
            email,
            phone,
            mobile: None,
            street: None,
            zip: None,
            city: None,
            country_id,
        }
    })
}

fn product() -> impl Strategy<Value = Product> {
    let name = select(vec!["Office Chair Black FURN_7777", "Office chair, black (FURN_7777)", "Drawer"]);
    let values = (text(&["FURN_7777", "FURN-7777", ""]), select(vec![12_050_i64, 1_100]));
    (1..5_i32, name, prop::bool::weighted(0.8), values).prop_map(|(id, name, active, (code, cents))| {
        let price = Some(Decimal::new(cents, 2));
        Product { id, name: name.into(), active, company_id: None, code, price }
    })
}

fn variant() -> impl Strategy<Value = Variant> {
    let barcode = text(&["601647855631", "4006381333931", ""]);
    (1..6_i32, 1..5_i32, prop::bool::weighted(0.8), barcode)
        .prop_map(|(id, product_id, active, barcode)| Variant { id, product_id, active, barcode })
}

fn row_change() -> impl Strategy<Value = RowChange> {
    prop_oneof![
        1 => (1..4_i32, select(vec!["DE", "US"]))
            .prop_map(|(id, code)| RowChange::Country(id, Some(Country { id, code: code.into() }))),
        1 => Just(RowChange::Country(3, None)),
        12 => partner().prop_map(|row| RowChange::Partner(row.id, Some(row))),
        4 => (1..9_i32).prop_map(|id| RowChange::Partner(id, None)),
        4 => lead().prop_map(|row| RowChange::Lead(row.id, Some(row))),
        1 => (1..6_i32).prop_map(|id| RowChange::Lead(id, None)),
        3 => product().prop_map(|row| RowChange::Product(row.id, Some(row))),
        1 => (1..5_i32).prop_map(|id| RowChange::Product(id, None)),
        2 => variant().prop_map(|row| RowChange::Variant(row.id, Some(row))),
        1 => (1..6_i32).prop_map(|id| RowChange::Variant(id, None)),
    ]
}

/// Each mode of the rule, each set of Odoo models, settings that cannot be used, and every request.
fn control() -> impl Strategy<Value = Step<RowChange>> {
    let mode = select(vec!["off", "shadow", "suggest", "auto", "always"]);
    let rule = (mode, prop::option::of(subsequence(MODELS.to_vec(), 0..=3))).prop_map(|(mode, models)| {
        let mut config = json!({ "mode": mode });
        if let Some(models) = models {
            config["models"] = json!(models);
        }
        Step::Rule("merge", config)
    });
    let group = || 1..7_i32;
    let about_group = (group(), select(vec!["approve", "reject", "reopen"])).prop_map(|(group, action)| {
        Step::Request(action, json!({ "group": group, "reason": "a look at both" }))
    });
    let choose = (group(), 1..9_i32).prop_map(|(group, record)| {
        Step::Request("choose_master", json!({ "group": group, "record": record, "reason": "it is nicer" }))
    });
    let split =
        (group(), subsequence((1..9_i32).collect::<Vec<_>>(), 2..4)).prop_map(|(group, mut records)| {
            let last = records.split_off(1);
            let arguments =
                json!({ "group": group, "parts": [records, last], "reason": "they are brothers" });
            Step::Request("split", arguments)
        });
    let scan = select(MODELS.to_vec()).prop_map(|model| Step::Request("scan", json!({ "model": model })));
    let switch = (select(MODELS.to_vec()), -4_000..8_000_i32).prop_map(|(model, fewer)| {
        let mut parameters = Model::untrained(&model.schema()).parameters;
        parameters.version += 1;
        parameters.duplicates -= fewer;
        Step::Request("switch_model", json!({ "model": model, "parameters": parameters }))
    });
    prop_oneof![2 => rule, 4 => about_group, 1 => choose, 2 => split, 1 => scan, 1 => switch]
}

struct Duplicates;

impl Specimen for Duplicates {
    type Processor = Dedup;
    const CASES: u32 = 400;

    /// Countries, and two partners: the models are frozen over them.
    fn first_snapshot() -> Vec<RowChange> {
        let country = |id, code: &str| RowChange::Country(id, Some(Country { id, code: code.into() }));
        let partner = |id, name: &str| {
            let row = Partner {
                id,
                name: name.into(),
                is_company: true,
                active: true,
                parent_id: None,
                company_id: None,
                email: None,
                phone: Some("+1 415 555 0142".into()),
                mobile: None,
                street: None,
                zip: None,
                city: Some("San Francisco".into()),
                country_id: Some(2),
                vat: None,
                documents: 1,
            };
            RowChange::Partner(id, Some(row))
        };
        vec![country(1, "DE"), country(2, "US"), partner(20, "Nolan Bakery"), partner(21, "Atlas Freight")]
    }

    fn row_change() -> BoxedStrategy<RowChange> {
        row_change().boxed()
    }

    fn control() -> BoxedStrategy<Step<RowChange>> {
        control().boxed()
    }

    /// The live groups without their ids, which are counted along the stream, and the counts of the present. What became of other
    /// groups depends on the way there.
    fn conclusions(tables: &Tables) -> Vec<String> {
        let group = |row: &Group| {
            let Group { odoo_model, record_ids, master_record_id, similarity_score, .. } = row;
            let Group { match_fields, status, resolved_by, .. } = row;
            let records = (odoo_model, &record_ids.0, master_record_id, similarity_score);
            format!("{records:?} {:?} {status} {resolved_by:?}", match_fields.0)
        };
        let is_live = |row: &&Group| !matches!(row.status, GroupStatus::Resolved | GroupStatus::Dissolved);
        let mut lines: Vec<_> = tables.groups.iter().filter(is_live).map(group).collect();
        for model in tables.models.iter() {
            let Scan { total_records, duplicates_found, pending_review, .. } =
                tables.scans.get(model.scan_id).unwrap();
            lines.push(format!("{}: {total_records} {duplicates_found} {pending_review}", model.model));
        }
        lines.sort();
        lines
    }

    fn folded(events: &[Emitted]) -> Vec<String> {
        let mut groups = BTreeMap::new();
        for event in events.iter().filter(|event| event.event_type != "tick") {
            let mut group: Value = serde_json::from_str(&event.data).unwrap();
            for more in ["record_count", "survivors", "why"] {
                assert!(group.as_object_mut().unwrap().remove(more).is_some());
            }
            groups.insert(group["id"].as_i64(), group);
        }
        groups.into_values().map(|group| group.to_string()).collect()
    }

    fn stored(tables: &Tables) -> Vec<String> {
        let mut rows: Vec<_> = tables.groups.iter().collect();
        rows.sort_unstable_by_key(|row| row.id);
        let line = |row: &Group| {
            let mut group = serde_json::to_value(row).unwrap();
            group["resolved_at"] = json!(row.resolved_at.map(|time| time.and_utc()));
            group.to_string()
        };
        rows.into_iter().map(line).collect()
    }
}

laws!(Duplicates);
