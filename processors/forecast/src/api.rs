//! What people meet of it: `/api/v1/forecast/…`, its commands, and its part of the demo.

mod backtest;
mod demo;
mod explain;
mod http;

use contract::Api;
use contract::api::{Command, Verb};

/// What the shell serves.
pub const API: Api = Api {
    routes: http::routes,
    commands: &[
        Command::new::<explain::Explain>(Verb::Explain),
        Command::new::<backtest::Backtest>(Verb::Backtest),
    ],
    demo: demo::STEPS,
};
