//! What people ask for: promises and disputes of open items, and scenarios.

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Done, Outbox};
use serde::Deserialize;
use utoipa::ToSchema;

use super::cash::Role;
use super::operations::Operation;
use super::scenarios::Wanted;
use super::state::{GROUP, State};
use crate::store::{Kind, Promise, PromiseKind};

/// Odoo's model of journal items.
const ITEM: &str = "account.move.line";

/// What people may ask of `forecast`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// An open item is paid on a day: somebody has said so.
    Promise {
        /// The journal item, in `account_move_line`.
        item: i32,
        /// The day.
        date: NaiveDate,
        /// Who said it, or why.
        reason: String,
    },
    /// An open item is not paid before a day, because something is wrong with it.
    Dispute {
        /// The journal item.
        item: i32,
        /// The day.
        until: NaiveDate,
        /// What is wrong.
        reason: String,
    },
    /// What was said about an open item does not hold any more.
    Withdraw {
        /// The journal item.
        item: i32,
        /// Why.
        reason: String,
    },
    /// What would be if something were otherwise?
    CreateScenario {
        /// What it is called.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The root company; the group of all where it is not said.
        company: Option<i32>,
        /// What is otherwise, in the order in which it is applied.
        adjustments: Vec<Operation>,
    },
    /// Run a scenario once more, over the forecast that it rests on.
    RunScenario {
        /// Its number, in `forecast_scenarios`.
        scenario: i32,
    },
    /// Remove a scenario.
    RemoveScenario {
        /// Its number.
        scenario: i32,
    },
}

impl State {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(
        &mut self,
        action: Action,
        person: &str,
        now: DateTime<Utc>,
        _outbox: &mut Outbox,
    ) -> Result<Done, String> {
        // What was touched since may not be worked out yet, but rates and lessons have to be there.
        if self.day().is_none() {
            return Err("nothing is forecast before there is a company".into());
        }
        self.read_rates();
        self.learn_lessons();
        match action {
            Action::Promise { item, date, reason } => {
                let text = format!("item {item} is expected to be paid on {date}");
                self.say(item, PromiseKind::Promise, date, person, reason, now)?;
                Ok(about(item, text))
            }
            Action::Dispute { item, until, reason } => {
                let text = format!("item {item} is not expected to be paid before {until}");
                self.say(item, PromiseKind::Dispute, until, person, reason, now)?;
                Ok(about(item, text))
            }
            Action::Withdraw { item, .. } => {
                if self.tables.promises.set(item, None).is_none() {
                    return Err(format!("nothing was said about item {item}"));
                }
                self.touch_item(item);
                Ok(about(item, format!("what was said about item {item} does not hold any more")))
            }
            Action::CreateScenario { name, description, company, adjustments } => {
                let wanted =
                    Wanted { name, description, company: company.unwrap_or(GROUP), operations: adjustments };
                self.create_scenario(wanted, person, now)
            }
            Action::RunScenario { scenario } => self.run_scenario(scenario),
            Action::RemoveScenario { scenario } => self.remove_scenario(scenario),
        }
    }

    fn say(
        &mut self,
        item: i32,
        kind: PromiseKind,
        on_date: NaiveDate,
        person: &str,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let row = self.tables.items.get(item).filter(|row| !row.residual.is_zero() && !row.reconciled);
        let is_owed = row.is_some_and(|row| matches!(self.role(row), Role::Receivable | Role::Payable));
        if !is_owed {
            return Err(format!("item {item} is not open, or nobody owes it"));
        }
        let today = self.day().unwrap_or_default();
        if on_date <= today || (on_date - today).num_days() > 3_653 {
            return Err(format!("the day is {on_date}; it has to be after {today}, and within ten years"));
        }
        let promise = Promise { item_id: item, kind, on_date, person: person.into(), reason, said_at: now };
        self.tables.promises.set(item, Some(promise));
        self.touch_item(item);
        Ok(())
    }

    fn touch_item(&mut self, item: i32) {
        let partner = self.tables.items.get(item).and_then(|row| row.partner_id);
        self.touched.partners.insert(partner.unwrap_or_default());
        self.touched.documents.insert((Kind::Item, item));
    }
}

fn about(item: i32, text: String) -> Done {
    Done { record: Some((ITEM, item)), text }
}
