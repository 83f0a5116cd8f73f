//! Waiting for the event to be queryable.

use std::time::Duration;

use super::{EVENT, Mark, News, Teller};
use crate::clock::Clock;
use crate::model::{Arrival, Beat, KeyScopes, PersonalKey, ReadbackError, ReadbackErrorKind, Timestamp, span};
use crate::posthog::Client;
use crate::posthog::query::{self, ProjectPath, Question, Watched};

/// The waits between read-backs; the last one repeats. Two minutes take 19 looks, a sixth of an hour's smallest budget (120).
const READBACK_AFTER_S: [u64; 6] = [1, 2, 2, 3, 5, 8];

/// Where an event is looked for, and which.
#[derive(Clone)]
pub(super) struct Reading<'a> {
    pub(super) api: &'a str,
    pub(super) key: &'a PersonalKey,
    pub(super) project: ProjectPath,
    /// Whether it is known that the token is this project's.
    pub(super) is_proven: bool,
    pub(super) scopes: Option<KeyScopes>,
    pub(super) beat: &'a Beat,
    pub(super) sent: Timestamp,
}

/// An event that was seen.
pub(super) struct Seen {
    /// From the sending to PostHog's own time of ingestion.
    pub(super) ingested: Duration,
    /// From the sending to the last read-back that did not see it.
    pub(super) after: Duration,
    /// From the sending to the first read-back that saw it.
    pub(super) within: Duration,
    copies: u32,
    pub(super) server_ahead_ms: Option<i64>,
}

/// Looks for the event until it is seen, or `wait` is over: then none.
///
/// # Errors
/// [`LookFailure`] when nothing can be read: at once where asking again cannot help, else when the wait is over.
pub(super) async fn seek(
    client: &Client,
    clock: &Clock,
    reading: &Reading<'_>,
    wait: Duration,
    tell: &mut Teller<'_>,
) -> Result<Option<Seen>, ReadbackError> {
    let mut waits = READBACK_AFTER_S.into_iter().chain(std::iter::repeat(READBACK_AFTER_S[READBACK_AFTER_S.len() - 1]));
    let (mut missed, mut failure): (Option<Timestamp>, Option<ReadbackError>) = (None, None);
    let begun = clock.monotonic();
    loop {
        let pause = Duration::from_secs(waits.next().unwrap_or(8));
        let asked_for = failure.as_ref().and_then(|failure| failure.retry_after).unwrap_or_default();
        let left = wait.saturating_sub(clock.monotonic().saturating_sub(begun));
        count(clock, pause.max(asked_for).min(left), begun, tell).await;
        let now = clock.now();
        let question = Question {
            base: reading.api,
            key: reading.key,
            posthog_id: reading.project,
            events: vec![EVENT],
            uuids: vec![reading.beat.uuid],
            back_to: reading.sent,
            watched: Watched::default(),
            now,
        };
        match query::readback(client, &question).await {
            Ok(answer) => {
                if let Some(arrival) = answer.arrivals.iter().find(|arrival| arrival.uuid == reading.beat.uuid) {
                    return Ok(Some(Seen::new(reading.sent, missed, now, arrival, answer.server_ahead)));
                }
                (missed, failure) = (Some(now), None);
            }
            Err(found) => {
                let may_pass = found.trouble.can_pass() || found.trouble == ReadbackErrorKind::NotPostHog;
                if !may_pass {
                    return Err(found);
                }
                failure = Some(found);
            }
        }
        if clock.monotonic().saturating_sub(begun) >= wait {
            return failure.map_or(Ok(None), Err);
        }
    }
}

/// Waits, telling each second for how long already.
async fn count(clock: &Clock, wait: Duration, begun: Duration, tell: &mut Teller<'_>) {
    let until = clock.monotonic() + wait;
    while let Some(left) = until.checked_sub(clock.monotonic()).filter(|left| !left.is_zero()) {
        (tell.0)(News::Waiting { waited: clock.monotonic().saturating_sub(begun) });
        clock.sleep(left.min(Duration::from_secs(1))).await;
    }
}

impl Seen {
    fn new(sent: Timestamp, missed: Option<Timestamp>, seen: Timestamp, arrival: &Arrival, server_ahead_ms: Option<i64>) -> Self {
        // Whatever clocks say, it was ingested after it was sent, and before it was seen.
        let ingested = Timestamp::from_ms(arrival.ingested.ms() - server_ahead_ms.unwrap_or(0)).min(seen);
        Self {
            ingested: ingested.since(sent),
            after: missed.map_or(Duration::ZERO, |missed| missed.since(sent)),
            within: seen.since(sent),
            copies: arrival.copies,
            server_ahead_ms,
        }
    }

    pub(super) fn tell(&self, tell: &mut Teller<'_>) {
        let copies = if self.copies > 1 { format!("; {} copies, which PostHog merges later", self.copies) } else { String::new() };
        let says = format!(
            "ingested after {}, queryable between {} and {} after it was sent{copies}",
            span(self.ingested),
            span(self.after),
            span(self.within)
        );
        tell.line(Mark::Ok, "arrival", says, None);
        if let Some(ahead) = self.server_ahead_ms {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let says = format!(
                "PostHog's clock is {} {side} this machine's; the lag above is corrected",
                span(Duration::from_millis(ahead.unsigned_abs()))
            );
            tell.line(Mark::Note, "clock", says, Some("set this machine's clock by NTP".into()));
        }
    }
}

/// A check has no pace that could be slowed down.
pub(super) const fn advice(trouble: ReadbackErrorKind) -> &'static str {
    match trouble {
        ReadbackErrorKind::Throttled => "PostHog is throttling queries: check again in a while, or find out what else is using the API",
        other => other.advice(),
    }
}
