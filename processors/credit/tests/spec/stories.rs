//! Every check, hold, prediction and request as a short story: what happens, what is decided, and why. One customer, Seven, with
//! a limit of 1,000 in one company; it is 5 January 2026. decisions.md says the same in general.

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::Outcome;
use contract::testkit::Driver;
use credit::Credit;
use credit::store::{
    Account, Company, Currency, CurrencyRate, Item, Journal, Partner, RowChange, SaleOrder, SaleOrderLine,
    Settlement,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Journals.
pub(crate) const SALES: i32 = 1;
pub(crate) const BANK: i32 = 2;

pub(crate) struct Story {
    pub(crate) driver: Driver<Credit>,
    /// What was decided and not asked for yet.
    decided: Vec<String>,
}

pub(crate) fn story() -> Story {
    let driver = Driver::new("2026-01-05T08:00:00Z".parse().unwrap());
    let story = Story { driver, decided: Vec::new() };
    let rows = [
        RowChange::Currency(1, Some(Currency { id: 1, name: "EUR".into(), decimals: 2 })),
        RowChange::Company(1, Some(Company { id: 1, root_id: 1, currency_id: 1, sets_limits: true })),
        RowChange::Account(10, Some(Account { id: 10, receivable: true })),
        RowChange::Journal(SALES, Some(Journal { id: SALES, moves_money: false })),
        RowChange::Journal(BANK, Some(Journal { id: BANK, moves_money: true })),
    ];
    story.changes(rows).limit(1_000)
}

/// The rule in mode `auto`, with these checks changed.
pub(crate) fn auto(checks: &Value) -> Value {
    json!({ "mode": "auto", "checks": checks })
}

impl Story {
    pub(crate) fn changes(mut self, rows: impl IntoIterator<Item = RowChange>) -> Self {
        let now = self.driver.clock();
        self.driver.transaction(rows, now);
        self.collect()
    }

    pub(crate) fn change(self, row: RowChange) -> Self {
        self.changes([row])
    }

    fn collect(mut self) -> Self {
        for event in self.driver.take_events() {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            self.decided.extend(describe(event.event_type, &data));
        }
        self
    }

    pub(crate) fn clock(&self) -> DateTime<Utc> {
        self.driver.clock()
    }

    /// Time passes: every day that begins is decided upon.
    pub(crate) fn on(mut self, day: &str) -> Self {
        let day: NaiveDate = day.parse().unwrap();
        self.driver.tick(day.and_hms_opt(0, 0, 0).unwrap().and_utc());
        self.collect()
    }

    pub(crate) fn limit(self, limit: i64) -> Self {
        let credit_limit = Some(format!(r#"{{"1":"{limit}"}}"#));
        self.change(RowChange::Partner(
            7,
            Some(Partner { id: 7, name: "Seven".into(), commercial_id: 7, credit_limit }),
        ))
    }

    /// An invoice is posted.
    pub(crate) fn invoice(self, id: i32, amount: i64, due: &str) -> Self {
        let item = item(id, amount, due.parse().unwrap(), true);
        self.change(RowChange::Item(id, Some(item)))
    }

    /// An invoice is paid in full, today.
    pub(crate) fn pays(mut self, id: i32, amount: i64) -> Self {
        let today = self.clock().date_naive();
        let mut item = self.driver.tables().items.get(id).unwrap().clone();
        item.residual = Decimal::ZERO;
        item.debit = true;
        let settlement =
            Settlement { id, debit_id: id, credit_id: 1_000 + id, day: today, amount: amount.into() };
        self.changes([RowChange::Item(id, Some(item)), RowChange::Settlement(id, Some(settlement))])
    }

    /// Money comes in that is not applied to anything.
    fn pays_in_advance(self, id: i32, amount: i64) -> Self {
        let item = item(id, -amount, self.clock().date_naive(), false);
        self.change(RowChange::Item(id, Some(item)))
    }

    /// An order is confirmed, of one piece that is not delivered; it ships after some days.
    fn order_shipping_in(self, id: i32, amount: i64, days: u64) -> Self {
        let order = SaleOrder {
            id,
            name: format!("S{id:05}"),
            company_id: 1,
            partner_id: 7,
            currency_id: Some(1),
            untaxed: amount.into(),
            total: amount.into(),
            ships_at: self.clock().checked_add_days(Days::new(days)),
        };
        self.changes([RowChange::SaleOrder(id, Some(order)), line(id, amount, 0)])
    }

    pub(crate) fn order(self, id: i32, amount: i64) -> Self {
        self.order_shipping_in(id, amount, 0)
    }

    /// It is delivered and not invoiced yet.
    fn delivers(self, id: i32, amount: i64) -> Self {
        self.change(line(id, amount, 1))
    }

    /// The rule is changed.
    pub(crate) fn rule(mut self, config: &Value) -> Self {
        assert!(self.driver.rule("hold", config.clone()));
        self.collect()
    }

    /// Anna asks for something; the answer has these words.
    pub(crate) fn asks(mut self, action: &str, more: &Value, answer: &str) -> Self {
        let mut arguments = json!({ "company_id": 1, "partner_id": 7, "reason": "a talk with their CFO" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (Outcome::Done(text) | Outcome::Refused(text)) = self.driver.request("anna", action, arguments);
        assert!(text.contains(answer), "{text}");
        self.collect()
    }

    /// What was decided since the last time, in order.
    #[track_caller]
    pub(crate) fn decides(mut self, expected: &[&str]) -> Self {
        assert_eq!(std::mem::take(&mut self.decided), expected);
        self
    }
}

/// An open item of Seven's.
pub(crate) fn item(id: i32, residual: i64, due: NaiveDate, falls_due: bool) -> Item {
    Item {
        id,
        move_id: id,
        journal_id: Some(if falls_due { SALES } else { BANK }),
        number: None,
        of_payment: false,
        drafted: None,
        company_id: 1,
        partner_id: Some(7),
        account_id: Some(10),
        draft: false,
        due: Some(due),
        residual: residual.into(),
        quantity: Decimal::ONE,
        unit_id: None,
        falls_due,
        debit: residual >= 0,
        down_payment: false,
        currency_id: Some(1),
        amount_currency: Decimal::ZERO,
    }
}

/// A line of an order, of one piece.
pub(crate) fn line(id: i32, amount: i64, delivered: i64) -> RowChange {
    let line = SaleOrderLine {
        id,
        order_id: id,
        product_id: None,
        unit_id: None,
        down_payment: false,
        ordered: Decimal::ONE,
        delivered: delivered.into(),
        invoiced: Decimal::ZERO,
        price_total: amount.into(),
        expense: None,
        open: true,
    };
    RowChange::SaleOrderLine(id, Some(line))
}

/// An event in words; exposures are another story, and so are scores.
fn describe(kind: &str, data: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Some(match kind {
        "hold_placed" | "hold_suggested" => {
            let checks: Vec<_> =
                data["checks"].as_array().unwrap().iter().map(|check| text(&check["text"])).collect();
            format!(
                "{kind} on orders {}, because {}; until {}",
                data["orders"],
                checks.join("; "),
                text(&data["release"])
            )
        }
        "hold_released" => format!("{kind}: {}", text(&data["why"])),
        "limit_breach_predicted" => format!("{kind} for {}", text(&data["breach_on"])),
        "limit_breach_cleared" => kind.to_owned(),
        _ => return None,
    })
}

#[test]
fn utilisation_holds_above_the_limit_and_releases_at_95_percent() {
    story()
        .rule(&auto(&json!({})))
        .order(1, 400)
        .invoice(11, 600, "2026-02-05")
        .decides(&[])
        .invoice(12, 50, "2026-02-05")
        .decides(&["hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 105%, above \
                    100%; until a payment of 100.00 EUR"])
        .pays(12, 50)
        .decides(&[])
        .pays_in_advance(21, 50)
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn horizon_leaves_out_what_ships_later() {
    let checks = json!({ "utilisation": { "action": "off" }, "horizon": { "action": "hold" } });
    story()
        .rule(&auto(&checks))
        .order_shipping_in(1, 5_000, 31)
        .decides(&["limit_breach_predicted for 2026-01-06"])
        .on("2026-01-06")
        .decides(&[
            "limit_breach_cleared",
            "hold_placed on orders [1], because horizon: the exposure without orders that ship later, as a share of the \
             limit, is 500%, above 100%; until a payment of 4050.00 EUR",
        ]);
}

#[test]
fn oldest_open_fails_after_60_days_and_passes_when_the_item_is_paid() {
    let checks = json!({ "oldest_open": { "action": "hold" } });
    story()
        .rule(&auto(&checks))
        .order(1, 10)
        .invoice(11, 100, "2026-01-31")
        .on("2026-04-01")
        .decides(&[])
        .on("2026-04-02")
        .decides(&["hold_placed on orders [1], because oldest_open: the oldest open item's time past its due date is 61 days, \
                    above 60 days; until a payment of 100.00 EUR"])
        .pays(11, 100)
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn overdue_share_counts_what_is_more_than_30_days_overdue() {
    let checks = json!({ "overdue_share": { "action": "hold" } });
    story()
        .rule(&auto(&checks))
        .order(1, 10)
        .invoice(11, 60, "2026-01-31")
        .invoice(12, 40, "2026-06-30")
        .on("2026-03-02")
        .decides(&[])
        .on("2026-03-03")
        .decides(&["hold_placed on orders [1], because overdue_share: the share of receivables that is long overdue is 60%, \
                    above 50%; until a payment of 46.67 EUR"])
        .invoice(13, 120, "2026-06-30")
        .decides(&[])
        .invoice(14, 20, "2026-06-30")
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn single_document_looks_at_the_largest() {
    let checks = json!({ "single_document": { "action": "hold", "at": 40, "release": 40 } });
    story()
        .rule(&auto(&checks))
        .order(1, 400)
        .invoice(11, 300, "2026-02-05")
        .decides(&[])
        .order(2, 401)
        .decides(&["hold_placed on orders [1,2], because utilisation: the exposure, as a share of the limit, is 110.1%, above \
                    100%; single_document: the largest document, as a share of the limit, is 40.1%, above 40%; until a \
                    payment of 151.00 EUR"]);
}

#[test]
fn no_payment_counts_from_the_last_payment_while_something_is_overdue() {
    let checks = json!({ "no_payment": { "action": "hold", "at": 45 } });
    story()
        .rule(&auto(&checks))
        .order(1, 10)
        .invoice(11, 100, "2026-01-10")
        .invoice(12, 100, "2026-01-31")
        .on("2026-01-10")
        .pays(11, 100)
        .on("2026-02-24")
        .decides(&[])
        .on("2026-02-25")
        .decides(&["hold_placed on orders [1], because no_payment: the time without a payment is 46 days, above 45 days; until \
                    any payment"])
        .pays_in_advance(21, 1)
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn score_drop_compares_with_the_best_of_30_days() {
    let checks = json!({ "score_drop": { "action": "hold" }, "oldest_open": { "action": "off" },
        "overdue_share": { "action": "off" } });
    let mut story = story().rule(&auto(&checks)).order(1, 10);
    for id in 11..14 {
        story = story.invoice(id, 100, "2026-01-05").pays(id, 100);
    }
    story
        .invoice(14, 900, "2026-01-06")
        .decides(&[])
        .on("2026-02-04")
        .decides(&["hold_placed on orders [1], because score_drop: the fall of the credit score is 15.39 points, above 15 \
                    points; until 2026-02-16, when the better scores are too long ago"])
        .pays(14, 900)
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn what_is_delivered_or_paid_in_advance_is_never_named() {
    story()
        .rule(&auto(&json!({})))
        .order(1, 300)
        .order(2, 500)
        .delivers(1, 300)
        .invoice(11, 900, "2026-02-05")
        .decides(&["hold_placed on orders [2], because utilisation: the exposure, as a share of the limit, is 170%, above \
                    100%; until a payment of 750.00 EUR"])
        // It covers order 1, and order 2 by what is left of it.
        .pays_in_advance(21, 800)
        .decides(&["hold_released: no check that holds fails"])
        .invoice(12, 2_000, "2026-02-05")
        .order(3, 40)
        .decides(&[
            "hold_placed on orders [], because utilisation: the exposure, as a share of the limit, is 290%, above 100%; until \
             a payment of 1950.00 EUR",
            "hold_placed on orders [3], because utilisation: the exposure, as a share of the limit, is 294%, above 100%; until \
             a payment of 1990.00 EUR",
        ]);
}

#[test]
fn what_is_invoiced_by_delivery_is_named_before_it_counts() {
    let mut story = story().rule(&auto(&json!({}))).order(1, 400);
    // Odoo has nothing to invoice of it before the delivery.
    let mut line = story.driver.tables().lines.get(1).unwrap().clone();
    line.open = false;
    story = story.change(RowChange::SaleOrderLine(1, Some(line)));
    story
        .invoice(11, 1_100, "2026-02-05")
        .decides(&["hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 110%, above \
                    100%; until a payment of 150.00 EUR"])
        .pays_in_advance(21, 149)
        .decides(&[])
        .pays_in_advance(22, 1)
        .decides(&["hold_released: no check that holds fails"]);
}

#[test]
fn a_moved_due_date_is_noticed_at_once() {
    story()
        .invoice(11, 700, "2026-02-10")
        .order_shipping_in(1, 290, 65)
        .order_shipping_in(2, 20, 66)
        .decides(&[
            "limit_breach_predicted for 2026-02-10",
            "hold_suggested on orders [1,2], because utilisation: the exposure, as a share of the limit, is 101%, above 100%; \
             until a payment of 60.00 EUR",
        ])
        .invoice(11, 700, "2026-02-09")
        .decides(&["limit_breach_cleared"]);
}

#[test]
fn each_mode_does_what_it_says() {
    let over = || story().order(1, 1_200);
    let because = "because utilisation: the exposure, as a share of the limit, is 120%, above 100%; until a payment of 250.00 EUR";
    over().decides(&[&format!("hold_suggested on orders [1], {because}")]);
    story().rule(&json!({ "mode": "shadow" })).order(1, 1_200).decides(&[]);
    story().rule(&json!({ "mode": "off" })).order(1, 1_200).decides(&[]);
    over()
        .decides(&[&format!("hold_suggested on orders [1], {because}")])
        .rule(&auto(&json!({})))
        .decides(&[&format!("hold_placed on orders [1], {because}")])
        .rule(&json!({ "mode": "suggest" }))
        .decides(&[
            "hold_released: the rule's mode places no holds by itself",
            &format!("hold_suggested on orders [1], {because}"),
        ])
        .rule(&auto(&json!({})))
        .decides(&[&format!("hold_placed on orders [1], {because}")])
        .rule(&json!({ "mode": "off" }))
        .decides(&["hold_released: the rule is off"]);
}

#[test]
fn a_release_lasts_until_its_checks_have_passed_once() {
    let because = |percent: &str, payment: &str| {
        format!(
            "hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is {percent}%, above \
                 100%; until a payment of {payment} EUR"
        )
    };
    story()
        .rule(&auto(&json!({})))
        .asks("release", &json!({}), "is not held")
        .order(1, 1_200)
        .decides(&[&because("120", "250.00")])
        .asks("release", &json!({ "reason": " " }), "say why")
        .decides(&[])
        .asks("release", &json!({}), "is released")
        .decides(&["hold_released: anna: a talk with their CFO"])
        .invoice(11, 500, "2026-02-05")
        .decides(&[])
        .limit(5_000)
        .limit(1_000)
        .decides(&[&because("170", "750.00")]);
}

#[test]
fn an_exemption_ends_with_its_last_day() {
    story()
        .rule(&auto(&json!({})))
        .asks("exempt", &json!({ "until": "2026-01-04" }), "is over: today is 2026-01-05")
        .asks("exempt", &json!({ "until": "2026-01-07" }), "up to and including 2026-01-07")
        .order(1, 1_200)
        .on("2026-01-07")
        .decides(&[])
        .on("2026-01-08")
        .decides(&["hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 120%, above \
                    100%; until a payment of 250.00 EUR"]);
}

#[test]
fn a_raised_limit_counts_until_its_last_day() {
    story()
        .rule(&auto(&json!({})))
        .order(1, 1_200)
        .asks("raise_limit", &json!({ "limit": "900", "until": "2026-01-31" }), "raises nothing")
        .asks("raise_limit", &json!({ "company_id": 9, "limit": "900", "until": "2026-01-31" }), "no root company 9")
        .asks("raise_limit", &json!({ "limit": "2000", "until": "2026-01-31" }), "is 2000.00 up to and including 2026-01-31")
        .decides(&[
            "hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 120%, above 100%; until \
             a payment of 250.00 EUR",
            "hold_released: no check that holds fails",
        ])
        .on("2026-02-01")
        .decides(&["hold_placed on orders [1], because utilisation: the exposure, as a share of the limit, is 120%, above \
                    100%; until a payment of 250.00 EUR"]);
}

#[test]
fn a_customers_companies_count_together_by_the_worst_of_them() {
    let mut story = story().rule(&auto(&json!({}))).order(1, 1_200);
    let score = |story: &mut Story| story.driver.tables().scores.get(7).unwrap().clone();
    assert_eq!(
        (score(&mut story).credit_limit, score(&mut story).hold_active),
        (Some(Decimal::from(1_000)), true)
    );
    // Company 2 keeps its books in dollars, two of which are worth a euro today.
    let dollar = Currency { id: 2, name: "USD".into(), decimals: 2 };
    story = story.change(RowChange::Currency(2, Some(dollar)));
    story = story.change(RowChange::Company(
        2,
        Some(Company { id: 2, root_id: 2, currency_id: 2, sets_limits: true }),
    ));
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let rate = CurrencyRate { id: 1, currency_id: 2, company_id: None, day, rate: Decimal::TWO };
    story = story.change(RowChange::CurrencyRate(1, Some(rate)));
    let owed = Item { company_id: 2, ..item(31, 300, day.checked_add_days(Days::new(90)).unwrap(), true) };
    story = story.change(RowChange::Item(31, Some(owed)));
    let all = score(&mut story);
    assert_eq!(
        (all.current_exposure, all.credit_limit),
        (Decimal::from(1_350), None),
        "company 2 sets no limit"
    );
    assert_eq!((all.risk_level.as_str(), all.hold_active), ("critical", true));
    assert!(all.hold_reason.unwrap().starts_with("company 1: utilisation"));
}

#[test]
fn requests_that_cannot_be_done_say_why() {
    story()
        .asks("release", &json!({ "company_id": 2 }), "there is no root company 2; there are: 1")
        .asks("release", &json!({ "partner_id": 8 }), "there is no partner 8")
        .asks("exempt", &json!({}), "missing field `until`")
        .asks("exempt", &json!({ "untill": 1 }), "unknown field `untill`")
        .asks("forgive", &json!({}), "use accept, refuse, release, exempt or raise_limit")
        .decides(&[]);
}

#[test]
fn a_breach_is_predicted_from_due_dates_and_shipping_dates() {
    story()
        .invoice(11, 700, "2026-02-10")
        .order_shipping_in(1, 400, 65)
        // Order 1 comes within the horizon on 10 February, the invoice counts as paid on the 11th.
        .decides(&[
            "limit_breach_predicted for 2026-02-09",
            "hold_suggested on orders [1], because utilisation: the exposure, \
                    as a share of the limit, is 110%, above 100%; until a payment of 150.00 EUR",
        ])
        .pays(11, 700)
        .decides(&["limit_breach_cleared", "hold_released: no check that holds fails"]);
}
