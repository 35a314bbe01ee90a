//! Where a partition begins and ends.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A partition that looks empty is asked so often …
const AGREEING: usize = 3;
/// … with this between.
const BETWEEN: Duration = Duration::from_millis(30);

/// The first offset of a partition, and the one after its last; the latter is that of the last stable record for a consumer
/// that reads what is committed.
///
/// librdkafka asks for both at once. Where the first answer is an error and the second is none, it takes the second for both
/// (`rd_kafka_query_wmark_offsets_resp_cb` in 2.12: the second overwrites the error), so a log can look empty at its end while
/// its leader changes. A partition that looks empty is therefore believed only when it does so several times. Found by the
/// torture, seed 31001: a task began at the end of its log.
pub fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
) -> KafkaResult<(i64, i64)> {
    let mut marks = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
    let mut agreeing = 1;
    while marks.0 == marks.1 && agreeing < AGREEING {
        std::thread::sleep(BETWEEN);
        let again = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
        agreeing = if again == marks { agreeing + 1 } else { 1 };
        marks = again;
    }
    Ok(marks)
}
