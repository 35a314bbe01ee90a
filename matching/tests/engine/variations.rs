//! Worlds that differ in country, numbers, banks and mistakes: constants that fit one of them would show in another.

use matching::backtest::{self, Summary};

use super::generator::{World, world};

const ODOO: World = World {
    name: "Odoo's numbers",
    number: |n| format!("INV/2026/{:05}", n + 1),
    call: str::to_owned,
    words: &["payment", "transfer", "thank you"],
    charges: &["ACCOUNT FEE", "LOAN INSTALLMENT", "WAGES", "OFFICE RENT"],
    forms: &["Ltd", "Inc", "PLC", "LLP"],
    cut: 35,
    equal: 15,
    slips: 5,
    anonymous: 5,
    unnamed: 20,
};

const WORLDS: [World; 5] = [
    ODOO,
    World {
        name: "Austria: short numbers, called by their ends",
        number: |n| format!("AR{:06}", 240_000 + n),
        call: |number| format!("Rechnung {}", &number[2..]),
        words: &["Überweisung", "Zahlung", "Danke"],
        charges: &["KONTOFÜHRUNG", "LÖHNE", "MIETE BÜRO", "SVA BEITRAG"],
        forms: &["GmbH", "AG", "KG", "e.U."],
        cut: 27,
        ..ODOO
    },
    World {
        name: "Spain: series and year behind",
        number: |n| format!("F-{:04}/26", n + 1),
        call: |number| format!("Factura {number}"),
        words: &["transferencia", "pago", "gracias"],
        charges: &["COMISION MANTENIMIENTO", "NOMINA", "ALQUILER", "SEGUROS"],
        forms: &["S.L.", "S.A.", "S.C.P."],
        cut: 30,
        ..ODOO
    },
    World {
        name: "Netherlands: plain numbers, many equal amounts",
        number: |n| format!("2026{:05}", 70_000 + n),
        call: |number| format!("factuurnr {number}"),
        words: &["betaling", "overboeking"],
        charges: &["KOSTEN BETALEN", "LOON", "HUUR PAND"],
        forms: &["B.V.", "N.V.", "V.O.F."],
        cut: 32,
        equal: 40,
        ..ODOO
    },
    World {
        name: "Poland: careless payers",
        number: |n| format!("FV/{}/{:02}/2026", n + 1, n % 12 + 1),
        call: |number| format!("faktura {number}"),
        words: &["zapłata", "przelew"],
        charges: &["OPLATA ZA RACHUNEK", "WYNAGRODZENIE", "CZYNSZ"],
        forms: &["Sp. z o.o.", "S.A.", "Sp.j."],
        slips: 15,
        anonymous: 10,
        unnamed: 25,
        ..ODOO
    },
];

fn summaries() -> Vec<(&'static str, u64, Summary)> {
    let one = |shape: &World, seed| {
        let files = world(shape, seed, 200, 2_500);
        (shape.name, seed, Summary::of(&files, &backtest::run(&files)))
    };
    WORLDS.iter().flat_map(|shape| [1, 2].map(|seed| one(shape, seed))).collect()
}

#[test]
fn every_world_is_explained_and_hardly_a_line_is_booked_wrongly() {
    for (name, seed, summary) in summaries() {
        let all = &summary.matchable;
        println!("{name}, {seed}: {:.3} {:.4} {:.3} {:.3}", all.auto, all.auto_precision, all.top1, all.top3);
        let figures = format!("{name}, seed {seed}: {summary:#?}");
        assert!(summary.matchable.auto_precision >= 0.999, "{figures}");
        assert!(summary.matchable.auto >= 0.7, "{figures}");
        assert!(summary.matchable.top1 >= 0.9 && summary.matchable.top3 >= 0.94, "{figures}");
        assert!(summary.calibration_error <= 0.02, "{figures}");
        assert!(summary.false_auto <= 0.001, "{figures}");
    }
}
