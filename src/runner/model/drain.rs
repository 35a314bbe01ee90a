//! Drains and the broker: what `outbox::drain`, `outbox::progress` and `outbox::agreement` do to the outbox and to Kafka.

use std::collections::BTreeMap;

use super::world::{World, events};
use super::{CHANGES, Guard, Setting, Steps};

/// How far a drain is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    Away,
    /// Knows the progress, but has fenced nobody: only without `ReadAfterInit`.
    Early,
    /// Has fenced older producers, but does not know the progress.
    Fenced,
    Idle,
    /// Has read the outbox.
    Read,
    /// Events are in its Kafka transaction.
    Sent,
    /// So is the progress record, and EndTxn is on its way.
    Ending,
    /// EndTxn was answered.
    Published,
}

/// A drain and its producer. It knows no epoch of the checkpoint: only Kafka fences it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Drain {
    pub(super) stage: Stage,
    /// Whether its producer is the latest.
    pub(super) newest: bool,
    /// Number of the last event that it takes for published.
    pub(super) progress: u8,
    /// Whether it has seen that the database is the one that has published all that.
    pub(super) agreed: bool,
    /// What it has read from the outbox.
    pub(super) rows: BTreeMap<u8, u8>,
}

impl Drain {
    fn at(&self, stage: Stage) -> Self {
        Self { stage, ..self.clone() }
    }

    fn last(&self) -> u8 {
        self.rows.keys().next_back().copied().unwrap_or_default()
    }

    fn unpublished(&self) -> Vec<u8> {
        self.rows.range(self.progress + 1..).map(|(_, record)| *record).collect()
    }
}

/// A request whose sender does not wait for it any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Late {
    End,
    Produce(Vec<u8>),
}

impl World {
    /// What a drain may do next.
    pub(super) fn drain(&self, i: usize, setting: &Setting, steps: &mut Steps) {
        let me = &self.drains[i];
        let put = |world: &Self, drain| {
            let mut world = world.clone();
            world.drains[i] = drain;
            world
        };
        let readable = match self.hidden {
            _ if !setting.stands(Guard::ProgressRecord) => Some(0),
            Some(_) if setting.stands(Guard::ReadToEnd) => None,
            hidden => Some(hidden.unwrap_or(self.progress)),
        };
        match (me.stage, readable) {
            (Stage::Away, _) if setting.stands(Guard::ReadAfterInit) => {
                let fenced = Drain { newest: true, ..me.at(Stage::Fenced) };
                steps.push(("init_transactions", put(&self.aborted(), fenced)));
            }
            (Stage::Early, _) => {
                let idle = Drain { newest: true, ..me.at(Stage::Idle) };
                steps.push(("init_transactions", put(&self.aborted(), idle)));
            }
            (Stage::Away | Stage::Fenced, Some(progress)) => {
                let stage = if me.stage == Stage::Away { Stage::Early } else { Stage::Idle };
                steps.push(("read progress", put(self, Drain { progress, ..me.at(stage) })));
            }
            (Stage::Idle, _) if !me.agreed && me.progress > 0 && setting.stands(Guard::Agreement) => {
                steps.extend(self.agree(i, setting));
            }
            (Stage::Idle, _) if !self.outbox.is_empty() => {
                let read = Drain { rows: self.outbox.clone(), ..me.at(Stage::Read) };
                let stage = if read.unpublished().is_empty() { Stage::Published } else { Stage::Read };
                steps.push(("read outbox", put(self, read.at(stage))));
            }
            (Stage::Read | Stage::Sent | Stage::Ending, _) if !me.newest => {
                steps.push(("producer fenced", put(self, Drain::default())));
            }
            (Stage::Read, _) => {
                let open = [self.open.as_slice(), &me.unpublished()].concat();
                steps.push(("send events", put(&Self { open, ..self.clone() }, me.at(Stage::Sent))));
            }
            (Stage::Sent, _) => {
                let world = Self { open_progress: Some(me.last()), ..self.clone() };
                steps.push(("send progress, EndTxn", put(&world, me.at(Stage::Ending))));
            }
            (Stage::Ending, _) => {
                let published = Drain { progress: me.last(), ..me.at(Stage::Published) };
                let done = put(&self.ended(), published);
                if !setting.stands(Guard::EndOnce) && self.late.is_none() {
                    let late = Some((true, Late::End));
                    steps.push(("Kafka commits, EndTxn will come again", Self { late, ..done.clone() }));
                }
                if !setting.stands(Guard::DoubtfulProducer) {
                    let again = Drain { rows: BTreeMap::new(), ..me.at(Stage::Idle) };
                    steps.push(("Kafka commits, no answer, same producer goes on", put(&done, again)));
                }
                steps.push(("Kafka commits", done));
            }
            (Stage::Published, _) => {
                let mut world = put(self, Drain { rows: BTreeMap::new(), ..me.at(Stage::Idle) });
                world.outbox.retain(|number, _| *number > me.last());
                steps.push(("delete from outbox", world));
            }
            _ => {}
        }
        if me.stage == Stage::Away {
            return;
        }
        let gone = put(self, Drain::default());
        let request = match me.stage {
            Stage::Read => Some(Late::Produce(me.unpublished())),
            Stage::Ending => Some(Late::End),
            _ => None,
        };
        if let (Some(request), None) = (request, &self.late) {
            let late = Some((me.newest, request));
            steps.push(("drain gone, its last request is late", Self { late, ..gone.clone() }));
        }
        steps.push(("drain gone", gone));
    }

    /// Looks whether what is published has come again, and is the same. All that is published is in the chain of the record that
    /// the drain has read, and all that was emitted in that of the checkpoint.
    fn agree(&self, i: usize, setting: &Setting) -> Option<(&'static str, Self)> {
        let published = usize::from(self.drains[i].progress);
        let emitted: Vec<u8> = events(&self.applied).collect();
        let at_end = (self.checkpoint.next, self.checkpoint.control) == (CHANGES, setting.controls);
        let mut world = self.clone();
        if emitted.len() < published {
            world.told = true;
            return at_end.then_some(("what was published never comes", world));
        }
        if emitted[..published] != self.published[..published] {
            world.told = true;
            return Some(("another event was published", world));
        }
        world.drains[i].agreed = true;
        Some(("database and Kafka agree", world))
    }

    /// What may happen at the broker by itself.
    pub(super) fn kafka(&self, setting: &Setting, steps: &mut Steps) {
        if let Some((newest, request)) = &self.late {
            let mut world = Self { late: None, ..self.clone() };
            match request {
                Late::End if *newest => world = world.ended(),
                Late::Produce(events)
                    if *newest || !setting.stands(Guard::LateRefused) && !self.open.is_empty() =>
                {
                    world.open.extend(events);
                }
                _ => {}
            }
            steps.push(("late request arrives", world));
        }
        if !self.open.is_empty() {
            steps.push(("transaction times out", self.aborted()));
        }
        if !setting.stands(Guard::ReadToEnd) {
            let hidden = if self.hidden.is_none() { Some(self.progress) } else { None };
            steps.push(("another task's transaction begins or ends", Self { hidden, ..self.clone() }));
        }
    }

    /// The open transaction is aborted, and all producers of before are fenced.
    fn aborted(&self) -> Self {
        let mut world = Self { open: Vec::new(), open_progress: None, ..self.clone() };
        world.drains.iter_mut().for_each(|drain| drain.newest = false);
        world.late.iter_mut().for_each(|(newest, _)| *newest = false);
        world
    }

    /// The open transaction is committed.
    fn ended(&self) -> Self {
        let mut world = Self { open: Vec::new(), open_progress: None, ..self.clone() };
        world.published.extend(&self.open);
        world.progress = self.open_progress.unwrap_or(self.progress);
        world
    }
}
