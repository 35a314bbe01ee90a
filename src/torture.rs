//! What a torture build can do and no other: take a guard away, and kill or stop the process at a named point.
//!
//! `make torture` shows that nothing is lost and nothing comes twice, whatever is killed, and that it would notice: without any
//! one of these guards it fails. Both need the feature `torture`, which refuses to be built for release.

#[cfg(all(feature = "torture", not(debug_assertions)))]
compile_error!("the feature `torture` can take guards away: it is never built for release");

/// Something that exactly-once rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A batch moves the checkpoint only from the epoch of its claim.
    Epoch,
    /// A batch moves the checkpoint only from the offset that its owner left.
    Offset,
    /// Events are stored in the transaction of the rows they are about.
    OutboxWithRows,
    /// A source transaction is applied as a whole, at its END.
    FoldBoundary,
    /// A transaction that a connector emits again is dropped.
    ReEmission,
    /// A part of the log that is lost stops the task.
    Loss,
    /// Nothing is decided before a snapshot is complete.
    IncompleteSnapshot,
    /// A topic that was created again under the same name is not read on.
    TopicIdentity,
    /// Rules come from the stream alone.
    RulesThroughStream,
    /// A request is decided once, however often it is sent.
    RequestOnce,
    /// What was published is known by the progress record.
    ProgressRecord,
    /// The progress record is read after a producer has ended what was open.
    ReadAfterInit,
    /// The progress record is looked for up to the true end of its topic, whatever another task hides.
    ReadToEnd,
    /// A producer whose transaction is in doubt is not used again.
    DoubtfulProducer,
}

/// A point in the life of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// It is known where the topic ends, the task is not claimed.
    Claiming,
    /// The task is claimed, nothing is loaded.
    Claimed,
    /// A batch is folded, its transaction has not begun.
    Folded,
    /// Something of what falls due before a delivery is saved, the delivery is not folded.
    BetweenPieces,
    /// All is written, COMMIT is not sent.
    BeforeCommit,
    /// COMMIT was confirmed, nobody knows of it yet.
    AfterCommit,
    /// A new producer is made; it has not ended yet what the owner before may have left open.
    ProducerMade,
    /// Events are read from the outbox, no Kafka transaction has begun.
    BeforePublish,
    /// Events are in an open Kafka transaction.
    InKafkaTransaction,
    /// The Kafka transaction is committed, the outbox still has its events.
    AfterPublish,
}

#[cfg(not(feature = "torture"))]
mod build {
    use super::{Guard, Point};

    /// Always.
    pub const fn stands(_: Guard) -> bool {
        true
    }

    /// Goes on.
    pub const fn pass(_: Point) {}
}

#[cfg(feature = "torture")]
mod build {
    use std::process::{Command, id};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{Guard, Point};

    /// Whether a guard is in force: all but those that `LEDGERWELL_WITHOUT` names, separated by commas.
    pub fn stands(guard: Guard) -> bool {
        static WITHOUT: LazyLock<String> =
            LazyLock::new(|| std::env::var("LEDGERWELL_WITHOUT").unwrap_or_default());
        WITHOUT.is_empty() || !WITHOUT.split(',').any(|name| name == format!("{guard:?}"))
    }

    /// A signal, the point at which this process gets it, and after how many passes.
    struct Trap {
        point: String,
        passes_left: AtomicU32,
        signal: String,
    }

    /// `LEDGERWELL_AT=BeforeCommit:3:KILL` sends this process that signal when it passes the point for the third time. Several
    /// are separated by commas.
    pub fn pass(point: Point) {
        static TRAPS: LazyLock<Vec<Trap>> = LazyLock::new(|| {
            let traps = std::env::var("LEDGERWELL_AT").unwrap_or_default();
            traps.split(',').filter_map(trap).collect()
        });
        for trap in TRAPS.iter().filter(|trap| trap.point == format!("{point:?}")) {
            if trap.passes_left.fetch_sub(1, Ordering::Relaxed) == 1 {
                eprintln!("torture: {} at {point:?}", trap.signal);
                // Without unsafe code only another process can send a signal.
                let _ = Command::new("kill").args([&format!("-{}", trap.signal), &id().to_string()]).status();
            }
        }
    }

    fn trap(text: &str) -> Option<Trap> {
        let mut parts = text.split(':').map(str::to_owned);
        let (point, passes, signal) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Trap { point, passes_left: AtomicU32::new(passes.parse().ok()?), signal })
    }
}

pub use build::{pass, stands};
