//! A processor is its folder: the smallest one there can be runs on the runner without a line about it anywhere in the shell.

use std::path::Path;

use contract::Processor;
use countries::Countries;
use ledgerwell::runner;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use crate::golden::compare;
use crate::in_process::job_of;
use crate::sandbox::{Sandbox, until};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/countries/tests/golden/partners_move");

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_processor_is_its_folder_and_nothing_else() {
    let sandbox = Sandbox::new("specimen").await;
    let mut connection = sandbox.connect().await;
    sqlx::raw_sql(include_str!("../countries/migration.up.sql")).execute(&mut connection).await.unwrap();
    let admin: AdminClient<DefaultClientContext> = sandbox.kafka().create().unwrap();
    let results = format!("{}.{}", sandbox.name, Countries::NAME);
    let topic = NewTopic::new(&results, 3, TopicReplication::Fixed(1));
    admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    sandbox.ok(&["publish", &format!("{GOLDEN}/in.jsonl"), "--topic", &sandbox.topic]);

    let job = job_of::<Countries>(&sandbox, 1_000);
    let thread = runner::spawn::<Countries>(job.clone()).unwrap();
    until("all events to be out", async || job.status.figures().settled()).await;
    job.stop.set();
    thread.join().unwrap();

    let counts = countries::queries::countries(&mut connection).await.unwrap();
    assert_eq!(counts.iter().map(|row| (row.country_id, row.partners)).collect::<Vec<_>>(), [(75, 2)]);
    compare(&sandbox, Countries::NAME, &["countries.country"], &[], Path::new(GOLDEN)).await;
    admin.delete_topics(&[&results], &AdminOptions::new()).await.unwrap();
}
