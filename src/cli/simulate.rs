//! `ledgerwell simulate`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use simulator::{Settings, Simulation};

use super::{Global, Outcome, output};
use crate::config::Needs;
use crate::publish::{Publisher, Record};

/// Write the change feed of a simulated Odoo company, to a file or to Kafka
#[derive(Args)]
#[command(
    after_help = "The same settings give the same bytes. FILE.truth.json, which is written next to FILE, says what every customer
owes at the end.

Examples:
  ledgerwell simulate --out quarter.jsonl.gz
  ledgerwell simulate --days 365 --customers 2000 --orders-per-day 200 --publish odoo.changes"
)]
pub(super) struct Simulate {
    #[command(flatten)]
    size: Size,
    /// Write one record a line to this file (gzip where it ends in .gz)
    #[arg(long, value_name = "FILE", required_unless_present = "publish")]
    out: Option<PathBuf>,
    /// Send the records to this topic
    #[arg(long, value_name = "TOPIC", conflicts_with = "out")]
    publish: Option<String>,
}

/// The simulated company.
#[derive(Args, Clone, Debug)]
pub(super) struct Size {
    /// Everything random follows from it
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,
    /// Days of business
    #[arg(long, default_value_t = Settings::default().days)]
    days: u32,
    /// Customers at the start
    #[arg(long, default_value_t = Settings::default().customers)]
    customers: u32,
    /// Quotations on a working day
    #[arg(long, default_value_t = Settings::default().orders_per_day)]
    orders_per_day: u32,
    /// Root companies
    #[arg(long, default_value_t = Settings::default().companies)]
    companies: u32,
    /// Customers that pay ever later
    #[arg(long, default_value_t = Settings::default().slipping)]
    slipping: u32,
}

impl Size {
    pub(super) fn simulation(&self) -> Simulation {
        Simulation::new(Settings {
            seed: self.seed,
            days: self.days,
            customers: self.customers,
            orders_per_day: self.orders_per_day,
            companies: self.companies,
            slipping: self.slipping,
            ..Settings::default()
        })
    }
}

impl Simulate {
    pub(super) fn run(self, global: &Global) -> Outcome {
        let mut simulation = self.size.simulation();
        let records = if let Some(topic) = &self.publish {
            publish(&mut simulation, &Publisher::new(&global.config(Needs::Kafka)?.kafka(), topic)?)?
        } else if let Some(path) = &self.out {
            let records = write(&mut simulation, path)?;
            let truth = path.with_file_name(format!(
                "{}.truth.json",
                path.file_name().unwrap_or_default().to_string_lossy()
            ));
            std::fs::write(&truth, serde_json::to_vec_pretty(&simulation.truth())?)?;
            records
        } else {
            0
        };
        if global.json {
            output::json(&serde_json::json!({ "records": records }))?;
        } else {
            contract::say!("{} records", output::thousands(records));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Sends all records of a simulation, and answers how many.
pub(super) fn publish(
    simulation: &mut Simulation,
    publisher: &Publisher,
) -> Result<u64, rdkafka::error::KafkaError> {
    let mut count = 0;
    while let Some(delivery) = simulation.next_delivery() {
        for record in &delivery.records {
            let (value, timestamp) = (record.value.as_deref(), Some(record.timestamp_ms));
            publisher.publish(Record { key: &record.key, value, timestamp, kind: None })?;
            count += 1;
        }
    }
    publisher.flush()?;
    Ok(count)
}

fn write(simulation: &mut Simulation, path: &std::path::Path) -> std::io::Result<u64> {
    let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    let mut out: Box<dyn Write> =
        if zipped { Box::new(GzEncoder::new(file, Compression::fast())) } else { Box::new(file) };
    let mut count = 0;
    while let Some(delivery) = simulation.next_delivery() {
        for record in &delivery.records {
            out.write_all(br#"{"topic":"odoo.changes","key":"#)?;
            out.write_all(&record.key)?;
            out.write_all(br#","value":"#)?;
            out.write_all(record.value.as_deref().unwrap_or(b"null"))?;
            writeln!(out, r#","timestamp":{}}}"#, record.timestamp_ms)?;
            count += 1;
        }
    }
    out.flush()?;
    Ok(count)
}
