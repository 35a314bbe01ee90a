//! What comes again, and when.

use chrono::{Days, NaiveDate};
use forecast::store::{Component, RowChange, SaleOrder};

use super::{SOMEBODY, first, last_business_days};
use crate::cases::{LANDLORD, monthly, pay_each};
use crate::story::{Books, EUR, at, dec, on, usual};
use Component::{Pipeline, Recurring};

/// frappe/erpnext#1420: wages that are paid on the 15th and on the 30th were taken only once a month. They
/// were paid twelve times, each time on the next business day. The next ones are on 16 March (the 15th is a
/// Sunday), 30 March, 15 and 30 April.
#[test]
fn wages_that_are_paid_twice_a_month_come_twice_a_month() {
    let middle = monthly(15, (2025, 9), 6);
    let end = [on(2025, 9, 30), on(2025, 10, 30), on(2025, 12, 1), on(2025, 12, 30), at(1, 30), at(3, 2)];
    let mut story = usual(|books| {
        for day in middle.iter().chain(&end) {
            books.moves(None, Some("Wages"), *day, "-5000.00");
        }
    });
    let wages = dec("-5000.00");
    let first: Vec<_> = story.flows(Recurring).into_iter().take(4).collect();
    assert_eq!(first, [(at(3, 16), wages), (at(3, 30), wages), (at(4, 15), wages), (at(4, 30), wages)]);
}

/// metasfresh/metasfresh#4429: a contract of a year with twelve months was forecast thirteen times. This one
/// began on 1 June and ends on 31 May; ten months are paid. Two are left, and 1 June is none of them.
#[test]
fn a_contract_of_twelve_months_is_paid_twelve_times() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(1, (2025, 6), 10), "250.00");
        subscription(books, 9, Some(at(5, 31)), "250.00");
    });
    story.expects_within(Recurring, &[(at(4, 1), "250"), (at(5, 1), "250")], "0");
    story.expects(Pipeline, &[]);
}

/// frappe/erpnext#51415: of somebody who is both customer and vendor nobody saw what is to come and to go.
/// Its subscription with us ends in March. The rent that we pay to it does not.
#[test]
fn what_we_pay_goes_on_when_what_we_sell_has_ended() {
    let mut story = usual(|books| {
        pay_each(books, SOMEBODY, &monthly(1, (2025, 6), 10), "250.00");
        subscription(books, 9, Some(at(3, 31)), "250.00");
        pay_each(books, SOMEBODY, &monthly(10, (2025, 3), 12), "-900.00");
    });
    let rent = dec("-900.00");
    let first: Vec<_> = story.flows(Recurring).into_iter().take(3).collect();
    assert_eq!(first, [(at(3, 10), rent), (at(4, 10), rent), (at(5, 11), rent)]);
}

/// Pinelab-studio/pinelab-vendure-plugins#464: what is paid twice a year was taken to come every second year.
/// An insurance was paid on 15 March and 15 September, or the next business day, five times. It comes on 16
/// March, and then only in September.
#[test]
fn what_is_paid_each_half_year_comes_each_half_year() {
    let days = [on(2023, 9, 15), on(2024, 3, 15), on(2024, 9, 16), on(2025, 3, 17), on(2025, 9, 15)];
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-1200.00"));
    story.expects_within(Recurring, &[(at(3, 16), "-1200")], "0");
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

/// plaintextaccounting/hledger#1085: What comes each April was forecast for the month in which one looked.
#[test]
fn what_comes_each_april_is_expected_in_april() {
    let days = [on(2023, 4, 3), on(2024, 4, 1), on(2025, 4, 1)];
    let mut story = usual(|books| pay_each(books, SOMEBODY, &days, "-900.00"));
    story.expects_within(Recurring, &[(at(4, 1), "-900")], "0");
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
