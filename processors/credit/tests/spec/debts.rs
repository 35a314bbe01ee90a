//! What is owed beyond what Odoo adds up, and whose limit counts, as short stories like those of holds.

use chrono::NaiveDate;
use credit::store::{
    Company, DefaultValue, Item, LimitField, Partner, Pending, RowChange, SaleOrder, SaleOrderLine,
    Settlement, Template,
};
use credit::store::{Journal, Product};
use rust_decimal::Decimal;
use serde_json::json;

use crate::stories::{BANK, SALES, Story, auto, item, line, story};

/// The journal of write-offs and exchange differences.
const GENERAL: i32 = 3;

impl Story {
    /// Total and committed.
    fn owes(&mut self) -> (Decimal, Decimal) {
        let row = self.driver.tables().exposures.get((1, 7));
        row.map_or_else(Default::default, |row| (row.total, row.committed))
    }

    fn experiences(&mut self) -> i32 {
        self.driver.tables().assessments.get((1, 7)).map_or(0, |row| row.experiences)
    }

    /// Company 2 is a branch of company 1; Seven has these limits with them.
    fn with_branch(self, limits: &str) -> Self {
        let branch = Company { id: 2, root_id: 1, currency_id: 1, sets_limits: true };
        let credit_limit = Some(limits.to_owned());
        let seven = Partner { id: 7, name: "Seven".into(), commercial_id: 7, credit_limit };
        self.changes([RowChange::Company(2, Some(branch)), RowChange::Partner(7, Some(seven))])
    }

    /// An order is confirmed in a branch.
    fn branch_order(self, id: i32, amount: i64) -> Self {
        let order = SaleOrder {
            id,
            name: format!("S{id:05}"),
            company_id: 2,
            partner_id: 7,
            currency_id: Some(1),
            untaxed: amount.into(),
            total: amount.into(),
            ships_at: None,
        };
        self.changes([RowChange::SaleOrder(id, Some(order)), line(id, amount, 0)])
    }

    /// A payment that has no entry yet.
    fn pays_without_entry(self, id: i32, amount: i64) -> Self {
        let day = self.clock().date_naive();
        let row = Pending {
            id,
            company_id: Some(1),
            partner_id: 7,
            currency_id: None,
            amount: amount.into(),
            company_amount: None,
            day,
        };
        self.change(RowChange::Pending(id, Some(row)))
    }

    /// An invoice is settled in full by an item of another entry.
    fn settled_by(mut self, invoice: i32, credit: Item) -> Self {
        let mut row = self.driver.tables().items.get(invoice).unwrap().clone();
        let amount = std::mem::take(&mut row.residual);
        let day = self.clock().date_naive();
        let settlement = Settlement { id: invoice, debit_id: invoice, credit_id: credit.id, day, amount };
        self.changes([
            RowChange::Item(invoice, Some(row)),
            RowChange::Item(credit.id, Some(credit)),
            RowChange::Settlement(invoice, Some(settlement)),
        ])
    }

    /// The company's default limit.
    fn default_limit(self, amount: i64) -> Self {
        let default = DefaultValue { id: 1, field_id: 9, company_id: None, amount: amount.into() };
        self.changes([
            RowChange::LimitField(9, Some(LimitField { id: 9 })),
            RowChange::DefaultValue(1, Some(default)),
        ])
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_suggestion_is_accepted_or_refused_one_by_one() {
    let suggested = "hold_suggested on orders [1], because utilisation: the exposure, as a share of the limit, is 120%, above \
                     100%; until a payment of 250.00 EUR";
    let placed = suggested.replace("suggested", "placed");
    story()
        .asks("accept", &json!({}), "no hold of Seven is suggested in company 1")
        .order(1, 1_200)
        .decides(&[suggested])
        .asks("refuse", &json!({}), "is not suggested again until a check fails")
        .decides(&["hold_released: anna: a talk with their CFO"])
        .asks("accept", &json!({}), "so there is nothing to accept or refuse")
        // The check passes, and fails anew.
        .limit(2_000)
        .limit(1_000)
        .decides(&[suggested])
        .asks("accept", &json!({}), "that was suggested is accepted")
        .decides(&[&placed])
        .asks("refuse", &json!({}), "no hold of Seven is suggested")
        .limit(2_000)
        .decides(&["hold_released: no check that holds fails"])
        // What was accepted was that hold, not the next one.
        .limit(1_000)
        .decides(&[suggested])
        .asks("accept", &json!({}), "accepted")
        .decides(&[&placed])
        .asks("release", &json!({}), "is released")
        .decides(&["hold_released: anna: a talk with their CFO"]);
}

#[test]
fn a_limit_of_a_branch_counts_for_its_orders() {
    let placed = |orders, share, missing| {
        format!(
            "hold_placed on orders {orders}, because utilisation: the exposure, as a share of the limit, is {share}%, above \
             100%; until a payment of {missing} EUR"
        )
    };
    story()
        .with_branch(r#"{"1":"5000","2":"500"}"#)
        .rule(&auto(&json!({})))
        .order(1, 600)
        .decides(&[])
        .branch_order(2, 100)
        .decides(&[&placed("[2]", "140", "225.00")])
        .with_branch(r#"{"1":"600","2":"500"}"#)
        .decides(&[&placed("[1,2]", "140", "225.00")])
        // Without a limit of the root company only the branch's orders have one.
        .with_branch(r#"{"2":"500"}"#)
        .decides(&[&placed("[2]", "140", "225.00")]);
}

#[test]
fn who_has_no_limit_has_the_companys_default() {
    let mut story = story().with_branch("{}").order(1, 1_200).decides(&[]).default_limit(1_000);
    assert_eq!(story.driver.tables().exposures.get((1, 7)).unwrap().credit_limit, Some(Decimal::from(1_000)));
    story = story.decides(&[
        "hold_suggested on orders [1], because utilisation: the exposure, as a share of the limit, is 120%, \
                             above 100%; until a payment of 250.00 EUR",
    ]);
    // A company that does not work with limits has no default either.
    let company = Company { id: 1, root_id: 1, currency_id: 1, sets_limits: false };
    story.change(RowChange::Company(1, Some(company))).decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn a_payment_without_an_entry_is_applied_in_checks_and_not_in_the_exposure() {
    let checks = json!({ "oldest_open": { "action": "hold", "at": 0, "release": 0 } });
    let mut story = story().rule(&auto(&checks)).invoice(11, 900, "2026-01-10").order(1, 200);
    story = story.decides(&[
        "hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 110%, \
                             above 100%; until a payment of 150.00 EUR",
    ]);
    story = story.pays_without_entry(1, 900).decides(&["hold_released: no check that holds fails"]);
    assert_eq!(story.owes().0, Decimal::from(1_100), "Odoo's credit does not move");
    story.on("2026-02-01").decides(&[]).pays_without_entry(1, 400).decides(&[
        "hold_placed on orders [1], because oldest_open: the oldest open item's time past its due date is 22 days, above 0 \
         days; until a payment of 500.00 EUR",
    ]);
}

#[test]
fn only_money_that_came_is_a_payment() {
    let credit = |id, journal| Item {
        journal_id: Some(journal),
        residual: Decimal::ZERO,
        debit: false,
        ..item(id, -100, day("2026-01-05"), false)
    };
    let general = RowChange::Journal(GENERAL, Some(Journal { id: GENERAL, moves_money: false }));
    let mut story = story().change(general);
    for id in 11..15 {
        story = story.invoice(id, 100, "2026-01-31");
    }
    story = story.settled_by(11, credit(21, GENERAL));
    story = story.settled_by(12, credit(22, SALES));
    assert_eq!(story.experiences(), 0);
    story = story.settled_by(13, credit(23, BANK));
    assert_eq!(story.experiences(), 1);
    story = story.settled_by(14, Item { of_payment: true, ..credit(24, GENERAL) });
    assert_eq!(story.experiences(), 2);
}

#[test]
fn what_was_paid_to_a_customer_is_no_claim() {
    let paid_out = |journal| Item { journal_id: journal, ..item(21, 200, day("2026-01-02"), false) };
    let note = RowChange::Item(12, Some(item(12, -200, day("2026-01-02"), true)));
    let mut story = story().change(RowChange::Item(21, Some(paid_out(Some(BANK)))));
    let row = story.driver.tables().exposures.get((1, 7)).unwrap().clone();
    assert_eq!((row.overdue, row.unapplied, row.oldest_due), (Decimal::ZERO, Decimal::from(200), None));
    // Of a feed that does not say the journal, a debit that is as large as a credit note is one.
    story = story.change(RowChange::Item(21, Some(paid_out(None))));
    let overdue = |story: &mut Story| story.driver.tables().exposures.get((1, 7)).unwrap().overdue;
    assert_eq!(overdue(&mut story), Decimal::from(200));
    story = story.change(note);
    assert_eq!((overdue(&mut story), story.owes().0), (Decimal::ZERO, Decimal::ZERO));
}

#[test]
fn what_is_committed_counts_where_the_rule_says_so() {
    let by_delivery = [
        RowChange::Template(5, Some(Template { id: 5, by_delivery: true })),
        RowChange::Product(6, Some(Product { id: 6, template_id: 5 })),
    ];
    let of_order = |id, ordered: i64, expense: i64| SaleOrderLine {
        id,
        order_id: 1,
        product_id: Some(6),
        unit_id: None,
        down_payment: false,
        ordered: ordered.into(),
        delivered: Decimal::ZERO,
        invoiced: Decimal::ZERO,
        price_total: 800.into(),
        expense: (expense > 0).then(|| expense.into()),
        open: expense > 0,
    };
    let mut story = story().changes(by_delivery).order(1, 0);
    story = story.change(RowChange::SaleOrderLine(1, Some(of_order(1, 2, 0))));
    assert_eq!(story.owes(), (Decimal::ZERO, Decimal::from(800)));
    story = story.change(RowChange::SaleOrderLine(2, Some(of_order(2, 0, 350))));
    assert_eq!(story.owes(), (Decimal::ZERO, Decimal::from(1_150)));
    story = story.decides(&[]).rule(&json!({ "mode": "auto", "counts_committed": true }));
    assert_eq!(story.owes(), (Decimal::from(1_150), Decimal::from(1_150)));
    story.decides(&["hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 115%, above \
                     100%; until a payment of 200.00 EUR"]);
}

#[test]
fn what_is_invoiced_and_came_back_is_not_committed_again() {
    let by_delivery = [
        RowChange::Template(5, Some(Template { id: 5, by_delivery: true })),
        RowChange::Product(6, Some(Product { id: 6, template_id: 5 })),
    ];
    let returned = SaleOrderLine {
        id: 1,
        order_id: 1,
        product_id: Some(6),
        unit_id: None,
        down_payment: false,
        ordered: 10.into(),
        delivered: 8.into(),
        invoiced: 10.into(),
        price_total: 1_000.into(),
        expense: None,
        open: false,
    };
    let mut story = story().changes(by_delivery).order(1, 0);
    story = story.change(RowChange::SaleOrderLine(1, Some(returned)));
    assert_eq!(story.owes(), (Decimal::ZERO, Decimal::ZERO));
}

#[test]
fn a_hold_names_no_order_of_a_company_whose_limit_was_never_exceeded() {
    story().with_branch(r#"{"1":"1000","2":"970"}"#).rule(&auto(&json!({}))).order(1, 680).branch_order(2, 300).decides(&[
        "hold_placed on orders [2], because utilisation: the exposure, as a share of the limit, is 101.03%, above 100%; \
         until a payment of 58.50 EUR",
    ]);
}

#[test]
fn what_was_accepted_is_the_hold_of_those_checks() {
    let checks = json!({ "oldest_open": { "action": "hold", "at": 0, "release": 0 } });
    let suggest = json!({ "mode": "suggest", "checks": checks });
    let utilisation = "utilisation: the exposure, as a share of the limit, is 110%, above 100%";
    let oldest = "oldest_open: the oldest open item's time past its due date is 1 days, above 0 days";
    story()
        .rule(&suggest)
        .invoice(11, 900, "2026-01-10")
        .order(1, 200)
        .decides(&[&format!(
            "hold_suggested on orders [1], because {utilisation}; until a payment of 150.00 EUR"
        )])
        .asks("accept", &json!({}), "accepted")
        .decides(&[&format!(
            "hold_placed on orders [1], because {utilisation}; until a payment of 150.00 EUR"
        )])
        .on("2026-01-11")
        .decides(&[&format!(
            "hold_placed on orders [1], because {utilisation}; {oldest}; until a payment of 900.00 EUR"
        )])
        .limit(5_000)
        // Nobody has accepted what is left.
        .decides(&[
            "hold_released: the rule's mode places no holds by itself",
            &format!("hold_suggested on orders [1], because {oldest}; until a payment of 900.00 EUR"),
        ]);
}

#[test]
fn the_limit_that_holds_is_the_one_that_can_be_raised() {
    story()
        .with_branch(r#"{"1":"10000","2":"500"}"#)
        .branch_order(2, 600)
        .asks(
            "raise_limit",
            &json!({ "limit": "400", "until": "2026-01-31" }),
            "the one that counts is 500.00",
        )
        .asks(
            "raise_limit",
            &json!({ "limit": "700", "until": "2026-01-31" }),
            "is 700.00 up to and including",
        );
}
