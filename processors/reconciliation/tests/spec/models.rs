//! Reconciliation models of Odoo: what they say of lines, and what they do not.

use reconciliation::store::{
    Account, AmountCondition, Condition, How, LineStatus, Model, ModelJournal, ModelLine, ModelPartner,
    ModelPayer, On, RowChange, StatementLine,
};
use serde_json::json;
use sqlx::types::Json;

use super::story::{ALPHA, BETA, CHARGES, Story, dec, invoice, line, of, paid, story};

fn contains(text: &str) -> Condition {
    Condition { on: On::Label, how: How::Contains, text: text.into() }
}

/// A model that books lines with a text on an account.
fn model(id: i32, conditions: &[Condition]) -> Model {
    Model {
        id,
        company_id: 1,
        sequence: 10,
        books: true,
        payer_id: None,
        needs_partner: false,
        is_credit: None,
        amount: Json(None),
        conditions: Json(conditions.to_vec()),
    }
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
    story.sets_up(model(1, &[contains("KONTOFÜHRUNG")]));
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
    story.sets_up(model(1, &[contains("rent")]));
    story.issues([invoice(1, ALPHA, "500.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "500.00", "rent January INV/2026/00001"))]);
    assert_eq!(story.pays(1), paid(&[(1, "500.00")]));
}

#[test]
fn of_several_models_the_first_in_their_order_is_meant() {
    let mut story = story();
    story.sets_up(Model { sequence: 20, ..model(1, &[contains("charge")]) });
    story.writes([RowChange::Model(2, Some(model(2, &[contains("charge")]))), books_on(2, 61)]);
    story.receives([line(1, "-5.00", "bank charge")]);
    assert_eq!(story.account(1), Some(61));
}

/// OCA/account-reconcile#914: models of one journal were applied to the statements of another.
#[test]
fn a_model_of_another_journal_or_company_says_nothing() {
    let mut story = story();
    story.sets_up(model(1, &[contains("charge")]));
    story.sets_up(Model { company_id: 2, ..model(2, &[contains("toll")]) });
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
    let lacks = Condition { on: On::Label, how: How::Lacks, text: "refund".into() };
    story.sets_up(Model {
        is_credit: Some(false),
        amount: Json(Some(AmountCondition::Between(dec("5"), dec("10")))),
        ..model(1, &[contains("fee"), lacks])
    });
    story.receives([
        line(1, "-5.00", "Card fee"),
        line(2, "5.00", "Card fee"),
        line(3, "-10.01", "Card fee"),
        line(4, "-7.00", "Card fee refund"),
    ]);
    assert_eq!([1, 2, 3, 4].map(|id| story.account(id)), [Some(CHARGES), None, None, None]);
    story.sets_up(Model {
        amount: Json(Some(AmountCondition::Above(dec("10")))),
        ..model(2, &[contains("fee")])
    });
    assert_eq!([2, 3].map(|id| story.account(id)), [None, Some(CHARGES)], "more than 10");
    story.sets_up(Model {
        amount: Json(Some(AmountCondition::Below(dec("5")))),
        ..model(3, &[contains("fee")])
    });
    assert_eq!(story.account(2), None, "it is not less than 5");
}

#[test]
fn a_model_of_certain_partners_asks_for_one_of_them() {
    let mut story = story();
    story.sets_up(model(1, &[contains("insurance")]));
    story.writes([RowChange::ModelPartner((1, BETA), Some(ModelPartner { model_id: 1, partner_id: BETA }))]);
    let of_partner = |id, partner_id| StatementLine { partner_id, ..line(id, "-30.00", "insurance") };
    story.receives([of_partner(1, None), of_partner(2, Some(ALPHA)), of_partner(3, Some(BETA))]);
    assert_eq!([1, 2, 3].map(|id| story.account(id)), [None, None, Some(CHARGES)]);
}

/// One without a text to look for would be meant by every line; one that splits a line is for whoever books it; a regular expression
/// that cannot be read is none.
#[test]
fn a_model_that_says_too_little_says_nothing() {
    let mut story = story();
    story.sets_up(Model { amount: Json(Some(AmountCondition::Above(dec("1")))), ..model(1, &[]) });
    story.sets_up(model(2, &[Condition { on: On::Anywhere, how: How::Lacks, text: "rent".into() }]));
    story.sets_up(model(3, &[Condition { on: On::Label, how: How::Matches, text: "fee (".into() }]));
    story.sets_up(model(4, &[contains("fee")]));
    let second = ModelLine { id: 9, model_id: 4, account_id: Some(61), is_whole: true };
    story.writes([RowChange::ModelLine(9, Some(second))]);
    story.receives([line(1, "-9.90", "fee (monthly)")]);
    assert_eq!(story.account(1), None);
}

/// OCA/account-reconcile#781: whom a model names was not on the line.
#[test]
fn whom_a_model_names_is_on_the_other_side() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    story.receives([line(1, "250.00", "Sammelzahlung Nord"), line(2, "250.00", "die Sammelzahlung Nord")]);
    assert_ne!(story.pays(1), paid(&[(2, "250.00")]));
    let payer = ModelPayer { id: 1, model_id: 1, payer_id: BETA, label: Some("Sammel".into()), notes: None };
    story.writes([
        RowChange::Model(1, Some(Model { books: false, ..model(1, &[]) })),
        RowChange::ModelPayer(1, Some(payer)),
    ]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
    assert_ne!(story.pays(2), paid(&[(2, "250.00")]), "Odoo compares the beginning");
}

/// A name that is written on the line is not set aside by a text that fits.
#[test]
fn a_line_with_another_name_on_it_is_for_a_person() {
    let mut story = story();
    story.lets_it_match();
    let names_beta = Model { payer_id: Some(BETA), ..model(1, &[contains("INV")]) };
    story.writes([RowChange::Model(1, Some(names_beta))]);
    story.issues([invoice(2, BETA, "250.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00002"))]);
    assert_eq!(story.pays(1), paid(&[(2, "250.00")]));
    assert!(story.first(1).waits.iter().any(|why| why == "two partners are named as the payer"));
}

/// A migration to Odoo 19 puts conditions together by looking ahead.
#[test]
fn regular_expressions_may_look_ahead() {
    let mut story = story();
    let condition =
        Condition { on: On::Anywhere, how: How::Matches, text: "(?=.*nord.*)(sammel|einzel)".into() };
    story.writes([RowChange::Model(1, Some(Model { payer_id: Some(BETA), ..model(1, &[condition]) }))]);
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
    let bank = reconciliation::store::PartnerBank {
        id: 1,
        partner_id: ALPHA,
        number: "AT611904300234573201".into(),
    };
    story.writes([
        RowChange::PartnerBank(1, Some(bank)),
        RowChange::Model(1, Some(Model { payer_id: Some(BETA), ..model(1, &[contains("invoice")]) })),
    ]);
    story.issues([invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00")]);
    let own =
        StatementLine { account_number: Some("AT611904300234573201".into()), ..line(1, "250.00", "invoice") };
    story.receives([own]);
    assert_eq!(story.pays(1), paid(&[(1, "250.00")]));
}

/// What people do goes before what they have set up once.
#[test]
fn lines_that_are_booked_elsewhere_are_proposed_elsewhere() {
    let mut story = story();
    story.sets_up(model(1, &[contains("hosting")]));
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
    assert!(story.0.rule("match", json!({ "mode": "auto", "probation": 0 })));
    assert_eq!(story.row(3).status, LineStatus::MatchRequested, "it was booked there twice");
}
