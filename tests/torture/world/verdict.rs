//! The end of a run: all is well again, and what is left is judged.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::World;

/// Once all is well again: the longest time without any progress on the way to the end of the log.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The longest time with progress.
const LONGEST: Duration = Duration::from_mins(10);

impl World<'_> {
    /// Everything is well again; the rest of the log comes, and all of it is applied and published.
    ///
    /// # Errors
    /// When it is not.
    pub async fn settle(&mut self) -> Result<(), String> {
        self.heal();
        self.publish_part(1);
        let end = self.end();
        self.instances.retain_mut(|instance| !instance.is_gone());
        if self.instances.is_empty() {
            self.start();
        }
        let began = Instant::now();
        let (mut since, mut last) = (began, None);
        loop {
            let (next, left) =
                (self.next_offset().await, self.value("SELECT count(*) FROM stream.outbox").await);
            if next >= end && left == 0 {
                break;
            }
            if let Some(line) = self.stopped() {
                return Err(format!("the task has stopped: {line}"));
            }
            // A trap that nobody came by while it was waited for may close now.
            for instance in self.instances.iter().filter(|instance| instance.is_stopped()) {
                instance.signal("CONT");
            }
            if last.replace((next, left)) != Some((next, left)) {
                since = Instant::now();
            }
            if since.elapsed() > TIMEOUT || began.elapsed() > LONGEST {
                return Err(format!(
                    "it does not get to the end, {end}: offset {next}, {left} events unpublished"
                ));
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for instance in &mut self.instances {
            instance.stop();
        }
        self.instances.clear();
        Ok(())
    }

    /// Settles, and asks the checker.
    pub async fn verdict(&mut self) -> Result<(), String> {
        self.settle().await?;
        self.check()
    }

    /// Asks the checker about what is there now.
    pub fn check(&mut self) -> Result<(), String> {
        self.stop_observing();
        let (url, seq) = (self.database_url(), self.after_seq.to_string());
        let observed = self.folder.join("observed.jsonl").display().to_string();
        let mut arguments = vec!["check", "--processor", self.processor.name];
        arguments.extend(["--kafka", &self.services.kafka, "--topic", &self.topic, "--prefix"]);
        arguments.extend([self.name.as_str(), "--database", &url, "--after-seq", &seq]);
        let control = format!("{}.control", self.name);
        if self.control {
            arguments.extend(["--control-topic", &control]);
        }
        if PathBuf::from(&observed).exists() {
            arguments.extend(["--observed", &observed]);
        }
        self.checker(&arguments)?;
        self.verify()
    }

    /// All of the log, read again without a fault, gives the results that are there. What was emitted before a reset, or for a log
    /// that is gone, is not in the log.
    fn verify(&self) -> Result<(), String> {
        let resets = self
            .faults
            .iter()
            .any(|fault| ["reset", "anew", "cut", "lost"].iter().any(|word| fault.contains(word)));
        if !self.processor.verified || self.control || self.after_seq > 0 || resets {
            return Ok(());
        }
        let output = self.ledgerwell().args(["verify", self.processor.name]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&text).into_owned()) }
    }

    /// Runs the checker; an error is what it said.
    pub(super) fn checker(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(self.services.program("checker")).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.status.success() { Ok(text) } else { Err(text) }
    }
}
