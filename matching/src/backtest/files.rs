//! The files of a backtest.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use chrono::NaiveDate;
use csv::StringRecord;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::rates::Rates;
use crate::records::{Currency, Day, Discount, Item, ItemId, Kind, Line, LineId, Names, Partner, PartnerId};

/// No bank line is larger, in the currency's smallest unit.
const LARGEST: u64 = 1_000_000_000_000_000_000;

/// What is wrong with a file, and where.
#[derive(Debug)]
pub struct Invalid(pub String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// What a line was.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Which line; none where something happened elsewhere.
    pub line: Option<LineId>,
    /// The items that it paid.
    pub items: Vec<ItemId>,
    /// What the bookkeeper calls it.
    pub category: String,
    /// How much of each was paid, where it is said.
    pub allocations: BTreeMap<ItemId, i64>,
    /// Items that were paid before and are open again.
    pub reopened: Vec<ItemId>,
    /// The account that it was booked on, where it paid none.
    pub account: String,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Files {
    /// Who may pay.
    pub partners: BTreeMap<PartnerId, Partner>,
    /// What is to be paid.
    pub items: BTreeMap<ItemId, Item>,
    /// The bank's lines, in order.
    pub lines: Vec<Line>,
    /// What they were.
    pub truth: Vec<Truth>,
    /// Rates.
    pub rates: Rates,
    currencies: Vec<String>,
    journals: Vec<String>,
}

impl Files {
    /// Reads a folder: `partners.csv`, `items.csv`, `lines.csv`, `truth.csv`, and `rates.csv` where it is there.
    ///
    /// # Errors
    /// A file that is not there, a column that it lacks, or a value that cannot be read: file, line and column are named.
    pub fn read(folder: &Path) -> Result<Self, Invalid> {
        let mut files = Self::default();
        read(&folder.join("partners.csv"), "id name iban", |row| files.partner(row))?;
        read(&folder.join("items.csv"), "id number partner_id date amount currency", |row| files.item(row))?;
        read(&folder.join("lines.csv"), "id date amount currency label", |row| files.line(row))?;
        read(&folder.join("truth.csv"), "line_id item_ids category", |row| files.truth(row))?;
        let rates = folder.join("rates.csv");
        if rates.exists() {
            read(&rates, "date currency rate", |row| files.rate(row))?;
        }
        Ok(files)
    }

    /// An amount of an item in its currency, for people.
    pub fn amount(&self, item: ItemId, amount: i64) -> Decimal {
        Decimal::new(amount, decimals(self.code(item)))
    }

    /// The currency of an item.
    fn code(&self, item: ItemId) -> &str {
        let currency = self.items.get(&item).map_or(Currency::default(), |item| item.currency);
        self.currencies.get(usize::from(currency.0)).map_or("", String::as_str)
    }

    /// Journals are told apart by what they are called.
    fn journal(&mut self, name: &str) -> i64 {
        let place = self.journals.iter().position(|known| known == name).unwrap_or_else(|| {
            self.journals.push(name.to_owned());
            self.journals.len() - 1
        });
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    fn currency(&mut self, code: &str) -> Currency {
        let place = self.currencies.iter().position(|known| known == code).unwrap_or_else(|| {
            self.currencies.push(code.to_owned());
            self.currencies.len() - 1
        });
        let currency = Currency(u16::try_from(place).unwrap_or(u16::MAX));
        self.rates.set_decimals(currency, decimals(code));
        currency
    }

    fn partner(&mut self, row: &Row<'_>) -> Result<(), Invalid> {
        let id = row.parse("id")?;
        let partner = self.partners.entry(id).or_insert_with(|| Partner { id, ..Partner::default() });
        let account = row.text("iban")?;
        if partner.name.is_empty() {
            row.text("name")?.clone_into(&mut partner.name);
        }
        partner.accounts.extend(Some(account.to_owned()).filter(|account| !account.is_empty()));
        partner.parent = partner.parent.or(row.optional("parent_id")?);
        partner.own |= ["1", "true", "t", "yes"].contains(&row.text_or("own").to_lowercase().as_str());
        Ok(())
    }

    fn item(&mut self, row: &Row<'_>) -> Result<(), Invalid> {
        let code = row.text("currency")?.to_owned();
        let discount = match (row.optional_day("discount_date")?, row.text_or("discount_amount")) {
            (Some(until), text) if !text.is_empty() => {
                Some(Box::new(Discount { until, amount: row.amount("discount_amount", &code)? }))
            }
            _ => None,
        };
        let item = Item {
            id: row.parse("id")?,
            names: Names::new(row.text("number")?, row.text_or("payment_reference"), ""),
            partner: row.optional("partner_id")?,
            date: row.day("date")?,
            due: row.optional_day("due")?.map_or_else(|| row.day("date"), Ok)?,
            residual: row.amount("amount", &code)?,
            currency: self.currency(&code),
            kind: match row.text_or("type") {
                "invoice" => Kind::Invoice,
                "credit_note" => Kind::CreditNote,
                "bill" => Kind::Bill,
                "refund" => Kind::Refund,
                "payment" => Kind::Payment,
                _ => Kind::Unknown,
            },
            discount,
        };
        self.items.insert(item.id, item);
        Ok(())
    }

    fn line(&mut self, row: &Row<'_>) -> Result<(), Invalid> {
        let code = row.text("currency")?.to_owned();
        let narration = row.text_or("narration");
        let label = row.text("label")?;
        let line = Line {
            id: row.parse("id")?,
            journal: self.journal(row.text_or("journal")),
            date: row.day("date")?,
            amount: row.amount("amount", &code)?,
            currency: self.currency(&code),
            text: if narration.is_empty() { label.to_owned() } else { format!("{label} {narration}") },
            name: row.text_or("partner_name").to_owned(),
            account: row.text_or("account").to_owned(),
            bank_id: row.text_or("bank_id").to_owned(),
            ..Line::default()
        };
        self.lines.push(line);
        Ok(())
    }

    fn truth(&mut self, row: &Row<'_>) -> Result<(), Invalid> {
        let ids = row.text("item_ids")?.split_whitespace().map(|id| row.value("item_ids", id));
        let ids: Vec<ItemId> = ids.collect::<Result<_, _>>()?;
        let category = row.text("category")?.to_owned();
        let is_undone = category == "unreconcile";
        let (items, reopened) = if is_undone { (Vec::new(), ids) } else { (ids, Vec::new()) };
        let mut allocations = BTreeMap::new();
        for allocation in row.text_or("allocations").split_whitespace() {
            let wanted = "an item and an amount such as 17:1234.50";
            let parts = allocation.rsplit_once(':');
            let (id, amount) = parts.ok_or_else(|| row.invalid("allocations", allocation, wanted))?;
            let id = row.value("allocations", id)?;
            let amount =
                units(amount, self.code(id)).ok_or_else(|| row.invalid("allocations", amount, wanted))?;
            allocations.insert(id, amount);
        }
        let account = row.text_or("account").to_owned();
        self.truth.push(Truth {
            line: row.optional("line_id")?,
            items,
            category,
            allocations,
            reopened,
            account,
        });
        Ok(())
    }

    fn rate(&mut self, row: &Row<'_>) -> Result<(), Invalid> {
        let base = Some(row.text_or("base")).filter(|base| !base.is_empty()).unwrap_or("EUR");
        let (base, currency) = (self.currency(base), self.currency(row.text("currency")?));
        self.rates.set(currency, base, row.day("date")?, row.parse("rate")?);
        Ok(())
    }
}

/// An amount in a currency's smallest unit.
fn units(text: &str, currency: &str) -> Option<i64> {
    let amount = Decimal::from_str(text).ok()?;
    let units = amount.checked_mul(Decimal::from(10_i64.pow(decimals(currency))))?.round().to_i64()?;
    (units.unsigned_abs() <= LARGEST).then_some(units)
}

/// How many decimals a currency has (ISO 4217).
pub(super) fn decimals(code: &str) -> u32 {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A row with what is needed to say where something is wrong.
struct Row<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    record: &'a StringRecord,
}

/// Reads a file that has these columns, row by row.
fn read(
    path: &Path,
    columns: &str,
    mut each: impl FnMut(&Row<'_>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let failed = |error: csv::Error| Invalid(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(failed)?;
    let header: StringRecord = reader
        .headers()
        .map_err(failed)?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim())
        .collect();
    for column in columns.split(' ') {
        Row { path, header: &header, record: &header }.text(column)?;
    }
    for record in reader.records() {
        let record = record.map_err(failed)?;
        each(&Row { path, header: &header, record: &record })?;
    }
    Ok(())
}

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> Option<&'a str> {
        let place = self.header.iter().position(|name| name == column)?;
        Some(self.record.get(place).unwrap_or_default().trim())
    }

    fn text(&self, column: &str) -> Result<&'a str, Invalid> {
        self.get(column).ok_or_else(|| {
            let names: Vec<_> = self.header.iter().collect();
            Invalid(format!(
                "{}: there is no column {column}; there are {}",
                self.path.display(),
                names.join(", ")
            ))
        })
    }

    fn text_or(&self, column: &str) -> &'a str {
        self.get(column).unwrap_or_default()
    }

    fn invalid(&self, column: &str, text: &str, wanted: &str) -> Invalid {
        let line = self.record.position().map_or(0, csv::Position::line);
        Invalid(format!("{}, line {line}: {column} is {text:?}, not {wanted}", self.path.display()))
    }

    fn value<T: FromStr>(&self, column: &str, text: &str) -> Result<T, Invalid> {
        text.parse().map_err(|_| self.invalid(column, text, "a number"))
    }

    fn parse<T: FromStr>(&self, column: &str) -> Result<T, Invalid> {
        self.value(column, self.text(column)?)
    }

    fn optional<T: FromStr>(&self, column: &str) -> Result<Option<T>, Invalid> {
        let text = self.text_or(column);
        if text.is_empty() { Ok(None) } else { self.value(column, text).map(Some) }
    }

    fn day(&self, column: &str) -> Result<Day, Invalid> {
        let text = self.text(column)?;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| self.invalid(column, text, "a day such as 2026-03-31"))?;
        Ok(date.to_epoch_days())
    }

    fn optional_day(&self, column: &str) -> Result<Option<Day>, Invalid> {
        if self.text_or(column).is_empty() { Ok(None) } else { self.day(column).map(Some) }
    }

    fn amount(&self, column: &str, currency: &str) -> Result<i64, Invalid> {
        let text = self.text(column)?;
        let amount = units(text, currency);
        amount.ok_or_else(|| self.invalid(column, text, "an amount such as 1234.50"))
    }
}
