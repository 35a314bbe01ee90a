//! A customer that pays ever later is flagged weeks before the limit breaks, and rarely is one flagged that pays as ever.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use simulator::{Settings, Simulation};
use sqlx::AssertSqlSafe;

use crate::in_process::{Pipeline, Record, job};
use crate::sandbox::Sandbox;

const SLIPPING: u32 = 10;
const SEEDS: u64 = 3;
/// Only from then on: before, there is no history to judge by.
const WARM_UP: i64 = 60;

/// When something was the case for the first time, by customer.
type First = BTreeMap<i32, NaiveDate>;

/// The warning that the credit score gives.
const HIGH: &str = "the risk is high";

/// What could be taken for a warning: its name, and when it is given.
const WARNINGS: [(&str, &str); 6] = [
    ("score_drop fails", "failing ? 'score_drop'"),
    ("oldest_open fails", "failing ? 'oldest_open'"),
    ("overdue_share fails", "failing ? 'overdue_share'"),
    (HIGH, "credit_score < 50"),
    ("utilisation above 80 %", "total > 0.8 * credit_limit"),
    ("utilisation above 90 %", "total > 0.9 * credit_limit"),
];

/// The limit is exceeded.
const BROKEN: &str = "total > credit_limit";

/// Notes who a condition is true of for the first time.
async fn look(condition: &str, first: &mut First, today: NaiveDate, connection: &mut sqlx::PgConnection) {
    let sql = format!(
        "SELECT partner_id FROM credit.assessment JOIN credit.exposure USING (company_id, partner_id)
         WHERE company_id = 1 AND {condition}"
    );
    let partners: Vec<i32> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap();
    for partner in partners {
        first.entry(partner).or_insert(today);
    }
}

/// Customers whose limit is ample at first: those that are going to slip, then the same number that are not.
async fn ample(connection: &mut sqlx::PgConnection) -> Vec<i32> {
    let sql = "SELECT id FROM credit.partner WHERE id = commercial_id AND (credit_limit::jsonb ->> '1')::numeric = 180000 ORDER BY id";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

/// What became of the customers of one simulated company.
#[derive(Default)]
struct Tally {
    broken: usize,
    /// Per warning: how many days before the limit broke it was given to those that slip, 0 where it was not.
    ahead: [Vec<i64>; WARNINGS.len()],
    /// Per warning: to how many that pay as ever, and never break their limit, it was given.
    false_alarms: [usize; WARNINGS.len()],
    steady: usize,
}

async fn simulate(seed: u64, tally: &mut Tally) {
    let sandbox = Sandbox::new(&format!("early_warning_{seed}")).await;
    let settings = Settings {
        seed,
        days: 330,
        customers: 40,
        orders_per_day: 12,
        slipping: SLIPPING,
        ..Settings::default()
    };
    let start = settings.start;
    let mut simulation = Simulation::new(settings);
    let mut pipeline = Pipeline::claim(&job(&sandbox, 1_000_000)).await;
    let mut connection = sandbox.connect().await;
    let (mut log, mut day, mut ids, mut broken) = (Vec::new(), None, Vec::new(), First::new());
    let mut warned = WARNINGS.map(|_| First::new());
    while let Some(delivery) = simulation.next_delivery() {
        for record in delivery.records {
            log.push(Record::from(record));
            pipeline.read(&log, log.len() - 1, || false).await;
        }
        let today = pipeline.clock().map(|clock| clock.date_naive());
        if pipeline.complete() && day != today {
            day = today;
            pipeline.save().await;
            let today = today.unwrap();
            if ids.is_empty() {
                ids = ample(&mut connection).await;
            }
            if (today - start).num_days() >= WARM_UP {
                look(BROKEN, &mut broken, today, &mut connection).await;
                for ((_, condition), first) in WARNINGS.iter().zip(&mut warned) {
                    look(condition, first, today, &mut connection).await;
                }
            }
        }
    }
    let (slipping, steady) = ids.split_at(SLIPPING as usize);
    tally.steady += steady.len();
    for id in slipping {
        let Some(break_day) = broken.get(id) else { continue };
        tally.broken += 1;
        for (ahead, first) in tally.ahead.iter_mut().zip(&warned) {
            ahead.push(first.get(id).map_or(0, |day| (*break_day - *day).num_days().max(0)));
        }
    }
    for (alarms, first) in tally.false_alarms.iter_mut().zip(&warned) {
        *alarms += steady.iter().filter(|id| first.contains_key(id) && !broken.contains_key(id)).count();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_ever_later_is_flagged_weeks_before_the_limit_breaks() {
    let mut tally = Tally::default();
    for seed in 1..=SEEDS {
        Box::pin(simulate(seed, &mut tally)).await;
    }
    println!("{} of {} that slip break their limit", tally.broken, SEEDS * u64::from(SLIPPING));
    let mut medians = Vec::new();
    for (n, (name, _)) in WARNINGS.iter().enumerate() {
        tally.ahead[n].sort_unstable();
        let ahead = &tally.ahead[n];
        medians.push(ahead[ahead.len() / 2]);
        let (alarms, steady) = (tally.false_alarms[n], tally.steady);
        println!(
            "{name:<24} days ahead: median {:>3} of {ahead:?}; false alarms {alarms} of {steady}",
            medians[n]
        );
    }
}
