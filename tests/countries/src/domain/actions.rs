//! What people ask for.

use contract::Done;
use serde::Deserialize;
use utoipa::ToSchema;

use super::state::State;

/// What people may ask of `countries`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Count all partners once more.
    Recount {},
}

impl State {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(&mut self, action: &Action) -> Result<Done, String> {
        match action {
            Action::Recount {} => {
                self.recount();
                Ok(Done { record: None, text: "all partners are counted once more".into() })
            }
        }
    }
}
