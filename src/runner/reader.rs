//! The consumer thread: serves the group, claims when assigned, reads while claimed, backs off when something failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use contract::log::Outage;
use contract::{Failure, Processor};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::consumer::{self, Assignment, fetch_nothing};
use super::policy::{Action, Policy};
use super::session::Session;
use crate::clock;
use crate::status::State;
use crate::task::Job;

/// How long a poll waits for a record.
const POLL: Duration = Duration::from_millis(50);
/// How often the writer and the drain are looked after while records keep coming …
const CHECK: Duration = Duration::from_millis(100);
/// … and after how many of them the clock is looked at.
const CHECK_RECORDS: u64 = 64;
/// Who runs for so long without a failure has no outage any more, even if there was nothing to commit.
const CALM: Duration = Duration::from_secs(20);
/// A client that has reached no broker for so long is replaced …
const LOST: Duration = Duration::from_secs(15);
/// … and the next one after twice the time, up to this.
const LOST_AT_MOST: Duration = Duration::from_mins(4);

/// Runs the task until it is asked to stop or has to.
pub(super) fn run<P: Processor>(job: &Job) {
    let run = || consumer::join(job, None).and_then(|consumer| Reader::<P>::new(job, consumer).run());
    // Whatever a panic leaves behind is dropped with the reader.
    let stopped = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Failure::permanent("the processor panicked. This is a bug: report it")));
    match stopped {
        Ok(()) => job.status.set(State::Standby),
        Err(failure) => {
            tracing::error!(processor = job.task.processor, source = job.source.name, %failure, "stopped");
            job.status.set(State::Stopped(failure.to_string()));
            job.metrics.stopped.set(1);
        }
    }
}

struct Reader<'a, P: Processor> {
    job: &'a Job,
    consumer: BaseConsumer<Assignment>,
    policy: Policy,
    outage: Outage,
    failed_at: Instant,
    session: Option<(u64, Session<P>)>,
    checked: Instant,
    taken: u64,
    /// When a broker was last known to be reached, or the client was made.
    reached: Instant,
    /// How long no broker may be reached before the client is replaced.
    timeout: Duration,
}

impl<'a, P: Processor> Reader<'a, P> {
    fn new(job: &'a Job, consumer: BaseConsumer<Assignment>) -> Self {
        Self {
            job,
            consumer,
            policy: Policy::new(Instant::now()),
            outage: Outage::default(),
            failed_at: Instant::now(),
            session: None,
            checked: Instant::now(),
            taken: 0,
            reached: Instant::now(),
            timeout: LOST,
        }
    }

    /// # Errors
    /// A failure that needs a person.
    fn run(mut self) -> Result<(), Failure> {
        while !self.job.stop.is_set() {
            if let Err(failure) = self.turn() {
                self.recover(failure)?;
            }
        }
        self.end_session();
        self.consumer.unsubscribe();
        Ok(())
    }

    /// One turn of the loop: follow the group, then take in what has come.
    fn turn(&mut self) -> Result<(), Failure> {
        let assigned = self.consumer.context().current();
        match (&self.session, assigned, self.consumer.context().refusal()) {
            (Some(_), _, Some(why)) => return Err(Failure::transient(why)),
            // Nothing can be done before a broker takes us.
            (None, _, Some(why)) => self.job.status.set(State::BackingOff(why)),
            (Some((generation, _)), assigned, _) if assigned != Some(*generation) => self.end_session(),
            (None, Some(generation), _) if self.policy.may_try(Instant::now()) => {
                self.job.status.set(State::Claiming);
                self.session = Some((generation, Session::claim(self.job, &self.consumer)?));
            }
            // What was wrong is now somebody else's to find.
            (None, None, _) if self.consumer.context().has_spoken() => self.job.status.set(State::Standby),
            _ => {}
        }
        // Looking at a clock costs as much as reading a record.
        let idle = !self.take_in()?;
        self.taken += 1;
        if (idle || self.taken.is_multiple_of(CHECK_RECORDS)) && self.checked.elapsed() >= CHECK {
            self.checked = Instant::now();
            if let Some((_, session)) = &mut self.session
                && session.check(&self.consumer)?
            {
                self.policy.succeeded();
                self.end_outage();
            }
            // Where nothing comes nothing is committed either.
            if self.failed_at.elapsed() > CALM && self.job.status.figures().state == State::Running {
                self.end_outage();
            }
            self.measure();
            self.replace_lost_client()?;
        }
        Ok(())
    }

    /// A client can lose its brokers for good: librdkafka forgets all of them when one that has just come back lists none, and
    /// then asks nobody any more (<https://github.com/confluentinc/librdkafka/issues/5301>). So one that has reached nobody for
    /// long is dropped, never repaired. Found by the torture (`kafka_paused_while_committing`, seed 14).
    fn replace_lost_client(&mut self) -> Result<(), Failure> {
        let log = self.consumer.context();
        // Who is refused has reached a broker; a new client would be refused as well.
        if !log.is_unreachable() || log.refusal().is_some() {
            (self.reached, self.timeout) = (Instant::now(), LOST);
            return Ok(());
        }
        if self.reached.elapsed() < self.timeout {
            return Ok(());
        }
        tracing::debug!(
            processor = self.job.task.processor,
            source = self.job.source.name,
            seconds = self.timeout.as_secs(),
            "no broker was reached: another Kafka client tries"
        );
        self.end_session();
        let new = consumer::join(self.job, Some(self.consumer.context()))?;
        new.context().take_over(self.consumer.context());
        let lost = std::mem::replace(&mut self.consumer, new);
        // It may wait long for brokers that it does not know.
        std::thread::spawn(move || drop(lost));
        (self.reached, self.timeout) = (Instant::now(), (self.timeout * 2).min(LOST_AT_MOST));
        Ok(())
    }

    /// Takes in one record, or other news. False when nothing came.
    fn take_in(&mut self) -> Result<bool, Failure> {
        let Some(result) = self.consumer.poll(POLL) else { return Ok(false) };
        let taken = match (result, &mut self.session) {
            (Ok(message), Some((_, session))) => session.read(&message, &self.consumer),
            (Err(KafkaError::PartitionEOF(_)), Some((_, session))) => session.end_of_log(&self.consumer),
            (Ok(_) | Err(KafkaError::PartitionEOF(_)), None) => Ok(()),
            (Err(error), _) => judge(&error),
        };
        taken.map(|()| true)
    }

    fn end_outage(&mut self) {
        if let Some((lasted, failures)) = self.outage.end() {
            let (processor, source) = (self.job.task.processor, &self.job.source.name);
            tracing::info!(processor, source, seconds = lasted.as_secs(), failures, "goes on");
        }
    }

    /// Drops all state, then waits or gives up, as the policy says.
    fn recover(&mut self, failure: Failure) -> Result<(), Failure> {
        fetch_nothing(&self.consumer);
        self.end_session();
        self.failed_at = Instant::now();
        if matches!(failure, Failure::Fenced(_)) {
            self.job.metrics.fenced.inc();
        }
        match self.policy.judge(&failure, Instant::now()) {
            Action::Stop => Err(failure),
            Action::Retry(wait) => {
                self.job.metrics.retries.inc();
                if self.outage.is_news(&failure) {
                    tracing::warn!(
                        processor = self.job.task.processor,
                        source = self.job.source.name,
                        %failure,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        "will claim again"
                    );
                }
                self.job.status.set(State::BackingOff(failure.to_string()));
                Ok(())
            }
        }
    }

    fn end_session(&mut self) {
        if let Some((_, session)) = self.session.take() {
            session.finish();
            if matches!(self.job.status.figures().state, State::Running | State::Claiming) {
                self.job.status.set(State::Standby);
            }
        }
    }

    fn measure(&self) {
        let log = self.consumer.context();
        // Where a broker says why it does not take us, the state reports that.
        let away = log.is_unreachable() && log.refusal().is_none();
        self.job.status.update(|figures| figures.kafka_away = away);
        let end = log.high_watermark.load(Ordering::Relaxed);
        let at_end = log.end_reached.load(Ordering::Relaxed) >= end;
        self.job.metrics.observe(&self.job.status.figures(), end, at_end, clock::wall());
    }
}

/// What an error of the consumer means. Lost connections mend themselves.
pub(super) fn judge(error: &KafkaError) -> Result<(), Failure> {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            // The claim compares the log's ends with the checkpoint and says what is wrong.
            Err(Failure::transient(format!("Kafka: {error}")))
        }
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            Err(Failure::transient(
                "the source's topic does not exist: create it with `ledgerwell topics`, or correct `topic`",
            ))
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Err(Failure::transient(
            "Kafka refuses us the source's topic: give this user the ACLs Read and Describe on it (docs/security.md)",
        )),
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => Err(Failure::transient(
            "Kafka refuses us the consumer group: give this user the ACL Read on the groups that begin with `prefix` \
             (docs/security.md)",
        )),
        Some(
            RDKafkaErrorCode::BadMessage
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::InvalidMessageSize
            | RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::BadCompression
            | RDKafkaErrorCode::Fail,
        ) => {
            // The client goes on behind records that it could not read: they are fetched again from the checkpoint.
            Err(Failure::transient(format!("Kafka delivered records that cannot be read: {error}")))
        }
        Some(RDKafkaErrorCode::Fatal) => {
            Err(Failure::permanent(format!("Kafka: {error}. Restart the process")))
        }
        // The client has logged these with their reason, and tries again.
        Some(
            RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::SSL
            | RDKafkaErrorCode::Resolve,
        ) => Ok(()),
        _ => {
            tracing::warn!(%error, "Kafka");
            Ok(())
        }
    }
}
