//! A running `ledgerwell run`.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Killed when dropped.
pub struct Instance(pub Child);

impl Instance {
    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to stop, and kills it when it does not.
    pub fn stop(&mut self) {
        self.signal("CONT");
        self.signal("TERM");
        if !wait(Duration::from_secs(15), || self.is_gone()) {
            self.kill();
        }
    }

    /// Whether it has ended.
    pub fn is_gone(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }

    /// Whether it stands still after a SIGSTOP.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for a condition. False when it does not come in time.
pub fn wait(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !condition() {
        if began.elapsed() > timeout {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}
