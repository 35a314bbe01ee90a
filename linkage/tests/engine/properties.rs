//! Groups are a function of the records, the model and what people decided: whatever comes in which order, the engine ends where
//! a naive computation from the final records does.

use std::collections::{BTreeMap, BTreeSet};

use linkage::cluster::{self, Group, Link};
use linkage::engine::{Decided, Difference, Engine};
use linkage::field::{Field, Kind};
use linkage::keys::keys;
use linkage::model::{LINK, Model, REVIEW};
use linkage::postings::MOST_RECORDS;
use linkage::record::{Place, Record};
use proptest::prelude::*;

const FIELDS: [(&str, Kind); 6] = [
    ("given", Kind::GivenName),
    ("family", Kind::FamilyName),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("street", Kind::Street),
    ("city", Kind::City),
];

type Row = [String; 6];

fn schema() -> Vec<Field> {
    FIELDS.iter().map(|(name, kind)| Field { columns: vec![(*name).into()], kind: *kind }).collect()
}

/// Few values, so that keys are shared by many and fall asleep.
fn row() -> impl Strategy<Value = Row> {
    let one_of = |values: &'static [&'static str]| prop::sample::select(values);
    (
        one_of(&["Anna", "Ana", "Hanna", "Robert", "Bob", "Karl", ""]),
        one_of(&["Miller", "Miler", "Smith", "Garcia", ""]),
        one_of(&["anna.miller@acme.example", "bob@web.de", "karl.smith@gmail.com", "info@acme.example", ""]),
        one_of(&["+49 711 2345678", "0711 2345678", "+49 711 2345679", ""]),
        one_of(&["Park Road 12", "Park Rd. 12", "Mill Lane 3", ""]),
        one_of(&["Leeds", "York", ""]),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].map(str::to_owned))
}

/// A model that was frozen on some people.
fn model() -> Model {
    let mut model = Model::untrained(&schema());
    let names =
        ["Anna Miller", "Robert Smith", "Karl Garcia", "Hanna Smith", "Eva Stone", "Ida Moon", "Otto Bell"];
    let people: Vec<Row> = (0..140)
        .map(|i| {
            let (given, family) = names[i % names.len()].split_once(' ').unwrap();
            let city = if i % 3 == 0 { "Leeds" } else { "York" };
            [
                given.into(),
                format!("{family}{}", i / 20),
                format!("p{i}@web.de"),
                String::new(),
                format!("Road {i}"),
                city.into(),
            ]
        })
        .collect();
    let mut records: Vec<Record> = (0..).zip(&people).map(|(id, row)| model.read(row, place(id))).collect();
    model.freeze(&mut records, 0);
    model
}

fn place(id: i32) -> Place {
    Place { id, ..Place::default() }
}

/// What happens to a record.
#[derive(Clone, Debug)]
enum Event {
    Set(i32, Row),
    Remove(i32),
}

fn events(ids: i32, most: usize) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        5 => (0..ids, row()).prop_map(|(id, row)| Event::Set(id, row)),
        1 => (0..ids).prop_map(Event::Remove),
    ];
    prop::collection::vec(event, 1..most)
}

fn apply(engine: &mut Engine, event: &Event) {
    match event {
        Event::Set(id, row) => {
            let record = engine.model().read(row, place(*id));
            engine.set(record);
        }
        Event::Remove(id) => engine.remove(*id),
    }
}

fn last_versions(events: &[Event]) -> BTreeMap<i32, Row> {
    let mut rows = BTreeMap::new();
    for event in events {
        match event {
            Event::Set(id, row) => drop(rows.insert(*id, row.clone())),
            Event::Remove(id) => drop(rows.remove(id)),
        }
    }
    rows
}

fn groups(engine: &Engine) -> BTreeMap<i32, Group> {
    engine.groups().map(|group| (group.records[0], group.clone())).collect()
}

/// From nothing but the records: every pair that shares a key that few enough have, then components, then their division.
fn naively(
    model: &Model,
    rows: &BTreeMap<i32, Row>,
    decided: &BTreeMap<(i32, i32), Decided>,
) -> BTreeMap<i32, Group> {
    let records: Vec<Record> = rows.iter().map(|(id, row)| model.read(row, place(*id))).collect();
    let mut holders: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        for key in &keys(record, model.comparisons()) {
            holders.entry(*key).or_default().insert(i);
        }
    }
    let mut pairs = BTreeSet::new();
    for records in holders.values().filter(|records| records.len() <= MOST_RECORDS) {
        pairs.extend(records.iter().flat_map(|a| records.range(..a).map(move |b| (*b, *a))));
    }
    let decision = |a: usize, b: usize| decided.get(&(records[a].place.id, records[b].place.id)).copied();
    let weight = |a: usize, b: usize| match decision(a, b) {
        Some(Decided::Same) => Some(1_000_000),
        Some(Decided::Different) => None,
        None => {
            let score = model.score(&records[a], &records[b]);
            score.veto.is_none().then_some(score.weight)
        }
    };
    let mut links: BTreeMap<(usize, usize), i32> = BTreeMap::new();
    for (a, b) in pairs {
        let score = model.score(&records[a], &records[b]);
        if score.veto.is_none() && score.weight >= LINK.max(REVIEW) {
            links.insert((a, b), score.weight);
        }
    }
    for a in 0..records.len() {
        for b in a + 1..records.len() {
            if decision(a, b) == Some(Decided::Same) {
                links.insert((a, b), 1_000_000);
            }
        }
    }
    let mut component: Vec<usize> = (0..records.len()).collect();
    for (a, b) in links.keys() {
        let (from, into) = (component[*a].max(component[*b]), component[*a].min(component[*b]));
        component.iter_mut().filter(|of| **of == from).for_each(|of| *of = into);
    }
    let mut found = BTreeMap::new();
    for root in component.iter().copied().collect::<BTreeSet<_>>() {
        let members: Vec<usize> = (0..records.len()).filter(|i| component[*i] == root).collect();
        let place = |i: usize| members.iter().position(|member| *member == i).unwrap();
        let mut of_component: Vec<Link> = links
            .iter()
            .filter(|((a, _), _)| component[*a] == root)
            .map(|((a, b), weight)| Link { a: place(*a), b: place(*b), weight: *weight })
            .collect();
        if members.len() > 1 {
            let ids: Vec<i32> = members.iter().map(|i| records[*i].place.id).collect();
            let divided = cluster::divide(&ids, &mut of_component, |a, b| weight(members[a], members[b]));
            found.extend(divided.into_iter().map(|group| (group.records[0], group)));
        }
    }
    found
}

/// Folds a difference into a table of groups.
fn fold(table: &mut BTreeMap<i32, Group>, difference: Difference) {
    for group in difference.before {
        assert_eq!(
            table.remove(&group.records[0]).as_ref(),
            Some(&group),
            "it was there as it is said to have been"
        );
    }
    for group in difference.after {
        assert_eq!(table.insert(group.records[0], group), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn after_every_event_the_groups_are_those_of_a_naive_computation(events in events(40, 90)) {
        let model = model();
        let mut engine = Engine::new(model.clone());
        for (n, event) in events.iter().enumerate() {
            apply(&mut engine, event);
            engine.settle();
            if n % 7 == 0 || n + 1 == events.len() {
                let naive = naively(&model, &last_versions(&events[..=n]), &BTreeMap::new());
                prop_assert_eq!(groups(&engine), naive);
            }
        }
    }

    #[test]
    fn keys_that_fall_asleep_and_wake_make_no_difference(events in events(150, 320)) {
        let model = model();
        let mut engine = Engine::new(model.clone());
        let mut table = BTreeMap::new();
        for event in &events {
            apply(&mut engine, event);
            fold(&mut table, engine.settle());
        }
        let rows = last_versions(&events);
        prop_assert_eq!(&table, &naively(&model, &rows, &BTreeMap::new()));
        // All at once ends in the same.
        let records = rows.iter().map(|(id, row)| model.read(row, place(*id))).collect();
        let mut bulk = Engine::with(model, records);
        bulk.settle();
        prop_assert_eq!(groups(&bulk), table);
    }

    #[test]
    fn any_order_and_any_repetition_ends_in_the_same(events in events(60, 120), order in any::<u64>()) {
        let model = model();
        let rows = last_versions(&events);
        let mut shuffled: Vec<_> = rows.iter().collect();
        let mut state = order | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
        }
        let mut engine = Engine::new(model.clone());
        for (id, row) in shuffled.iter().chain(&shuffled) {
            apply(&mut engine, &Event::Set(**id, (*row).clone()));
        }
        engine.settle();
        prop_assert_eq!(groups(&engine), naively(&model, &rows, &BTreeMap::new()));
        // Nothing has changed, so there is no difference.
        for (id, row) in &shuffled {
            apply(&mut engine, &Event::Set(**id, (*row).clone()));
        }
        prop_assert_eq!(engine.settle(), Difference::default());
    }

    #[test]
    fn what_comes_and_goes_leaves_no_trace(events in events(60, 100), guest in row()) {
        let mut engine = Engine::new(model());
        for event in &events {
            apply(&mut engine, event);
        }
        engine.settle();
        let before = groups(&engine);
        apply(&mut engine, &Event::Set(1_000, guest));
        engine.settle();
        apply(&mut engine, &Event::Remove(1_000));
        engine.settle();
        prop_assert_eq!(groups(&engine), before);
    }

    #[test]
    fn an_event_changes_nothing_but_the_components_that_it_touches(events in events(60, 100), row in row()) {
        let mut engine = Engine::new(model());
        for event in &events {
            apply(&mut engine, event);
        }
        engine.settle();
        let before = groups(&engine);
        apply(&mut engine, &Event::Set(5, row));
        let difference = engine.settle();
        let named: BTreeSet<i32> = difference.before.iter().chain(&difference.after).flat_map(|g| g.records.clone()).collect();
        for (first, group) in before {
            if group.records.iter().all(|id| !named.contains(id)) {
                prop_assert_eq!(engine.group_of(first), Some(&group));
            }
        }
    }

    #[test]
    fn what_people_decide_holds(events in events(30, 60), decisions in prop::collection::vec((0..30, 0..30, any::<bool>()), 0..8)) {
        let model = model();
        let mut engine = Engine::new(model.clone());
        let mut decided = BTreeMap::new();
        for (a, b, same) in decisions {
            if a != b {
                let decision = if same { Decided::Same } else { Decided::Different };
                engine.decide(a, b, Some(decision));
                decided.insert((a.min(b), a.max(b)), decision);
            }
        }
        for event in &events {
            apply(&mut engine, event);
            engine.settle();
        }
        let found = groups(&engine);
        for group in found.values() {
            for (i, b) in group.records.iter().enumerate() {
                for a in &group.records[..i] {
                    prop_assert_ne!(decided.get(&(*a, *b)), Some(&Decided::Different));
                }
            }
        }
        prop_assert_eq!(found, naively(&model, &last_versions(&events), &decided));
    }

    #[test]
    fn groups_are_disjoint_and_hold_no_pair_that_something_speaks_against(events in events(80, 200)) {
        let mut engine = Engine::new(model());
        for event in &events {
            apply(&mut engine, event);
        }
        engine.settle();
        let mut seen = BTreeSet::new();
        for group in engine.groups().filter(|group| !group.too_large) {
            prop_assert!(group.records.len() > 1 && group.records.is_sorted());
            for (i, b) in group.records.iter().enumerate() {
                prop_assert!(seen.insert(*b), "record {} is in two groups", b);
                for a in &group.records[..i] {
                    prop_assert_eq!(engine.veto(*a, *b), None);
                }
            }
        }
    }

    #[test]
    fn ids_in_another_range_but_the_same_order_give_the_same_groups(events in events(60, 120)) {
        let moved = |id: i32| 7 * id + 1_000;
        let (mut engine, mut other) = (Engine::new(model()), Engine::new(model()));
        for event in &events {
            apply(&mut engine, event);
            apply(&mut other, &match event {
                Event::Set(id, row) => Event::Set(moved(*id), row.clone()),
                Event::Remove(id) => Event::Remove(moved(*id)),
            });
        }
        engine.settle();
        other.settle();
        let expected: BTreeMap<i32, Group> = groups(&engine)
            .into_values()
            .map(|group| Group { records: group.records.iter().map(|id| moved(*id)).collect(), ..group })
            .map(|group| (group.records[0], group))
            .collect();
        prop_assert_eq!(groups(&other), expected);
    }

    #[test]
    fn a_pair_weighs_the_same_from_both_sides(a in row(), b in row()) {
        let model = model();
        let (a, b) = (model.read(&a, place(1)), model.read(&b, place(2)));
        prop_assert_eq!(model.score(&a, &b), model.score(&b, &a));
    }

    #[test]
    fn making_a_field_equal_never_makes_a_pair_lighter(a in row(), b in row(), field in 0..6_usize) {
        prop_assume!(!a[field].is_empty() && !b[field].is_empty());
        let model = model();
        let mut closer = b.clone();
        closer[field].clone_from(&a[field]);
        let read = |row: &Row, id| model.read(row, place(id));
        let before = model.score(&read(&a, 1), &read(&b, 2));
        let after = model.score(&read(&a, 1), &read(&closer, 2));
        prop_assert!(after.weight >= before.weight, "{:?} became {:?}", before, after);
    }
}
