//! What is forecast of a recorded session of a real Odoo and of a simulated company is what a reading of the rows by other code says: what
//! there is, and what is open of each customer and supplier, each document once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use chrono::{Days, NaiveDate};
use flate2::read::GzDecoder;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::Row;

use crate::recorded::recordings;
use crate::sandbox::{Api, Sandbox};

/// Rows of tables by id, as a feed leaves them.
#[derive(Default)]
struct Odoo(BTreeMap<(String, i64), Value>);

impl Odoo {
    fn read(file: &Path) -> Self {
        let file = std::fs::File::open(file).unwrap();
        let reader: Box<dyn Read> = Box::new(GzDecoder::new(file));
        let mut odoo = Self::default();
        for line in BufReader::new(reader).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let value = &line["value"];
            let (Some(table), Some(id)) = (value["source"]["table"].as_str(), line["key"]["id"].as_i64())
            else {
                continue;
            };
            let key = (table.to_owned(), id);
            match (&value["op"], value["after"].as_object()) {
                (op, _) if *op == "d" => drop(odoo.0.remove(&key)),
                (_, Some(after)) => drop(odoo.0.insert(key, after.clone().into())),
                _ => {}
            }
        }
        odoo
    }

    fn rows(&self, table: &str) -> impl Iterator<Item = &Value> {
        let first = (table.to_owned(), i64::MIN);
        let table = table.to_owned();
        self.0.range(first..).take_while(move |((of, _), _)| *of == table).map(|(_, row)| row)
    }

    fn get(&self, table: &str, id: &Value) -> &Value {
        id.as_i64().and_then(|id| self.0.get(&(table.to_owned(), id))).unwrap_or(&Value::Null)
    }

    /// The company that the one of an item is a branch of, in the end.
    fn root(&self, item: &Value) -> i64 {
        let path = self.get("res_company", &item["company_id"])["parent_path"].as_str().unwrap_or_default();
        path.split('/').find_map(|id| id.parse().ok()).or(item["company_id"].as_i64()).unwrap()
    }

    fn account_type(&self, item: &Value) -> &str {
        self.get("account_account", &item["account_id"])["account_type"].as_str().unwrap_or_default()
    }

    fn posted(&self) -> impl Iterator<Item = &Value> {
        self.rows("account_move_line").filter(|item| item["parent_state"] == "posted")
    }

    /// Items on accounts of cash, up to a day, by company; only companies whose cash is all in their own currency.
    fn cash(&self, until: NaiveDate) -> BTreeMap<i64, Decimal> {
        let transfers: BTreeSet<i64> =
            self.rows("res_company").filter_map(|row| row["transfer_account_id"].as_i64()).collect();
        let mut sums: BTreeMap<i64, Decimal> = BTreeMap::new();
        let mut foreign = BTreeSet::new();
        for item in self.posted() {
            let is_transfer = item["account_id"].as_i64().is_some_and(|id| transfers.contains(&id));
            if self.account_type(item) != "asset_cash" && !is_transfer || date(&item["date"]) > until {
                continue;
            }
            let company = self.root(item);
            if item["currency_id"] != self.get("res_company", &item["company_id"])["currency_id"] {
                foreign.insert(company);
            }
            *sums.entry(company).or_default() += decimal(&item["balance"]);
        }
        sums.retain(|company, _| !foreign.contains(company));
        sums
    }

    /// What is open between a company and a commercial partner in one direction after its credits, where all of it is in the company's
    /// currency. Bank lines that are not matched and name the partner are credits, and so are registered payments without an
    /// entry; a line and a registered payment of one amount are the same money.
    fn open(&self) -> BTreeMap<(i64, i64, &'static str), Decimal> {
        let mut owed: BTreeMap<(i64, i64, &'static str), (Decimal, Decimal)> = BTreeMap::new();
        let mut foreign = BTreeSet::new();
        let commercial = |partner: &Value| {
            self.get("res_partner", partner)["commercial_partner_id"]
                .as_i64()
                .or(partner.as_i64())
                .unwrap_or_default()
        };
        let own = |item: &Value| self.get("res_company", &item["company_id"])["currency_id"].clone();
        for item in self.posted() {
            let (direction, residual) = match self.account_type(item) {
                "asset_receivable" => ("ar", decimal(&item["amount_residual_currency"])),
                "liability_payable" => ("ap", -decimal(&item["amount_residual_currency"])),
                _ => continue,
            };
            if residual.is_zero() || item["reconciled"] == true {
                continue;
            }
            let key = (self.root(item), commercial(&item["partner_id"]), direction);
            if item["currency_id"] != own(item) {
                foreign.insert(key);
            }
            let (debts, credits) = owed.entry(key).or_default();
            if residual > Decimal::ZERO { *debts += residual } else { *credits -= residual }
        }
        let mut lines: BTreeMap<(i64, i64, Decimal), u32> = BTreeMap::new();
        for line in self.rows("account_bank_statement_line") {
            if line["is_reconciled"] == true || line["partner_id"].is_null() {
                continue;
            }
            let items: Vec<&Value> =
                self.posted().filter(|item| item["move_id"] == line["move_id"]).collect();
            let Some(cash) = items.iter().find(|item| self.account_type(item) == "asset_cash") else {
                continue;
            };
            let matched: Decimal = items
                .iter()
                .filter(|item| matches!(self.account_type(item), "asset_receivable" | "liability_payable"))
                .map(|item| decimal(&item["amount_currency"]))
                .sum();
            let open = decimal(&cash["amount_currency"]) + matched;
            let (company, partner) = (self.root(cash), commercial(&line["partner_id"]));
            if cash["currency_id"] != own(cash) {
                foreign.insert((company, partner, if open.is_sign_negative() { "ap" } else { "ar" }));
            }
            *lines.entry((company, partner, open.normalize())).or_default() += 1;
        }
        let take = |lines: &mut BTreeMap<(i64, i64, Decimal), u32>, key| {
            lines.get_mut(&key).filter(|count| **count > 0).map(|count| *count -= 1).is_some()
        };
        // What a payment with an entry has settled is settled: its line is no credit once more.
        for item in self.posted().filter(|item| !item["payment_id"].is_null() && item["reconciled"] != true) {
            let account = self.get("account_account", &item["account_id"]);
            let waits =
                !matches!(self.account_type(item), "asset_receivable" | "liability_payable" | "asset_cash");
            if waits && account["reconcile"] == true {
                let amount = decimal(&item["amount_residual_currency"]).normalize();
                take(&mut lines, (self.root(item), commercial(&item["partner_id"]), amount));
            }
        }
        for ((company, partner, amount), count) in &lines {
            let direction = if amount.is_sign_negative() { "ap" } else { "ar" };
            let credits = &mut owed.entry((*company, *partner, direction)).or_default().1;
            *credits += amount.abs() * Decimal::from(*count);
        }
        for payment in self.rows("account_payment") {
            if payment["state"] != "in_process" || !payment["move_id"].is_null() {
                continue;
            }
            let is_inbound = payment["payment_type"] == "inbound";
            let of_supplier = payment["partner_type"] == "supplier";
            let direction = if of_supplier { "ap" } else { "ar" };
            let key = (self.root(payment), commercial(&payment["partner_id"]), direction);
            let amount = decimal(&payment["amount"]);
            let moved = if is_inbound { amount } else { -amount };
            if take(&mut lines, (key.0, key.1, moved.normalize())) {
                continue;
            }
            owed.entry(key).or_default().1 += if is_inbound == of_supplier { -amount } else { amount };
        }
        owed.retain(|key, (debts, credits)| !foreign.contains(key) && key.1 != 0 && debts > credits);
        owed.into_iter().map(|(key, (debts, credits))| (key, debts - credits)).collect()
    }
}

fn decimal(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Null => Decimal::ZERO,
        number => number.to_string().parse().unwrap(),
    }
}

fn date(value: &Value) -> NaiveDate {
    NaiveDate::default() + Days::new(value.as_u64().unwrap())
}

/// Runs a feed to its end and a minute more, and compares.
async fn agrees(test: &str, file: &Path) {
    let sandbox = Sandbox::new(test).await;
    sandbox.configure("processors = [\"forecast\"]");
    sandbox.ok(&["publish", file.to_str().unwrap(), "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let mut connection = sandbox.connect().await;
    let due: Option<chrono::DateTime<chrono::Utc>> =
        sqlx::query_scalar("SELECT due_at FROM forecast.clock").fetch_one(&mut connection).await.unwrap();
    if let Some(due) = due {
        let tick = json!({ "key": "ledgerwell", "type": "tick", "value": { "time": due } });
        let tick = sandbox.file("tick.jsonl", &format!("{tick}\n"));
        sandbox.ok(&["publish", &tick, "--topic", &sandbox.topic]);
        sandbox.ok(&["run", "--until-caught-up"]);
    }
    let odoo = Odoo::read(file);
    let positions: Vec<(i32, NaiveDate, Decimal)> = sqlx::query_as(
        "SELECT company_id, forecast_date, opening FROM forecast.position WHERE company_id > 0",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(!positions.is_empty());
    let cash = odoo.cash(positions[0].1);
    let mut compared = 0;
    for (company, _, opening) in positions {
        if let Some(sum) = cash.get(&i64::from(company)) {
            assert_eq!(opening, *sum, "what there is in company {company}");
            compared += 1;
        }
    }
    assert!(compared > 0, "no company has all of its cash in its own currency");

    let rows = sqlx::query(
        "SELECT company_id, partner_id, component, sum(amount) AS amount, count(*) = count(DISTINCT id) AS is_once
         FROM forecast.document WHERE kind = 'item' AND amount > 0 AND partner_id IS NOT NULL GROUP BY 1, 2, 3",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for row in rows {
        let component = if row.get::<String, _>("component") == "ar" { "ar" } else { "ap" };
        assert!(row.get::<bool, _>("is_once"));
        let key = (
            i64::from(row.get::<i32, _>("company_id")),
            i64::from(row.get::<i32, _>("partner_id")),
            component,
        );
        found.insert(key, row.get::<Decimal, _>("amount"));
    }
    let open = odoo.open();
    assert!(open.len() > 10, "{}", open.len());
    for (key, amount) in &open {
        assert_eq!(found.get(key), Some(amount), "company, partner and direction: {key:?}");
    }
    println!("{test}: {compared} companies, {} accounts of customers and suppliers", open.len());
    adds_up(&sandbox, &mut connection).await;
}

/// Over HTTP, the documents of each day of the group add up to its row.
async fn adds_up(sandbox: &Sandbox, connection: &mut sqlx::PgConnection) {
    let (token, lines) = sandbox.token("anna", "reader");
    sandbox.configure(&format!("processors = [\"forecast\"]\n{lines}"));
    let server = sandbox.start();
    let api = Api { address: sandbox.listening().await, token };
    let days: Vec<NaiveDate> = sqlx::query_scalar(
        "SELECT target_date FROM cash_forecasts JOIN forecast.position ON company_id = 0
             AND cash_forecasts.forecast_date = position.forecast_date
         WHERE ar_expected <> 0 OR ap_expected <> 0 ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    assert!(days.len() > 3, "{days:?}");
    for day in days.iter().step_by(7) {
        let page = api.read(&format!("/api/v1/forecast/days/{day}"));
        for component in ["ar", "ap", "pipeline", "recurring"] {
            let documents = page["documents"].as_array().unwrap().iter();
            let of_component = documents.filter(|row| row["component"] == component);
            let sum: Decimal = of_component.map(|row| decimal(&row["moves"])).sum();
            assert_eq!(sum, decimal(&page["day"][format!("{component}_expected")]), "{component} on {day}");
        }
    }
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_is_forecast_as_its_rows_say() {
    let Some(folder) = recordings() else { return };
    agrees("cash_recorded", &folder.join("odoo-18/odoo.changes.jsonl.gz")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_quarter_is_forecast_as_its_rows_say() {
    let folder = std::env::temp_dir().join(format!("ledgerwell-cash-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("quarter.jsonl.gz");
    let sandbox = Sandbox::unmigrated("cash_file").await;
    let path = file.to_str().unwrap();
    sandbox.ok(&["simulate", "--days", "90", "--customers", "80", "--orders-per-day", "8", "--out", path]);
    agrees("cash_simulated", &file).await;
    std::fs::remove_dir_all(folder).unwrap();
}
