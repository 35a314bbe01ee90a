//! Reconciliation models of Odoo: what they say of lines, and what they do not.

use reconciliation::store::{
    Account, Amount, How, LineStatus, Model, ModelJournal, ModelLine, ModelPartner, ModelPayer, ModelTax,
    Partner, PartnerBank, RowChange, StatementLine,
};

use super::story::{ALPHA, BETA, CHARGES, Story, dec, invoice, line, model, of, paid, story};

/// A model of Odoo 19 that says who is on the other side of lines with a text.
fn names(id: i32, payer: i32, text: &str) -> Model {
    Model { is_former: false, payer_id: Some(payer), ..model(id, text) }
}

fn mapping(id: i32, model_id: i32, payer_id: i32, label: &str) -> RowChange {
    RowChange::ModelPayer(
        id,
        Some(ModelPayer { id, model_id, payer_id, label: Some(label.into()), notes: None }),
    )
}

fn books_on(id: i32, account_id: i32) -> RowChange {
    RowChange::ModelLine(
        id,
        Some(ModelLine { id, model_id: id, account_id: Some(account_id), is_whole: true }),
    )
}

impl Story {
    fn sets_up(&mut self, model: Model) {
        let id = model.id;
        self.writes([RowChange::Model(id, Some(model)), books_on(id, CHARGES)]);
    }

    /// The account that is proposed for a line.
    fn account(&mut self, line: i32) -> Option<i32> {
        self.first(line).account_id
    }
}

#[test]
fn a_model_proposes_an_account_and_books_nothing_alone() {
    let mut story = story();
    story.lets_it_match();
    story.sets_up(model(1, "KONTOFÜHRUNG"));
    story.receives([line(1, "-9.90", "Kontoführung Januar"), line(2, "-9.90", "Miete")]);
    assert_eq!([1, 2].map(|id| story.account(id)), [Some(CHARGES), None]);
    let first = story.first(1);
    assert_eq!((first.kind.as_str(), story.row(1).status), ("write_off", LineStatus::Proposed));
    assert_eq!(first.waits[..], ["nobody has booked a line like it yet"]);
    assert!(first.evidence.iter().any(|of| of.what == "a reconciliation model books lines like it"));
    story.writes([RowChange::Model(1, None)]);
    assert_eq!(story.account(1), None, "the model is gone");
}

#[test]
fn what_a_line_pays_goes_before_what_a_model_says_of_it() {
    let mut story = story();
    story.sets_up(model(1, "rent"));
    story.issues([invoice(1, ALPHA, "500.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "500.00", "rent January INV/2026/00001"))]);
    assert_eq!(story.pays(1), paid(&[(1, "500.00")]));
}

#[test]
fn of_several_models_the_first_in_their_order_is_meant() {
    let mut story = story();
    story.sets_up(Model { sequence: 20, ..model(1, "charge") });
    story.writes([RowChange::Model(2, Some(model(2, "charge"))), books_on(2, 61)]);
    story.receives([line(1, "-5.00", "bank charge")]);
    assert_eq!(story.account(1), Some(61));
}

/// OCA/account-reconcile#914: models of one journal were applied to the statements of another.
#[test]
fn a_model_of_another_journal_or_company_says_nothing() {
    let mut story = story();
    story.sets_up(model(1, "charge"));
    story.sets_up(Model { company_id: 2, ..model(2, "toll") });
    let of_bank_5 = ModelJournal { model_id: 1, journal_id: 5 };
    story.writes([RowChange::ModelJournal((1, 5), Some(of_bank_5))]);
    let other = StatementLine { journal_id: 5, ..line(2, "-5.00", "bank charge") };
    let branch = StatementLine { company_id: Some(3), ..other.clone() };
    story.receives([
        line(1, "-5.00", "bank charge"),
        other,
        StatementLine { id: 3, move_id: 2_003, ..branch },
    ]);
    story.receives([line(4, "-5.00", "toll")]);
    assert_eq!([1, 2, 3, 4].map(|id| story.account(id)), [None, Some(CHARGES), Some(CHARGES), None]);
}

#[test]
fn a_line_has_to_be_all_that_a_model_asks_for() {
    let mut story = story();
    story.sets_up(Model {
        is_credit: Some(false),
        amount: Some(Amount::Between),
        least: dec("5"),
        most: dec("10"),
        details: Some(How::Lacks),
        details_text: Some("refund".into()),
        ..model(1, "fee")
    });
    let refund =
        StatementLine { details: Some(r#"{"type": "Refund"}"#.into()), ..line(4, "-7.00", "Card fee") };
    story.receives([
        line(1, "-5.00", "Card fee"),
        line(2, "5.00", "Card fee"),
        line(3, "-10.01", "Card fee"),
        refund,
    ]);
    assert_eq!([1, 2, 3, 4].map(|id| story.account(id)), [Some(CHARGES), None, None, None]);
    story.sets_up(Model { amount: Some(Amount::Greater), least: dec("10"), ..model(2, "fee") });
    assert_eq!([2, 3].map(|id| story.account(id)), [None, Some(CHARGES)], "more than 10");
    story.sets_up(Model { amount: Some(Amount::Lower), most: dec("5"), ..model(3, "fee") });
    assert_eq!(story.account(2), None, "it is not less than 5");
}

/// securo-finance/securo#981 and firefly-iii/firefly-iii#9670: "more than 0" took expenses, "less than 0" took nothing. In Odoo 19 amounts
/// have a sign, and the ends of a range belong to it, whichever comes first.
#[test]
fn amounts_of_odoo_19_have_a_sign() {
    let mut story = story();
    let is = |amount, least: &str, most: &str| Model {
        is_former: false,
        amount: Some(amount),
        least: dec(least),
        most: dec(most),
        ..model(1, "fee")
    };
    story.receives([line(1, "10.00", "fee"), line(2, "-10.00", "fee"), line(3, "-15.00", "fee")]);
    for (model, fits) in [
        (is(Amount::Greater, "0", "0"), [true, false, false]),
        (is(Amount::Lower, "0", "0"), [false, true, true]),
        (is(Amount::Lower, "0", "10"), [true, true, true]),
        (is(Amount::Between, "-10", "-20"), [false, true, true]),
    ] {
        let wanted = fits.map(|fits| fits.then_some(CHARGES));
        story.sets_up(model.clone());
        assert_eq!([1, 2, 3].map(|id| story.account(id)), wanted, "{model:?}");
    }
}

#[test]
fn a_model_of_certain_partners_asks_for_one_of_them() {
    let mut story = story();
    story.sets_up(Model { needs_partner: true, ..model(1, "insurance") });
    story.writes([RowChange::ModelPartner((1, BETA), Some(ModelPartner { model_id: 1, partner_id: BETA }))]);
    let of_partner = |id, partner_id| StatementLine { partner_id, ..line(id, "-30.00", "insurance") };
    story.receives([of_partner(1, None), of_partner(2, Some(ALPHA)), of_partner(3, Some(BETA))]);
    assert_eq!([1, 2, 3].map(|id| story.account(id)), [None, None, Some(CHARGES)]);
    story.sets_up(model(1, "insurance"));
    assert_eq!(
        [1, 2].map(|id| story.account(id)),
        [Some(CHARGES); 2],
        "Odoo 18 asks for one only where it is told to"
    );
}

/// One without a text to look for would be meant by every line.
#[test]
fn a_model_without_a_text_says_nothing() {
    let mut story = story();
    story.receives([line(1, "-9.90", "fee (monthly)")]);
    story.sets_up(Model { amount: Some(Amount::Greater), least: dec("1"), ..model(1, "") });
    assert_eq!(story.account(1), None);
    story.sets_up(Model { label: Some(How::Lacks), ..model(1, "rent") });
    assert_eq!(story.account(1), None);
}

/// OCA/account-reconcile#612, odoo/odoo#92364: the tax of a model was lost. Whoever books such a line splits it; a later model, which would
/// not have had its turn, says nothing in its place.
#[test]
fn where_a_model_cannot_be_heard_no_later_one_speaks() {
    let cannot = [
        (Model { label: Some(How::Matches), ..model(1, "fee (") }, None, "its regular expression is none"),
        (Model { asks_more: true, ..model(1, "fee") }, None, "it asks for a transaction's type"),
        (
            model(1, "fee"),
            Some(RowChange::ModelLine(
                9,
                Some(ModelLine { id: 9, model_id: 1, account_id: Some(61), is_whole: true }),
            )),
            "two accounts share it",
        ),
        (
            model(1, "fee"),
            Some(RowChange::ModelTax((1, 4), Some(ModelTax { model_line_id: 1, tax_id: 4 }))),
            "a tax is taken out of it",
        ),
    ];
    for (model_1, more, why) in cannot {
        let mut story = story();
        story.sets_up(Model { sequence: 20, ..model(2, "e") });
        story.receives([line(1, "-9.90", "fee (monthly)")]);
        assert_eq!(story.account(1), Some(CHARGES), "{why}");
        story.sets_up(model_1);
        story.writes(more);
        assert_eq!(story.account(1), None, "{why}");
    }
}

/// OCA/account-reconcile#781: a mapping from anything to one vendor, in a model for certain lines alone.
#[test]
fn a_mapping_is_for_the_lines_of_its_model() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    story.receives([line(1, "250.00", "DEADBEEF January"), line(2, "250.00", "January")]);
    story.writes([RowChange::Model(1, Some(model(1, "deadbeef"))), mapping(1, 1, BETA, ".*")]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
    assert_ne!(story.pays(2), paid(&[(2, "250.00")]));
    story.writes([RowChange::Model(1, Some(Model { names: false, ..model(1, "deadbeef") }))]);
    assert_ne!(story.pays(1), paid(&[(2, "250.00")]), "a button names nobody");
}

/// The beginning of a label, as Odoo compares it; of several mappings the first is meant, whatever has become of others.
#[test]
fn of_several_mappings_the_first_is_meant() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    let matching = Model { books: false, ..model(1, "") };
    let mappings = [(3, ALPHA, "x"), (5, BETA, "Sammel"), (7, ALPHA, ".*Nord")];
    story.writes([RowChange::Model(1, Some(matching))]);
    story.writes(mappings.map(|(id, payer, label)| mapping(id, 1, payer, label)));
    story.receives([line(1, "250.00", "Sammelzahlung Nord"), line(2, "250.00", "die Sammelzahlung Süd")]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
    assert_ne!(story.pays(2), paid(&[(2, "250.00")]));
    story.writes([RowChange::ModelPayer(3, None)]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
}

/// odoo/odoo#110424: a dot did not match the end of a line in notes.
#[test]
fn notes_have_several_lines() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    let notes = Some(".*coincoin".into());
    let payer = ModelPayer { id: 1, model_id: 1, payer_id: BETA, label: None, notes };
    story.writes([RowChange::Model(1, Some(model(1, ""))), RowChange::ModelPayer(1, Some(payer))]);
    story.receives([line(1, "250.00", "?")]);
    assert_ne!(story.pays(1), paid(&[(2, "250.00")]));
    let entry = story.tables().entries.get(2_001).unwrap().clone();
    let narration = Some("<p>first\nsecond coincoin</p>".into());
    story.writes([RowChange::Entry(2_001, Some(reconciliation::store::Entry { narration, ..entry }))]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
}

/// A name that is written on the line is not set aside by a text that fits.
#[test]
fn a_line_with_another_name_on_it_is_for_a_person() {
    for line_1 in [
        of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00002")),
        line(1, "250.00", "Alpha Handel GmbH INV/2026/00002"),
    ] {
        let mut story = story();
        story.lets_it_match();
        story.writes([RowChange::Model(1, Some(names(1, BETA, "INV")))]);
        story.issues([invoice(2, BETA, "250.00")]);
        story.receives([line_1]);
        assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
        let waits = story.first(1).waits;
        assert!(waits.iter().any(|why| why == "two partners are named as the payer"), "{waits:?}");
    }
}

/// Odoo 19 writes whom a model names to the line, which makes it no more certain. Whoever of them is new is found in the text all the same.
#[test]
fn whom_a_model_names_is_no_account() {
    let mut story = story();
    story.lets_it_match();
    story.writes([RowChange::Model(1, Some(names(1, BETA, "Sammel")))]);
    story.issues([invoice(2, BETA, "250.00")]);
    let sum =
        StatementLine { partner_id: Some(BETA), ..line(1, "250.00", "Sammelzahlung Gamma Kontor Nord") };
    story.receives([sum]);
    let what =
        |story: &mut Story| story.first(1).evidence.iter().map(|of| of.what.clone()).collect::<Vec<_>>();
    assert!(what(&mut story).contains(&"a reconciliation model names the partner".to_owned()));
    let gamma = Partner { id: 14, name: "Gamma Kontor Nord".into(), commercial_id: 14, company_id: None };
    story.writes([RowChange::Partner(14, Some(gamma))]);
    let waits = story.first(1).waits;
    assert!(waits.iter().any(|why| why == "two partners are named as the payer"), "{waits:?}");
}

/// A stranger's name and account are not set aside either: nobody knows that they are the partner's.
#[test]
fn a_strangers_account_is_for_a_person_whatever_a_model_says() {
    let mut story = story();
    story.lets_it_match();
    story.writes([RowChange::Model(1, Some(names(1, BETA, "Miete")))]);
    for id in 1..=4 {
        let (paid_before, text) = (invoice(id, BETA, "500.00"), "Miete März");
        story.issues([paid_before.clone()]);
        let stranger = StatementLine {
            account_number: Some(format!("DE0000000000000000000{id}")),
            ..of(
                ["Maria Huber", "Jo Roth", "Li Wu", "Al Kay"][usize::try_from(id).unwrap() - 1],
                line(id, "500.00", text),
            )
        };
        story.receives([stranger.clone()]);
        assert_eq!((story.pays(id), story.row(id).status), (paid(&[(id, "500.00")]), LineStatus::Proposed));
        assert!(story.first(id).waits.iter().any(|why| why == "only one thing speaks for it"));
        story.matches(&stranger, &[(&paid_before, "500.00")]);
    }
}

/// A migration to Odoo 19 puts conditions together by looking ahead. Label, notes and what else the bank says are looked at.
#[test]
fn regular_expressions_may_look_ahead() {
    let mut story = story();
    let looks_ahead = Model { label: Some(How::Matches), ..names(1, BETA, "(?=.*nord.*)(sammel|einzel)") };
    story.writes([RowChange::Model(1, Some(looks_ahead))]);
    story.issues([invoice(1, BETA, "100.00"), invoice(2, BETA, "200.00"), invoice(3, BETA, "300.00")]);
    let details = Some(r#"{"purpose": "SAMMEL Nord"}"#.into());
    story.receives([
        line(1, "100.00", "Sammelzahlung Nord"),
        StatementLine { details, ..line(2, "200.00", "Zahlung") },
        line(3, "300.00", "Sammelzahlung"),
    ]);
    let is_payer_known = |story: &mut Story, id| {
        let first = story.first(id);
        first.evidence.iter().any(|of| of.of == "payer" && of.bits.is_sign_positive())
    };
    assert_eq!([1, 2, 3].map(|id| is_payer_known(&mut story, id)), [true, true, false]);
}

/// An account says more than a text that many may write.
#[test]
fn whoever_pays_from_their_account_is_who_they_are() {
    let mut story = story();
    let bank = PartnerBank { id: 1, partner_id: ALPHA, number: "AT611904300234573201".into() };
    story.writes([
        RowChange::PartnerBank(1, Some(bank)),
        RowChange::Model(1, Some(names(1, BETA, "invoice"))),
    ]);
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    let own =
        StatementLine { account_number: Some("AT611904300234573201".into()), ..line(1, "250.00", "invoice") };
    story.receives([own]);
    assert_eq!(story.pays(1), paid(&[(1, "250.00")]));
}

/// Where people book lines otherwise than they have set up, or have set up otherwise than they booked, the latest of both is not known.
#[test]
fn lines_that_are_booked_elsewhere_are_proposed_there_and_wait() {
    let mut story = story();
    story.sets_up(model(1, "hosting"));
    let hosting = Account { id: 61, account_type: "expense".into(), reconcile: false, code: None };
    story.writes([RowChange::Account(61, Some(hosting))]);
    for id in 1..=2 {
        let hosting = line(id, "-40.00", "hosting fee");
        story.receives([hosting.clone()]);
        assert_eq!(story.account(id), Some(CHARGES));
        story.books(&hosting, 61);
    }
    story.receives([line(3, "-40.00", "hosting fee")]);
    assert_eq!(story.account(3), Some(61));
    story.lets_it_match();
    assert_eq!(story.first(3).waits[..], ["a reconciliation model books it elsewhere"]);
    story.writes([books_on(1, 61)]);
    assert_eq!(story.row(3).status, LineStatus::MatchRequested, "both agree, and it was booked there twice");
}
