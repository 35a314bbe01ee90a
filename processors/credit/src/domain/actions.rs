//! What people ask for: accept or refuse a suggestion, release a hold, exempt a customer, raise a limit. They win over the rules
//! until they lapse.

use chrono::{DateTime, NaiveDate, Utc};
use contract::Done;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::bucket::Key;
use super::holds::holding;
use super::settings::Settings;
use super::state::State;
use crate::store::{Hold, HoldStatus};

/// What people may ask of `credit`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Place the hold that is suggested, until its checks pass.
    Accept {
        /// Root company.
        company_id: i32,
        /// Commercial partner.
        partner_id: i32,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Refuse the hold that is suggested: it is not suggested again until one of its checks has passed and fails anew.
    Refuse {
        /// Root company.
        company_id: i32,
        /// Commercial partner.
        partner_id: i32,
        /// Why.
        reason: String,
    },
    /// Release a hold until a check fails that passes now.
    Release {
        /// Root company.
        company_id: i32,
        /// Commercial partner.
        partner_id: i32,
        /// Why.
        reason: String,
    },
    /// Hold a customer no more, up to and including a day.
    Exempt {
        /// Root company.
        company_id: i32,
        /// Commercial partner.
        partner_id: i32,
        /// The last day.
        until: NaiveDate,
        /// Why.
        reason: String,
    },
    /// Put a higher limit in place of the customer's own, up to and including a day.
    RaiseLimit {
        /// Root company.
        company_id: i32,
        /// Commercial partner.
        partner_id: i32,
        /// The limit, in the company's currency.
        #[schema(value_type = String)]
        limit: Decimal,
        /// The last day.
        until: NaiveDate,
        /// Why.
        reason: String,
    },
}

impl Action {
    /// Whom it is about, as root company and partner.
    fn customer(&self) -> (i32, i32) {
        match self {
            Self::Accept { company_id, partner_id, .. }
            | Self::Refuse { company_id, partner_id, .. }
            | Self::Release { company_id, partner_id, .. }
            | Self::Exempt { company_id, partner_id, .. }
            | Self::RaiseLimit { company_id, partner_id, .. } => (*company_id, *partner_id),
        }
    }
}

/// Does what a person asks for.
///
/// # Errors
/// Why it cannot be done.
pub(crate) fn act(
    state: &mut State,
    settings: &Settings,
    action: Action,
    person: &str,
    now: DateTime<Utc>,
) -> Result<Done, String> {
    let today = state.calendar.day(now);
    let customer = Customer::new(state, action.customer())?;
    let name = &customer.name;
    let (mut hold, note, text) = match action {
        Action::Accept { reason, .. } => {
            let text = format!("the hold of {name} that was suggested is accepted");
            let mut hold = customer.suggested()?;
            hold.accepted = hold.checks.clone();
            (hold, reason.unwrap_or_else(|| "accepted".into()), text)
        }
        Action::Refuse { reason, .. } => {
            customer.suggested()?;
            let text = format!("a hold of {name} is not suggested again until a check fails that passes now");
            (customer.release(settings)?, reason, text)
        }
        Action::Release { reason, .. } => {
            let text = format!("the hold of {name} is released until a check fails that passes now");
            (customer.release(settings)?, reason, text)
        }
        Action::Exempt { until, reason, .. } => {
            let text = format!("{name} is not held up to and including {until}");
            (customer.exempt(until, today, now)?, reason, text)
        }
        Action::RaiseLimit { limit, until, reason, .. } => {
            let limit = state.tables.scaled(customer.key.company, limit);
            let text = format!("the limit of {name} is {limit} up to and including {until}");
            (customer.raise_limit(limit, until, today, now)?, reason, text)
        }
    };
    let key = customer.key;
    (hold.person, hold.note, hold.updated_at) = (Some(person.to_owned()), Some(note), now);
    state.tables.holds.set(key.id(), Some(hold));
    state.touched.assess.insert(key);
    // A raised limit shows in the customer's line although no check may change.
    state.touched.customers.insert(key.partner);
    Ok(Done { record: Some(("res.partner", key.partner)), text })
}

/// The customer that is meant.
struct Customer<'a> {
    state: &'a State,
    key: Key,
    name: String,
}

impl<'a> Customer<'a> {
    fn new(state: &'a State, (company, partner): (i32, i32)) -> Result<Self, String> {
        let tables = &state.tables;
        let roots = tables.roots();
        if !roots.contains(&company) {
            let known: Vec<_> = roots.iter().map(ToString::to_string).collect();
            return Err(format!("there is no root company {company}; there are: {}", known.join(", ")));
        }
        match tables.partners.get(partner) {
            None => Err(format!("there is no partner {partner}")),
            Some(row) if row.commercial_id != partner => {
                Err(format!("partner {partner} is a contact of {}; name that one", row.commercial_id))
            }
            Some(row) => Ok(Self { state, key: Key { company, partner }, name: row.name.clone() }),
        }
    }

    /// Its hold that is suggested.
    fn suggested(&self) -> Result<Hold, String> {
        let hold = self.state.tables.holds.get(self.key.id());
        let hold = hold.filter(|hold| hold.status == HoldStatus::Suggested).cloned();
        hold.ok_or_else(|| {
            let Self { name, key: Key { company, .. }, .. } = self;
            format!(
                "no hold of {name} is suggested in company {company}, so there is nothing to accept or refuse"
            )
        })
    }

    /// Its hold, with all failing checks released.
    fn release(&self, settings: &Settings) -> Result<Hold, String> {
        let hold = self.state.tables.holds.get(self.key.id());
        let hold = hold.filter(|hold| matches!(hold.status, HoldStatus::Held | HoldStatus::Suggested));
        let Some(mut hold) = hold.cloned() else {
            let Self { name, key: Key { company, .. }, .. } = self;
            return Err(format!("{name} is not held in company {company}, so there is nothing to release"));
        };
        let assessment = self.state.tables.assessments.get(self.key.id());
        hold.released.0 = assessment.map_or_else(Vec::new, |row| holding(&row.failing, settings));
        Ok(hold)
    }

    /// Its hold, with an exemption.
    fn exempt(&self, until: NaiveDate, today: NaiveDate, now: DateTime<Utc>) -> Result<Hold, String> {
        check_until(until, today)?;
        Ok(Hold { exempt_until: Some(until), ..self.hold(now) })
    }

    /// Its hold, with a limit in place of its own.
    fn raise_limit(
        &self,
        limit: Decimal,
        until: NaiveDate,
        today: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Hold, String> {
        check_until(until, today)?;
        let Some(own) = self.state.limit_to_raise(self.key) else {
            let Self { name, key: Key { company, .. }, .. } = self;
            return Err(format!("{name} has no limit in company {company} that could be raised"));
        };
        if limit <= own || limit >= Decimal::from(10_i64.pow(13)) {
            let own = self.state.tables.scaled(self.key.company, own);
            return Err(format!("a limit of {limit} raises nothing: the one that counts is {own}"));
        }
        Ok(Hold { raised_limit: Some(limit), raised_until: Some(until), ..self.hold(now) })
    }

    fn hold(&self, now: DateTime<Utc>) -> Hold {
        self.state.tables.holds.get(self.key.id()).cloned().unwrap_or_else(|| Hold::none(self.key, now))
    }
}

fn check_until(until: NaiveDate, today: NaiveDate) -> Result<(), String> {
    if until < today {
        return Err(format!("`until` is {until}, which is over: today is {today}"));
    }
    Ok(())
}
