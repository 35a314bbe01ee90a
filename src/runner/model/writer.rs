//! Claims and batches: what `checkpoint`, `writer` and `session` do to Postgres.

use super::world::{World, events};
use super::{CHANGES, Guard, Setting, Steps};

/// A row of `stream.checkpoint`, without the epoch, which the writers hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Checkpoint {
    pub(super) next: u8,
    pub(super) control: u8,
    pub(super) out_seq: u8,
}

impl Checkpoint {
    /// Moves past the next change or control record. The latter leaves the offset of changes where it is.
    fn take(&mut self, control: bool, controls: u8) -> Option<u8> {
        let (next, before, of) =
            if control { (&mut self.control, CHANGES, controls) } else { (&mut self.next, 0, CHANGES) };
        *next += 1;
        let record = (*next <= of).then_some(before + *next)?;
        self.out_seq += record % 2;
        Some(record)
    }
}

/// How far a writer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Life {
    #[default]
    Away,
    /// Has bumped the epoch and knows the offsets; the state is not loaded yet.
    Claimed,
    Ready,
    /// Waits for the answer to COMMIT.
    Saving,
}

/// An owner of the task, or one that believes to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Writer {
    pub(super) life: Life,
    /// Whether its epoch is the latest.
    pub(super) owns: bool,
    pub(super) at: Checkpoint,
    /// The records that are folded into the working state.
    pub(super) state: Vec<u8>,
}

impl Writer {
    /// After a crash, or any failure.
    pub(super) fn dropped(&self, setting: &Setting) -> Self {
        let state = if setting.stands(Guard::StateLoaded) { Vec::new() } else { self.state.clone() };
        Self { state, ..Self::default() }
    }
}

/// A batch's transaction. It has passed the compare-and-set, so it has the checkpoint's lock, and COMMIT is on its way. If no
/// writer waits for the answer any more, it still ends, one way or the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Save {
    pub(super) to: Checkpoint,
    pub(super) state: Vec<u8>,
    pub(super) batch: Vec<u8>,
}

impl World {
    /// What a writer may do next.
    pub(super) fn writer(&self, i: usize, setting: &Setting, steps: &mut Steps) {
        let me = &self.writers[i];
        let put = |writer| {
            let mut world = self.clone();
            world.writers[i] = writer;
            world
        };
        let locked = self.save.is_some();
        match me.life {
            Life::Away if !locked || !setting.stands(Guard::Lock) => {
                let mut world = put(Writer { life: Life::Claimed, at: self.checkpoint, ..me.clone() });
                world.writers.iter_mut().for_each(|writer| writer.owns = false);
                world.writers[i].owns = true;
                steps.push(("claim", world));
            }
            Life::Claimed => {
                let kept = !setting.stands(Guard::StateLoaded) && !me.state.is_empty();
                let state = if kept { &me.state } else { &self.state }.clone();
                steps.push(("load", put(Writer { life: Life::Ready, state, ..me.clone() })));
            }
            Life::Ready if !locked => {
                let fenced = setting.stands(Guard::Epoch) && !me.owns
                    || setting.stands(Guard::Offset) && me.at.next != self.checkpoint.next;
                for kinds in
                    [&[false][..], &[true], &[false, false], &[false, true], &[true, false], &[true, true]]
                {
                    let mut to = me.at;
                    let batch: Option<Vec<_>> =
                        kinds.iter().map(|kind| to.take(*kind, setting.controls)).collect();
                    let Some(batch) = batch else { continue };
                    let state = [me.state.as_slice(), &batch].concat();
                    let mut world = put(Writer { life: Life::Saving, state: state.clone(), ..me.clone() });
                    let save = Save { to, state, batch };
                    // A number that is taken fails the transaction like the compare-and-set does.
                    if fenced || setting.stands(Guard::OutboxWithRows) && !world.store(&save) {
                        steps.push(("fenced", put(me.dropped(setting))));
                        continue;
                    }
                    world.outbox.clone_from(&self.outbox);
                    world.save = Some(save);
                    steps.push((if me.owns { "save" } else { "save by an older owner" }, world));
                }
            }
            Life::Saving if !setting.stands(Guard::ClaimDropped) => {
                let saved = self.save.as_ref().map_or(0, |save| save.batch.len());
                let state = me.state[..me.state.len() - saved].to_vec();
                steps.push((
                    "no answer, same claim goes on",
                    put(Writer { life: Life::Ready, state, ..me.clone() }),
                ));
            }
            _ => {}
        }
        if me.life != Life::Away {
            steps.push(("writer gone", put(me.dropped(setting))));
        }
    }

    /// Stores a batch's events; false if a number is taken.
    fn store(&mut self, save: &Save) -> bool {
        let first = save.to.out_seq + 1 - save.batch.iter().map(|record| record % 2).sum::<u8>();
        (first..).zip(events(&save.batch)).all(|(number, event)| self.outbox.insert(number, event).is_none())
    }

    /// How Postgres may end a transaction.
    pub(super) fn postgres(&self, setting: &Setting, steps: &mut Steps) {
        let Some(save) = &self.save else { return };
        let mut failed = Self { save: None, ..self.clone() };
        let mut done = Self { checkpoint: save.to, state: save.state.clone(), ..failed.clone() };
        done.applied.extend(&save.batch);
        let client = self.writers.iter().position(|writer| writer.life == Life::Saving);
        if let Some(client) = client {
            failed.writers[client] = self.writers[client].dropped(setting);
            let writer = &mut done.writers[client];
            *writer = Writer { life: Life::Ready, at: save.to, ..writer.clone() };
        }
        steps.push(("rollback", failed));
        if !setting.stands(Guard::OutboxWithRows) {
            let mut gone = done.clone();
            if let Some(client) = client {
                gone.writers[client] = self.writers[client].dropped(setting);
            }
            steps.push(("commit, writer gone before it stores events", gone));
        }
        done.store(save);
        steps.push(("commit", done));
    }
}
