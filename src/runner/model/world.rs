//! All that there is at one instant, and what must be true of it.

use std::collections::BTreeMap;

use super::drain::{Drain, Late, Stage};
use super::writer::{Checkpoint, Life, Save, Writer};
use super::{CHANGES, Guard, Setting, Steps};

/// Changes are records 1 and 2, control records are 3 and 4. The odd ones emit an event.
pub(super) fn events(records: &[u8]) -> impl Iterator<Item = u8> {
    records.iter().copied().filter(|record| record % 2 == 1)
}

/// The state of both databases and of everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) checkpoint: Checkpoint,
    /// The processor's rows: overwritten from the writer's memory.
    pub(super) state: Vec<u8>,
    /// Like `audit_logs`: every batch appends its own.
    pub(super) applied: Vec<u8>,
    /// Numbers, which are unique, and the records whose events they are.
    pub(super) outbox: BTreeMap<u8, u8>,
    /// The transaction that has the checkpoint's lock.
    pub(super) save: Option<Save>,
    /// The events in the newest producer's open transaction.
    pub(super) open: Vec<u8>,
    /// The progress record in it.
    pub(super) open_progress: Option<u8>,
    pub(super) published: Vec<u8>,
    pub(super) progress: u8,
    /// A request that is still on its way, and whether its producer is the newest.
    pub(super) late: Option<(bool, Late)>,
    /// Whether a backup was restored.
    pub(super) restored: bool,
    /// Whether somebody was told that what is published is of another history than the database, and all has stopped.
    pub(super) told: bool,
    /// The progress that could be read when another task's transaction began, if it is still open.
    pub(super) hidden: Option<u8>,
    pub(super) writers: [Writer; 2],
    pub(super) drains: [Drain; 2],
}

impl World {
    /// All that may happen next.
    pub(super) fn steps(&self, setting: &Setting) -> Steps {
        let mut steps = Steps::new();
        if self.told {
            return steps;
        }
        if !self.restored {
            steps.push(("an empty backup is restored", self.emptied()));
        }
        for i in 0..2 {
            self.writer(i, setting, &mut steps);
            self.drain(i, setting, &mut steps);
        }
        self.postgres(setting, &mut steps);
        self.kafka(setting, &mut steps);
        for (_, world) in &mut steps {
            world.simplify(setting);
        }
        steps
    }

    /// Nobody is connected to a database that is restored. What is in Kafka, or on its way there, stays.
    fn emptied(&self) -> Self {
        let Self { open, open_progress, published, progress, late, hidden, .. } = self.clone();
        Self { restored: true, open, open_progress, published, progress, late, hidden, ..Self::default() }
    }

    /// Makes one state of many that differ only in what cannot matter any more.
    fn simplify(&mut self, setting: &Setting) {
        for writer in &mut self.writers {
            // Whatever it knows, its next batch will be refused.
            let doomed = setting.stands(Guard::Epoch) && !writer.owns;
            if doomed && matches!(writer.life, Life::Claimed | Life::Ready) {
                *writer = Writer { life: Life::Ready, ..writer.dropped(setting) };
            }
        }
        let refused = setting.stands(Guard::LateRefused);
        for drain in &mut self.drains {
            // So will its next request.
            if refused && !drain.newest && matches!(drain.stage, Stage::Read | Stage::Sent | Stage::Ending) {
                *drain = Drain { stage: Stage::Read, ..Drain::default() };
            }
        }
        self.late.take_if(|(newest, _)| refused && !*newest);
        // Which of two is which makes no difference.
        self.writers.sort_unstable();
        self.drains.sort_unstable();
    }

    /// What must never be seen, if it is.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let (changes, controls): (Vec<u8>, Vec<u8>) =
            self.applied.iter().partition(|record| **record <= CHANGES);
        if !changes.into_iter().eq(1..=self.checkpoint.next)
            || !controls.into_iter().eq(CHANGES + 1..=CHANGES + self.checkpoint.control)
        {
            return Some("records are not applied once and in order");
        }
        if self.state != self.applied {
            return Some("the rows are not the fold of the records");
        }
        let emitted: Vec<u8> = events(&self.applied).collect();
        let twice = |n: usize| self.published[..n].contains(&self.published[n]);
        let in_order = if self.restored {
            !(0..self.published.len()).any(twice)
        } else {
            emitted.starts_with(&self.published)
        };
        if !in_order {
            return Some("events are not published once and in order");
        }
        let stored = (1..).zip(&emitted).enumerate().all(|(n, (number, event))| {
            self.published.get(n) == Some(event) || self.outbox.get(&number) == Some(event)
        });
        if stored { None } else { Some("an event is neither published nor in the outbox") }
    }

    /// Whether all is applied, published and cleared away.
    pub(super) fn finished(&self, setting: &Setting) -> bool {
        if self.told {
            return true;
        }
        let applied = (self.checkpoint.next, self.checkpoint.control) == (CHANGES, setting.controls);
        applied && self.outbox.is_empty() && events(&self.applied).eq(self.published.iter().copied())
    }
}
