//! Keeps the groups of a set of records while records come, change and go. What it holds is a function of the records, the model
//! and what people decided: it never matters in which order they came.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::bound::Best;
use crate::cluster::{self, Group, Link};
use crate::keys::keys;
use crate::model::{LINK, Model};
use crate::postings::{Moved, Postings};
use crate::record::Record;
use crate::veto::Veto;

/// A record by its position in memory, which is given to another record when it is gone.
type Handle = u32;

struct Entry {
    id: i32,
    record: Record,
    keys: Box<[u32]>,
}

/// A pair that is at least worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    other: Handle,
    weight: i32,
}

/// What a person decided about two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// They are the same.
    Same,
    /// They are not.
    Different,
}

/// What a must-link weighs: more than any evidence.
const MUST: i32 = 1_000_000;

/// The groups, and all that it takes to keep them true.
pub struct Engine {
    model: Model,
    entries: Vec<Option<Entry>>,
    handles: FxHashMap<i32, Handle>,
    free: Vec<Handle>,
    postings: Postings,
    edges: FxHashMap<Handle, Vec<Edge>>,
    /// By record: another, and what was decided about the two. Each is there twice.
    decided: FxHashMap<i32, Vec<(i32, Decided)>>,
    groups: FxHashMap<i32, Group>,
    group_of: FxHashMap<i32, i32>,
    /// Records whose component has to be looked at again.
    touched: FxHashSet<i32>,
    /// In which round a record was last seen, to compare no pair twice.
    seen: Vec<u32>,
    round: u32,
    /// Whom a record meets. The allocation is used again by the next record.
    others: Vec<Handle>,
}

/// How groups changed: those that are no more, and those that came, each in the order of their smallest record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Groups that are gone or not what they were.
    pub before: Vec<Group>,
    /// What is in their place.
    pub after: Vec<Group>,
}

impl Engine {
    /// Without records.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            entries: Vec::new(),
            handles: FxHashMap::default(),
            free: Vec::new(),
            postings: Postings::default(),
            edges: FxHashMap::default(),
            decided: FxHashMap::default(),
            groups: FxHashMap::default(),
            group_of: FxHashMap::default(),
            touched: FxHashSet::default(),
            seen: Vec::new(),
            round: 0,
            others: Vec::new(),
        }
    }

    /// With many records at once: what adding one after the other would end in, sooner.
    pub fn with(model: Model, records: Vec<Record>) -> Self {
        let mut engine = Self::new(model);
        engine.handles.reserve(records.len());
        for record in records {
            let keys = keys(&record, engine.model.comparisons());
            let handle = engine.place(record, keys.clone());
            for key in &keys {
                engine.postings.add(*key, handle);
            }
        }
        for handle in 0..Handle::try_from(engine.entries.len()).unwrap_or(Handle::MAX) {
            // Each pair once, from its later record.
            engine.meet(handle, |other| other < handle);
        }
        engine
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// A record.
    pub fn record(&self, id: i32) -> Option<&Record> {
        self.handles.get(&id).and_then(|handle| self.entry(*handle)).map(|entry| &entry.record)
    }

    /// All groups, by their smallest record.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The group of a record.
    pub fn group_of(&self, id: i32) -> Option<&Group> {
        self.group_of.get(&id).and_then(|first| self.groups.get(first))
    }

    /// All pairs that are at least worth a look: smaller id, larger id, weight.
    pub fn pairs(&self) -> impl Iterator<Item = (i32, i32, i32)> {
        self.edges.iter().flat_map(move |(handle, edges)| {
            let id = self.id(*handle);
            edges.iter().map(move |edge| (id, self.id(edge.other), edge.weight)).filter(|(a, b, _)| a < b)
        })
    }

    fn entry(&self, handle: Handle) -> Option<&Entry> {
        self.entries.get(handle as usize).and_then(Option::as_ref)
    }

    fn id(&self, handle: Handle) -> i32 {
        self.entry(handle).map_or(0, |entry| entry.id)
    }

    /// Takes over a record, or its next version.
    pub fn set(&mut self, record: Record) {
        let id = record.place.id;
        if self.record(id) == Some(&record) {
            return;
        }
        self.remove(id);
        let keys = keys(&record, self.model.comparisons());
        let handle = self.place(record, keys.clone());
        for key in &keys {
            if self.postings.add(*key, handle) == Moved::Asleep {
                self.drop_key(*key, handle);
            }
        }
        self.meet(handle, |_| true);
    }

    /// Removes a record.
    pub fn remove(&mut self, id: i32) {
        let Some(handle) = self.handles.remove(&id) else { return };
        self.touched.insert(id);
        for edge in self.edges.remove(&handle).unwrap_or_default() {
            self.touched.insert(self.id(edge.other));
            self.drop_half(edge.other, handle);
        }
        let Some(entry) = self.entries[handle as usize].take() else { return };
        for key in &entry.keys {
            if self.postings.remove(*key, handle) == Moved::Awake {
                self.wake(*key);
            }
        }
        self.free.push(handle);
    }

    /// What a person decided about two records; `None` takes it back.
    pub fn decide(&mut self, a: i32, b: i32, decided: Option<Decided>) {
        for (of, other) in [(a, b), (b, a)] {
            let known = self.decided.entry(of).or_default();
            known.retain(|(before, _)| *before != other);
            known.extend(decided.map(|decided| (other, decided)));
            if known.is_empty() {
                self.decided.remove(&of);
            }
        }
        self.touched.extend([a, b]);
    }

    fn place(&mut self, record: Record, keys: Box<[u32]>) -> Handle {
        let id = record.place.id;
        let entry = Some(Entry { id, record, keys });
        let handle = if let Some(handle) = self.free.pop() {
            self.entries[handle as usize] = entry;
            handle
        } else {
            self.entries.push(entry);
            self.seen.push(0);
            Handle::try_from(self.entries.len() - 1).unwrap_or(Handle::MAX)
        };
        self.handles.insert(id, handle);
        self.touched.insert(id);
        handle
    }

    /// Compares a record with those that share a key that is awake.
    fn meet(&mut self, handle: Handle, wanted: impl Fn(Handle) -> bool) {
        self.round += 1;
        self.seen[handle as usize] = self.round;
        let mut others = std::mem::take(&mut self.others);
        let Some(entry) = self.entries[handle as usize].as_ref() else { return };
        for key in &entry.keys {
            for other in self.postings.awake(*key).filter(|other| wanted(*other)) {
                let seen = &mut self.seen[other as usize];
                if *seen != self.round {
                    *seen = self.round;
                    others.push(other);
                }
            }
        }
        let theirs =
            || others.iter().filter_map(|other| Some((*other, self.entries[*other as usize].as_ref()?)));
        black_box(theirs().fold(0, |sum, (_, theirs)| sum ^ theirs.record.touch()));
        let best = Best::new(&self.model, &entry.record);
        let worth = |(other, theirs): (Handle, &Entry)| {
            Some((other, self.model.worth(&entry.record, &best, &theirs.record)?))
        };
        let found: Vec<_> = theirs().filter_map(worth).collect();
        others.clear();
        self.others = others;
        for (other, weight) in found {
            self.join(handle, other, weight);
        }
    }

    fn join(&mut self, a: Handle, b: Handle, weight: i32) {
        self.edges.entry(a).or_default().push(Edge { other: b, weight });
        self.edges.entry(b).or_default().push(Edge { other: a, weight });
        let ids = [self.id(a), self.id(b)];
        self.touched.extend(ids);
    }

    fn drop_half(&mut self, of: Handle, to: Handle) {
        if let Some(edges) = self.edges.get_mut(&of) {
            edges.retain(|edge| edge.other != to);
            if edges.is_empty() {
                self.edges.remove(&of);
            }
        }
    }

    fn has_edge(&self, a: Handle, b: Handle) -> bool {
        self.edges.get(&a).is_some_and(|edges| edges.iter().any(|edge| edge.other == b))
    }

    /// A key is shared by too many now: pairs that nothing else brought together are no candidates any more. `newest` has not met
    /// anybody yet.
    fn drop_key(&mut self, key: u32, newest: Handle) {
        let records: Vec<Handle> = self.postings.all(key).collect();
        for a in &records {
            let Some(edges) = self.edges.get(a).filter(|_| *a != newest) else { continue };
            let of_key = edges.iter().map(|edge| edge.other).filter(|b| a < b && records.contains(b));
            for b in of_key.collect::<Vec<_>>() {
                if !self.share(*a, b) {
                    self.drop_half(*a, b);
                    self.drop_half(b, *a);
                    let ids = [self.id(*a), self.id(b)];
                    self.touched.extend(ids);
                }
            }
        }
    }

    /// A key is shared by few enough again.
    fn wake(&mut self, key: u32) {
        let records: Vec<Handle> = self.postings.all(key).collect();
        for (i, a) in records.iter().enumerate() {
            let Some(best) = self.entry(*a).map(|x| Best::new(&self.model, &x.record)) else { continue };
            for b in &records[..i] {
                if self.has_edge(*a, *b) {
                    continue;
                }
                let (Some(x), Some(y)) = (self.entry(*a), self.entry(*b)) else { continue };
                if let Some(weight) = self.model.worth(&x.record, &best, &y.record) {
                    self.join(*a, *b, weight);
                }
            }
        }
    }

    /// Whether two records share a key that is awake.
    fn share(&self, a: Handle, b: Handle) -> bool {
        let (Some(a), Some(b)) = (self.entry(a), self.entry(b)) else { return false };
        let (mut i, mut j) = (0, 0);
        while let (Some(x), Some(y)) = (a.keys.get(i), b.keys.get(j)) {
            if x == y && self.postings.awake(*x).next().is_some() {
                return true;
            }
            i += usize::from(x <= y);
            j += usize::from(y <= x);
        }
        false
    }

    /// Brings the groups up to date with what was touched, and says how they changed.
    pub fn settle(&mut self) -> Difference {
        let mut difference = Difference::default();
        if self.touched.is_empty() {
            return difference;
        }
        let mut ids: BTreeSet<i32> = std::mem::take(&mut self.touched).into_iter().collect();
        // A group that loses a record may fall apart: all of it is looked at again.
        let old: BTreeSet<i32> = ids.iter().filter_map(|id| self.group_of.get(id).copied()).collect();
        for first in &old {
            ids.extend(self.groups.get(first).into_iter().flat_map(|group| &group.records));
        }
        let mut done: FxHashSet<Handle> = FxHashSet::default();
        let (mut gone, mut come) = (old, Vec::new());
        for id in ids {
            let Some(handle) = self.handles.get(&id).copied().filter(|handle| !done.contains(handle)) else {
                continue;
            };
            let component = self.component(handle);
            done.extend(component.iter().copied());
            gone.extend(component.iter().filter_map(|handle| self.group_of.get(&self.id(*handle)).copied()));
            if component.len() > 1 {
                come.extend(self.divide(&component));
            }
        }
        let mut before = BTreeMap::new();
        for first in gone {
            if let Some(group) = self.groups.remove(&first) {
                for id in &group.records {
                    self.group_of.remove(id);
                }
                before.insert(first, group);
            }
        }
        come.sort_unstable_by_key(|group| group.records[0]);
        for group in come {
            let first = group.records[0];
            for id in &group.records {
                self.group_of.insert(*id, first);
            }
            self.groups.insert(first, group.clone());
            if before.get(&first) == Some(&group) {
                before.remove(&first);
            } else {
                difference.after.push(group);
            }
        }
        difference.before = before.into_values().collect();
        difference
    }

    /// The records that links connect with one, itself included, in the order of their ids.
    fn component(&self, start: Handle) -> Vec<Handle> {
        let mut component = vec![start];
        let mut known: FxHashSet<Handle> = [start].into_iter().collect();
        let mut next = 0;
        while let Some(handle) = component.get(next).copied() {
            next += 1;
            let id = self.id(handle);
            // What a person said is not the same holds nothing together.
            let linked = self.edges.get(&handle).into_iter().flatten().filter(|edge| {
                edge.weight >= LINK && self.decided(id, self.id(edge.other)) != Some(Decided::Different)
            });
            let must = self.must(handle);
            for other in linked.map(|edge| edge.other).chain(must) {
                if known.insert(other) {
                    component.push(other);
                }
            }
        }
        component.sort_unstable_by_key(|handle| self.id(*handle));
        component
    }

    /// Records that a person said are the same as this one.
    fn must(&self, handle: Handle) -> Vec<Handle> {
        let decided = self.decided.get(&self.id(handle)).into_iter().flatten();
        let same = decided.filter(|(_, decided)| *decided == Decided::Same);
        same.filter_map(|(other, _)| self.handles.get(other).copied()).collect()
    }

    /// What a person decided about two records.
    fn decided(&self, a: i32, b: i32) -> Option<Decided> {
        let decided = self.decided.get(&a)?;
        decided.iter().find(|(other, _)| *other == b).map(|(_, decided)| *decided)
    }

    fn divide(&self, component: &[Handle]) -> Vec<Group> {
        let ids: Vec<i32> = component.iter().map(|handle| self.id(*handle)).collect();
        let place: FxHashMap<Handle, usize> =
            component.iter().enumerate().map(|(i, handle)| (*handle, i)).collect();
        let mut links = Vec::new();
        for (a, handle) in component.iter().enumerate() {
            for edge in self.edges.get(handle).into_iter().flatten().filter(|edge| edge.weight >= LINK) {
                links.extend(place.get(&edge.other).filter(|b| a < **b).map(|b| Link {
                    a,
                    b: *b,
                    weight: edge.weight,
                }));
            }
            for other in self.must(*handle) {
                links.extend(place.get(&other).filter(|b| a < **b).map(|b| Link { a, b: *b, weight: MUST }));
            }
        }
        cluster::divide(&ids, &mut links, |a, b| self.weigh(component[a], component[b]))
    }

    /// What two records weigh when all is considered; `None` where something speaks against them.
    fn weigh(&self, a: Handle, b: Handle) -> Option<i32> {
        let (x, y) = (self.entry(a)?, self.entry(b)?);
        match self.decided(x.id, y.id) {
            Some(Decided::Same) => return Some(MUST),
            Some(Decided::Different) => return None,
            None => {}
        }
        let edge = self.edges.get(&a).and_then(|edges| edges.iter().find(|edge| edge.other == b));
        if let Some(edge) = edge {
            return Some(edge.weight);
        }
        let score = self.model.score(&x.record, &y.record);
        score.veto.is_none().then_some(score.weight)
    }

    /// What two records weigh, whether or not something speaks against them; 0 where one of them is not there.
    pub fn weight_of(&self, a: i32, b: i32) -> i32 {
        let pair = self.record(a).zip(self.record(b));
        pair.map_or(0, |(a, b)| self.model.score(a, b).weight)
    }

    /// What speaks against two records, if anything does.
    pub fn veto(&self, a: i32, b: i32) -> Option<Veto> {
        if self.decided(a, b) == Some(Decided::Different) {
            return Some(Veto::Decided);
        }
        self.model.score(self.record(a)?, self.record(b)?).veto
    }

    /// Bytes in memory, nearly.
    pub fn bytes(&self) -> usize {
        let entries: usize = self
            .entries
            .iter()
            .flatten()
            .map(|entry| {
                size_of::<Option<Entry>>() + entry.record.bytes() - size_of::<Record>()
                    + size_of_val(&*entry.keys)
            })
            .sum();
        let edges: usize = self.edges.values().map(|edges| 40 + edges.capacity() * size_of::<Edge>()).sum();
        entries + edges + self.postings.bytes() + self.handles.capacity() * 10 + self.seen.capacity() * 4
    }
}
