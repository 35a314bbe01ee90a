//! What people meet of a processor: its HTTP routes, its commands, and its part of the demo.
//!
//! A processor declares them in its `api.rs` as one constant, and the shell serves them: it owns the socket, the command line
//! and the configuration, and hands in where the results are ([`Results`]).
//!
//! ```
//! use contract::api::{Command, Outcome, Run, Session, Verb};
//! use contract::Api;
//! use utoipa_axum::router::OpenApiRouter;
//!
//! /// Why a delivery is late
//! #[derive(clap::Args)]
//! struct Explain {
//!     /// The delivery's id in Odoo
//!     delivery: i32,
//! }
//!
//! impl Run for Explain {
//!     const EXAMPLES: &'static [&'static str] = &["ledgerwell explain deliveries 7"];
//!
//!     async fn run(self, session: &dyn Session) -> Outcome {
//!         let snapshot = session.results(None)?.snapshot("deliveries").await?;
//!         println!("as of {}, delivery {} is late", snapshot.as_of, self.delivery);
//!         Ok(std::process::ExitCode::SUCCESS)
//!     }
//! }
//!
//! pub const API: Api = Api {
//!     routes: OpenApiRouter::new,
//!     commands: &[Command::new::<Explain>(Verb::Explain)],
//!     demo: &[],
//! };
//! assert_eq!(API.commands[0].examples, ["ledgerwell explain deliveries 7"]);
//! ```

pub mod command;
pub mod demo;
pub mod http;
pub mod output;
pub mod results;
pub mod time;

use std::pin::Pin;

use utoipa_axum::router::OpenApiRouter;

pub use command::{Answer, Command, Outcome, Question, Run, Session, Verb};
pub use demo::{Section, Step};
pub use http::Sources;
pub use results::{Connection, Results, Snapshot};

/// What an object-safe function that waits for something returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a processor declares for people.
#[derive(Clone, Copy)]
pub struct Api {
    /// Its routes under `/api/v1/<processor>`, each with its part of the description. Reads only: whoever wants something
    /// changed asks for it through the stream.
    pub routes: fn() -> OpenApiRouter<Sources>,
    /// Its commands.
    pub commands: &'static [Command],
    /// Its part of the demo, in order.
    pub demo: &'static [Step],
}
