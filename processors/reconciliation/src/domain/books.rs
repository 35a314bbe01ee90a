//! A company's engine and its open lines: what each rests on, and which items each may want.

use std::collections::{BTreeSet, VecDeque};

use matching::engine::{Engine, Weighed};
use matching::hypothesis::Hypothesis;
use matching::records::{ItemId, Line};
use matching::statement::{self, Choice};
use rustc_hash::FxHashMap;

/// A company's engine and its open lines.
#[derive(Default)]
pub(super) struct Books {
    pub(super) engine: Engine,
    open: FxHashMap<i32, OpenLine>,
    /// The lines that rest on something, by its key.
    resting: FxHashMap<u64, BTreeSet<i32>>,
    /// The lines that may want an item.
    wanting: FxHashMap<ItemId, BTreeSet<i32>>,
}

/// A line that is open.
pub(super) struct OpenLine {
    pub(super) line: Line,
    /// The hypotheses that come near its best.
    pub(super) near: Vec<Hypothesis>,
    /// Which of them it got when it was explained last, together with others.
    choice: Option<Choice>,
    rests_on: Box<[u64]>,
}

impl OpenLine {
    /// The items that it may want, some of them twice.
    fn wants(&self) -> impl Iterator<Item = ItemId> {
        self.near.iter().flat_map(Hypothesis::items)
    }
}

impl Books {
    /// An open line.
    pub(super) fn get(&self, id: i32) -> Option<&OpenLine> {
        self.open.get(&id)
    }

    /// All open lines, as they were weighed.
    pub(super) fn lines(&self) -> impl Iterator<Item = (i32, &Line)> {
        self.open.iter().map(|(id, open)| (*id, &open.line))
    }

    /// Remembers what a line got when it was explained together with others; answers whether that is another than before.
    pub(super) fn choose(&mut self, id: i32, choice: Choice) -> bool {
        self.open.get_mut(&id).is_some_and(|open| open.choice.replace(choice) != Some(choice))
    }

    /// The items that an open line may want, some of them twice.
    pub(super) fn wants(&self, id: i32) -> impl Iterator<Item = ItemId> {
        self.open.get(&id).into_iter().flat_map(OpenLine::wants)
    }

    /// The lines that rest on any of these.
    pub(super) fn resting_on(&self, keys: &[u64]) -> BTreeSet<i32> {
        keys.iter().filter_map(|key| self.resting.get(key)).flatten().copied().collect()
    }

    /// The lines that may want an item.
    pub(super) fn wanting(&self, item: ItemId) -> impl Iterator<Item = i32> {
        self.wanting.get(&item).into_iter().flatten().copied()
    }

    /// Adds an open line as it was weighed, or changes it. What a person has asked for is all that it may be.
    pub(super) fn set(&mut self, id: i32, line: Line, weighed: &Weighed, requested: Option<Hypothesis>) {
        self.remove(id);
        let rests_on = self.engine.rests_on(&line, weighed).into_boxed_slice();
        let near = match requested {
            Some(requested) => vec![requested],
            None => weighed.hypotheses[..statement::near(&weighed.hypotheses)].to_vec(),
        };
        for key in &rests_on {
            self.resting.entry(*key).or_default().insert(id);
        }
        let open = OpenLine { line, near, choice: None, rests_on };
        for item in open.wants() {
            self.wanting.entry(item).or_default().insert(id);
        }
        self.open.insert(id, open);
    }

    /// Takes a line away.
    pub(super) fn remove(&mut self, id: i32) {
        let Some(open) = self.open.remove(&id) else { return };
        for key in &open.rests_on {
            if let Some(lines) = self.resting.get_mut(key) {
                lines.remove(&id);
                if lines.is_empty() {
                    self.resting.remove(key);
                }
            }
        }
        for item in open.wants() {
            if let Some(lines) = self.wanting.get_mut(&item) {
                lines.remove(&id);
                if lines.is_empty() {
                    self.wanting.remove(&item);
                }
            }
        }
    }

    /// All lines that want the same items as a line, directly or through others, in order.
    pub(super) fn connected(&self, id: i32) -> BTreeSet<i32> {
        let (mut seen, mut next) = (BTreeSet::from([id]), VecDeque::from([id]));
        let mut items = BTreeSet::new();
        while let Some(line) = next.pop_front() {
            for item in self.open.get(&line).into_iter().flat_map(OpenLine::wants) {
                // Each item's lines are looked at once.
                if items.insert(item) {
                    for other in self.wanting.get(&item).into_iter().flatten() {
                        if seen.insert(*other) {
                            next.push_back(*other);
                        }
                    }
                }
            }
        }
        seen
    }
}
