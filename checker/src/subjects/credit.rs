//! Processor `credit`: exposures, assessments and holds are what the SQL in `tests/oracle` computes from all rows.

mod assessments;
mod audit;
mod events;
mod exposure;
mod exposures;
mod holds;
mod modes;
mod oracle;
mod rules;
mod tables;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::Subject;
use crate::checks::{Audited, Case};
use crate::error::Error;
use crate::mirror::Mirror;
use crate::report::Report;

use exposure::{Customer, Exposure, Exposures};
use oracle::{Assessed, Oracle};
use rules::Rule;
use tables::Tables;

/// Scores are remembered for so many days.
const REMEMBERED: i32 = 30;

/// The oracle, and what it says in the end.
pub(super) struct Credit {
    oracle: Oracle,
    /// The first day whose beginning matters for the last one.
    from: NaiveDate,
    /// None where no snapshot is complete.
    expected: Option<Expected>,
}

/// What has to be in the tables.
struct Expected {
    exposures: Exposures,
    assessed: Vec<Assessed>,
    /// What is left to pay, by root company.
    receivables: Vec<(i32, Decimal)>,
}

/// What is observed: every customer's exposure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    exposures: Vec<(Customer, Exposure)>,
}

impl Sample {
    fn new(exposures: Exposures) -> Self {
        Self { exposures: exposures.into_iter().collect() }
    }

    fn by_customer(&self) -> Exposures {
        self.exposures.iter().cloned().collect()
    }
}

impl Subject for Credit {
    const NAME: &'static str = "credit";
    const TABLES: &'static [&'static str] = &[
        "res_company",
        "res_currency",
        "res_currency_rate",
        "res_partner",
        "ir_property",
        "ir_model_fields",
        "ir_default",
        "account_account",
        "account_journal",
        "account_payment",
        "account_move",
        "account_move_line",
        "account_partial_reconcile",
        "product_product",
        "product_template",
        "sale_order",
        "sale_order_line",
        "sale_order_line_invoice_rel",
        "uom_uom",
        "pos_order",
        "pos_order_line",
    ];
    const AUDITED: Option<Audited> = Some(audit::AUDITED);
    type Tables = Tables;
    type Sample = Sample;

    async fn read(connection: &mut PgConnection) -> Result<Tables, sqlx::Error> {
        Tables::read(connection).await
    }

    async fn new(connection: PgConnection, last: Option<DateTime<Utc>>) -> Result<Self, Error> {
        let last = last.map_or(NaiveDate::MAX, |clock| clock.date_naive());
        let from = NaiveDate::from_num_days_from_ce_opt(last.num_days_from_ce() - REMEMBERED);
        let oracle = Oracle::new(connection).await?;
        Ok(Self { oracle, from: from.unwrap_or(NaiveDate::MIN), expected: None })
    }

    async fn begin_day(&mut self, day: NaiveDate, mirror: &mut Mirror) -> Result<(), Error> {
        if day >= self.from {
            self.oracle.update(mirror).await?;
            self.oracle.begin_day(day).await?;
        }
        Ok(())
    }

    async fn conclude(&mut self, today: Option<NaiveDate>, mirror: &mut Mirror) -> Result<(), Error> {
        let Some(today) = today else { return Ok(()) };
        self.oracle.update(mirror).await?;
        self.expected = Some(Expected {
            exposures: self.oracle.exposures(today).await?,
            assessed: self.oracle.assess(today).await?,
            receivables: self.oracle.receivables().await?,
        });
        Ok(())
    }

    fn check(&self, tables: &Tables, case: &Case<'_>, report: &mut Report) {
        let expected = self.expected.as_ref();
        report.figure_above_0("exposures", expected.map_or(0, |expected| expected.exposures.len()));
        let rules = rules_in_order(case);
        modes::check(&rules, case, report);
        exposures::check(expected, &tables.exposures, case, report);
        events::check(&tables.exposures, case, report);
        if let Some(expected) = expected {
            assessments::check(&expected.assessed, tables, rules.last(), case, report);
        }
        holds::check(&tables.holds, case.evidence, report);
    }

    async fn sample(connection: &mut PgConnection) -> Result<Sample, sqlx::Error> {
        Ok(Sample::new(exposure::read(connection).await?))
    }

    async fn expected_sample(
        &mut self,
        today: NaiveDate,
        mirror: &mut Mirror,
    ) -> Result<Option<Sample>, Error> {
        self.oracle.update(mirror).await?;
        Ok(Some(Sample::new(self.oracle.exposures(today).await?)))
    }

    fn difference(expected: &Sample, found: &Sample, names: (&str, &str)) -> Option<String> {
        exposure::difference(&expected.by_customer(), &found.by_customer(), names)
    }
}

/// The rule before any rule set, and the one that each rule set left in force.
fn rules_in_order(case: &Case<'_>) -> Vec<Rule> {
    // What was set in a part of the log that is gone is not known.
    let known = case.evidence.is_whole() && !case.evidence.uses_control_topic();
    let mut rule = if known { Rule::usual() } else { Rule::unknown() };
    let mut rules = vec![rule.clone()];
    for set in &case.replay.rule_sets {
        rule = rule.after(set);
        rules.push(rule.clone());
    }
    rules
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::{Value, json};

    use super::{Exposure, Sample};
    use crate::observed::State;

    #[test]
    fn an_observed_state_is_read_as_it_was_written() {
        let exposure = Exposure {
            name: Some("Azure".into()),
            currency: None,
            amounts: [Decimal::new(1_250, 1); 8],
            limit: None,
            oldest_due: "2026-01-05".parse().ok(),
        };
        let state = State {
            version: 1,
            next_offset: 7,
            control_offset: 0,
            out_seq: 3,
            snapshot: "complete".to_owned(),
            clock: "2026-01-06T00:00:00Z".parse().ok(),
            audit: 2,
            sample: Sample { exposures: vec![((1, 27), exposure)] },
        };
        let line = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State<Sample>>(&line).unwrap(), state);
        let written: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(written["exposures"][0][0], json!([1, 27]));
        assert_eq!(written["exposures"][0][1]["amounts"][0], "125.0");
        assert_eq!(written["next_offset"], 7);
    }
}
