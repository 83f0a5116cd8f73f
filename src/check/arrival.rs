//! The last step: waiting for the event to be queryable.

use std::time::Duration;

use super::{EVENT, Ending, Line, Mark, News, Outcome, Plan, quoted};
use crate::clock::Clock;
use crate::model::{Arrival, Beat, LookFailure, LookTrouble, PersonalKey, Timestamp, span};
use crate::posthog::Client;
use crate::posthog::query::{self, ProjectPath, Question, Watched};

/// The waits between looks; the last one repeats. Two minutes take 19 looks, a sixth of an hour's smallest budget (120).
const LOOK_AFTER_S: [u64; 6] = [1, 2, 2, 3, 5, 8];

/// Where the event is looked for.
pub(super) struct Place<'a> {
    pub(super) api: &'a str,
    pub(super) key: &'a PersonalKey,
    pub(super) posthog_id: ProjectPath,
    pub(super) sent: Timestamp,
}

pub(super) async fn wait_for(
    client: &Client,
    clock: &Clock,
    plan: &Plan,
    place: &Place<'_>,
    beat: &Beat,
    tell: &mut (dyn FnMut(News) + Send),
) -> Outcome {
    let mut waits = LOOK_AFTER_S.into_iter().chain(std::iter::repeat(LOOK_AFTER_S[LOOK_AFTER_S.len() - 1]));
    let (mut missed, mut failure): (Option<Timestamp>, Option<LookFailure>) = (None, None);
    let begun = clock.monotonic();
    loop {
        let wait = Duration::from_secs(waits.next().unwrap_or(8));
        let asked_for = failure.as_ref().and_then(|failure| failure.retry_after).unwrap_or_default();
        count(clock, wait.max(asked_for).min(plan.wait.saturating_sub(clock.monotonic().saturating_sub(begun))), begun, tell).await;
        let now = clock.now();
        let question = Question {
            base: place.api,
            key: place.key,
            posthog_id: place.posthog_id,
            events: vec![EVENT],
            uuids: vec![beat.uuid],
            back_to: place.sent,
            watched: Watched::default(),
            now,
        };
        match query::look(client, &question).await {
            Ok(answer) => {
                if let Some(arrival) = answer.arrivals.iter().find(|arrival| arrival.uuid == beat.uuid) {
                    return arrived(place, missed, now, arrival, answer.server_ahead, tell);
                }
                (missed, failure) = (Some(now), None);
            }
            Err(found) => {
                let final_word = !(found.trouble.can_pass() || found.trouble == LookTrouble::NotPostHog);
                if final_word {
                    return unreadable(&found, tell);
                }
                failure = Some(found);
            }
        }
        if clock.monotonic().saturating_sub(begun) >= plan.wait {
            return match &failure {
                Some(failure) => unreadable(failure, tell),
                None => not_seen(plan, tell),
            };
        }
    }
}

/// Waits, telling each second for how long already.
async fn count(clock: &Clock, wait: Duration, begun: Duration, tell: &mut (dyn FnMut(News) + Send)) {
    let until = clock.monotonic() + wait;
    while let Some(left) = until.checked_sub(clock.monotonic()).filter(|left| !left.is_zero()) {
        tell(News::Waiting { waited: clock.monotonic().saturating_sub(begun) });
        clock.sleep(left.min(Duration::from_secs(1))).await;
    }
}

fn arrived(
    place: &Place<'_>,
    missed: Option<Timestamp>,
    seen: Timestamp,
    arrival: &Arrival,
    server_ahead: Option<i64>,
    tell: &mut (dyn FnMut(News) + Send),
) -> Outcome {
    let ingested = Timestamp::from_ms(arrival.ingested.ms() - server_ahead.unwrap_or(0)).since(place.sent);
    let after = missed.map_or(Duration::ZERO, |missed| missed.since(place.sent));
    let within = seen.since(place.sent);
    let copies = if arrival.copies > 1 { format!("; {} copies, which PostHog merges later", arrival.copies) } else { String::new() };
    let says =
        format!("ingested after {}, queryable between {} and {} after it was sent{copies}", span(ingested), span(after), span(within));
    tell(News::Line(Line { mark: Mark::Ok, what: "arrival", says, advice: None }));
    if let Some(ahead) = server_ahead {
        let says = format!(
            "PostHog's clock is {} ms {} this machine's; the lag above is corrected",
            ahead.abs(),
            if ahead > 0 { "ahead of" } else { "behind" }
        );
        tell(News::Line(Line { mark: Mark::Note, what: "clock", says, advice: Some("set this machine's clock by NTP".into()) }));
    }
    Outcome {
        ingested_lag_ms: Some(ingested.as_millis() as u64),
        queryable_after_ms: Some(after.as_millis() as u64),
        queryable_within_ms: Some(within.as_millis() as u64),
        ..Outcome::at(Ending::Arrived)
    }
}

fn unreadable(failure: &LookFailure, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let advice = Some(advice(failure.trouble).into());
    tell(News::Line(Line { mark: Mark::Fail, what: "arrival", says: format!("could not be read back: {}", quoted(failure)), advice }));
    Outcome::at(Ending::CannotRead)
}

/// A check has no pace that could be slowed down.
pub(super) const fn advice(trouble: LookTrouble) -> &'static str {
    match trouble {
        LookTrouble::Throttled => "PostHog is throttling queries: check again in a while, or find out what else is using the API",
        other => other.advice(),
    }
}

fn not_seen(plan: &Plan, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let says = format!("accepted, but not queryable after {}", span(plan.wait));
    let advice = "the queue may be stuck or slow, or the project over its quota (capture says 200 to that): \
                  look at the project's billing, and self-hosted at the ingestion worker's logs and the queue's lag; or give it longer with --wait";
    tell(News::Line(Line { mark: Mark::Fail, what: "arrival", says, advice: Some(advice.into()) }));
    Outcome::at(Ending::NotSeen)
}
