//! In which order things count.

use serde_json::json;
use sqlx::PgConnection;

use super::*;
use crate::checks::{Audited, Case};
use crate::log::{Kind, Row, Snapshot};
use crate::subjects::NotSampled;

/// A subject that notes which days begin, and how many rows there are then and in the end.
#[derive(Default)]
struct Probe {
    days: Vec<(NaiveDate, usize)>,
    rows: Option<usize>,
}

impl Subject for Probe {
    const NAME: &'static str = "probe";
    const TABLES: &'static [&'static str] = &[];
    const AUDITED: Option<Audited> = None;
    type Tables = ();
    type Sample = NotSampled;

    async fn read(_: &mut PgConnection) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn new(_: PgConnection, _: Option<DateTime<Utc>>) -> Result<Self, Error> {
        Ok(Self::default())
    }

    async fn begin_day(&mut self, day: NaiveDate, mirror: &mut Mirror) -> Result<(), Error> {
        self.days.push((day, mirror.len()));
        Ok(())
    }

    async fn conclude(&mut self, _: Option<NaiveDate>, mirror: &mut Mirror) -> Result<(), Error> {
        self.rows = Some(mirror.len());
        Ok(())
    }

    fn check(&self, (): &(), _: &Case<'_>, _: &mut Report) {}
}

fn at(day: u32) -> DateTime<Utc> {
    format!("2026-01-{day:02}T12:00:00Z").parse().unwrap()
}

fn row(id: &str, order: Option<(u64, u64)>, snapshot: Snapshot, time: DateTime<Utc>) -> Kind {
    Kind::Row(Row {
        table: "res_partner".into(),
        id: id.into(),
        wanted: true,
        after: Some("{}".into()),
        order,
        position: None,
        snapshot,
        time: Some(time),
    })
}

fn control(name: &str, value: Value) -> Kind {
    Kind::Control { name: name.into(), value }
}

async fn replayed(kinds: Vec<Kind>) -> (Replay, Probe) {
    let entry = |(offset, kind)| Entry { offset, timestamp: None, kind, poison: None };
    let entries: Vec<Entry> = (0..).zip(kinds).map(entry).collect();
    let mut report = Report::default();
    let replayer = Replayer::new(Probe::default(), &mut report);
    replayer.run(&entries, i64::MAX, &[], Some(at(9))).await.unwrap()
}

#[tokio::test]
async fn days_begin_with_the_rows_of_the_day_before() {
    let (replay, probe) = replayed(vec![
        row("1", None, Snapshot::First, at(5)),
        row("2", None, Snapshot::Last, at(5)),
        Kind::Begin { transaction: 7, position: 1 },
        row("3", Some((7, 1)), Snapshot::No, at(7)),
        Kind::End { transaction: 7, position: 2, count: 1, tables: None, time: at(7) },
    ])
    .await;
    let rows = [(5, 2), (6, 2), (7, 2), (8, 3), (9, 3)];
    assert_eq!(probe.days, rows.map(|(day, rows)| (at(day).date_naive(), rows)));
    assert_eq!((probe.rows, replay.clock), (Some(3), Some(at(7))));
}

#[tokio::test]
async fn a_rule_set_inside_of_a_transaction_counts_behind_it() {
    let (replay, _) = replayed(vec![
        row("1", None, Snapshot::First, at(5)),
        row("2", None, Snapshot::Last, at(5)),
        Kind::Begin { transaction: 7, position: 1 },
        control("rules", json!({ "rules": [] })),
        row("3", Some((7, 1)), Snapshot::No, at(5)),
        Kind::End { transaction: 7, position: 2, count: 1, tables: None, time: at(5) },
    ])
    .await;
    let in_force = |offset: i64| replay.closings[&offset].rule_sets;
    assert_eq!((in_force(1), in_force(5), in_force(3)), (0, 0, 1));
}

#[tokio::test]
async fn nothing_is_concluded_inside_of_a_snapshot() {
    let (replay, probe) = replayed(vec![
        row("1", None, Snapshot::First, at(5)),
        control("request", json!({ "processor": "probe", "id": "A" })),
        control("request", json!({ "processor": "another", "id": "B" })),
    ])
    .await;
    assert_eq!(probe.rows, None);
    assert!(replay.requests.iter().eq(["a"]) && replay.early == replay.requests);
}
