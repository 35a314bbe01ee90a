//! Other companies' banks: lines of made-up customers in several countries, with the number formats, habits and slips that a parameter
//! says. Written without a look at how the engine weighs anything.

use matching::backtest::{Files, Truth};
use matching::records::{Currency, Item, Line, Names, Partner};

use super::company::APRIL;

/// How a world is.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) number: fn(i32) -> String,
    /// How people call an invoice.
    pub(crate) call: fn(&str) -> String,
    pub(crate) words: &'static [&'static str],
    pub(crate) charges: &'static [&'static str],
    pub(crate) forms: &'static [&'static str],
    /// Names are cut after so many characters.
    pub(crate) cut: usize,
    /// Of a hundred invoices so many have one of few amounts.
    pub(crate) equal: u64,
    /// Of a hundred numbers so many have a slip.
    pub(crate) slips: u64,
    /// Of a hundred lines so many do not say who paid.
    pub(crate) anonymous: u64,
    /// Of a hundred lines so many name no number.
    pub(crate) unnamed: u64,
}

/// Numbers that look random and are the same each time (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (value ^ (value >> 31)) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

const SYLLABLES: &[&str] = &[
    "bar", "ten", "lin", "mos", "ka", "ru", "vel", "dor", "si", "han", "ger", "po", "lau", "met", "zi",
    "fro", "nel", "tas", "qui", "bo", "wen", "ste", "ru", "mar",
];
const TRADES: &[&str] = &[
    "Metall",
    "Foods",
    "Logistics",
    "Consult",
    "Bau",
    "Textil",
    "Garden",
    "Marine",
    "Optik",
    "Print",
    "Energia",
    "Medica",
];

fn name(random: &mut Random, forms: &[&str]) -> String {
    let mut word: String = (0..2 + random.below(2)).map(|_| random.pick(SYLLABLES)).collect();
    word[..1].make_ascii_uppercase();
    format!("{word} {} {}", random.pick(TRADES), random.pick(forms))
}

fn slip(random: &mut Random, number: &str) -> String {
    let mut bytes = number.as_bytes().to_vec();
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    let at = digits[digits.len() - 1 - usize::try_from(random.below(3.min(digits.len() as u64))).unwrap()];
    bytes[at] = b'0' + (bytes[at] - b'0' + 1 + u8::try_from(random.below(9)).unwrap()) % 10;
    String::from_utf8(bytes).unwrap()
}

/// Lines of a year, and what they are.
pub(crate) fn world(world: &World, seed: u64, customers: i32, invoices: i32) -> Files {
    let mut random = Random(seed);
    let mut files = Files::default();
    for id in 0..customers {
        let account = format!("ZZ{:014}", random.below(100_000_000_000_000));
        let known = random.chance(60);
        let accounts = if known { vec![account] } else { Vec::new() };
        files
            .partners
            .insert(id, Partner { id, name: name(&mut random, world.forms), accounts, ..Partner::default() });
    }
    let unknown: Vec<String> = (0..customers).map(|id| format!("YY{id:014}")).collect();
    let mut lines: Vec<(Line, Truth)> = Vec::new();
    let mut id = 0;
    while id < invoices {
        let partner = i32::try_from(random.below(u64::from(customers.unsigned_abs()))).unwrap();
        let count = if random.chance(15) { 2 + i32::try_from(random.below(4)).unwrap() } else { 1 };
        let issued = APRIL + i32::try_from(random.below(300)).unwrap();
        let mut items = Vec::new();
        for _ in 0..count {
            let amount = if random.chance(world.equal) {
                [4_900_i64, 11_900, 25_000, 59_500, 99_900][usize::try_from(random.below(5)).unwrap()]
            } else {
                1_000 + i64::try_from(random.below(900_000)).unwrap()
            };
            let due = issued + [0, 14, 30, 45][usize::try_from(random.below(4)).unwrap()];
            let number = (world.number)(id);
            let item = Item {
                id,
                names: Names::new(&number, "", ""),
                partner: Some(partner),
                date: issued,
                due,
                residual: amount,
                currency: Currency(0),
                ..Item::default()
            };
            files.items.insert(id, item.clone());
            items.push(item);
            id += 1;
        }
        lines.push(line(world, &mut random, &files.partners[&partner], &unknown, &items));
    }
    for _ in 0..invoices / 12 {
        let amount = -500 - i64::try_from(random.below(90_000)).unwrap();
        let date = APRIL + 20 + i32::try_from(random.below(330)).unwrap();
        let text = random.pick(world.charges).to_owned();
        lines.push((
            Line { date, amount, text, ..Line::default() },
            Truth { category: "none".into(), ..Truth::default() },
        ));
    }
    lines.sort_by_key(|(line, truth)| (line.date, truth.items.clone(), line.amount));
    for ((mut line, mut truth), id) in lines.into_iter().zip(1..) {
        line.id = id;
        truth.line = Some(id);
        files.lines.push(line);
        files.truth.push(truth);
    }
    files
}

fn line(
    world: &World,
    random: &mut Random,
    partner: &Partner,
    unknown: &[String],
    items: &[Item],
) -> (Line, Truth) {
    let due = items.iter().map(|item| item.due).max().unwrap();
    let late = [-3, -1, 0, 0, 1, 2, 4, 9, 17, 40][usize::try_from(random.below(10)).unwrap()];
    let date = (due + late).max(items.iter().map(|item| item.date).max().unwrap());
    let owed: i64 = items.iter().map(|item| item.residual).sum();
    let mut words: Vec<String> = Vec::new();
    if random.chance(40) {
        words.push(random.pick(world.words).to_owned());
    }
    let mut category = if items.len() > 1 { "several" } else { "one" };
    if random.chance(world.unnamed) {
        category = if items.len() > 1 { "several unnamed" } else { "one unnamed" };
    } else {
        for item in items {
            let slips = items.len() == 1 && random.chance(world.slips);
            let number = if slips { slip(random, item.number()) } else { item.number().to_string() };
            words.push(if slips { number } else { (world.call)(&number) });
        }
    }
    let mut amount = owed;
    if items.len() == 1 && random.chance(6) {
        amount = owed / 2;
        category = "partial";
    }
    let is_anonymous = random.chance(world.anonymous);
    let written: String = partner.name.to_uppercase().chars().take(world.cut).collect();
    let account = partner
        .accounts
        .first()
        .cloned()
        .unwrap_or_else(|| unknown[usize::try_from(partner.id).unwrap()].clone());
    let (name, account) = match (is_anonymous, random.below(4)) {
        (true, _) => (String::new(), String::new()),
        (_, 0) => (written, String::new()),
        (_, 1) => (String::new(), account),
        _ => (written, account),
    };
    let truth = Truth {
        items: items.iter().map(|item| item.id).collect(),
        category: category.into(),
        ..Truth::default()
    };
    (Line { date, amount, text: words.join(" "), name, account, ..Line::default() }, truth)
}
