//! The change feeds that are measured on.

use ledgerwell::publish::{self, Publisher};
use simulator::{Delivery, Record, Settings, Simulation};

use crate::Result;
use crate::world::World;

/// A topic with changes in it.
pub(crate) struct Feed {
    pub(crate) topic: String,
    /// Records, which is the offset of its end.
    pub(crate) records: i64,
    /// Row changes: records that are neither markers of transactions nor tombstones.
    pub(crate) changes: u64,
    /// Of keys and values.
    pub(crate) bytes: u64,
}

/// A company: with 2,000 customers and 100 orders a day about 12,000 changes a day.
pub(crate) fn settings(customers: u32, orders_per_day: u32, seed: u64) -> Settings {
    Settings { days: 3_650, orders_per_day, customers, seed, ..Settings::default() }
}

/// Whether a record is a row's change.
pub(crate) fn is_change(record: &Record) -> bool {
    record.value.as_ref().is_some_and(|value| !value.starts_with(b"{\"status\":"))
}

/// The changes of a delivery.
pub(crate) fn changes(delivery: &Delivery) -> u64 {
    delivery.records.iter().filter(|record| is_change(record)).count() as u64
}

impl Feed {
    pub(crate) async fn new(world: &World, name: &str) -> Result<Self> {
        Ok(Self { topic: world.topic(name).await?, records: 0, changes: 0, bytes: 0 })
    }

    /// A simulated company, snapshot first, until `changes` have happened.
    pub(crate) async fn simulated(world: &World, name: &str, changes: u64, seed: u64) -> Result<Self> {
        let mut feed = Self::new(world, name).await?;
        let publisher = Publisher::new(&world.kafka(), &feed.topic)?;
        let mut simulation = Simulation::new(settings(2_000, 100, seed));
        while feed.changes < changes
            && let Some(delivery) = simulation.next_delivery()
        {
            feed.publish(&publisher, &delivery.records)?;
        }
        publisher.flush()?;
        Ok(feed)
    }

    /// Appends records; they are there once the publisher was flushed.
    pub(crate) fn publish(&mut self, publisher: &Publisher, records: &[Record]) -> Result<()> {
        for record in records {
            let (value, timestamp) = (record.value.as_deref(), Some(record.timestamp_ms));
            publisher.publish(publish::Record { key: &record.key, value, timestamp, kind: None })?;
            self.count(record);
        }
        Ok(())
    }

    /// Counts a record that was appended.
    pub(crate) fn count(&mut self, record: &Record) {
        self.records += 1;
        self.changes += u64::from(is_change(record));
        self.bytes += (record.key.len() + record.value.as_ref().map_or(0, Vec::len)) as u64;
    }
}
