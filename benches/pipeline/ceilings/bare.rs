//! The loop that a good engineer writes in an afternoon: read, decode the wanted columns, keep the state in memory, upsert the
//! customers that changed. It shows states that never existed, emits nothing, and has nothing to say why.

use std::collections::{HashMap, HashSet};

use rdkafka::Message;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;

use super::read;
use crate::Result;
use crate::feed::Feed;
use crate::world::World;

/// Records between two transactions.
const BATCH: u64 = 20_000;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<Source<'a>>,
}

#[derive(Deserialize)]
struct Source<'a> {
    table: &'a str,
}

#[derive(Deserialize)]
struct Key {
    id: i32,
}

#[derive(Deserialize)]
struct Item<'a> {
    company_id: i32,
    partner_id: Option<i32>,
    account_id: Option<i32>,
    parent_state: Option<&'a str>,
    date_maturity: Option<i32>,
    amount_residual: Option<Decimal>,
}

#[derive(Deserialize)]
struct Account<'a> {
    account_type: &'a str,
}

#[derive(Deserialize)]
struct Partner {
    commercial_partner_id: Option<i32>,
}

/// What an open item adds to whom.
#[derive(Clone, Copy)]
struct Open {
    customer: (i32, i32),
    amount: Decimal,
    overdue: bool,
}

#[derive(Default)]
struct State {
    receivable: HashSet<i32>,
    commercial: HashMap<i32, i32>,
    items: HashMap<i32, Open>,
    sums: HashMap<(i32, i32), [Decimal; 2]>,
    changed: HashSet<(i32, i32)>,
}

impl State {
    fn take_in(
        &mut self,
        key: &[u8],
        value: &[u8],
        today: i32,
    ) -> std::result::Result<(), serde_json::Error> {
        let envelope: Envelope<'_> = serde_json::from_slice(value)?;
        let Some(source) = envelope.source else { return Ok(()) };
        match source.table {
            "account_account" => {
                let (id, row) = (serde_json::from_slice::<Key>(key)?.id, envelope.after);
                let row: Option<Account<'_>> = row.map(|row| serde_json::from_str(row.get())).transpose()?;
                if row.is_some_and(|row| row.account_type == "asset_receivable") {
                    self.receivable.insert(id);
                }
            }
            "res_partner" => {
                let (id, row) = (serde_json::from_slice::<Key>(key)?.id, envelope.after);
                let row: Option<Partner> = row.map(|row| serde_json::from_str(row.get())).transpose()?;
                self.commercial.insert(id, row.and_then(|row| row.commercial_partner_id).unwrap_or(id));
            }
            "account_move_line" => {
                let (id, row) = (serde_json::from_slice::<Key>(key)?.id, envelope.after);
                let row: Option<Item<'_>> = row.map(|row| serde_json::from_str(row.get())).transpose()?;
                let open = row.and_then(|row| self.open(&row, today));
                let old = match open {
                    Some(open) => self.items.insert(id, open),
                    None => self.items.remove(&id),
                };
                let taken_back = old.map(|old| Open { amount: -old.amount, ..old });
                for part in taken_back.into_iter().chain(open) {
                    self.add(&part);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&self, item: &Item<'_>, today: i32) -> Option<Open> {
        let partner = item.partner_id?;
        let amount = item.amount_residual.filter(|amount| !amount.is_zero())?;
        let counts = item.parent_state == Some("posted") && self.receivable.contains(&item.account_id?);
        counts.then_some(Open {
            customer: (item.company_id, self.commercial.get(&partner).copied().unwrap_or(partner)),
            amount,
            overdue: item.date_maturity.is_some_and(|due| due < today),
        })
    }

    fn add(&mut self, part: &Open) {
        self.sums.entry(part.customer).or_default()[usize::from(part.overdue)] += part.amount;
        self.changed.insert(part.customer);
    }

    fn take_changed(&mut self) -> Vec<(i32, i32, Decimal, Decimal)> {
        let sums = &self.sums;
        let row = |customer: (i32, i32)| {
            let [not_due, overdue] = sums.get(&customer).copied().unwrap_or_default();
            (customer.0, customer.1, not_due, overdue)
        };
        self.changed.drain().map(row).collect()
    }
}

type Batch = (i64, Vec<(i32, i32, Decimal, Decimal)>);

/// Reads and decodes on one thread, writes on another.
pub(super) async fn run(world: &World, feed: &Feed, connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql(
        "CREATE TABLE bare (company_id int, partner_id int, not_due numeric, overdue numeric, PRIMARY KEY (company_id, partner_id));
         CREATE TABLE bare_offset (next_offset bigint); INSERT INTO bare_offset VALUES (0)",
    )
    .execute(&mut *connection)
    .await?;
    let (batches, mut queue) = mpsc::channel::<Batch>(4);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> std::result::Result<(), String> {
            let (mut state, mut records, mut today, mut failed) = (State::default(), 0, 0, None);
            let send = |state: &mut State, offset| {
                // A writer that is gone has its own error.
                let _ = batches.blocking_send((offset, state.take_changed()));
            };
            read(world, feed, 0, |message| {
                let day = message.timestamp().to_millis().unwrap_or_default() / 86_400_000;
                today = today.max(i32::try_from(day).unwrap_or_default());
                if let (Some(key), Some(value)) = (message.key(), message.payload())
                    && let Err(error) = state.take_in(key, value, today)
                {
                    failed.get_or_insert(error);
                }
                records += 1;
                if records % BATCH == 0 {
                    send(&mut state, message.offset() + 1);
                }
            })
            .map_err(|error| error.to_string())?;
            send(&mut state, feed.records);
            failed.map_or(Ok(()), |error| Err(error.to_string()))
        });
        let written = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                while let Some(batch) = queue.recv().await {
                    write(batch, connection).await?;
                }
                Ok::<(), sqlx::Error>(())
            })
        });
        reader.join().map_err(|_| "the bare loop panicked")??;
        Ok(written?)
    })
}

async fn write((offset, rows): Batch, connection: &mut PgConnection) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::query(
        "INSERT INTO bare SELECT * FROM UNNEST($1, $2, $3, $4)
         ON CONFLICT (company_id, partner_id) DO UPDATE SET not_due = EXCLUDED.not_due, overdue = EXCLUDED.overdue",
    )
    .bind(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.2).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.3).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE bare_offset SET next_offset = $1").bind(offset).execute(&mut *transaction).await?;
    transaction.commit().await
}
