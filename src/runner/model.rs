//! A model of the protocol, searched through: claim, batch, drain and recovery, by two of each, at any time and in any order, and
//! a backup that is restored.
//!
//! It does to what is shared what `checkpoint`, `writer`, `session`, `outbox::drain`, `outbox::progress` and `outbox::agreement` do. A step that
//! touches nothing shared (folding, backing off) is part of the next one that does. Whoever runs may be paused, killed, or drop
//! everything at any step and without limit: an epoch is kept as "is it the latest?", so the states are finitely many. Bounded
//! are the log (two changes and two control records; one of each emits an event), batches (two records), writers and drains
//! (two each; they need not be of one process), requests that reach the broker late (one at a time), and backups (one, of the
//! empty database). What is read again behind a backup may come in another order, as a topic of control records allows.
//!
//! The search is written here because "from every state all can still be finished" is nothing that Stateright can check: its
//! `eventually` is for paths without cycles, and here everybody may start over for ever.

mod drain;
mod world;
mod writer;

use rustc_hash::FxHashMap;

use world::World;

/// What exactly-once rests on. Each can be taken away.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    /// The compare-and-set compares the epoch.
    Epoch,
    /// The compare-and-set compares the offset.
    Offset,
    /// A claim waits for a transaction that holds the checkpoint's lock.
    Lock,
    /// Events are stored in the transaction of their rows.
    OutboxWithRows,
    /// A claim does not go on after a COMMIT whose outcome is unknown.
    ClaimDropped,
    /// A claim loads the state, whatever memory still holds.
    StateLoaded,
    /// What was published is known by the progress record, not by the outbox alone.
    ProgressRecord,
    /// The progress record is read after `init_transactions`.
    ReadAfterInit,
    /// It is read to the end of the topic, even if another task's open transaction hides the end for a while.
    ReadToEnd,
    /// A producer whose transaction is in doubt is not used again.
    DoubtfulProducer,
    /// Nothing is passed over or published before all that was published is there, and is the same.
    Agreement,
    /// Of broker and client: an EndTxn that was answered does not come again, into the producer's next transaction.
    EndOnce,
    /// Of the broker: no partition takes a late request of an older producer into a newer one's transaction.
    LateRefused,
}

/// Which guards are missing, and how many control records there are.
struct Setting {
    without: &'static [Guard],
    controls: u8,
}

impl Setting {
    fn stands(&self, guard: Guard) -> bool {
        !self.without.contains(&guard)
    }
}

/// Records of the source's topic.
const CHANGES: u8 = 2;
/// Records of its control topic: they leave the offset of changes where it is.
const CONTROLS: u8 = 2;

/// What may happen next, and what is then.
type Steps = Vec<(&'static str, World)>;

/// What is wrong, and the shortest way there.
type Counterexample = (&'static str, Vec<&'static str>);

/// Goes through all reachable states, and counts them.
fn explore(without: &'static [Guard], controls: u8) -> Result<usize, Counterexample> {
    let setting = Setting { without, controls };
    let mut worlds = vec![World::default()];
    let mut number = FxHashMap::from_iter([(World::default(), 0)]);
    let (mut origins, mut edges) = (vec![(0, "")], Vec::new());
    let mut at = 0;
    while at < worlds.len() {
        for (step, world) in worlds[at].steps(&setting) {
            if let Some(known) = number.get(&world) {
                edges.push((at, *known));
                continue;
            }
            let new = worlds.len();
            edges.push((at, new));
            origins.push((at, step));
            if let Some(why) = world.wrong() {
                return Err((why, way(&origins, new)));
            }
            number.insert(world.clone(), new);
            worlds.push(world);
        }
        at += 1;
    }
    // From where can all be finished? Backwards, until nothing new comes.
    let mut can: Vec<bool> = worlds.iter().map(|world| world.finished(&setting)).collect();
    let mut more = true;
    while more {
        more = false;
        for (from, to) in edges.iter().rev() {
            more |= can[*to] && !can[*from];
            can[*from] |= can[*to];
        }
    }
    match can.iter().position(|can| !can) {
        Some(stuck) => Err(("it cannot be finished any more", way(&origins, stuck))),
        None => Ok(worlds.len()),
    }
}

fn way(origins: &[(usize, &'static str)], mut at: usize) -> Vec<&'static str> {
    let mut steps = Vec::new();
    while at > 0 {
        steps.push(origins[at].1);
        at = origins[at].0;
    }
    steps.reverse();
    steps
}

fn assert_holds(without: &'static [Guard], controls: u8) {
    match explore(without, controls) {
        Ok(states) => println!("without {without:?}, {controls} control records: holds in {states} states"),
        Err((why, steps)) => panic!("without {without:?}, {controls} control records: {why}: {steps:#?}"),
    }
}

fn assert_breaks(without: &'static [Guard], controls: u8, expected: &str) {
    let Err((why, steps)) = explore(without, controls) else {
        panic!("without {without:?}, {controls} control records: nothing goes wrong");
    };
    println!("without {without:?}, {controls} control records: {why} after {} steps: {steps:?}", steps.len());
    assert_eq!(why, expected, "without {without:?}");
}

const APPLIED: &str = "records are not applied once and in order";
const FOLDED: &str = "the rows are not the fold of the records";
const PUBLISHED: &str = "events are not published once and in order";
const STORED: &str = "an event is neither published nor in the outbox";

#[test]
fn all_is_applied_and_published_once_and_can_always_be_finished() {
    assert_holds(&[], CONTROLS);
    assert_holds(&[], 0);
}

#[test]
fn without_a_guard_of_the_way_in_records_are_lost_or_repeated() {
    assert_breaks(&[Guard::Epoch, Guard::Offset], CONTROLS, APPLIED);
    assert_breaks(&[Guard::Epoch], CONTROLS, APPLIED);
    assert_breaks(&[Guard::Lock], CONTROLS, APPLIED);
    assert_breaks(&[Guard::ClaimDropped], CONTROLS, APPLIED);
    assert_breaks(&[Guard::StateLoaded], CONTROLS, FOLDED);
    assert_breaks(&[Guard::OutboxWithRows], CONTROLS, STORED);
}

#[test]
fn without_a_guard_of_the_way_out_events_are_published_twice() {
    assert_breaks(&[Guard::ProgressRecord], CONTROLS, PUBLISHED);
    assert_breaks(&[Guard::ReadAfterInit], CONTROLS, PUBLISHED);
    assert_breaks(&[Guard::ReadToEnd], CONTROLS, PUBLISHED);
    assert_breaks(&[Guard::DoubtfulProducer], CONTROLS, PUBLISHED);
    assert_breaks(&[Guard::Agreement], CONTROLS, STORED);
}

/// A claim waits for the lock and a doubtful one is dropped, so an owner whose epoch is the latest finds the offset that it
/// left: to compare that too adds nothing, as long as the others hold.
#[test]
fn the_offset_is_redundant_while_the_other_guards_stand() {
    assert_holds(&[Guard::Offset], CONTROLS);
}

/// The offset makes up for any of the others where every batch moves it. A batch of control records from a topic of their own
/// does not: what the epoch, the lock and the dropped claim are needed for.
#[test]
fn without_a_control_topic_the_offset_makes_up_for_epoch_lock_and_dropped_claim() {
    assert_holds(&[Guard::Epoch], 0);
    assert_holds(&[Guard::Lock], 0);
    assert_holds(&[Guard::ClaimDropped], 0);
    assert_breaks(&[Guard::Epoch, Guard::Offset], 0, APPLIED);
    assert_breaks(&[Guard::Lock, Guard::Offset], 0, APPLIED);
    assert_breaks(&[Guard::ClaimDropped, Guard::Offset], 0, APPLIED);
}

/// No code of ours holds these. The first is what brokers verify since Kafka 3.6 (KIP-890). The second is about an EndTxn that
/// the client repeats by itself: both have the epoch of the next transaction too, so the first one must not be carried out
/// after the second was answered.
#[test]
fn what_is_taken_for_granted_of_kafka_is_needed() {
    assert_breaks(&[Guard::LateRefused], CONTROLS, PUBLISHED);
    assert_breaks(&[Guard::EndOnce], CONTROLS, PUBLISHED);
}
