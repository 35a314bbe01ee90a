//! Invented words for companies, people, places and goods.

use crate::random::Random;
use crate::wire::json;

const FIRST: [&str; 40] = [
    "Alder", "Amber", "Anvil", "Aspen", "Basalt", "Bay", "Beacon", "Birch", "Bramble", "Bright", "Canal",
    "Cedar", "Cinder", "Clay", "Cobalt", "Copper", "Coral", "Dune", "Eagle", "Elm", "Ember", "Falcon",
    "Fern", "Flint", "Garnet", "Harbour", "Hazel", "Heron", "Juniper", "Larch", "Maple", "Marble", "Meadow",
    "North", "Opal", "Quarry", "Raven", "Sable", "Tidal", "Willow",
];
const SECOND: [&str; 32] = [
    "bank", "bridge", "brook", "cliff", "cross", "dale", "fall", "field", "ford", "forge", "gate", "grove",
    "haven", "hill", "holm", "keep", "lake", "mark", "mill", "moor", "point", "port", "ridge", "rock",
    "side", "stone", "vale", "view", "ward", "water", "wick", "wood",
];
const TRADE: [&str; 24] = [
    "Bakeries",
    "Builders",
    "Carpentry",
    "Clinics",
    "Coatings",
    "Components",
    "Dental",
    "Electrics",
    "Fabrics",
    "Foods",
    "Freight",
    "Gardens",
    "Glass",
    "Hotels",
    "Instruments",
    "Interiors",
    "Logistics",
    "Machines",
    "Optics",
    "Packaging",
    "Printing",
    "Systems",
    "Textiles",
    "Tools",
];
const FORM: [&str; 6] = ["Ltd", "GmbH", "B.V.", "Inc", "& Daughters", "Co-op"];
const GIVEN: [&str; 28] = [
    "Ada", "Anouk", "Bram", "Carla", "Dario", "Edda", "Elif", "Enzo", "Femke", "Goran", "Hanna", "Ilse",
    "Jonas", "Kaya", "Lena", "Milo", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sami", "Tessa", "Udo",
    "Vera", "Willem", "Yara", "Zoé",
];
const FAMILY: [&str; 24] = [
    "Abelin", "Brandt", "Corvo", "Dahlke", "Estrand", "Fabrin", "Gjerde", "Hollund", "Ivers", "Jansma",
    "Kestrel", "Lorimer", "Morvan", "Nystad", "Orland", "Pavic", "Quist", "Rossum", "Selmer", "Tormey",
    "Ulven", "Varga", "Wendt", "Ziegler",
];
const JOBS: [&str; 6] =
    ["Accounts Payable", "Buyer", "Head of Finance", "Office Manager", "Site Manager", "Treasurer"];
const STREETS: [&str; 12] = [
    "Anchor Lane",
    "Brickyard Road",
    "Chapel Street",
    "Dock Street",
    "Foundry Way",
    "Granary Row",
    "Kiln Lane",
    "Market Square",
    "Orchard Road",
    "Quay Street",
    "Station Road",
    "Weaver Street",
];
const ADJECTIVES: [&str; 14] = [
    "Adjustable",
    "Compact",
    "Cordless",
    "Folding",
    "Heavy",
    "Insulated",
    "Light",
    "Modular",
    "Padded",
    "Portable",
    "Sealed",
    "Silent",
    "Slim",
    "Sturdy",
];
const GOODS: [&str; 24] = [
    "Bench", "Bracket", "Cabinet", "Cart", "Clamp", "Crate", "Drill", "Fan", "Filter", "Frame", "Heater",
    "Hinge", "Ladder", "Lamp", "Locker", "Pallet", "Panel", "Pump", "Rack", "Shelf", "Stool", "Trolley",
    "Valve", "Winch",
];
const SERVICES: [&str; 4] = ["Installation", "Maintenance Visit", "Safety Training", "Site Survey"];

/// Where a partner lives.
pub(crate) struct Place {
    pub(crate) city: &'static str,
    /// Odoo's number of the country.
    pub(crate) country: i64,
    code: &'static str,
    phone: u32,
}

const PLACES: [Place; 8] = [
    Place { city: "Porthaven", country: 233, code: "US", phone: 1 },
    Place { city: "Millbrook", country: 233, code: "US", phone: 1 },
    Place { city: "Eastmoor", country: 231, code: "GB", phone: 44 },
    Place { city: "Nordheim am See", country: 57, code: "DE", phone: 49 },
    Place { city: "Oudekerk", country: 165, code: "NL", phone: 31 },
    Place { city: "Saint-Aubin", country: 75, code: "FR", phone: 33 },
    Place { city: "Villaverde", country: 68, code: "ES", phone: 34 },
    Place { city: "Grünthal", country: 12, code: "AT", phone: 43 },
];

pub(crate) fn place(seed: u32) -> &'static Place {
    &PLACES[seed as usize % PLACES.len()]
}

pub(crate) fn job(seed: u32) -> &'static str {
    JOBS[seed as usize % JOBS.len()]
}

fn word(random: &mut Random, list: &'static [&'static str]) -> &'static str {
    random.pick(list).unwrap_or("")
}

/// A company's name.
pub(crate) fn company(random: &mut Random) -> Box<str> {
    let (first, second) = (word(random, &FIRST), word(random, &SECOND));
    let (trade, form) = (word(random, &TRADE), word(random, &FORM));
    format!("{first}{second} {trade} {form}").into()
}

/// A person's name.
pub(crate) fn person(random: &mut Random) -> Box<str> {
    let (given, family) = (word(random, &GIVEN), word(random, &FAMILY));
    format!("{given} {family}").into()
}

/// A product's name.
pub(crate) fn product(random: &mut Random, service: bool) -> Box<str> {
    if service {
        word(random, &SERVICES).into()
    } else {
        let (adjective, good) = (word(random, &ADJECTIVES), word(random, &GOODS));
        format!("{adjective} {good}").into()
    }
}

pub(crate) fn write_vat(out: &mut Vec<u8>, seed: u32) {
    out.extend_from_slice(place(seed).code.as_bytes());
    json::padded(out, u64::from(seed), 9);
}

pub(crate) fn write_street(out: &mut Vec<u8>, seed: u32) {
    out.extend_from_slice(STREETS[seed as usize % STREETS.len()].as_bytes());
    out.push(b' ');
    json::unsigned(out, u64::from(seed / 12 % 180 + 1));
}

pub(crate) fn write_email(out: &mut Vec<u8>, id: u32, company: bool) {
    out.extend_from_slice(if company { b"accounts@partner-" } else { b"contact@partner-" });
    json::unsigned(out, u64::from(id));
    out.extend_from_slice(b".example");
}

pub(crate) fn write_phone(out: &mut Vec<u8>, seed: u32, gap: &[u8]) {
    out.push(b'+');
    json::unsigned(out, u64::from(place(seed).phone));
    out.extend_from_slice(gap);
    out.extend_from_slice(b"555");
    out.extend_from_slice(gap);
    json::padded(out, u64::from(seed % 1_000_000), 6);
}

/// A note too long to be stored in the row, which therefore is missing from updates.
pub(crate) fn write_comment(out: &mut Vec<u8>, seed: u32) {
    out.extend_from_slice(b"<p>");
    let mut random = Random::new(u64::from(seed));
    for _ in 0..320 {
        out.extend_from_slice(word(&mut random, &FIRST).as_bytes());
        out.extend_from_slice(word(&mut random, &SECOND).as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(b"</p>");
}
