//! `ledgerwell token`

use std::process::ExitCode;

use clap::Args;
use uuid::Uuid;

use super::{Global, Outcome, output, with_name};
use crate::config::{Role, sha256};

/// Make a token with which a person may read, and ask for what changes something
#[derive(Args)]
#[command(
    after_help = with_name("The token is for the person and is shown only now; the lines under it are for the configuration and are
no secret.

Examples:
  ledgerwell token anna                       Anna may read, and ask processors for something
  ledgerwell token grafana --role reader      may only read
  curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\
    -d '{\"action\":\"…\",\"arguments\":{…}}' http://127.0.0.1:8080/api/v1/PROCESSOR/requests

What may be asked of each processor: GET /api/v1/openapi.json")
)]
pub(super) struct Token {
    /// Who becomes the author of what is asked with it
    person: String,
    /// What its bearer may do: read; also ask; also see and settle dead letters
    #[arg(long, value_enum, default_value_t = Role::Controller)]
    role: Role,
}

impl Token {
    pub(super) fn run(self, global: &Global) -> Outcome {
        if self.person.trim().is_empty() {
            return Err("a token needs the name of a person: `ledgerwell token anna`".into());
        }
        // Two random UUIDs: 244 bits that nobody guesses.
        let token = format!("lw_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let digest = sha256(&token);
        if global.json {
            output::json(
                &serde_json::json!({ "person": self.person, "role": self.role, "token": token, "sha256": digest }),
            )?;
        } else {
            contract::say!(
                "{token}\n\n[[token]]\nperson = {:?}\nrole = \"{}\"\nsha256 = \"{digest}\"",
                self.person,
                self.role.as_str()
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
