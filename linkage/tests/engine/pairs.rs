//! Which pairs are the same, which are not, and what says so: a specification by example.

use linkage::field::{Field, Kind};
use linkage::measure::MISSING;
use linkage::model::{LINK, Model, Score};
use linkage::record::{Place, Record};
use linkage::veto::Veto;

const CUSTOMER: [(&str, Kind); 8] = [
    ("name", Kind::Name),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("street", Kind::Street),
    ("zip", Kind::Postcode),
    ("city", Kind::City),
    ("country", Kind::Country),
    ("vat", Kind::TaxId),
];

pub(crate) type Customer = [&'static str; 8];

/// A model that has seen a thousand customers with names and addresses of their own.
fn model() -> Model {
    let fields: Vec<_> =
        CUSTOMER.iter().map(|(name, kind)| Field { columns: vec![(*name).into()], kind: *kind }).collect();
    let mut model = Model::untrained(&fields);
    let mut records: Vec<Record> = (0..1_000)
        .map(|i| {
            let row = [
                format!("Somebody{i} Example{}", i % 400),
                format!("mail{i}@example{i}.com"),
                format!("+49 30 {}", 100_000 + i),
                format!("Road{} {}", i % 300, i % 50),
                format!("{}", 10_000 + i % 500),
                format!("City{}", i % 100),
                "DE".to_owned(),
                String::new(),
            ];
            model.read(&row, Place { id: i, ..Place::default() })
        })
        .collect();
    model.freeze(&mut records, 0);
    model
}

fn at(id: i32) -> Place {
    Place { id, ..Place::default() }
}

fn score(a: Customer, b: Customer) -> Score {
    let model = model();
    model.score(&model.read(&a, at(1)), &model.read(&b, at(2)))
}

/// What two customers weigh, in thousandths of a bit.
pub(crate) fn weight(a: Customer, b: Customer) -> i32 {
    score(a, b).weight
}

/// Whether two customers are linked, or what speaks against it.
pub(crate) fn verdict(a: Customer, b: Customer) -> Result<bool, Veto> {
    let score = score(a, b);
    score.veto.map_or(Ok(score.weight >= LINK), Err)
}

/// The level of two values in the first comparison of one field.
pub(crate) fn level(kind: Kind, a: &str, b: &str) -> &'static str {
    let model = Model::untrained(&[Field { columns: vec!["it".into()], kind }]);
    let last = model.comparisons().len() - 1;
    let level = model.levels(&model.read(&[a], at(1)), &model.read(&[b], at(2)))[last];
    if level == MISSING {
        "missing"
    } else {
        model.comparisons()[last].measure.levels()[usize::from(level) - 1].name
    }
}

#[test]
fn names_agree_whatever_their_legal_form_order_and_accents() {
    for (a, b) in [
        ("Brückner Maschinenbau GmbH", "Bruckner Maschinenbau"),
        ("Van den Broeck & Zonen NV", "Van Den Broeck & Zonen N.V."),
        ("Harbor Point Hotels Inc.", "Hotels Harbor Point"),
        ("Ready Mat", "ReadyMat"),
        ("Établissements Lefèvre", "Ets Lefevre"),
        ("Hollis & Grant Accounting", "Hollis and Grant Accounting, LLC"),
        ("Bayside Medical Group LLC", "Bayside Med. Grp. LLC"),
        ("Fröhlich Ercan", "Ercan Fröhlich"),
        ("Étienne Da Silva", "Étienn eDa Silva"),
    ] {
        assert_eq!(level(Kind::Name, a, b), "same", "{a} and {b}");
    }
}

#[test]
fn slips_of_the_finger_are_close_and_other_names_are_not() {
    for (a, b) in [
        ("Northwind Office Supplies", "Nortwind Office Suplies"),
        ("Westfield Insurance", "Westfeild Insurance"),
    ] {
        assert_eq!(level(Kind::Name, a, b), "close", "{a} and {b}");
    }
    assert_eq!(level(Kind::Name, "Ansgar Ruppersberger", "A. Ruppersberger"), "short form");
    assert_eq!(level(Kind::Name, "Robert Castellanos", "Bob Castellanos"), "short form");
    assert_eq!(level(Kind::Name, "Golden Gate Bakery", "Golden Gate Bakery Supply"), "contained");
    assert_eq!(level(Kind::Name, "Keith Marsden", "Beth Marsden"), "partly");
    assert_eq!(level(Kind::Name, "Keith Marsden", "Ida Moon"), "different");
    assert_eq!(level(Kind::Name, "Keith Marsden", ""), "missing");
}

#[test]
fn numbers_agree_however_they_are_written() {
    assert_eq!(level(Kind::Phone, "+49 711 2345678", "0049 711/2345678"), "same");
    assert_eq!(level(Kind::TaxId, "BE 0477.472.701", "be0477472701"), "same");
    assert_eq!(level(Kind::Date, "1949-07-22", "22.07.1949"), "same");
    assert_eq!(level(Kind::Date, "1949-07-22", "1949-07-27"), "close");
    assert_eq!(level(Kind::Date, "1949-03-05", "1949-05-03"), "close");
    assert_eq!(level(Kind::Price, "1,299.00", "1299"), "same");
    assert_eq!(level(Kind::Price, "100", "104"), "within 5 %");
}

#[test]
fn a_date_in_three_columns_is_read_by_what_they_are() {
    let date = |kinds: [Kind; 3], row: [&str; 3]| {
        let fields = kinds.map(|kind| Field { columns: vec![format!("{kind:?}")], kind });
        Model::untrained(&fields).read(&row, at(1))
    };
    let [a, b] = [
        date([Kind::Year, Kind::Month, Kind::Day], ["1949", "7", "22"]),
        date([Kind::Day, Kind::Month, Kind::Year], ["22", "7", "1949"]),
    ];
    assert_eq!(a, b);
}

#[test]
fn who_has_moved_is_found_by_name_and_mail() {
    let before =
        ["Giulia Malatesta", "giulia@malatesta.example", "", "Rotonda Amleto 61", "89030", "Sega", "IT", ""];
    let after = [
        "Giulia Malatesta",
        "giulia@malatesta.example",
        "+39 304 906418",
        "Via Babato 50",
        "86078",
        "Bozzana",
        "IT",
        "",
    ];
    assert_eq!(verdict(before, after), Ok(true));
}

#[test]
fn a_family_is_not_one_person() {
    let one = ["Allen Lynch", "", "+1 764 696 2315", "Allen Turnpike 180", "26733", "New Tara", "US", ""];
    let other = ["Matthew Lynch", "", "+1 764 696 2315", "Allen Turnpike 180", "26733", "New Tara", "US", ""];
    assert_eq!(verdict(one, other), Err(Veto::Household));
}

#[test]
fn two_places_of_a_company_are_not_one() {
    let head =
        ["Vega Electronics S.L.", "billing@vega.example", "", "Calle Mayor 118", "14383", "Madrid", "ES", ""];
    let town = [
        "Vega Electronics Bilbao S.L.",
        "billing@vega.example",
        "",
        "Gran Via 5",
        "48001",
        "Bilbao",
        "ES",
        "",
    ];
    assert_eq!(verdict(head, town), Err(Veto::Branch));
}

#[test]
fn two_valid_tax_numbers_are_two_companies_whatever_else_agrees() {
    let one = ["Acme Works BV", "info@acme.example", "", "Main 1", "1000", "Brussels", "BE", "BE0477472701"];
    let other =
        ["Acme Works BV", "info@acme.example", "", "Main 1", "1000", "Brussels", "BE", "BE0403170701"];
    assert_eq!(verdict(one, other), Err(Veto::TaxId));
}

#[test]
fn a_company_is_not_its_contact_and_what_others_own_is_apart() {
    let model = model();
    let row = ["Acme Works", "info@acme.example", "", "", "", "", "", ""];
    let read = |place| model.read(&row, place);
    let veto = |a, b| model.score(&read(a), &read(b)).veto;
    assert_eq!(veto(at(1), Place { id: 2, owner: 1, ..Place::default() }), Some(Veto::Belongs));
    assert_eq!(veto(Place { company: 1, ..at(1) }, Place { company: 2, ..at(2) }), Some(Veto::Company));
    assert_eq!(veto(Place { company: 1, ..at(1) }, at(2)), None);
    assert_eq!(veto(Place { file: 1, ..at(1) }, Place { file: 1, ..at(2) }), Some(Veto::File));
}

#[test]
fn a_rare_name_says_more_than_a_frequent_one() {
    let fields = [Field { columns: vec!["family".into()], kind: Kind::FamilyName }];
    let mut model = Model::untrained(&fields);
    let name = |i: i32| if i % 2 == 0 { "Smith".to_owned() } else { format!("Rare{i}") };
    let mut records: Vec<_> = (0..500).map(|i| model.read(&[name(i)], at(i))).collect();
    model.freeze(&mut records, 0);
    let weight = |name: &str| model.score(&model.read(&[name], at(1)), &model.read(&[name], at(2))).weight;
    assert!(weight("Rare3") > weight("Smith") + 5_000, "{} and {}", weight("Rare3"), weight("Smith"));
}
