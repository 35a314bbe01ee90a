//! Lines after public reports of people whose software got them wrong, one test for each kind, in a company past its probation.

use super::company::{APRIL, Company};

/// Four customers with an invoice or two each.
fn company() -> Company {
    let mut company = Company::default().past_probation();
    company.partner(1, "Sierra Nevada Outfitters", "US1");
    company.partner(2, "Brückner Maschinenbau GmbH", "DE2");
    company.partner(3, "Wood Corner", "");
    company.item(11, "INV/2026/02019", 1, APRIL, 10_000);
    company.item(21, "INV/2026/00045", 2, APRIL - 3, 50_000);
    company.item(22, "INV/2026/00046", 2, APRIL + 4, 11_900);
    company.item(31, "INV/2026/00047", 3, APRIL + 4, 50_000);
    company
}

/// The items of the first proposal, and whether it is booked.
fn first(company: &mut Company, amount: i64, text: &str, name: &str, account: &str) -> (Vec<i32>, bool) {
    let line = company.line(APRIL, amount, text, name, account);
    let proposals = company.propose(&line);
    (proposals[0].hypothesis.items().collect(), proposals[0].is_auto())
}

/// odoo/odoo#39005: one number of a text that names something else matched an invoice.
#[test]
fn a_word_with_digits_is_not_an_invoice_whose_number_ends_so() {
    let (items, booked) = first(&mut company(), 5_000, "45 RE34Y 8831 02019", "", "");
    assert!(!booked, "{items:?}");
}

/// odoo/odoo#9177: of two invoices with one amount the other customer's was proposed.
#[test]
fn of_equal_amounts_the_payers_is_meant() {
    assert_eq!(
        first(&mut company(), 50_000, "Zahlung Danke", "BRUECKNER MASCHINENBAU", "DE2"),
        (vec![21], true)
    );
    assert_eq!(first(&mut company(), 50_000, "Zahlung Danke", "WOOD CORNER", ""), (vec![31], true));
}

/// odoo/odoo#61584, #35650: nothing was proposed for a line that only has an amount.
#[test]
fn an_amount_alone_is_proposed_and_never_booked() {
    let mut company = company();
    let line = company.line(APRIL, 11_900, "", "", "");
    let proposals = company.propose(&line);
    assert!(proposals.iter().any(|proposal| proposal.hypothesis.items().eq([22])), "{proposals:#?}");
    assert!(!proposals[0].is_auto());
}

/// Many banks have no field for the payer's name: it stands in the text, and is cut there.
#[test]
fn a_name_in_the_text_says_who_paid() {
    assert_eq!(first(&mut company(), 10_000, "WIRE IN SIERRA NEVADA OUTFITTE", "", "").0, [11]);
    assert_eq!(first(&mut company(), 50_000, "EINGANG BRÜCKNER MASCHINENBAU GMBH", "", "").0, [21]);
}

/// frappe/erpnext#54823: one transaction pays several invoices.
#[test]
fn a_list_of_numbers_is_paid_together() {
    let text = "INV/2026/00045, 00046";
    assert_eq!(
        first(&mut company(), 61_900, text, "Brückner Maschinenbau GmbH", "DE2"),
        (vec![21, 22], true)
    );
}

/// frappe/erpnext#56634: what the bank keeps is part of the line's explanation, and named on it.
#[test]
fn a_fee_that_is_named_is_a_fee() {
    let text = "INV/2026/00045 CHARGES EUR 12.00";
    assert_eq!(first(&mut company(), 48_800, text, "Brückner Maschinenbau GmbH", "DE2"), (vec![21], true));
}
