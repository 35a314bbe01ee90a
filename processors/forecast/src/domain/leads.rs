//! Opportunities that are open: won as likely as others were, ordered, invoiced and paid after the usual times.

use forecasting::calendar::day;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::expected::Expected;
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Kind, Lead};

impl State {
    /// What is expected of an opportunity. Nothing where it is lost, and where it is won: then its orders say what is to come.
    pub(super) fn lead(&self, id: i32) -> Option<Claim> {
        let lead = self.tables.leads.get(id).filter(|lead| lead.active && lead.revenue > Decimal::ZERO)?;
        let stage = lead.stage_id.and_then(|stage| self.tables.stages.get(stage));
        let is_ordered = self.indexes.orders_of_lead.members(id).next().is_some();
        if is_ordered || stage.is_some_and(|stage| stage.is_won) {
            return None;
        }
        let company =
            lead.company_id.map(|company| self.tables.root(company)).or_else(|| self.main_company())?;
        let lessons = self.lessons.as_ref()?.get(&company)?;
        let decimals = self.decimals(company);
        let partner = lead.partner_id.map(|partner| self.tables.commercial(partner));
        let (amount, problem) = match self.to_company(company, lead.revenue, None) {
            Ok(amount) => (amount, None),
            Err(why) => (0, Some(why)),
        };
        let begun = day(lead.begun);
        let said = (lead.probability / Decimal::ONE_HUNDRED).to_f64().unwrap_or_default();
        let likely = lessons.wins(stage.map_or(0, |stage| stage.sequence), begun, said);
        let closes = lead.deadline.map(day).or_else(|| lessons.closes(begun));
        let (expected, why) = match closes {
            None => (Expected::nothing(), "nobody has said when it is expected to close".to_owned()),
            Some(closes) => {
                let won: Vec<_> = lessons
                    .won_on(partner, begun, closes)
                    .into_iter()
                    .map(|(on, share)| (on, share * likely))
                    .collect();
                let days = self.grid().targets();
                let open = lessons.order_open(true, partner, &won, &days);
                let why = format!("{:.0} % of those that got as far were won", likely * 100.0);
                (Expected::spread(amount, decimals, &days, &open), why)
            }
        };
        Some(Claim {
            kind: Kind::Lead,
            id,
            company,
            component: Component::Pipeline,
            partner,
            name: called(lead),
            currency: self.currency(company)?,
            due: lead.deadline,
            amount,
            deviation: 0,
            expected,
            why,
            problem,
        })
    }
}

fn called(lead: &Lead) -> String {
    if lead.name.is_empty() { format!("opportunity {}", lead.id) } else { lead.name.clone() }
}
