//! Builds a shadow version of a task's results, up to exactly one offset of the log.

use std::time::{Duration, Instant};

use contract::{Failure, Processor};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use super::consumer::{self, Assignment};
use super::reader::judge;
use super::session::Session;
use crate::task::Job;

/// How long a poll waits for a record.
const POLL: Duration = Duration::from_millis(50);
/// How often the writer is looked after, and progress is shown.
const CHECK: Duration = Duration::from_millis(100);
/// Without any record for this long, though the log has more, Kafka is taken for gone.
const SILENCE: Duration = Duration::from_mins(1);

/// A rebuild, without its processor's type. It blocks: for a thread of its own.
pub trait Rebuilding {
    /// Reads all records before `offset`; reports from time to time how far it is.
    ///
    /// # Errors
    /// Transient ones may be tried again with a new rebuild, which goes on where this one has saved.
    fn read_to(&mut self, offset: i64, progress: &dyn Fn(i64)) -> Result<(), Failure>;

    /// Saves all that is complete before `offset`. The checkpoint is then where that of the version in force was when
    /// it had read as far.
    ///
    /// # Errors
    /// As above.
    fn finish(self: Box<Self>, offset: i64) -> Result<(), Failure>;
}

/// Claims the shadow version, new or begun before.
///
/// # Errors
/// What a claim fails with: the log has lost records, was created again, or a server is away.
pub fn rebuild<P: Processor>(job: &Job) -> Result<Box<dyn Rebuilding>, Failure> {
    let consumer = consumer::alone(job)?;
    let session = Session::<P>::claim(job, &consumer)?;
    Ok(Box::new(Rebuild { consumer, session, job: job.clone() }))
}

struct Rebuild<P: Processor> {
    consumer: BaseConsumer<Assignment>,
    session: Session<P>,
    job: Job,
}

impl<P: Processor> Rebuilding for Rebuild<P> {
    fn read_to(&mut self, offset: i64, progress: &dyn Fn(i64)) -> Result<(), Failure> {
        let (mut checked, mut heard, mut first) = (Instant::now(), Instant::now(), true);
        while self.session.position() < offset || self.session.reads_again() {
            if self.job.stop.is_set() {
                return Err(Failure::transient("stopped; it goes on from here when it is started again"));
            }
            match self.consumer.poll(POLL) {
                Some(Ok(record)) => {
                    heard = Instant::now();
                    first = false;
                    let ahead = record.topic() == self.job.task.topic && record.offset() >= offset;
                    if ahead && !self.session.reads_again() {
                        break;
                    }
                    self.session.read(&record, &self.consumer)?;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    // Markers of Kafka transactions take offsets and are never delivered.
                    let end = self.consumer.context().take_end().unwrap_or(self.session.position());
                    if end >= offset && !self.session.reads_again() && !self.session.is_behind_known() {
                        break;
                    }
                }
                Some(Err(error)) => judge(&error)?,
                None => {}
            }
            if let Some(why) = self.consumer.context().refusal() {
                return Err(Failure::transient(why));
            }
            if heard.elapsed() > SILENCE {
                return Err(Failure::transient("Kafka has more of the log, and delivers nothing"));
            }
            if checked.elapsed() >= CHECK {
                checked = Instant::now();
                self.session.check(&self.consumer)?;
                progress(self.session.position());
            }
        }
        if !first {
            // What was looked at behind `offset` is fetched again when more is to be read.
            self.session.fetch_on(&self.consumer)?;
        }
        progress(self.session.position());
        Ok(())
    }

    fn finish(self: Box<Self>, offset: i64) -> Result<(), Failure> {
        self.session.finish_at(offset, &self.consumer)
    }
}
