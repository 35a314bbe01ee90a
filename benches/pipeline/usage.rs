//! CPU time and memory of processes, from Linux's /proc. <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>

use sqlx::PgConnection;

use crate::Result;
use crate::instance::Instance;

/// Clock ticks per second: `USER_HZ`, 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// The processes of the services, where they run on this machine.
pub(crate) struct Services {
    postmaster: Option<u32>,
    broker: Option<u32>,
}

/// CPU seconds of all that takes part; `None` for what runs elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) ours: f64,
    pub(crate) postgres: Option<f64>,
    pub(crate) broker: Option<f64>,
}

impl Services {
    pub(crate) async fn find(connection: &mut PgConnection) -> Result<Self> {
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await?;
        let backend = u32::try_from(backend)?;
        let is_postgres = command(backend).is_some_and(|command| command.contains("postgres"));
        let broker = processes().find(|id| {
            command(*id)
                .is_some_and(|command| command.contains("kafka.Kafka") && command.contains("/.services/"))
        });
        Ok(Self { postmaster: stat(backend).filter(|_| is_postgres).map(|stat| stat.parent), broker })
    }

    /// What has been used so far by the services and by `instances`.
    pub(crate) fn cpu(&self, instances: &[Instance]) -> Cpu {
        Cpu {
            ours: instances.iter().map(Instance::cpu).sum(),
            postgres: self.postmaster.map(with_children),
            broker: self.broker.map(of_process),
        }
    }
}

impl Cpu {
    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let less = |after: Option<f64>, before: Option<f64>| Some(after? - before?);
        Self {
            ours: self.ours - before.ours,
            postgres: less(self.postgres, before.postgres),
            broker: less(self.broker, before.broker),
        }
    }
}

/// CPU seconds of one process; 0 once it is gone.
pub(crate) fn of_process(id: u32) -> f64 {
    stat(id).map_or(0.0, |stat| stat.own)
}

/// Peak resident memory in MB; 0 once it is gone.
pub(crate) fn peak_memory(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1_000.0
}

/// Of a process, of its living children and of those that have ended.
fn with_children(id: u32) -> f64 {
    let children = processes().filter_map(stat).filter(|stat| stat.parent == id);
    stat(id).map_or(0.0, |stat| stat.own + stat.ended)
        + children.map(|stat| stat.own + stat.ended).sum::<f64>()
}

struct Stat {
    parent: u32,
    own: f64,
    /// Of children that have been waited for.
    ended: f64,
}

fn stat(id: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything; field 3 follows the last bracket.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let seconds = |field: usize| Some(fields.get(field - 3)?.parse::<f64>().ok()? / TICKS);
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: seconds(14)? + seconds(15)?,
        ended: seconds(16)? + seconds(17)?,
    })
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn command(id: u32) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
}
