//! One `ledgerwell run`, as a process of its own.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::usage;
use crate::world::{Setup, World};

pub(crate) struct Instance(Child);

impl Instance {
    pub(crate) fn start(world: &World, setup: &Setup, only: Option<&str>) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerwell"));
        command.arg("--config").arg(&setup.file).arg("run");
        if let Some(only) = only {
            command.args(["--only", only]);
        }
        let log = File::options().create(true).append(true).open(world.log("ledgerwell.log"))?;
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?))
    }

    /// Where the instance that was started last listens.
    pub(crate) async fn address(world: &World) -> Result<String> {
        let log = world.log("ledgerwell.log");
        for _ in 0..500 {
            let text = std::fs::read_to_string(&log)?;
            if let Some((_, address)) = text.rsplit_once("listening address=") {
                return Ok(address.split_whitespace().next().unwrap_or_default().to_owned());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Err("the instance does not listen".into())
    }

    /// CPU seconds so far.
    pub(crate) fn cpu(&self) -> f64 {
        usage::of_process(self.0.id())
    }

    /// Peak memory in MB.
    pub(crate) fn peak(&self) -> f64 {
        usage::peak_memory(self.0.id())
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // What was stopped before cannot be killed again, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
