//! The observer: what anybody could have seen while the pipeline ran.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::cli::Watch;
use crate::error::Error;
use crate::observed::State;
use crate::results::active;
use crate::subjects::Subject;

/// Between two looks: at most twenty a second.
const PACE: Duration = Duration::from_millis(50);
/// The longest that a look may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Appends each new state to a file, until SIGTERM or until standard input closes. PostgreSQL may go away and come back meanwhile.
pub(crate) async fn watch<S: Subject>(what: &Watch) -> Result<(), Error> {
    let failed = |error| Error::File(what.out.clone(), error);
    let mut file = File::options().create(true).append(true).open(&what.out).map_err(failed)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let mut closed = input_closed();
    tokio::select! {
        _ = terminated.recv() => Ok(()),
        _ = &mut closed => Ok(()),
        result = look_on::<S>(what, &mut file) => result,
    }
}

/// Answers when standard input is closed.
fn input_closed() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin();
        let mut buffer = [0; 64];
        while input.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {}
        let _ = sender.send(());
    });
    receiver
}

async fn look_on<S: Subject>(what: &Watch, file: &mut File) -> Result<(), Error> {
    let (mut connection, mut last) = (None, None);
    loop {
        let next = Instant::now() + PACE;
        let Ok(Ok(state)) = timeout(TIMEOUT, look::<S>(what, &mut connection)).await else {
            // Whatever it was: what is left of the connection is not used again.
            connection = None;
            sleep(PACE).await;
            continue;
        };
        if state.is_some() && state != last {
            let mut line = serde_json::to_vec(&state).unwrap_or_default();
            line.push(b'\n');
            file.write_all(&line)
                .and_then(|()| file.flush())
                .map_err(|error| Error::File(what.out.clone(), error))?;
            last = state;
        }
        sleep_until(next).await;
    }
}

/// Version, offset, control offset, number of the last event, snapshot and clock; and how many audit rows there are.
type Checkpoint = (i32, i64, i64, i64, String, Option<DateTime<Utc>>, i64);

/// One look, in one transaction. None while there is no checkpoint.
async fn look<S: Subject>(
    what: &Watch,
    open: &mut Option<PgConnection>,
) -> Result<Option<State<S::Sample>>, sqlx::Error> {
    let connection = match open {
        Some(connection) => connection,
        None => open.insert(PgConnection::connect(&what.database).await?),
    };
    let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let active = active(&mut transaction, &what.source, S::NAME).await?;
    let checkpoint: Option<Checkpoint> = sqlx::query_as(
        "SELECT version, next_offset, control_offset, out_seq, CASE WHEN unknown IS NULL THEN snapshot ELSE 'doubtful' END,
             clock, (SELECT count(*) FROM audit_logs WHERE automation_type = $1)
         FROM stream.checkpoint WHERE processor = $1 AND source = $2
         ORDER BY version IS NOT DISTINCT FROM $3 DESC, version DESC LIMIT 1",
    )
    .bind(S::NAME)
    .bind(&what.source)
    .bind(active)
    .fetch_optional(&mut *transaction)
    .await?;
    let sample = S::sample(&mut transaction).await?;
    transaction.commit().await?;
    Ok(checkpoint.map(|(version, next_offset, control_offset, out_seq, snapshot, clock, audit)| State {
        version,
        next_offset,
        control_offset,
        out_seq,
        snapshot,
        clock,
        audit,
        sample,
    }))
}
