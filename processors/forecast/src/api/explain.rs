//! `ledgerwell explain forecast`

use chrono::NaiveDate;
use clap::Args;
use contract::api::output::thousands;
use contract::api::{Outcome, Run, Session, command, output};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::NAME;
use crate::queries::{self, Day, DayPage, Outlook};

/// Rows of a picture.
const WIDTH: usize = 40;
/// Documents that are shown of a day.
const SHOWN: usize = 20;

/// How much cash there will be, or why there will be so much on a day
#[derive(Args)]
pub(super) struct Explain {
    /// The day; all of the forecast where it is not given
    date: Option<NaiveDate>,
    /// The root company; the group of all where it is not given
    #[arg(long, default_value_t = 0)]
    company: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Run for Explain {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell explain forecast                          the next months, drawn",
        "ledgerwell explain forecast --json | jq '.days[:7]'",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        let mut snapshot = session.results(self.source.as_deref())?.snapshot(NAME).await?;
        let company = self.company;
        match self.date {
            None => {
                let outlook = queries::outlook(company, &mut snapshot.connection).await?;
                let none = format!("no forecast of company {company}");
                command::answer(outlook.as_ref(), &none, NAME, session, show)
            }
            Some(date) => {
                let page = queries::explain(company, date, &mut snapshot.connection).await?;
                let none = format!("no forecast of company {company} for {date}");
                command::answer(page.as_ref(), &none, NAME, session, show_day)
            }
        }
    }
}

fn show(outlook: &Outlook) {
    let Outlook { position, currency, days } = outlook;
    contract::say!("There are {} {currency} on {}.", thousands(position.opening), position.forecast_date);
    match position.shortfall {
        Some(day) => contract::say!("On {day} there will be less than {}.", thousands(position.floor)),
        None => contract::say!(
            "The lowest balance is {} on {}.",
            thousands(position.lowest),
            position.lowest_date
        ),
    }
    if let Some(problem) = &position.problem {
        contract::say!("· {problem}");
    }
    let header = ["day", "balance", "from", "to", "in and out", ""];
    let mut table = output::table(&header, &header[1..5]);
    let low = days.iter().map(|day| day.confidence_low).min().unwrap_or_default().min(Decimal::ZERO);
    let high = days.iter().map(|day| day.confidence_high).max().unwrap_or_default().max(Decimal::ONE);
    let mut moves = Decimal::ZERO;
    for (number, day) in days.iter().enumerate() {
        moves += day.ar_expected - day.ap_expected + day.pipeline_expected + day.recurring_expected;
        // The next fortnight day by day, then the last day of each week.
        if number >= 14 && (number + 1) % 7 != 0 && number < 90 {
            continue;
        }
        let figures = [day.predicted_balance, day.confidence_low, day.confidence_high, moves].map(thousands);
        let mut row = vec![day.target_date.format("%a %-d %b").to_string()];
        row.extend(figures);
        row.push(drawn(day, low, high));
        table.add_row(row);
        moves = Decimal::ZERO;
    }
    contract::say!("{table}");
    contract::say!("`ledgerwell explain forecast DATE` says why.");
}

/// A balance between the lowest and the highest, with its interval: `·····├──●───┤··`.
fn drawn(day: &Day, low: Decimal, high: Decimal) -> String {
    let place = |amount: Decimal| {
        let share = ((amount - low) / (high - low)).to_f64().unwrap_or_default().clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a line")]
        let place = (share * 39.0).round() as usize;
        place.min(WIDTH - 1)
    };
    let (from, at, to) =
        (place(day.confidence_low), place(day.predicted_balance), place(day.confidence_high));
    let nothing = place(Decimal::ZERO);
    let mark = |column: usize| match column {
        _ if column == at => '●',
        _ if column == from => '├',
        _ if column == to => '┤',
        _ if from < column && column < to => '─',
        _ if column == nothing => '0',
        _ => ' ',
    };
    (0..WIDTH).map(mark).collect::<String>().trim_end().to_owned()
}

fn show_day(page: &DayPage) {
    let DayPage { position, currency, day, documents, since_before, since_yesterday } = page;
    contract::say!(
        "On {} there will be {} {currency}, four times of five between {} and {}; as of {}.",
        day.target_date,
        thousands(day.predicted_balance),
        thousands(day.confidence_low),
        thousands(day.confidence_high),
        position.evaluated_at.format("%Y-%m-%d %H:%M")
    );
    let mut table = output::table(&["what", "number", "moves", "why"], &["moves"]);
    for row in documents.iter().take(SHOWN) {
        let of = &row.document;
        table.add_row([of.component.to_string(), of.name.clone(), thousands(row.moves), of.why.clone()]);
    }
    contract::say!("{table}");
    if documents.len() > SHOWN {
        contract::say!("… and {} more; --json shows all", documents.len() - SHOWN);
    }
    for (since, bridge) in [("the evaluation before", since_before), ("yesterday", since_yesterday)] {
        if bridge.by.is_zero() && bridge.documents.is_empty() {
            continue;
        }
        contract::say!("\nSince {since} that balance has moved by {}:", thousands(bridge.by));
        if !bridge.opening.is_zero() {
            contract::say!("  {:>14}  what there is today", thousands(bridge.opening));
        }
        for moved in bridge.documents.iter().take(SHOWN) {
            contract::say!("  {:>14}  {} {}", thousands(moved.by), moved.name, moved.what);
        }
    }
}
