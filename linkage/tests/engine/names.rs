//! What names say: words, numbers and characters, and what outweighs a difference.

use linkage::field::{Field, Kind};
use linkage::model::Model;
use linkage::record::Place;
use linkage::veto::Veto;
use proptest::prelude::*;

use crate::pairs::{Customer, level, verdict, weight};

fn name(a: &str, b: &str) -> &'static str {
    let level_of = |a, b| level(Kind::Name, a, b);
    assert_eq!(level_of(a, b), level_of(b, a), "{a} and {b}");
    level_of(a, b)
}

#[test]
fn given_names_are_words_and_not_letters() {
    for (a, b) in [
        ("Lena Maurer", "Lara Maurer"),
        ("Mario Conti", "Maria Conti"),
        ("Daniel Weber", "Daniela Weber"),
        ("Jan de Vries", "Jana de Vries"),
        ("Ramesh Kumar", "Rakesh Kumar"),
        ("Anna Maria Conti", "Anna Marta Conti"),
        ("A. Meyer", "B. Meyer"),
    ] {
        assert_eq!(name(a, b), "partly", "{a} and {b}");
    }
    for (a, b) in
        [("Sara Lind", "Sarah Lind"), ("Mohamed Ali", "Muhammad Ali"), ("Kornelius Abt", "Korneluis Abt")]
    {
        assert_eq!(name(a, b), "close", "{a} and {b}");
    }
    assert_eq!(name("Саша Дорохов", "Александр Дорохов"), "short form");
}

#[test]
fn numbers_are_identity_however_they_are_written() {
    for (a, b) in [
        ("Windpark Nordfeld 1 GmbH", "Windpark Nordfeld 2 GmbH"),
        ("Fonds Rhein-Main VII KG", "Fonds Rhein-Main VIII KG"),
        ("Szkoła nr 12", "Szkoła nr 21"),
        ("Duty Free B12", "Duty Free B21"),
        ("William Hargrove", "William Hargrove III"),
        ("John Smith Sr.", "John Smith Jr."),
    ] {
        assert_eq!(name(a, b), "partly", "{a} and {b}");
    }
    for (a, b) in [
        ("Fund VII", "Fund 7"),
        ("Third Avenue Bakery", "3rd Avenue Bakery"),
        ("Store No. 12", "Store #12"),
        ("Drei Eichen", "3 Eichen"),
    ] {
        assert_eq!(name(a, b), "same", "{a} and {b}");
    }
}

#[test]
fn what_is_written_with_other_characters_is_another_name() {
    assert_eq!(name("王伟", "王维"), "partly");
    assert_eq!(name("محمد علي حسن", "محمود علي حسن"), "partly");
    for (a, b) in
        [("王伟", "Wang Wei"), ("廣東電子", "广东电子"), ("أحمد حسن", "احمد حسن"), ("Βίκτωρ", "ΒΙΚΤΩΡ")]
    {
        assert_eq!(name(a, b), "same", "{a} and {b}");
    }
    assert_eq!(name("محمد علي حسن", "Mohamed Ali Hassan"), "contained");
}

#[test]
fn spaces_legal_forms_and_misread_letters_make_no_other_name() {
    for (a, b) in [
        ("Cedarair Travel", "CedarairTravel"),
        ("Van den Broeck & Zonen NV", "Vandenbroeck en Zonen"),
        ("Nordana Bygg & Fastighet", "Nordanabygg Fastighet"),
        ("Barbosa Textiles", "Barbosa TextilesLda"),
        ("Francisco Torres", "TorresFrancisco"),
    ] {
        assert!(["same", "close"].contains(&name(a, b)), "{a} and {b}: {}", name(a, b));
    }
    assert_eq!(name("Crêperie Éloïse", "CrÃªperie Ã‰loÃ¯se"), "same");
    assert_eq!(name("Bolton Metal Supplies Limited", "B.M.S. Ltd"), "short form");
}

const ANNA: Customer =
    ["Anna Kunze", "info@brandt.example", "+49 511 340280", "Gewerbepark 8", "30179", "Hannover", "DE", ""];

#[test]
fn colleagues_share_everything_but_their_names() {
    let peter = ["Peter Wollny", ANNA[1], ANNA[2], ANNA[3], ANNA[4], ANNA[5], ANNA[6], ""];
    assert_eq!(verdict(ANNA, peter), Err(Veto::Household));
    let firm = ["Kunststoff Brandt GmbH", ANNA[1], ANNA[2], ANNA[3], ANNA[4], ANNA[5], ANNA[6], ""];
    assert_eq!(verdict(ANNA, firm), Err(Veto::Name));
}

/// Whoever of the two has a mobile phone beside the office's.
#[test]
fn colleagues_of_one_given_name_share_the_offices_phone_and_nothing_of_their_own() {
    let with = |name, mail, phone| [name, mail, phone, "Gewerbepark 8", "30179", "Hannover", "DE", ""];
    let kunze = with("Anna Kunze", "", "+49 511 340280");
    let mobile = [("phone", Kind::Phone), ("mobile", Kind::Phone), ("name", Kind::Name)];
    let fields = mobile.map(|(column, kind)| Field { columns: vec![column.into()], kind });
    let model = Model::untrained(&fields);
    let read = |id, row: [&str; 3]| model.read(&row, Place { id, ..Place::default() });
    let a = read(1, ["+49 511 340280", "+49 171 5550123", "Anna Kunze"]);
    let b = read(2, ["+49 511 340280", "", "Anna Wollny"]);
    assert_eq!(model.score(&a, &b).veto, Some(Veto::Name));
    assert_eq!(model.score(&b, &a).veto, Some(Veto::Name));
    assert_eq!(verdict(kunze, with("Anna Wollny", "", "+49 511 340280")), Err(Veto::Name));
}

#[test]
fn a_tax_number_or_a_personal_mailbox_outweighs_a_new_name() {
    let renamed = |name, mail| [name, mail, "", "", "69002", "Lyon", "FR", "FR44732829320"];
    assert_eq!(verdict(renamed("Durand Informatique", ""), renamed("Nexalia Conseil", "")), Ok(true));
    let married = |name| [name, "anna.lind@mail.example", "", "Storgatan 8", "75331", "Uppsala", "SE", ""];
    assert_eq!(verdict(married("Anna Lind"), married("Anna Bergström")), Ok(true));
    let couple =
        |name| [name, "familie.bauer@mail.example", "", "Birkenweg 9", "85368", "Moosburg", "DE", ""];
    assert_eq!(verdict(couple("Petra Bauer"), couple("Thomas Bauer")), Err(Veto::Household));
}

/// Neighbours of one trade share an address as well; who has one tax number was renamed, or misspelt.
#[test]
fn where_names_are_only_alike_an_address_counts_beside_the_same_tax_number() {
    let firm = |name, [street, zip, city]: [&'static str; 3], vat| {
        [name, "", "+1 555 458089", street, zip, city, "US", vat]
    };
    let weight =
        |at, vat| weight(firm("Juniperhaven Foods Co-op", at, vat), firm("Junipercross Foods B.V.", at, vat));
    let gain = |vat| weight(["Brickyard Road 15", "23089", "Millbrook"], vat) - weight([""; 3], vat);
    assert_eq!(gain(""), 0);
    assert!(gain("US000458089") > 3_000);
}

#[test]
fn two_flats_of_one_house_are_two_peoples() {
    let flat = |street| ["A. Patel", "", "", street, "LE4 5AS", "Leicester", "GB", ""];
    assert_eq!(verdict(flat("Flat 3, 18 Belgrave Road"), flat("Flat 14, 18 Belgrave Road")), Err(Veto::Unit));
}

proptest! {
    /// Whatever is typed, the two directions agree.
    #[test]
    fn a_level_has_no_direction(a in "[A-Za-zäöüß王伟محمد0-9 .&'-]{0,40}", b in "[A-Za-zäöüß王伟محمد0-9 .&'-]{0,40}") {
        prop_assert_eq!(level(Kind::Name, &a, &b), level(Kind::Name, &b, &a));
    }
}
