//! What people ask for: release a hold, exempt a customer, raise a limit. They win over the rules until they lapse.

use chrono::{DateTime, NaiveDate, Utc};
use contract::audit::{Status as Verdict, json};
use contract::{Audit, Outbox, Outcome, Request};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Ledger;
use super::bucket::Key;
use super::checks::{join, split};
use super::holds::Status;
use super::settings::Action;
use crate::store::Hold;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    company_id: i32,
    partner_id: i32,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exempt {
    company_id: i32,
    partner_id: i32,
    until: NaiveDate,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaiseLimit {
    company_id: i32,
    partner_id: i32,
    limit: Decimal,
    until: NaiveDate,
    reason: String,
}

/// What a hold's columns can keep.
const LONGEST_REASON: usize = 2_000;

impl Ledger {
    /// Does what a person asks for.
    pub fn request(&mut self, request: &Request, now: DateTime<Utc>, outbox: &mut Outbox) -> Outcome {
        let done = match request.action.as_str() {
            "release" => self.release(request, now),
            "exempt" => self.exempt(request, now),
            "raise_limit" => self.raise_limit(request, now),
            other => Err(format!("credit knows no request `{other}`; use release, exempt or raise_limit")),
        };
        let (status, text) = match &done {
            Ok((_, text)) => (Verdict::Approved, text),
            Err(text) => (Verdict::Rejected, text),
        };
        outbox.audit(Audit {
            action: match request.action.as_str() {
                "release" => "release",
                "exempt" => "exempt",
                "raise_limit" => "raise_limit",
                _ => "request",
            },
            time: now,
            record: done.as_ref().ok().map(|(key, _)| ("res.partner", key.partner)),
            status,
            confidence: None,
            reasoning: format!("{} asked: {text}.", request.person),
            input: json(&request.arguments),
            output: json(
                &serde_json::json!({ "request": request.id, "person": request.person, "outcome": text }),
            ),
        });
        match done {
            Ok((key, text)) => {
                self.touched.assess.insert(key);
                Outcome::Done(text)
            }
            Err(text) => Outcome::Refused(text),
        }
    }

    fn release(&mut self, request: &Request, now: DateTime<Utc>) -> Result<(Key, String), String> {
        let Release { company_id, partner_id, reason } = arguments(request)?;
        let (key, name) = self.customer(company_id, partner_id)?;
        let hold = self
            .tables
            .holds
            .get((key.company, key.partner))
            .filter(|hold| matches!(Status::of(Some(hold)), Status::Held | Status::Suggested));
        let Some(mut hold) = hold.cloned() else {
            return Err(format!(
                "{name} is not held in company {company_id}, so there is nothing to release"
            ));
        };
        let failing = self.tables.assessments.get((key.company, key.partner)).map(|row| split(&row.failing));
        let mut failing = failing.unwrap_or_default();
        failing.retain(|check| self.settings.check(*check).action == Action::Hold);
        hold.released = join(&failing);
        self.note(hold, request, reason, now)?;
        Ok((key, format!("the hold of {name} is released until a check fails that passes now")))
    }

    fn exempt(&mut self, request: &Request, now: DateTime<Utc>) -> Result<(Key, String), String> {
        let Exempt { company_id, partner_id, until, reason } = arguments(request)?;
        let (key, name) = self.customer(company_id, partner_id)?;
        self.check_until(until, now)?;
        let mut hold = self.hold(key, now);
        hold.exempt_until = Some(until);
        self.note(hold, request, reason, now)?;
        Ok((key, format!("{name} is not held up to and including {until}")))
    }

    fn raise_limit(&mut self, request: &Request, now: DateTime<Utc>) -> Result<(Key, String), String> {
        let RaiseLimit { company_id, partner_id, limit, until, reason } = arguments(request)?;
        let (key, name) = self.customer(company_id, partner_id)?;
        self.check_until(until, now)?;
        let Some(own) = self.own_limit(key).filter(|own| *own > Decimal::ZERO) else {
            return Err(format!("{name} has no limit in company {company_id} that could be raised"));
        };
        if limit <= own || limit >= Decimal::from(10_i64.pow(13)) {
            return Err(format!(
                "a limit of {limit} raises nothing: the customer's own is {}",
                own.normalize()
            ));
        }
        let mut hold = self.hold(key, now);
        (hold.raised_limit, hold.raised_until) = (Some(limit), Some(until));
        self.note(hold, request, reason, now)?;
        Ok((key, format!("the limit of {name} is {limit} up to and including {until}")))
    }

    fn hold(&self, key: Key, now: DateTime<Utc>) -> Hold {
        let hold = self.tables.holds.get((key.company, key.partner));
        hold.cloned().unwrap_or_else(|| Hold::none(key.company, key.partner, now))
    }

    fn note(
        &mut self,
        mut hold: Hold,
        request: &Request,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(format!("say why, in 1 to {LONGEST_REASON} characters of `reason`"));
        }
        hold.person = Some(request.person.clone());
        hold.note = Some(reason);
        hold.updated_at = now;
        self.tables.holds.set((hold.company_id, hold.partner_id), Some(hold));
        Ok(())
    }

    fn check_until(&self, until: NaiveDate, now: DateTime<Utc>) -> Result<(), String> {
        let today = self.day(now);
        if until < today {
            return Err(format!("`until` is {until}, which is over: today is {today}"));
        }
        Ok(())
    }

    /// The customer that is meant, and its name.
    fn customer(&self, company: i32, partner: i32) -> Result<(Key, String), String> {
        if !self.roots().contains(&company) {
            let known: Vec<_> = self.roots().iter().map(ToString::to_string).collect();
            return Err(format!("there is no root company {company}; there are: {}", known.join(", ")));
        }
        match self.tables.partners.get(partner) {
            None => Err(format!("there is no partner {partner}")),
            Some(row) if row.commercial_id != partner => {
                Err(format!("partner {partner} is a contact of {}; name that one", row.commercial_id))
            }
            Some(row) => Ok((Key { company, partner }, row.name.clone())),
        }
    }
}

fn arguments<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    T::deserialize(&request.arguments).map_err(|error| format!("arguments: {error}"))
}
