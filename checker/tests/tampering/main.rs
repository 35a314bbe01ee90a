//! The checker says that all holds after a run over a torn and spoiled log, and notices whatever is tampered with afterwards.
//!
//! Needs a built `ledgerwell`, named by `LEDGERWELL_BIN` or next to the checker, and the services of `scripts/services`.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod feed;
mod world;

use crate::feed::feed;
use crate::world::World;

/// What is done to the results, and the kinds of violations of which one at least has to be found.
const TAMPERINGS: [(&str, &[&str]); 18] = [
    (
        "UPDATE credit.exposure SET not_due = not_due + 0.01, total = total + 0.01
         WHERE (company_id, partner_id) = (SELECT company_id, partner_id FROM credit.exposure ORDER BY total DESC LIMIT 1)",
        &["results", "money", "events: fold"],
    ),
    ("UPDATE credit.exposure SET partner_name = 'Nobody' WHERE partner_id = (SELECT min(partner_id) FROM credit.exposure)", &["results"]),
    ("DELETE FROM credit.exposure WHERE partner_id = (SELECT min(partner_id) FROM credit.exposure)", &["results"]),
    ("UPDATE credit.assessment SET payment_history = payment_history - 1 WHERE payment_history IS NOT NULL", &["assessments"]),
    (
        "UPDATE credit.assessment SET failing = CASE failing WHEN '[]' THEN '[\"utilisation\"]'::jsonb ELSE '[]' END
         WHERE partner_id = (SELECT min(partner_id) FROM credit.assessment)",
        &["assessments"],
    ),
    ("DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs WHERE action_name = 'hold' AND odoo_record_id IS NOT NULL)", &["audit"]),
    ("DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs WHERE action_name = 'score')", &["audit"]),
    (
        "INSERT INTO audit_logs (timestamp, automation_type, action_name, odoo_model, odoo_record_id, status, input_data, output_data)
         SELECT timestamp, automation_type, action_name, odoo_model, odoo_record_id, status, input_data, output_data
         FROM audit_logs WHERE action_name = 'hold' AND odoo_record_id IS NOT NULL LIMIT 1",
        &["audit"],
    ),
    ("DELETE FROM stream.dead_letter WHERE record_offset = (SELECT min(record_offset) FROM stream.dead_letter)", &["letters: lost"]),
    ("UPDATE stream.dead_letter SET record_offset = 3 WHERE record_offset = (SELECT min(record_offset) FROM stream.dead_letter)", &["letters: too many"]),
    (
        "DELETE FROM witness.checkpoint WHERE serial =
         (SELECT serial FROM witness.checkpoint WHERE old_offset < new_offset ORDER BY serial DESC OFFSET 1 LIMIT 1)",
        &["offsets: chain"],
    ),
    (
        "DELETE FROM witness.checkpoint WHERE serial >= (SELECT max(serial) FROM witness.checkpoint WHERE old_offset < new_offset)",
        &["offsets: end of the chain"],
    ),
    ("DELETE FROM witness.checkpoint WHERE serial = (SELECT min(serial) FROM witness.checkpoint)", &["offsets: chain"]),
    ("DELETE FROM witness.outbox WHERE serial = (SELECT max(serial) FROM witness.outbox)", &["offsets: numbers", "events: unknown"]),
    ("UPDATE stream.checkpoint SET next_offset = next_offset - 1", &["offsets: backwards"]),
    ("DELETE FROM stream.request WHERE id = (SELECT id FROM stream.request LIMIT 1)", &["requests: lost"]),
    ("UPDATE credit.hold SET status = CASE status WHEN 'held' THEN 'none' ELSE 'held' END", &["holds"]),
    ("UPDATE witness.outbox SET event_type = 'hold_placed' WHERE position LIKE '%.1' AND out_seq = 1", &["rules: mode"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_after_a_run_and_not_after_tampering() {
    let world = World::new().await;
    let mut observer = world.observe();
    for part in feed(&world.simulated()) {
        world.publish(&part);
        world.run();
    }
    world.until_observed(3);
    observer.stop();

    let (code, text) = world.check(&world.name, &[]);
    assert_eq!(code, 0, "{text}");
    for figure in [
        "spoiled records",
        "requests",
        "states compared",
        "transactions emitted again",
        "transactions cut off",
    ] {
        assert!(!text.contains(&format!(" 0 {figure}")), "{figure}: {text}");
    }
    println!("{text}");

    for (sql, kinds) in TAMPERINGS {
        let copy = world.tampered(sql).await;
        let (code, text) = world.check(&copy, &[]);
        world.drop_database(&copy).await;
        assert_eq!(code, 1, "nothing was noticed of {sql}: {text}");
        for kind in kinds {
            assert!(text.contains(&format!("VIOLATION {kind}:")), "{kind} was not noticed of {sql}: {text}");
        }
    }

    let (code, text) = world.check_observed(&world.tampered_observation());
    assert!(code == 1 && text.contains("VIOLATION boundaries:"), "{text}");

    // What is said in Kafka cannot be taken back, so this comes last.
    world.publish_an_event_again();
    let (code, text) = world.check(&world.name, &[]);
    assert!(code == 1 && text.contains("VIOLATION events: published twice:"), "{text}");
    world.publish_a_row_that_nobody_reads();
    let (code, text) = world.check(&world.name, &[]);
    assert!(code == 1 && text.contains("VIOLATION offsets: end of the log:"), "{text}");

    let (code, _) = world.check(&world.name, &["--topic", "there-is-no-such-topic"]);
    assert_eq!(code, 2);
    world.remove().await;
}
