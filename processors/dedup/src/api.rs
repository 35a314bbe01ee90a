//! What people meet of it: `/api/v1/dedup/…`, its commands, and its part of the demo.

mod backtest;
mod demo;
mod explain;
mod http;
mod train;

use contract::Api;
use contract::api::{Command, Verb};

/// What the shell serves.
pub const API: Api = Api {
    routes: http::routes,
    commands: &[
        Command::new::<explain::Explain>(Verb::Explain),
        Command::new::<backtest::Backtest>(Verb::Backtest),
        Command::new::<train::Train>(Verb::Own("train")),
    ],
    demo: demo::STEPS,
};
