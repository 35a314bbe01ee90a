//! Lines after public reports of people whose software got them wrong, one test for each kind, in a company past its probation.

use matching::records::Line;

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

/// frappe/erpnext#46725: a transaction was reconciled with an entry of another reference.
#[test]
fn another_customers_number_is_never_booked_on_ones_own_item() {
    let mut company = company();
    assert!(!first(&mut company, 50_000, "Rechnung INV/2026/00047", "Brückner Maschinenbau GmbH", "DE2").1);
    // Nor when its owner has paid it meanwhile.
    let paid = company.engine.items.get(31).unwrap().clone();
    company.engine.items.close(&paid);
    company.item(12, "INV/2026/02500", 1, APRIL, 50_000);
    assert!(!first(&mut company, 50_000, "Rechnung INV/2026/00047", "Sierra Nevada Outfitters", "US1").1);
}

/// actualbudget/actual#8221 dropped the second of two real payments, other importers book one payment twice: the bank's own identifier says
/// which it is; without it nothing that may be the same payment is booked without a number.
#[test]
fn two_equal_payments_are_one_only_if_the_bank_says_so() {
    let mut company = company();
    company.item(13, "INV/2026/02600", 1, APRIL + 1, 10_000);
    let pay = |company: &mut Company, bank_id: &str, item: i32| {
        let line = Line {
            bank_id: bank_id.into(),
            ..company.line(APRIL, 10_000, "", "Sierra Nevada Outfitters", "US1")
        };
        let repeated = company.engine.weigh(&line).reading.is_repeated;
        let proposals = company.propose(&line);
        company.confirm(&line, &proposals, item);
        (repeated, proposals[0].is_auto())
    };
    assert_eq!(pay(&mut company, "A-1", 11), (false, false));
    assert_eq!(pay(&mut company, "A-2", 13), (false, false));
    company.item(14, "INV/2026/02700", 1, APRIL + 2, 10_000);
    assert_eq!(pay(&mut company, "A-2", 14), (true, false));
}

/// OCA/account-reconcile#43: a second part payment undid the first; what is open after the first is what the second pays.
#[test]
fn a_second_part_pays_what_the_first_left_open() {
    let mut company = company();
    company.item(21, "INV/2026/00045", 2, APRIL - 3, 20_000);
    let text = "Restzahlung INV/2026/00045";
    assert_eq!(first(&mut company, 20_000, text, "Brückner Maschinenbau GmbH", "DE2"), (vec![21], true));
}

/// erp-mafia/accounted#2675: a number is the same whatever signs a bank puts around it.
#[test]
fn a_number_is_read_behind_signs_and_words() {
    for text in
        ["RMR*IV*INV/2026/00046**", "NR.INV/2026/00046", "?20INV/2026/00046?30", "RFB/INV/2026/00046//"]
    {
        assert_eq!(
            first(&mut company(), 11_900, text, "Brückner Maschinenbau GmbH", "DE2"),
            (vec![22], true),
            "{text}"
        );
        // Where it is paid, nothing else of the same amount is.
        let mut company = company();
        let paid = company.engine.items.get(22).unwrap().clone();
        company.engine.items.close(&paid);
        company.item(23, "INV/2026/00048", 2, APRIL, 11_900);
        assert!(!first(&mut company, 11_900, text, "Brückner Maschinenbau GmbH", "DE2").1, "{text}");
    }
}

/// howeyc/ledger#35 and others: the number in the text is the one that is not paid, said in whatever language.
#[test]
fn of_two_equal_amounts_a_number_beside_new_words_is_not_booked() {
    let mut company = company();
    company.item(23, "INV/2026/00048", 2, APRIL, 11_900);
    for text in
        ["INV/2026/00046 zaplatime pozdeji", "fizetve kiveve INV/2026/00046", "INV/2026/00046 anulată"]
    {
        assert!(!first(&mut company, 11_900, text, "Brückner Maschinenbau GmbH", "DE2").1, "{text}");
    }
}

/// securo-finance/securo#817: money for an order, a loan or a gift was booked on an invoice of the same amount.
#[test]
fn a_payment_for_something_else_is_not_booked_on_an_equal_invoice() {
    for text in ["förskott order SO-3776", "Darlehen", "cotisation annuelle", "Rechnung INV/2026/00999"] {
        assert!(!first(&mut company(), 11_900, text, "Brückner Maschinenbau GmbH", "DE2").1, "{text}");
    }
}
