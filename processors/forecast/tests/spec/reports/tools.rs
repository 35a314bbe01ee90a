//! Tools for cash and budgets, and programs that find what comes again: what their users saw go wrong, told
//! with Odoo's rows.

use chrono::{Days, NaiveDate};
use forecast::store::{Component, CurrencyRate, Item, RowChange, SaleOrder};
use rust_decimal::Decimal;
use serde_json::json;

use crate::cases::{business, monthly, pay_each};
use crate::story::{
    BANK, Books, CUSTOMERS, EUR, PAYABLE, SECOND_BANK, Story, USD, VENDORS, at, dec, on, rate, story, usual,
};
use Component::{Ap, Ar, Recurring};

const LANDLORD: i32 = 5;
const SOMEBODY: i32 = 6;
const ONE: i32 = CUSTOMERS + 3;
const VENDOR: i32 = VENDORS + 3;

/// firefly-iii/firefly-iii#3629: A bill of the 10th was paid on the 5th, and was still expected on the 10th.
/// Here the rent of the 8th leaves on 3 March. March is done; April and May come as ever.
#[test]
fn rent_that_was_paid_six_days_early_is_paid_and_comes_again_next_month() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(8, (2025, 3), 12), "-1500.00");
        books.moves(Some(LANDLORD), None, at(3, 3), "-1500.00");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 8), dec("-1500.00")), (at(5, 8), dec("-1500.00"))]);
}

/// actualbudget/actual#1957: A salary came a week early because of Christmas, and its schedule did not know
/// it. One early month in six says nothing about the next ones.
#[test]
fn wages_that_were_paid_early_once_before_christmas_still_come_again() {
    let mut story = usual(|books| {
        for day in last_business_days() {
            let paid = if day == on(2025, 12, 31) { on(2025, 12, 23) } else { day };
            books.moves(None, Some("Payroll"), paid, "-12000.00");
        }
    });
    assert_eq!(first(&mut story, 2), [(at(3, 31), dec("-12000.00")), (at(4, 30), dec("-12000.00"))]);
}

/// eltaiguer/tatu#59: The text of a payment has something else in it each time, so each was a payee of its
/// own. Here it is the name of the month.
#[test]
fn a_text_that_names_its_month_is_of_one_series() {
    let mut story = usual(|books| {
        for day in monthly(10, (2025, 3), 12) {
            let label = format!("Rent of the hall {}", day.format("%B"));
            books.moves(None, Some(&label), day, "-800.00");
        }
    });
    assert_eq!(first(&mut story, 2), [(at(3, 10), dec("-800.00")), (at(4, 10), dec("-800.00"))]);
}

/// hiroppy/mf-dashboard#321: What has no payee was expected once more although it was recorded already. The
/// wages of March are posted as an open item of nobody, due on the day on which they are paid.
#[test]
fn wages_that_are_posted_without_a_partner_are_not_expected_once_more() {
    let mut story = usual(|books| {
        for (number, day) in (9..).zip(last_business_days()) {
            books.moves(None, Some(&format!("Payroll {number}")), day, "-12000.00");
        }
        let wages = books.plain(PAYABLE, None, at(3, 2), "-12000.00");
        books.item(Item { due: Some(at(3, 31)), label: Some("Payroll 15".into()), ..wages });
    });
    story.expects(Ap, &[(at(3, 31), "12000")]);
    assert_eq!(first(&mut story, 1), [(at(4, 30), dec("-12000.00"))]);
}

/// actualbudget/actual#8029: What was posted already, on its day or up to two days early, was forecast
/// besides. Here the payments have a text and no partner.
#[test]
fn what_has_only_a_text_and_came_two_days_early_does_not_come_again() {
    let mut story = usual(|books| {
        for week in 0..12 {
            books.moves(None, Some("Cleaners"), at(2, 27) - Days::new(7 * week), "-700.00");
        }
    });
    assert_eq!(first(&mut story, 1), [(at(3, 6), dec("-700.00"))]);
    story.writes(|books| {
        books.moves(None, Some("Cleaners"), at(3, 4), "-700.00");
    });
    assert_eq!(first(&mut story, 1), [(at(3, 13), dec("-700.00"))]);
}

/// firefly-iii/firefly-iii#3744: A bill of which a part was paid was shown as if all of it were settled. Of
/// 1,500 rent 1,200 have left: 300 are still to come, and not 1,800.
#[test]
fn the_rest_of_a_rent_that_is_paid_in_part_is_all_that_is_left_of_it() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        let bill = books.bill(LANDLORD, at(2, 23), at(3, 10), "1500.00");
        books.pay(bill, at(3, 2), "1200.00");
    });
    story.expects(Ap, &[(at(3, 10), "300")]);
    assert_eq!(first(&mut story, 2), [(at(4, 10), dec("-1500.00")), (at(5, 11), dec("-1500.00"))]);
}

/// enudler/nudlers#22: Only what comes each month was found. The water bill of each second month was missed.
#[test]
fn what_comes_every_second_month_is_expected() {
    let days =
        [on(2025, 3, 12), on(2025, 5, 12), on(2025, 7, 14), on(2025, 9, 12), on(2025, 11, 12), at(1, 12)];
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-180.00"));
    assert_eq!(first(&mut story, 2), [(at(3, 12), dec("-180.00")), (at(5, 12), dec("-180.00"))]);
}

/// firefly-iii/firefly-iii#8099: A bill of each third week was expected each week.
#[test]
fn what_comes_every_third_week_is_expected_every_third_week() {
    let days: Vec<NaiveDate> = (0..10).map(|n| at(3, 2) - Days::new(21 * n)).collect();
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-120.00"));
    let amount = dec("-120.00");
    assert_eq!(first(&mut story, 3), [(at(3, 23), amount), (at(4, 13), amount), (at(5, 4), amount)]);
}

/// firefly-iii/firefly-iii#2868: The next day of a bill of each half year was a whole year away.
#[test]
fn what_comes_every_half_year_is_expected_after_half_a_year() {
    let days = [on(2024, 3, 20), on(2024, 9, 20), on(2025, 3, 20), on(2025, 9, 22)];
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-1400.00"));
    story.expects_within(Recurring, &[(at(3, 20), "-1400")], "0");
}

/// monetr/monetr#1710: Pay of the 15th and of the last day, before weekends where it falls on one, got wrong
/// amounts.
#[test]
fn wages_of_the_middle_and_of_the_end_of_the_month_are_both_expected() {
    let middle =
        [on(2025, 9, 15), on(2025, 10, 15), on(2025, 11, 14), on(2025, 12, 15), at(1, 15), at(2, 13)];
    let mut story = usual(|books| {
        let mut days: Vec<NaiveDate> = last_business_days().into_iter().chain(middle).collect();
        days.sort_unstable();
        for day in days {
            books.moves(None, Some("Payroll"), day, "-5000.00");
        }
    });
    let wages = dec("-5000.00");
    let expected = [(at(3, 13), wages), (at(3, 31), wages), (at(4, 15), wages), (at(4, 30), wages)];
    assert_eq!(first(&mut story, 4), expected);
}

/// hiroppy/mf-dashboard#314: Of two contracts with one payee, of one price, on the 10th and on the 12th, one
/// was dropped.
#[test]
fn two_contracts_of_one_price_on_two_days_of_the_month_are_both_expected() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(10, (2025, 3), 12), "-80.00");
        pay_each(books, SOMEBODY, &monthly(12, (2025, 3), 12), "-80.00");
    });
    let price = dec("-80.00");
    let expected = [(at(3, 10), price), (at(3, 12), price), (at(4, 10), price), (at(4, 13), price)];
    assert_eq!(first(&mut story, 4), expected);
}

/// firefly-iii/firefly-iii#1206: Two memberships at one club, mostly debited on one day, were expected as one
/// of them.
#[test]
fn two_equal_debits_of_one_day_count_twice_though_one_was_a_day_late_once() {
    let mut story = usual(|books| {
        for day in monthly(15, (2025, 3), 12) {
            let second = if day == on(2025, 10, 15) { on(2025, 10, 16) } else { day };
            pay_each(books, SOMEBODY, &[day, second], "-35.00");
        }
    });
    assert_eq!(first(&mut story, 2), [(at(3, 16), dec("-70.00")), (at(4, 15), dec("-70.00"))]);
}

/// moneymanagerex/moneymanagerex#6180: Amounts that were raised were still expected at what they had been.
/// The rent has been 1,600 twice; nobody pays a mean of both prices.
#[test]
fn a_rent_that_was_raised_two_months_ago_stays_raised() {
    let mut story = usual(|books| {
        let days = monthly(10, (2025, 3), 12);
        pay_each(books, LANDLORD, &days[..10], "-1500.00");
        pay_each(books, LANDLORD, &days[10..], "-1600.00");
    });
    assert_eq!(first(&mut story, 2), [(at(3, 10), dec("-1600.00")), (at(4, 10), dec("-1600.00"))]);
}

/// otherworld-dev/Budget#270: Something that was bought once moved all that was forecast for later months. On
/// the day of the rent the landlord got 400 for repairs, too.
#[test]
fn what_was_paid_once_besides_the_rent_does_not_raise_it() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        books.moves(Some(LANDLORD), None, at(2, 10), "-400.00");
    });
    assert_eq!(first(&mut story, 2), [(at(3, 10), dec("-1500.00")), (at(4, 10), dec("-1500.00"))]);
}

/// hiroppy/mf-dashboard#324: A bonus that was called wages was forecast for the next month as well. The wages
/// of December were twice as much; those of March are as ever.
#[test]
fn a_christmas_bonus_neither_comes_again_nor_hides_the_wages() {
    let mut story = usual(|books| {
        for day in last_business_days() {
            let amount = if day == on(2025, 12, 31) { "-24000.00" } else { "-12000.00" };
            books.moves(None, Some("Payroll"), day, amount);
        }
    });
    assert_eq!(first(&mut story, 2), [(at(3, 31), dec("-12000.00")), (at(4, 30), dec("-12000.00"))]);
}

/// avresial/FinanceManager#799: Three yearly policies with one insurer were taken for one that is paid each
/// quarter.
#[test]
fn three_yearly_policies_with_one_insurer_stay_yearly() {
    let policies = [
        ([on(2023, 4, 17), on(2024, 4, 15), on(2025, 4, 15)], "-600.00"),
        ([on(2023, 6, 15), on(2024, 6, 17), on(2025, 6, 16)], "-240.00"),
        ([on(2023, 9, 15), on(2024, 9, 16), on(2025, 9, 15)], "-180.00"),
    ];
    let mut story = usual(|books| {
        for (days, amount) in policies {
            pay_each(books, SOMEBODY, &days, amount);
        }
    });
    // The second falls on 15 June, in the week that ends on the 16th; the third comes after the last day.
    story.expects_within(Recurring, &[(at(4, 15), "-600"), (at(6, 16), "-240")], "0");
}

/// AakashRathore136/FinSight-AI#907: A tax of each quarter was called monthly.
#[test]
fn a_tax_of_each_quarter_is_expected_each_quarter() {
    let days = [on(2024, 12, 10), on(2025, 3, 10), on(2025, 6, 10), on(2025, 9, 10), on(2025, 12, 10)];
    let mut story = usual(|books| pay_each(books, 7, &days, "-3000.00"));
    // 10 June is in the week that ends on the 16th.
    story.expects_within(Recurring, &[(at(3, 10), "-3000"), (at(6, 16), "-3000")], "0");
}

/// firefly-iii/firefly-iii#7464: A monthly bill that was paid in two halves once had a mean of less
/// afterwards.
#[test]
fn a_rent_that_was_paid_in_two_halves_once_comes_in_full() {
    let mut story = usual(|books| {
        let days = monthly(10, (2025, 3), 12);
        pay_each(books, LANDLORD, &days[..10], "-1500.00");
        pay_each(books, LANDLORD, &[at(1, 12), at(1, 14)], "-750.00");
        pay_each(books, LANDLORD, &days[11..], "-1500.00");
    });
    assert_eq!(first(&mut story, 2), [(at(3, 10), dec("-1500.00")), (at(4, 10), dec("-1500.00"))]);
}

/// frappe/erpnext#31888: Dollars in the bank were worth what they had cost, not what they are worth. 5
/// dollars came at 10, one left at 20; today a dollar is 20, so that 4 dollars are 80.
#[test]
fn money_in_another_currency_is_worth_what_it_is_worth_today() {
    let mut story = with_dollars();
    assert_eq!(story.position(1).opening, dec("10080.00"));
    story.has(at(3, 5), "10080", "0");
}

/// letehaha/budget-tracker#491: Balances in another currency stayed at a rate that did not hold any more. If
/// a dollar were 10, 4 dollars in the bank would be 40.
#[test]
fn another_rate_in_a_scenario_changes_what_the_bank_balance_is_worth() {
    let mut story = with_dollars();
    let adjustments = json!([{ "op": "fx_rate", "currency": "USD", "rate": "10" }]);
    story.asks("create_scenario", json!({ "name": "weak", "company": 1, "adjustments": adjustments }));
    let result = story.tables().scenarios.get(1).unwrap().result_data.0.clone();
    let balance: Decimal = result["rows"][0]["balance"].as_str().unwrap().parse().unwrap();
    assert_eq!(balance, dec("10040.00"));
}

/// monetr/monetr#2567: An account that was overdrawn was taken for an empty one, so that the forecast was too
/// high.
#[test]
fn a_forecast_begins_below_zero_where_the_account_is_overdrawn() {
    let mut story = story(
        at(3, 4),
        "-2000.00",
        |_| Some(0),
        |books| {
            books.invoice(ONE, at(2, 16), at(3, 18), "5000.00");
        },
    );
    assert_eq!(story.position(1).opening, dec("-2000.00"));
    assert_eq!(story.position(1).shortfall, Some(at(3, 5)));
    story.has(at(3, 17), "-2000", "100");
    story.has(at(3, 18), "3000", "100");
}

/// meziantou/meziantou.moneiz#266: A payment that was planned for later than a few days from now caused no
/// warning. A bill of 20 August is in the week that ends on the 25th.
#[test]
fn a_bill_of_the_twenty_fourth_week_leaves_too_little_in_that_week() {
    let mut story = story(
        at(3, 4),
        "100.00",
        |_| Some(0),
        |books| {
            books.bill(VENDOR, at(3, 2), at(8, 20), "200.00");
        },
    );
    story.has(at(8, 18), "100", "8");
    story.has(at(8, 25), "-100", "8");
    assert_eq!(story.position(1).shortfall, Some(at(8, 25)));
}

/// plaintextaccounting/hledger#1236: Instalments that were entered ahead kept all repetitions out until the
/// last of them.
#[test]
fn instalments_that_are_booked_ahead_do_not_hide_the_rent() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(10, (2025, 3), 12), "-1500.00");
        pay_each(books, 8, &[at(4, 1), at(5, 4), at(6, 1)], "-100.00");
    });
    story.expects_within(Ap, &[(at(4, 1), "100"), (at(5, 4), "100"), (at(6, 1), "100")], "0");
    let rent = dec("-1500.00");
    assert_eq!(first(&mut story, 3), [(at(3, 10), rent), (at(4, 10), rent), (at(5, 11), rent)]);
    story.has(at(4, 10), "6900", "0");
}

/// plaintextaccounting/hledger#1085: What comes each April was forecast for the month in which one looked.
#[test]
fn what_comes_each_april_is_expected_in_april() {
    let days = [on(2023, 4, 3), on(2024, 4, 1), on(2025, 4, 1)];
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-900.00"));
    story.expects_within(Recurring, &[(at(4, 1), "-900")], "0");
}

/// otherworld-dev/Budget#311: What was due on the 1st and paid on the 2nd was booked for the next month
/// besides. Here it is paid today, two business days late: nothing more comes in March, and April comes once.
#[test]
fn what_is_paid_a_little_late_is_of_its_own_month() {
    let mut story = usual(|books| pay_each(books, SOMEBODY, &monthly(1, (2025, 3), 12), "-30.90"));
    story.writes(|books| {
        books.moves(Some(SOMEBODY), None, at(3, 4), "-30.90");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 1), dec("-30.90")), (at(5, 1), dec("-30.90"))]);
}

/// MattFaz/actuali#465: Rent that came three days before its day was shown as overdue all the same.
#[test]
fn rent_that_was_paid_three_days_early_is_paid() {
    let mut story = usual(|books| {
        pay_each(books, LANDLORD, &monthly(6, (2025, 3), 12), "-1500.00");
        books.moves(Some(LANDLORD), None, at(3, 3), "-1500.00");
    });
    assert_eq!(first(&mut story, 2), [(at(4, 6), dec("-1500.00")), (at(5, 6), dec("-1500.00"))]);
}

/// otherworld-dev/Budget#349: Money moved between own accounts was counted as received and as spent. One
/// entry moves it from bank to bank, and is dated 10 March.
#[test]
fn an_entry_from_bank_to_bank_that_is_dated_later_is_neither_received_nor_paid() {
    let mut story = usual(|books| {
        let out = books.plain(BANK, None, at(3, 10), "-5000.00");
        let move_id = out.move_id;
        books.item(out);
        let into = books.plain(SECOND_BANK, None, at(3, 10), "5000.00");
        books.item(Item { move_id, ..into });
    });
    for day in [at(3, 9), at(3, 10), at(3, 11)] {
        story.has(day, "10000", "0");
    }
    for component in [Ar, Ap, Recurring] {
        story.expects_within(component, &[], "0");
    }
}

/// OCA/contract#1524: What a contract brings was forecast beyond the last day of one of its parts. Of two
/// subscriptions of a customer the first ends on 30 April, the second goes on.
#[test]
fn of_two_subscriptions_the_one_that_ends_is_expected_until_then() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(1, (2025, 6), 10), "250.00");
        pay_each(books, SOMEBODY, &monthly(15, (2025, 6), 9), "90.00");
        subscription(books, 9, Some(at(4, 30)), "250.00");
        subscription(books, 10, None, "90.00");
    });
    let (ends, stays) = (dec("250.00"), dec("90.00"));
    let expected = [(at(3, 16), stays), (at(4, 1), ends), (at(4, 15), stays), (at(5, 15), stays)];
    let flows = story.flows(Recurring).into_iter().filter(|(day, _)| *day <= at(5, 31));
    assert_eq!(flows.collect::<Vec<_>>(), expected);
}

/// firefly-iii/firefly-iii#1162: Two contracts with one operator could not be told apart by a range of
/// amounts. The bill of the one, 10 due on the 12th, does not stand for the other, 20 on the 5th.
#[test]
fn a_bill_stands_for_the_contract_of_its_amount() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(5, (2025, 3), 12), "-20.00");
        pay_each(books, SOMEBODY, &monthly(12, (2025, 3), 12), "-10.00");
        books.bill(SOMEBODY, at(3, 2), at(3, 12), "10.00");
    });
    story.expects(Ap, &[(at(3, 12), "10")]);
    let expected = [(at(3, 5), dec("-20.00")), (at(4, 6), dec("-20.00")), (at(4, 13), dec("-10.00"))];
    assert_eq!(first(&mut story, 3), expected);
}

/// OCA/account-financial-reporting#1000: 100 that were forecast and an invoice of 100 came to 200. A customer
/// pays each invoice twenty days late. That of 10 March is the money of 30 March.
#[test]
fn an_invoice_stands_for_the_payment_that_it_leads_to_however_late_that_is() {
    let customer = 9;
    let mut story = usual(|books| {
        for (year, month) in (3..=12).map(|month| (2025, month)).chain([(2026, 1), (2026, 2)]) {
            let due = on(year, month, 10);
            let invoice = books.invoice(customer, due - Days::new(30), due, "1000.00");
            books.pay(invoice, business(due + Days::new(20)), "1000.00");
        }
        books.invoice(customer, at(2, 8), at(3, 10), "1000.00");
    });
    assert_eq!(first(&mut story, 1), [(at(4, 30), dec("1000.00"))]);
}

/// OCA/account-payment#410: Bills were to be paid when they were due, and not on the last day of their
/// discount. Of 30 bills with 2 % within ten days all were paid on the tenth day; so is this one.
#[test]
fn a_bill_with_a_discount_is_paid_on_the_last_day_of_that() {
    let terms = |books: &mut Books, bill: i32| {
        let bill = books.get(bill);
        let amount = (bill.amount * dec("0.98")).round_dp(2);
        books.item(Item { discount_day: Some(bill.day + Days::new(10)), discounted: Some(amount), ..bill });
    };
    let mut story = usual(|books| {
        for (n, paid) in (0_i32..).zip(Books::due_days(at(3, 4), 30)) {
            let (issued, due) = (paid - Days::new(10), paid + Days::new(20));
            let bill = books.bill(VENDORS + n % 20, issued, due, &format!("{}.00", 700 + n * 13));
            terms(books, bill);
            pay_with_discount(books, bill, paid);
        }
        let bill = books.bill(VENDOR, at(3, 2), at(4, 1), "1000.00");
        terms(books, bill);
    });
    story.expects(Ap, &[(at(3, 12), "980")]);
}

/// 4 dollars in the second bank, which came at 10 and are worth 20 today, beside 10,000 in the first.
fn with_dollars() -> Story {
    story(
        at(3, 4),
        "10004.00",
        |_| Some(0),
        |books| {
            let id = books.id();
            let before = CurrencyRate {
                id,
                currency_id: USD,
                company_id: None,
                day: on(2025, 6, 1),
                rate: dec("0.1"),
            };
            books.put(RowChange::CurrencyRate(id, Some(before)));
            rate(books, USD, "0.05");
            for (day, amount) in [(on(2025, 6, 2), "5.00"), (at(3, 3), "-1.00")] {
                let item = books.plain(SECOND_BANK, None, day, amount);
                books.item(Item { currency_id: Some(USD), ..item });
            }
        },
    )
}

/// A subscription of somebody, until a day or for ever.
fn subscription(books: &mut Books, id: i32, until: Option<NaiveDate>, total: &str) {
    let order = SaleOrder {
        id,
        name: format!("S{id}"),
        company_id: Some(1),
        partner_id: Some(SOMEBODY),
        currency_id: Some(EUR),
        day: on(2025, 5, 20),
        lead_id: None,
        is_subscription: true,
        until,
    };
    books.put(RowChange::SaleOrder(id, Some(order)));
    books.sale_line(id, total, "0.00");
}

/// The bank pays what a discount has left of a bill, which is settled by that.
fn pay_with_discount(books: &mut Books, bill: i32, day: NaiveDate) {
    let owed = books.get(bill);
    let whole = (-owed.amount).to_string();
    let cash = books.plain(BANK, owed.partner_id, day, &owed.discounted.unwrap().to_string());
    let (move_id, line_id) = (cash.move_id, Some(cash.id));
    books.item(Item { line_id, ..cash });
    let counter = books.plain(PAYABLE, owed.partner_id, day, &whole);
    let counter = books.item(Item { move_id, line_id, ..counter });
    books.settle(bill, counter, &whole);
}

/// The first days on which something comes again, and how much.
fn first(story: &mut Story, count: usize) -> Vec<(NaiveDate, Decimal)> {
    story.flows(Recurring).into_iter().take(count).collect()
}

/// The last business days of six months.
fn last_business_days() -> [NaiveDate; 6] {
    [on(2025, 9, 30), on(2025, 10, 31), on(2025, 11, 28), on(2025, 12, 31), at(1, 30), at(2, 27)]
}
