//! What the writer does with deliveries, without Postgres: everything goes through the fold of the processor, and whatever would be
//! stored has to be something that Postgres can store.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::{Done, EventType, Failure, Format, Outbox, Outcome, Processor, Request, RuleSet, Source};
use credit::Credit;
use credit::store::{RowChange, Tables};
use ledgerwell::clock;
use ledgerwell::control::ControlState;
use ledgerwell::dead_letter::decision::Decision;
use ledgerwell::feed::{Control, Delivery, Left, RowKey, Step};

/// Days that begin on the way to a later time are decided one after the other. Here only these many are, or an absurd time would
/// cost more than everything else.
const DAYS: u32 = 60;

/// `credit`, for which time stands still after [`DAYS`] decisions.
struct Hurried {
    credit: Credit,
    decisions: u32,
}

impl Processor for Hurried {
    const NAME: &'static str = Credit::NAME;
    const VERSION: i32 = Credit::VERSION;
    const EVENTS: &'static [EventType] = Credit::EVENTS;
    type RowChange = RowChange;
    type Tables = Tables;
    type Action = <Credit as Processor>::Action;

    fn new(source: &Source, tables: Tables, clock: Option<DateTime<Utc>>) -> Result<Self, Failure> {
        Ok(Self { credit: Credit::new(source, tables, clock)?, decisions: 0 })
    }

    fn tables(&mut self) -> &mut Tables {
        self.credit.tables()
    }

    fn clear_table(&mut self, table: &str) {
        self.credit.clear_table(table);
    }

    fn apply(&mut self, change: RowChange) {
        self.credit.apply(change);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.credit.next_due().filter(|_| self.decisions < DAYS)
    }

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.decisions += 1;
        self.credit.decide(now, outbox);
    }

    fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        self.credit.rules(rules)
    }

    fn act(
        &mut self,
        action: Self::Action,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        self.credit.act(action, person, now, outbox)
    }
}

/// A fold, and what control records have said to it.
pub struct Fold {
    fold: contract::Fold<Hurried>,
    control: ControlState,
}

impl Fold {
    /// Nothing is known yet; days begin in `zone`.
    pub fn new(zone: Tz) -> Self {
        let source =
            Source { name: "odoo".into(), format: Format::default(), time_zone: zone, main_company: None };
        let credit = Hurried::new(&source, Tables::default(), None).unwrap();
        Self { fold: contract::Fold::new(credit, None), control: ControlState::default() }
    }

    /// Folds a delivery, as `runner::Writer` does.
    pub fn fold(&mut self, delivery: Delivery<RowChange>) {
        self.fold.set_deciding(delivery.progress.is_whole());
        if let Some(high) = delivery.progress.high {
            storable_time(clock::from_millis(high.time));
        }
        if let Step::Transaction { rows, .. } | Step::Part { rows, .. } | Step::Snapshot { rows, .. } =
            &delivery.step
        {
            assert!(rows.changes.len() <= rows.keys.len(), "each change has a key");
        }
        if let Left::Control(control) = delivery.step.fold(&mut self.fold) {
            self.control(control);
        }
        self.fold.clock().into_iter().for_each(storable_time);
        self.check_emitted();
    }

    fn control(&mut self, control: Control) {
        self.control.fold(control, &mut self.fold, |fold, request| {
            let outcome = answer(request, fold);
            storable_time(request.time);
            storable(&request.person);
            storable_json(&request.arguments.to_string());
            outcome
        });
    }

    /// Events, and decisions as they are written down.
    fn check_emitted(&mut self) {
        let (events, audits) = self.fold.take();
        for event in events {
            storable_json(&event.data);
            storable_time(event.time);
        }
        for audit in audits {
            storable(&audit.reasoning);
            storable_json(&audit.input);
            storable_json(&audit.output);
            storable_time(audit.time);
        }
    }

    /// The end: all rows are what Postgres can store.
    pub fn finish(mut self) {
        let tables = self.fold.tables();
        tables.partners.iter().for_each(|row| storable(&row.name));
        tables.currencies.iter().for_each(|row| storable(&row.name));
        tables.orders.iter().filter_map(|row| row.ships_at).for_each(|time| storable_date(time.date_naive()));
        tables.items.iter().filter_map(|row| row.due).for_each(storable_date);
        tables.invoices.iter().filter_map(|row| row.day).for_each(storable_date);
        tables.settlements.iter().for_each(|row| storable_date(row.day));
        tables.rates.iter().for_each(|row| storable_date(row.day));
        for hold in tables.holds.iter() {
            [hold.exempt_until, hold.raised_until].into_iter().flatten().for_each(storable_date);
            hold.note.iter().for_each(|note| storable(note));
        }
        tables.scores.iter().for_each(|row| assert!(row.customer_name.chars().count() <= 255));
    }
}

/// Postgres cannot store NUL.
fn storable(text: &str) {
    assert!(!text.contains('\0'), "text with a NUL would be stored");
}

/// In JSON, Postgres cannot store the escape of NUL either, unless it is a backslash that is escaped itself.
fn storable_json(json: &str) {
    storable(json);
    for (at, _) in json.match_indices("\\u0000") {
        let backslashes = json[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        assert!(backslashes % 2 == 1, "JSON with a NUL would be stored");
    }
}

/// A clock is also written down in JSON, which Postgres reads back; there years have four digits.
fn storable_time(time: DateTime<Utc>) {
    assert!((1..=9_999).contains(&time.year()), "a time in the year {} would be stored", time.year());
}

/// Postgres' calendar begins in -4713, and ends later than ours.
fn storable_date(date: NaiveDate) {
    assert!(date.year() > -4_713, "a date in the year {} would be stored", date.year());
}

/// Answers a request. One about a dead letter is taken to be about a partner's row that is open.
fn answer(request: &mut Request, fold: &mut contract::Fold<Hurried>) -> Outcome {
    let time = fold.time_of(request);
    let outcome = match Decision::read(request) {
        None => return fold.request(request),
        Some(Err(why)) => fold.refuse(request, why),
        Some(Ok(decision)) => {
            let row = RowKey::new("res_partner", r#"{"id":7}"#);
            match decision.row_change::<RowChange>(row, &Format::default()) {
                Ok(change) => {
                    fold.apply([change]);
                    Outcome::Done(String::new())
                }
                Err(why) => Outcome::Refused(why),
            }
        }
    };
    fold.decide(time);
    outcome
}
