//! `ledgerwell run`

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{Global, Outcome, with_name};
use crate::config::Needs;
use crate::pipeline::{Options, Pipeline};
use crate::status::State;
use crate::task::Stop;

/// Run the processors until Ctrl-C or SIGTERM
#[derive(Args)]
#[command(after_help = with_name("Examples:
  ledgerwell run                              all processors, until Ctrl-C or SIGTERM
  ledgerwell run --only PROCESSOR                one of them
  ledgerwell run --until-caught-up            up to the present end of the log, then exit:
                                              0 all applied and published, 2 dead letters are open,
                                              1 it could not get there"))]
pub(super) struct Run {
    /// Run only this processor (may be repeated)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Stop when the present end of each log is reached and all events are published
    #[arg(long)]
    until_caught_up: bool,
    /// Rows from which on a transaction is read twice rather than held in memory
    #[arg(long, value_name = "ROWS", default_value_t = 0, hide_default_value = true)]
    large_transaction: usize,
}

impl Run {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = Arc::new(global.config(Needs::Everything)?);
        let options =
            Options { only: self.only, until_caught_up: self.until_caught_up, large: self.large_transaction };
        let pipeline = Pipeline::start(&config, &options).await?;
        let stopping = Stop::default();
        let signal = stopping.clone();
        tokio::spawn(async move {
            stop_signal().await;
            signal.set();
        });
        if self.until_caught_up {
            pipeline.caught_up(&stopping).await;
        } else {
            match pipeline.serve(&config).await {
                Ok(address) => tracing::info!(%address, "listening"),
                Err(error) => {
                    pipeline.stop().await;
                    let listen = &config.http.listen;
                    return Err(
                        format!("cannot listen on {listen}: {error}. Set `listen` under [http]").into()
                    );
                }
            }
            while !stopping.is_set() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        let figures = pipeline.figures();
        let stopped: Vec<_> = figures
            .iter()
            .filter_map(|(task, figures)| match &figures.state {
                State::Stopped(why) => Some(format!("{}/{}: {why}", task.processor, task.source)),
                _ => None,
            })
            .collect();
        let incomplete: Vec<_> = figures
            .iter()
            .filter(|(_, figures)| !figures.complete)
            .map(|(task, _)| format!("{}/{}", task.processor, task.source))
            .collect();
        let settled = figures.iter().all(|(_, figures)| figures.settled());
        let dead_letters: usize = figures.iter().map(|(_, figures)| figures.dead_letters).sum();
        pipeline.stop().await;
        if !stopped.is_empty() {
            return Err(stopped.join("\n").into());
        }
        if self.until_caught_up && !settled {
            return Err("stopped before the end of the log was reached; run it again to go on".into());
        }
        if self.until_caught_up && !incomplete.is_empty() {
            return Err(format!(
                "nothing was decided by {}: no complete snapshot of the source is in the topic. Let the connector take one",
                incomplete.join(", ")
            )
            .into());
        }
        if self.until_caught_up && dead_letters > 0 {
            contract::note!(
                "ledgerwell: {dead_letters} dead letters are open; `ledgerwell dlq list` shows them"
            );
            return Ok(ExitCode::from(2));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
