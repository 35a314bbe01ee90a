//! Makes, runs and removes scenarios.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contract::Done;
use forecasting::calendar::{date, day};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::expected::Expected;
use super::money::minor;
use super::operations::Operation;
use super::scenario::{self, Base, Cell};
use super::shortfall::counts;
use super::state::{GROUP, State};
use crate::store::{CashForecast, CompanyForecast, Component, Document, Kind, Scenario, ScenarioBase};

/// Operations that a scenario may have.
const MOST_OPERATIONS: usize = 50;
/// Scenarios that are stored at a time.
const MOST_SCENARIOS: usize = 1_000;
/// Bytes of a name that fit into its column.
const LONGEST_NAME: usize = 255;

/// What a person asks a scenario to be.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) company: i32,
    pub(super) operations: Vec<Operation>,
}

impl State {
    /// Stores a scenario over the forecast of now, and what would be.
    pub(super) fn create_scenario(
        &mut self,
        wanted: Wanted,
        person: &str,
        now: DateTime<Utc>,
    ) -> Result<Done, String> {
        let Wanted { name, description, company, operations } = wanted;
        if name.trim().is_empty() || name.len() > LONGEST_NAME {
            return Err(format!("`name` has to have 1 to {LONGEST_NAME} bytes"));
        }
        if operations.is_empty() || operations.len() > MOST_OPERATIONS {
            return Err(format!(
                "`adjustments` are {}; a scenario has 1 to {MOST_OPERATIONS}",
                operations.len()
            ));
        }
        if self.tables.scenarios.len() >= MOST_SCENARIOS {
            return Err(format!(
                "{MOST_SCENARIOS} scenarios are stored; remove one first, with `remove_scenario`"
            ));
        }
        for (place, operation) in (1..).zip(&operations) {
            let wrong = operation.check().and_then(|()| self.check(company, operation));
            wrong.map_err(|why| format!("adjustment {place}: {why}"))?;
        }
        let base = self.base(company, &operations)?;
        let outcome = scenario::apply(&base, &operations);
        let mut id = 0;
        self.clock(|clock| {
            clock.last_scenario += 1;
            id = clock.last_scenario;
        });
        let text = match &outcome.shortfall {
            None => format!(
                "scenario {id}: there is never too little; the lowest balance is {} on {}",
                outcome.lowest, outcome.lowest_date
            ),
            Some(shortfall) => {
                format!("scenario {id}: on {} there would be {}", shortfall.first_day, shortfall.balance)
            }
        };
        let row = Scenario {
            id,
            name,
            description,
            adjustments: Json(value(&operations)),
            base_forecast_id: self.tables.forecasts.get(self.grid().id(0)).map(|row| row.id),
            result_data: Json(value(&outcome)),
            created_by: Some(person.chars().take(LONGEST_NAME).collect()),
            created_at: now.naive_utc(),
        };
        self.tables.scenarios.set(id, Some(row));
        self.tables.bases.set(id, Some(ScenarioBase { scenario_id: id, base: Json(base) }));
        Ok(Done { record: None, text })
    }

    /// Runs a scenario once more, over the forecast that it rests on: what comes of it is the same.
    pub(super) fn run_scenario(&mut self, id: i32) -> Result<Done, String> {
        let (row, base) = self.scenario(id)?;
        let operations: Vec<Operation> = serde_json::from_value(row.adjustments.0.clone())
            .map_err(|_| format!("the adjustments of scenario {id} are not Ledgerwell's; make it anew"))?;
        let outcome = value(&scenario::apply(base, &operations));
        let is_same = outcome == row.result_data.0;
        let row = Scenario { result_data: Json(outcome), ..row.clone() };
        self.tables.scenarios.set(id, Some(row));
        let text = if is_same { "comes to the same" } else { "comes to something else than was stored" };
        Ok(Done { record: None, text: format!("scenario {id} {text}") })
    }

    /// Removes a scenario.
    pub(super) fn remove_scenario(&mut self, id: i32) -> Result<Done, String> {
        if self.tables.scenarios.get(id).is_none() {
            return Err(format!("there is no scenario {id}"));
        }
        self.tables.scenarios.set(id, None);
        self.tables.bases.set(id, None);
        Ok(Done { record: None, text: format!("scenario {id} is removed") })
    }

    fn scenario(&self, id: i32) -> Result<(&Scenario, &Base), String> {
        let row = self.tables.scenarios.get(id).ok_or_else(|| format!("there is no scenario {id}"))?;
        let base = self.tables.bases.get(id);
        base.map(|base| (row, &base.base.0))
            .ok_or_else(|| format!("scenario {id} was not made by Ledgerwell"))
    }

    /// Whether what an operation names is there.
    fn check(&self, company: i32, operation: &Operation) -> Result<(), String> {
        let grid = self.grid();
        let known = |partner: i32| {
            if self.tables.partners.get(partner).is_none() {
                return Err(format!("`partner` is {partner}: there is no such partner"));
            }
            let commercial = self.tables.commercial(partner);
            if commercial == partner {
                Ok(())
            } else {
                Err(format!("`partner` is {partner}, which belongs to {commercial}: name that one"))
            }
        };
        match operation {
            Operation::DelayPartner { partner, .. } | Operation::LoseCustomer { partner, .. } => {
                known(*partner)
            }
            Operation::Add { date: on, .. } => {
                let within = grid.today + 1..=grid.last();
                if within.contains(&day(*on)) {
                    return Ok(());
                }
                Err(format!(
                    "`date` is {on}; it has to be from {} to {}",
                    date(*within.start()),
                    date(*within.end())
                ))
            }
            Operation::Remove { kind, id } => match self.tables.documents.get((*kind, *id)) {
                Some(row) if counts(row, company) && !row.amount.is_zero() => Ok(()),
                _ => Err(format!("there is no {kind} {id} in the forecast of company {company}")),
            },
            Operation::FxRate { currency, .. } => self.worth(company, currency).map(drop),
            Operation::DelayAllReceivables { .. } | Operation::Scale { .. } => Ok(()),
        }
    }

    /// What one unit of a currency is worth in that of a company.
    fn worth(&self, company: i32, code: &str) -> Result<Decimal, String> {
        let known = self.tables.currencies.iter().find(|row| row.name == code);
        let currency = known.ok_or_else(|| format!("`currency` is {code:?}: there is no such currency"))?;
        let own = self.currency(company).unwrap_or_default();
        if currency.id == own {
            return Err(format!("`currency` is {code}, in which the forecast is: name another"));
        }
        // Of a million, so that what is lost by rounding does not matter.
        let million = Decimal::from(1_000_000);
        let rates_of = if company == GROUP { self.main_company().unwrap_or_default() } else { company };
        let rates = self.rates.as_ref().ok_or("nothing is forecast yet")?;
        let worth = rates.convert(million, rates_of, currency.id, own, &self.tables)?;
        Ok(Decimal::new(worth, self.tables.decimals(own)) / million)
    }

    /// The forecast of a company, or of the group, as far as these operations tell its documents apart.
    fn base(&self, company: i32, operations: &[Operation]) -> Result<Base, String> {
        let none = || format!("there is no forecast of company {company}; the group has the number 0");
        let position = self.tables.positions.get(company).ok_or_else(none)?;
        let mut partners = BTreeSet::new();
        let mut rates = BTreeMap::new();
        let mut documents: BTreeSet<(Kind, i32)> = BTreeSet::new();
        for operation in operations {
            match operation {
                Operation::DelayPartner { partner, .. } | Operation::LoseCustomer { partner, .. } => {
                    partners.insert(*partner);
                }
                Operation::FxRate { currency, .. } => {
                    rates.insert(currency.clone(), self.worth(company, currency)?);
                }
                Operation::Remove { kind, id } => drop(documents.insert((*kind, *id))),
                _ => {}
            }
        }
        let decimals = self.decimals(company);
        let mut cells: BTreeMap<Key, Vec<(i32, i64)>> = BTreeMap::new();
        for row in self.tables.documents.iter().filter(|row| counts(row, company)) {
            let code = self.tables.currency_code(row.currency_id);
            let key = (
                row.component,
                row.partner_id.filter(|partner| partners.contains(partner)),
                Some(code).filter(|code| rates.contains_key(code)),
                Some((row.kind, row.id)).filter(|key| documents.contains(key)),
            );
            cells.entry(key).or_default().extend(of(row, company, decimals).parts());
        }
        let grid = self.grid();
        let targets = (0..super::grid::SLOTS).filter_map(|slot| self.bounds(company, grid.id(slot)));
        let holidays = (grid.today..grid.last() + 30).filter(|on| {
            let lessons = self.lessons.as_ref().and_then(|of| of.get(&self.lessons_of(company)));
            let is_weekday = (on + 3).rem_euclid(7) < 5;
            is_weekday && lessons.is_some_and(|of| of.calendar.get(*on).is_some_and(|date| !date.is_business))
        });
        Ok(Base {
            company_id: company,
            currency: self.tables.currency_code(position.currency_id),
            decimals,
            forecast_date: position.forecast_date,
            opening: position.opening,
            floor: position.floor,
            targets: targets.collect(),
            holidays: holidays.map(date).collect(),
            cash: self.cash_in(company, rates.keys()),
            rates,
            cells: cells
                .into_iter()
                .map(|((component, partner, currency, document), parts)| Cell {
                    component,
                    partner,
                    currency,
                    document,
                    expected: Expected::of(decimals, parts),
                })
                .collect(),
        })
    }

    /// What a company, or the group, has in each of some currencies, in its own.
    fn cash_in<'c>(
        &self,
        company: i32,
        codes: impl Iterator<Item = &'c String>,
    ) -> BTreeMap<String, Decimal> {
        let of = |code: &String| {
            let currency = self.tables.currencies.iter().find(|row| row.name == *code)?.id;
            Some((code.clone(), self.balance_in(company, currency)?))
        };
        codes.filter_map(of).collect()
    }

    fn lessons_of(&self, company: i32) -> i32 {
        if company == GROUP { self.main_company().unwrap_or_default() } else { company }
    }

    /// A day of the forecast, with how far its interval goes.
    fn bounds(&self, company: i32, id: i32) -> Option<(NaiveDate, Decimal, Decimal)> {
        if company == GROUP {
            let CashForecast { target_date, predicted_balance, confidence_low, confidence_high, .. } =
                self.tables.forecasts.get(id)?;
            return Some((
                *target_date,
                predicted_balance - confidence_low,
                confidence_high - predicted_balance,
            ));
        }
        let CompanyForecast { target_date, predicted_balance, confidence_low, confidence_high, .. } =
            self.tables.company_forecasts.get((company, id))?;
        Some((*target_date, predicted_balance - confidence_low, confidence_high - predicted_balance))
    }
}

/// What tells the documents of a scenario apart.
type Key = (Component, Option<i32>, Option<String>, Option<(Kind, i32)>);

/// What is expected of a document, in the currency of a company or of the group.
fn of(row: &Document, company: i32, decimals: u32) -> Expected {
    if company != GROUP {
        return row.expected.0.clone();
    }
    let amount = minor(row.amount, row.decimals()).unwrap_or_default();
    let group_amount = minor(row.group_amount, decimals).unwrap_or_default();
    row.expected.in_proportion(amount, group_amount, decimals)
}

fn value(of: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(of).unwrap_or_default()
}
