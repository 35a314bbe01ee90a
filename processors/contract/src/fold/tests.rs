use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::control::{Automation, Rule};
use crate::error::{Failure, Rejected};
use crate::event::EventType;
use crate::processor::Source;
use crate::source::{Decode, Decoded, Partial};
use crate::{Change, Mode};

/// A processor that writes down what is asked of it. Each of its rows falls due an hour after it was applied, at the full hour.
#[derive(Debug, Default)]
struct Diary {
    lines: Vec<String>,
    due: Option<DateTime<Utc>>,
    mode: Mode,
    tables: (),
}

/// A row: hours until something falls due, if anything does.
struct Row(i64);

impl Decode for Row {
    const TABLES: &'static [&'static str] = &["row"];

    type Tables = ();

    fn decode(change: &Change<'_>) -> Result<Decoded<Self>, Rejected> {
        Err(Rejected::record("none", change.table))
    }

    /// () is stored.
    fn complete(_: Partial<Self>, (): &()) -> Option<Self> {
        None
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    Note { text: String, reason: String },
}

impl Processor for Diary {
    const NAME: &'static str = "diary";
    const VERSION: i32 = 1;
    const AUTOMATIONS: &'static [Automation] = &[Automation { action: "write", name: "Write" }];
    const EVENTS: &'static [EventType] = &[];
    type RowChange = Row;
    type Tables = ();
    type Action = Action;

    fn new(_: &Source, tables: (), _: Option<DateTime<Utc>>) -> Result<Self, Failure> {
        Ok(Self { tables, ..Self::default() })
    }

    fn tables(&mut self) -> &mut () {
        &mut self.tables
    }

    fn clear_table(&mut self, table: &str) {
        self.lines.push(format!("clear {table}"));
    }

    fn apply(&mut self, Row(hours): Row) {
        self.lines.push(format!("apply {hours}"));
        self.due = (hours > 0).then(|| at(hours)).or(self.due);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due
    }

    fn decide(&mut self, now: DateTime<Utc>, _: &mut Outbox) {
        self.lines.push(format!("decide at {}", now.format("%H:%M")));
        self.due = self.due.filter(|due| *due > now || *due == at(13));
    }

    fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        self.mode = rules.get("diary", "write").map_or(Ok(Mode::default()), Rule::mode)?;
        Ok(())
    }

    fn act(
        &mut self,
        Action::Note { text, reason }: Action,
        person: &str,
        now: DateTime<Utc>,
        _: &mut Outbox,
    ) -> Result<Done, String> {
        self.lines.push(format!("{person} at {}: {text}, {reason}", now.format("%H:%M")));
        if text == "nothing" {
            return Err("there is nothing to note".into());
        }
        Ok(Done { record: Some(("res.partner", 7)), text: format!("{text} was noted") })
    }
}

/// Some hours after the beginning of 1970.
fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

fn fold() -> Fold<Diary> {
    let mut fold = Fold::new(Diary::default(), None);
    fold.set_deciding(true);
    fold
}

/// What was asked of the processor since the last time.
fn lines(fold: &mut Fold<Diary>) -> Vec<String> {
    std::mem::take(&mut fold.processor.lines)
}

fn request(action: &str, arguments: Value) -> Request {
    Request {
        id: Uuid::nil(),
        processor: "diary".into(),
        person: "anna".into(),
        time: at(5),
        action: action.into(),
        arguments,
    }
}

fn rules(mode: &str) -> RuleSet {
    RuleSet {
        rules: vec![Rule {
            name: "Write".into(),
            automation_type: "diary".into(),
            action_name: "write".into(),
            enabled: true,
            confidence_threshold: None,
            auto_approve: false,
            config: json!({ "mode": mode }),
        }],
    }
}

#[test]
fn a_row_of_which_a_value_is_not_known_is_not_applied() {
    let mut fold = fold();
    let partial = Partial { change: Row(1), unavailable: vec!["name"] };
    assert!(!fold.apply_partial(partial));
    assert!(lines(&mut fold).is_empty());
}

#[test]
fn a_transaction_applies_every_row_and_then_decides_once_as_of_its_commit() {
    let mut fold = fold();
    fold.transaction([Row(0), Row(-1)], Some(at(2)));
    assert_eq!(lines(&mut fold), ["apply 0", "apply -1", "decide at 02:00"]);
    assert_eq!(fold.clock(), Some(at(2)));
}

#[test]
fn a_large_transaction_is_applied_in_parts_and_decided_with_its_last() {
    let mut fold = fold();
    fold.part([Row(0)], Some(at(2)));
    fold.part([Row(-1)], Some(at(2)));
    fold.transaction([], Some(at(2)));
    assert_eq!(lines(&mut fold), ["apply 0", "apply -1", "decide at 02:00"]);
}

#[test]
fn what_falls_due_by_a_part_is_decided_with_the_whole() {
    let mut fold = fold();
    fold.part([Row(1)], Some(at(2)));
    fold.part([Row(-1)], Some(at(2)));
    fold.transaction([], Some(at(2)));
    assert_eq!(lines(&mut fold), ["apply 1", "apply -1", "decide at 02:00"]);
}

#[test]
fn what_falls_due_on_the_way_is_decided_first_at_its_own_time() {
    let mut fold = fold();
    fold.transaction([Row(4)], Some(at(2)));
    fold.transaction([Row(0)], Some(at(6)));
    assert_eq!(
        lines(&mut fold),
        ["apply 4", "decide at 02:00", "decide at 04:00", "apply 0", "decide at 06:00"]
    );
}

#[test]
fn something_that_stays_due_holds_nobody_up() {
    let mut fold = fold();
    fold.transaction([Row(13)], Some(at(2)));
    fold.tick(Tick { time: at(20) });
    assert_eq!(lines(&mut fold)[2..], ["decide at 13:00", "decide at 20:00"]);
}

#[test]
fn the_clock_never_runs_backwards_and_stays_where_nothing_has_a_time() {
    let mut fold = fold();
    fold.transaction([], None);
    assert_eq!((fold.clock(), lines(&mut fold)), (None, vec!["decide at 00:00".to_owned()]));
    fold.transaction([], Some(at(5)));
    fold.transaction([], Some(at(3)));
    fold.transaction([], None);
    assert_eq!(lines(&mut fold), ["decide at 05:00"; 3]);
}

#[test]
fn nothing_is_decided_before_a_snapshot_is_complete() {
    let mut fold = fold();
    fold.set_deciding(false);
    fold.clear_table("row");
    fold.apply([Row(3)]);
    fold.transaction([Row(0)], Some(at(4)));
    fold.tick(Tick { time: at(5) });
    assert!(fold.rules(&RuleSet::default(), &rules("auto")));
    assert!(
        matches!(fold.request(&request("note", json!({}))), Outcome::Refused(why) if why.contains("snapshot"))
    );
    assert_eq!(lines(&mut fold), ["clear row", "apply 3", "apply 0"]);
    fold.snapshot_end(Some(at(5)));
    assert_eq!(lines(&mut fold), [""; 0], "rows are missing still");
    fold.set_deciding(true);
    fold.snapshot_end(Some(at(6)));
    assert_eq!(lines(&mut fold), ["decide at 06:00"], "all of it at once");
}

#[test]
fn a_tick_that_is_not_later_than_the_clock_changes_nothing_and_others_are_passed_on() {
    let mut fold = fold();
    fold.transaction([], Some(at(5)));
    fold.tick(Tick { time: at(5) });
    assert_eq!(fold.take().0, []);
    fold.tick(Tick { time: at(6) });
    let (events, _) = fold.take();
    assert_eq!((events[0].event_type, events[0].time), ("tick", at(6)));
    assert_eq!(events[0].subject.key("odoo"), "odoo/0/clock");
    assert_eq!(lines(&mut fold), ["decide at 05:00", "decide at 06:00"]);
}

#[test]
fn rules_that_cannot_be_used_are_written_down_and_those_before_stay() {
    let mut fold = fold();
    assert!(fold.rules(&RuleSet::default(), &rules("auto")));
    assert!(!fold.rules(&rules("auto"), &rules("always")));
    assert_eq!(fold.processor.mode, Mode::Auto);
    assert!(fold.rules(&rules("auto"), &rules("auto")), "the same once more is no change");
    let (_, audits) = fold.take();
    let said: Vec<_> = audits.iter().map(|audit| (audit.status, audit.reasoning.as_str())).collect();
    assert_eq!(said[0], (Status::Approved, "The rule `Write` was changed."));
    assert_eq!(said[1].0, Status::Rejected);
    assert!(said[1].1.contains("stays as it was") && said[1].1.contains("always"), "{}", said[1].1);
    assert_eq!(said.len(), 2);
}

#[test]
fn what_a_person_asks_for_is_done_or_refused_and_written_down_either_way() {
    let mut fold = fold();
    let note = |text: &str| request("note", json!({ "text": text, "reason": "to know" }));
    assert_eq!(fold.request(&note("rain")), Outcome::Done("rain was noted".into()));
    assert_eq!(fold.request(&note("nothing")), Outcome::Refused("there is nothing to note".into()));
    let unknown = fold.request(&request("erase", json!({})));
    assert_eq!(unknown, Outcome::Refused("diary knows no request `erase`; use note".into()));
    let incomplete = fold.request(&request("note", json!({ "reason": "to know" })));
    assert!(matches!(incomplete, Outcome::Refused(why) if why.contains("missing field `text`")));
    assert_eq!(lines(&mut fold)[..2], ["anna at 05:00: rain, to know", "decide at 05:00"]);
    let (_, audits) = fold.take();
    let said: Vec<_> = audits.iter().map(|audit| (audit.action, audit.status, audit.record)).collect();
    assert_eq!(
        said,
        [
            ("note", Status::Approved, Some(("res.partner", 7))),
            ("note", Status::Rejected, None),
            ("request", Status::Rejected, None),
            ("note", Status::Rejected, None),
        ]
    );
    assert_eq!(audits[0].reasoning, "anna asked: rain was noted.");
}

#[test]
fn a_clock_that_was_wrong_is_set_back_by_a_snapshot_and_no_other_clock_is() {
    let mut fold = fold();
    fold.transaction([], Some(at(20)));
    fold.set_back(at(19), at(4));
    assert_eq!(fold.clock(), Some(at(20)), "it was moved on since");
    fold.set_back(at(20), at(21));
    assert_eq!(fold.clock(), Some(at(20)));
    fold.set_back(at(20), at(4));
    fold.snapshot_end(Some(at(4)));
    assert_eq!(fold.clock(), Some(at(4)));
}

#[test]
fn what_is_decided_step_by_step_on_the_way_leaves_the_rest_as_it_was() {
    let run = |step_by_step: bool| {
        let mut fold = fold();
        fold.transaction([Row(2)], Some(at(1)));
        while step_by_step && fold.decide_before(at(2)) {}
        fold.tick(Tick { time: at(2) });
        (lines(&mut fold), fold.take().0.len(), fold.clock())
    };
    assert_eq!(run(true), run(false), "a tick at the very instant is one");
    assert_eq!(run(true).1, 1);
}
