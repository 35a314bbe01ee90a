//! How fast groups are kept true among many records: made-up customers, one in eleven of them a second spelling of another.
//! `make bench`; RECORDS (500,000) sets how many. The engine is measured alone: rows are read into records beforehand, which is
//! measured, too.

#![allow(clippy::cast_precision_loss, reason = "rates for people")]

use std::time::Instant;

use linkage::engine::Engine;
use linkage::field::{Field, Kind};
use linkage::model::Model;
use linkage::record::{Place, Record};

/// Records that are changed, and then deleted.
const CHANGES: usize = 50_000;

fn main() {
    let count = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(500_000);
    let rows = customers(count);
    let mut model = Model::untrained(&schema());
    let began = Instant::now();
    let place = |id| Place { id, ..Place::default() };
    let mut records: Vec<Record> = rows.iter().zip(0..).map(|(row, id)| model.read(row, place(id))).collect();
    let reading = count as f64 / began.elapsed().as_secs_f64();
    drop(rows);
    model.freeze(&mut records, 0);

    let began = Instant::now();
    let mut engine = Engine::with(model.clone(), records.clone());
    engine.settle();
    let bulk = began.elapsed().as_secs_f64();
    drop(engine);

    let mut engine = Engine::new(model);
    let entered = timed(&mut engine, records.clone(), Engine::set);
    let (groups, bytes) = (engine.groups().count(), engine.bytes() / engine.len().max(1));
    // Everything about a customer becomes another's: the most that a change can be.
    let step = (count / CHANGES).max(1);
    let other = |(before, other): (&Record, &Record)| {
        let mut record = other.clone();
        record.place = before.place;
        record
    };
    let changed = records.iter().step_by(step).zip(records.iter().skip(step / 2).step_by(step)).map(other);
    let changed = timed(&mut engine, changed.collect(), Engine::set);
    let deleted = records.iter().step_by(step).map(|record| record.place.id).collect();
    let deleted = timed(&mut engine, deleted, Engine::remove);

    println!("{count} customers, {groups} groups, {bytes} bytes each");
    println!("  reading rows into records       {reading:>9.0} a second");
    println!("  comparing all at once           {:>9.0} a second, {bulk:.1} s", count as f64 / bulk);
    for (what, times) in [("entered", entered), ("changed", changed), ("deleted", deleted)] {
        let rate = times.len() as f64 * 1e6 / times.iter().sum::<f64>();
        let of = |per_cent: usize| times[times.len() * per_cent / 100];
        let longest = times.last().copied().unwrap_or_default();
        println!(
            "  {what}, groups up to date        {rate:>9.0} a second; µs: half {:.1}, 99 % {:.1}, longest {longest:.0}",
            of(50),
            of(99)
        );
    }
}

/// Gives the engine one change after the other; answers how many microseconds each took, sorted.
fn timed<T>(engine: &mut Engine, changes: Vec<T>, change: fn(&mut Engine, T)) -> Vec<f64> {
    let time = |one: T| {
        let began = Instant::now();
        change(engine, one);
        engine.settle();
        began.elapsed().as_secs_f64() * 1e6
    };
    let mut times: Vec<f64> = changes.into_iter().map(time).collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}

fn schema() -> Vec<Field> {
    let field = |(column, kind): (&str, Kind)| Field { columns: vec![column.into()], kind };
    let fields = [
        ("name", Kind::Name),
        ("email", Kind::Email),
        ("phone", Kind::Phone),
        ("street", Kind::Street),
        ("zip", Kind::Postcode),
        ("city", Kind::City),
        ("country", Kind::Country),
        ("vat", Kind::TaxId),
    ];
    fields.into_iter().map(field).collect()
}

type Row = [String; 8];

/// A fixed sequence of numbers that look like chance (Knuth's MMIX constants).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap_or(0)
    }

    /// A word with the given number of syllables: pools grow with what is drawn, as names of a larger country do.
    fn word(&mut self, syllables: usize) -> String {
        const SYLLABLES: [&str; 40] = [
            "ba", "be", "bro", "cal", "den", "dor", "el", "fa", "fen", "gar", "gol", "ha", "hol", "ir", "ka",
            "kel", "la", "lin", "lo", "ma", "mer", "mo", "na", "nor", "ol", "pa", "per", "ra", "ri", "ro",
            "sa", "sen", "ste", "ta", "tor", "ul", "va", "ver", "wil", "zan",
        ];
        (0..syllables).map(|_| SYLLABLES[self.below(SYLLABLES.len())]).collect()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }
}

fn customers(count: usize) -> Vec<Row> {
    let mut chance = Chance(7);
    let mut rows: Vec<Row> = Vec::with_capacity(count);
    while rows.len() < count {
        if rows.len() > 10 && chance.below(11) == 0 {
            let row = rows[chance.below(rows.len())].clone();
            rows.push(again(row, &mut chance));
        } else {
            rows.push(customer(&mut chance));
        }
    }
    rows
}

fn customer(chance: &mut Chance) -> Row {
    const TRADES: [&str; 12] = [
        "Bakery",
        "Builders",
        "Clinic",
        "Foods",
        "Freight",
        "Glass",
        "Hotels",
        "Logistics",
        "Machines",
        "Optics",
        "Systems",
        "Tools",
    ];
    const FORMS: [&str; 4] = ["Ltd", "GmbH", "Inc", "B.V."];
    let (given, family) = (chance.word(2), chance.word(3));
    let name = if chance.below(2) == 0 {
        format!("{family} {} {}", TRADES[chance.below(TRADES.len())], FORMS[chance.below(FORMS.len())])
    } else {
        format!("{given} {family}")
    };
    let mail = if chance.below(3) == 0 { "gmail.com".into() } else { format!("{}.example", chance.word(3)) };
    let city = chance.below(2_000);
    let vat = if chance.below(2) == 0 { String::new() } else { format!("DE{}", chance.digits(9)) };
    [
        name,
        format!("{given}.{family}{}@{mail}", chance.below(100)),
        format!("+49 {} {}", 200 + city % 700, chance.digits(7)),
        format!("{}strasse {}", chance.word(2), 1 + chance.below(150)),
        format!("{:05}", 10_000 + city * 40 + chance.below(10)),
        Chance(city as u64).word(3),
        "DE".into(),
        vat,
    ]
}

/// The same customer with a slip in one field, and another left out.
fn again(mut row: Row, chance: &mut Chance) -> Row {
    let slip = chance.below(5);
    let at = chance.below(row[slip].len().max(1));
    if row[slip].is_char_boundary(at) && at < row[slip].len() {
        row[slip].replace_range(at..=at, "e");
    }
    row[1 + chance.below(4)].clear();
    row
}
