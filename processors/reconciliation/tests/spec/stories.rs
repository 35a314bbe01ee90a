//! What happens to bank lines and to what people have asked for.

use chrono::TimeDelta;
use reconciliation::store::{CurrencyRate, Item, LineStatus, RowChange, StatementLine};
use serde_json::json;

use super::story::{ALPHA, BETA, Story, USD, day, dec, invoice, line, of, paid, story};

/// A wrong booking is worth more than fifty clicks: after one, nothing is booked alone until the journal is trusted again.
#[test]
fn a_booking_that_was_wrong_puts_the_journal_on_probation_at_once() {
    let mut story = story();
    assert!(story.0.rule("match", json!({ "mode": "auto", "probation": 1 })));
    let (right, first) =
        (invoice(1, ALPHA, "10.00"), of("Alpha Handel GmbH", line(1, "10.00", "INV/2026/00001")));
    story.issues([
        right.clone(),
        invoice(2, ALPHA, "20.00"),
        invoice(3, ALPHA, "30.00"),
        invoice(4, BETA, "20.00"),
    ]);
    story.receives([first.clone()]);
    assert_eq!(story.row(1).status, LineStatus::Proposed, "on probation");
    story.matches(&first, &[(&right, "10.00")]);
    // What was right today counts from tomorrow on.
    let tomorrow = story.0.clock() + TimeDelta::days(1);
    story.0.tick(tomorrow);
    let [second, third] = [(2, "20.00"), (3, "30.00")]
        .map(|(id, amount)| of("Alpha Handel GmbH", line(id, amount, &format!("INV/2026/{id:05}"))));
    story.receives([second.clone(), third]);
    assert_eq!([2, 3].map(|id| story.row(id).status), [LineStatus::MatchRequested; 2]);
    let other = story.tables().items.get(4).unwrap().clone();
    story.matches(&second, &[(&other, "20.00")]);
    assert_eq!(story.row(3).status, LineStatus::Proposed, "at once");
    assert_eq!(story.first(3).waits[..], ["its journal is on probation"]);
}

/// What a person has taken back is not asked for again by the automation, and its journal is on probation.
#[test]
fn what_is_taken_back_is_for_a_person() {
    let mut story = story();
    story.lets_it_match();
    let (item, other) = (invoice(1, ALPHA, "250.00"), invoice(2, ALPHA, "70.00"));
    story.issues([item.clone(), other]);
    let line = of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00001"));
    story.receives([line.clone()]);
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.matches(&line, &[(&item, "250.00")]);
    let session = story.session();
    assert_eq!((session.auto_matched, session.manually_matched), (1, 0));
    story.takes_back(&line, &[(&item, "250.00")]);
    assert_eq!(story.row(1).status, LineStatus::Proposed);
    assert_eq!(story.first(1).waits[..], ["a match of it was taken back"]);
    assert_eq!(story.session().auto_matched, 0);
}

/// Whoever takes a match back at the invoice, and matches the line's item with another, leaves the line done in Odoo all the while.
#[test]
fn what_is_matched_with_something_else_is_done_anew() {
    let mut story = story();
    story.lets_it_match();
    let (wrong, right) = (invoice(1, ALPHA, "250.00"), invoice(2, BETA, "250.00"));
    story.issues([wrong.clone(), right.clone()]);
    let line = of("Alpha Handel GmbH", line(1, "250.00", "INV/2026/00001"));
    story.receives([line.clone()]);
    story.matches(&line, &[(&wrong, "250.00")]);
    assert!(story.row(1).auto);
    story.0.take_events();
    story.writes([RowChange::Partial(5_000 + 3_010, None), RowChange::Item(1, Some(wrong))]);
    story.matches(&line, &[(&right, "250.00")]);
    let row = story.row(1);
    assert_eq!((row.status, row.auto, row.decided_by), (LineStatus::Matched, false, None));
    assert_eq!(row.allocations[0].item_id, 2);
    let session = story.session();
    assert_eq!((session.auto_matched, session.manually_matched), (0, 1));
    let told: Vec<_> = story.0.take_events().iter().map(|event| event.event_type).collect();
    assert!(told.contains(&"unmatched") && told.last() == Some(&"matched"), "{told:?}");
}

/// What a person has asked for one line is not asked for another.
#[test]
fn an_item_is_asked_for_once() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "100.00")]);
    story.receives([line(1, "100.00", "?"), line(2, "100.00", "?")]);
    let allocate = |line| json!({ "line": line, "items": [{ "item": 1 }], "reason": "they said so" });
    story.asks("allocate", allocate(1)).unwrap();
    assert!(
        story.asks("allocate", allocate(2)).unwrap_err().contains("100.00 of item 1 is asked for already")
    );
}

/// Whoever refuses another proposal than the one that was accepted still wants that.
#[test]
fn another_refusal_leaves_a_request_as_it_is() {
    let mut story = story();
    story.issues([invoice(1, ALPHA, "100.00"), invoice(2, ALPHA, "300.00")]);
    story.receives([of("Alpha Handel GmbH", line(1, "100.00", "INV/2026/00001"))]);
    story.asks("accept", json!({ "line": 1, "reason": "it is" })).unwrap();
    let other =
        (2..=3).find(|rank| story.tables().proposals.get((1, *rank)).unwrap().kind != "none").unwrap();
    story.asks("refuse", json!({ "line": 1, "rank": other, "reason": "it is not" })).unwrap();
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.asks("refuse", json!({ "line": 1, "rank": 1, "reason": "it is not that either" })).unwrap();
    assert_eq!(story.row(1).status, LineStatus::Proposed);
    assert!(!story.named(1).contains(&1), "what was refused does not come again");
}

/// What is taken back while a session is completed is not in it when it goes on.
#[test]
fn a_session_that_goes_on_counts_what_is_there() {
    let mut story = story();
    let item = invoice(1, ALPHA, "10.00");
    story.issues([item.clone()]);
    let line = line(1, "10.00", "?");
    story.receives([line.clone()]);
    story.asks("open_session", json!({ "journal": 6 })).unwrap();
    story.matches(&line, &[(&item, "10.00")]);
    let own =
        |story: &mut Story| story.tables().sessions.iter().find(|of| of.user_id.is_some()).unwrap().clone();
    let id = own(&mut story).id;
    assert_eq!(own(&mut story).manually_matched, 1);
    story.asks("complete_session", json!({ "session": id })).unwrap();
    story.takes_back(&line, &[(&item, "10.00")]);
    assert_eq!(own(&mut story).manually_matched, 1, "as it was when it was completed");
    story.asks("resume_session", json!({ "session": id })).unwrap();
    let session = own(&mut story);
    assert_eq!((session.manually_matched, session.remaining, session.total_lines), (0, 1, 1));
}

/// A line in one currency that names an item in another and is less pays a part of it, in the item's currency.
#[test]
fn a_part_in_another_currency_is_no_more_than_the_line() {
    let mut story = story();
    let rate = CurrencyRate { id: 1, currency_id: USD, company_id: None, day: day(1), rate: dec("1.25") };
    story.writes([RowChange::CurrencyRate(1, Some(rate))]);
    story.issues([Item { currency_id: Some(USD), ..invoice(1, ALPHA, "1000.00") }]);
    story.receives([of("Alpha Handel GmbH", line(1, "400.00", "Teilzahlung INV/2026/00001"))]);
    let first = story.first(1);
    assert_eq!((first.kind.as_str(), story.pays(1)), ("partial", paid(&[(1, "500.00")])));
    assert_eq!(first.allocations[0].left_open, dec("500.00"));
}

/// An item of a branch that a line of the branch and one of its company both name is for a person.
#[test]
fn an_item_that_lines_of_two_companies_name_is_booked_for_neither() {
    let mut story = story();
    story.lets_it_match();
    story.issues([Item { company_id: 3, ..invoice(1, ALPHA, "100.00") }]);
    let own = |id, company| StatementLine {
        company_id: Some(company),
        ..of("Alpha Handel GmbH", line(id, "100.00", "INV/2026/00001"))
    };
    story.receives([own(1, 3)]);
    assert_eq!(story.row(1).status, LineStatus::MatchRequested);
    story.receives([StatementLine { bank_id: Some("B".into()), ..own(2, 1) }]);
    assert_eq!([1, 2].map(|id| story.row(id).status), [LineStatus::Proposed; 2]);
}
