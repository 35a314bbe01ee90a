//! What holds whatever is open and whatever is written.

use matching::candidates::CANDIDATES;
use matching::engine::Confirmed;
use matching::hypothesis::Kind;
use matching::records::{Item, Line};
use proptest::prelude::*;

use super::company::{APRIL, Company, item};

/// Few partners, few amounts: everything collides.
fn items() -> impl Strategy<Value = Vec<Item>> {
    let one = (
        0_i32..4,
        -5_i32..60,
        prop::sample::select(vec![10_000_i64, 11_900, 5_000, 6_900, -3_000, 23_800, 3_333]),
    );
    prop::collection::vec(one, 1..14).prop_map(|all| {
        let numbered = all.into_iter().zip(1_i32..);
        numbered
            .map(|((partner, ago, amount), id)| {
                item(id, &format!("INV/2026/{id:05}"), partner, APRIL - ago, amount)
            })
            .collect()
    })
}

fn lines() -> impl Strategy<Value = Line> {
    let amounts = vec![10_000_i64, 11_900, 5_000, 21_900, 16_900, 8_900, 30_000, 11_662, -3_000, 1];
    let texts = vec![
        "",
        "INV/2026/00003",
        "Rechnung 00002 00005",
        "INV/2026/00001 abzgl. 2% Skonto",
        "INV/2026/00021",
        "alle ausser INV/2026/00002",
        "STRIPE PAYOUT po_1",
        "Teilzahlung 1/3 INV/2026/00004",
    ];
    let sides = vec![
        ("", ""),
        ("Alpha Handel GmbH", ""),
        ("", "XX2"),
        ("ALPHA HANDEL", "XX3"),
        ("Nobody Known", "XX99"),
    ];
    (prop::sample::select(amounts), prop::sample::select(texts), prop::sample::select(sides)).prop_map(
        |(amount, text, (name, account))| Line {
            id: 1,
            date: APRIL,
            amount,
            text: text.into(),
            name: name.into(),
            account: account.into(),
            ..Line::default()
        },
    )
}

fn company(items: &[Item]) -> Company {
    let mut company = Company::default().past_probation();
    for (id, name) in [(0, "Alpha Handel GmbH"), (1, "Beta Bau AG"), (2, "Gamma SARL"), (3, "Delta BV")] {
        company.partner(id, name, &format!("XX{id}"));
    }
    for item in items {
        company.engine.items.set(item.clone());
    }
    company
}

/// What a person sees of a line's proposals.
fn shown(company: &Company, line: &Line) -> Vec<String> {
    let proposals = company.propose(line);
    proposals
        .iter()
        .map(|p| {
            format!(
                "{:?} {:?} {:.6} {:?}",
                p.hypothesis.kind, p.hypothesis.allocations, p.probability, p.against
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn allocations_are_what_the_line_has_and_no_item_is_paid_more_than_is_open(items in items(), line in lines()) {
        let company = company(&items);
        for proposal in company.propose(&line) {
            let hypothesis = &proposal.hypothesis;
            let sum: i64 = hypothesis.allocations.iter().map(|(_, paid)| paid).sum();
            let rest = if hypothesis.kind == Kind::Part { 0 } else { hypothesis.difference };
            prop_assert_eq!(sum + rest, line.amount, "{:?}", hypothesis);
            for (id, paid) in &hypothesis.allocations {
                let open = company.engine.items.get(*id).unwrap().residual;
                prop_assert!(paid.signum() == open.signum() && paid.abs() <= open.abs(), "{:?}", hypothesis);
            }
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(items in items(), line in lines(), seed in any::<prop::sample::Index>()) {
        let mut other = items.clone();
        let by = seed.index(items.len());
        other.rotate_left(by);
        other.reverse();
        prop_assert_eq!(shown(&company(&items), &line), shown(&company(&other), &line));
    }

    #[test]
    fn what_is_closed_and_opened_again_is_as_it_was(items in items(), line in lines(), which in any::<prop::sample::Index>()) {
        let mut company = company(&items);
        let before = shown(&company, &line);
        let item = which.get(&items);
        company.engine.items.close(item);
        company.engine.items.set(item.clone());
        prop_assert_eq!(before, shown(&company, &line));
    }

    /// Whoever keeps proposals and looks again at those that rest on what has changed has the proposals of now.
    #[test]
    fn what_changes_and_nothing_rests_on_changes_nothing(
        items in items(), line in lines(), others in items(), which in any::<prop::sample::Index>(), what in 0_u8..5, who in 0_i32..4,
    ) {
        let mut company = company(&items);
        let weighed = company.engine.weigh(&line);
        let rests_on = company.engine.rests_on(&line, &weighed);
        let before = shown(&company, &line);
        let item = which.get(&items).clone();
        let other = Item { id: 500 + who, ..which.get(&others).clone() };
        let payer = Line { id: 9, ..line.clone() };
        let changed = match what {
            0 => company.engine.change_item(item.id, None, 0),
            1 => company.engine.change_item(item.id, Some(Item { residual: 0, ..item.clone() }), item.residual),
            2 => company.engine.change_item(other.id, Some(other.clone()), 0),
            3 => company.engine.change_partner(who, None),
            _ => {
                let payer = Line { name: ["Alpha Handel GmbH", "Nobody Known", ""][which.index(3)].into(), ..payer };
                let confirmed = Confirmed { items: vec![item], ..Confirmed::default() };
                let mut changed = company.engine.set_done(&payer, true);
                changed.extend(company.engine.learn(&payer, &confirmed).changed);
                changed
            }
        };
        if !changed.iter().any(|key| rests_on.contains(key)) {
            prop_assert_eq!(before, shown(&company, &line));
        }
    }

    #[test]
    fn an_unrelated_item_makes_nothing_likelier(items in items(), line in lines()) {
        let mut company = company(&items);
        let before = company.propose(&line);
        company.partner(77, "Zeta Unrelated Holding", "XX77");
        company.item(7_777, "ZET/1999/77777", 77, APRIL - 3, 777_777);
        let after = company.propose(&line);
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(after.probability <= before.probability + 1e-12);
        }
    }

    #[test]
    fn whatever_is_written_is_read(
        items in items(),
        texts in prop::array::uniform3("(\\PC|[0-9+/ -]){0,80}"),
        amount in prop::sample::select(vec![i64::MAX / 9, 1 - i64::MAX / 9, 1_000_000_000_000_000_000, 0, -1]),
    ) {
        let mut company = company(&items);
        company.item(500, &texts[0], 1, APRIL - 1, amount.max(1));
        company.item(501, "F 1", 1, APRIL - 1, 1_000_000_000_000_000_000);
        let [text, name, account] = &texts;
        let line = company.line(APRIL, amount, text, name, account);
        prop_assert!(!company.propose(&line).is_empty());
        let line = company.line(APRIL, amount, text, "Beta Bau", "XX1");
        prop_assert!(!company.propose(&line).is_empty());
    }

    #[test]
    fn what_is_booked_alone_is_likely_and_explained(items in items(), line in lines()) {
        let company = company(&items);
        for proposal in company.propose(&line).iter().filter(|proposal| proposal.is_auto()) {
            prop_assert!(proposal.hypothesis.others == 0 && !proposal.hypothesis.allocations.is_empty());
        }
    }
}

#[test]
fn ten_thousand_items_of_one_partner_are_no_more_work() {
    let items: Vec<Item> = (1..=10_000)
        .map(|id| item(id, &format!("INV/2026/{id:05}"), 0, APRIL - 20, 11_900 + i64::from(id % 3)))
        .collect();
    let mut company = company(&items);
    let line = company.line(APRIL, 35_703, "Zahlung 2026", "Alpha Handel GmbH", "XX0");
    assert!(company.engine.weigh(&line).hypotheses.len() <= CANDIDATES + 1);
    assert!(!company.propose(&line)[0].is_auto(), "nobody can know which of ten thousand are meant");
}
