//! Answers requests: those about dead letters here, all others by the processor.

use chrono::{DateTime, Utc};
use contract::{Fold, Format, Outcome, Processor, Request};

use super::OpenDeadLetters;
use super::decision::{Decision, Verb};

/// Answers a request to a processor whose feed is of this format.
pub fn answer<P: Processor>(
    request: &mut Request,
    fold: &mut Fold<P>,
    dead_letters: &mut OpenDeadLetters,
    format: &Format,
) -> Outcome {
    let time = fold.time_of(request);
    let outcome = match Decision::read(request) {
        None => return fold.request(request),
        Some(_) if !fold.is_deciding() => return fold.request(request),
        Some(Err(why)) => fold.refuse(request, why),
        Some(Ok(decision)) => settle(&decision, request, time, fold, dead_letters, format),
    };
    fold.decide(time);
    outcome
}

/// A person settles a dead letter.
fn settle<P: Processor>(
    decision: &Decision,
    request: &Request,
    time: DateTime<Utc>,
    fold: &mut Fold<P>,
    dead_letters: &mut OpenDeadLetters,
    format: &Format,
) -> Outcome {
    let offset = decision.arguments.offset;
    let done = match (dead_letters.row_of(offset), decision.verb) {
        (None, _) => Err(format!(
            "no dead letter is open at offset {offset}; `ledgerwell dlq list --all` says what became of it"
        )),
        (Some(_), Verb::Discard) => Ok(()),
        (Some(None), Verb::Replay) => {
            Err("its record did not say whose row it is, so nobody knows whether a later image \
                 was applied: let the connector emit the row once more, or discard it"
                .into())
        }
        (Some(Some(row)), Verb::Replay) => decision.row_change(row, format).map(|row| fold.apply([row])),
    };
    let refused = done.as_ref().err().map(String::as_str);
    fold.audit(decision.audit(request, refused, time));
    match done {
        Ok(()) => {
            dead_letters.resolve(offset, decision.verb, &request.person);
            Outcome::Done(format!("the dead letter at offset {offset} is {}", decision.verb.done()))
        }
        Err(why) => Outcome::Refused(why),
    }
}
