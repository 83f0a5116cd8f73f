//! Waits until the event of a check is queryable.

use std::time::Duration;

use super::{Checker, EVENT, Mark, News};
use crate::model::{Arrival, Beat, KeyScopes, PersonalKey, ReadbackError, ReadbackErrorKind, Timestamp, span};
use crate::posthog::query::{self, ProjectPath, Question, Watched};

/// Seconds between read-backs; the last value repeats. Two minutes take 19 read-backs, a sixth of the smallest hourly budget (120).
const READBACK_AFTER_S: [u64; 6] = [1, 2, 2, 3, 5, 8];

#[derive(Clone)]
pub(super) struct Reading<'a> {
    pub(super) api: &'a str,
    pub(super) key: &'a PersonalKey,
    pub(super) project: ProjectPath,
    /// Whether the token is confirmed to belong to this project.
    pub(super) is_proven: bool,
    pub(super) scopes: Option<KeyScopes>,
    pub(super) beat: &'a Beat,
    pub(super) sent: Timestamp,
}

pub(super) struct FoundEvent {
    /// From the send time to PostHog's own ingestion time.
    pub(super) ingested: Duration,
    /// From the send time to the last read-back that did not find the event.
    pub(super) after: Duration,
    /// From the send time to the first read-back that found the event.
    pub(super) within: Duration,
    copies: u32,
    pub(super) server_ahead_ms: Option<i64>,
}

impl Checker<'_> {
    /// Reads back until the event is found. Returns none after `wait`. An error that a retry cannot fix is returned at once, any other after
    /// `wait`.
    pub(super) async fn await_event(&mut self, reading: &Reading<'_>, wait: Duration) -> Result<Option<FoundEvent>, ReadbackError> {
        let mut waits = READBACK_AFTER_S.into_iter().chain(std::iter::repeat(READBACK_AFTER_S[READBACK_AFTER_S.len() - 1]));
        let (mut missed, mut failure): (Option<Timestamp>, Option<ReadbackError>) = (None, None);
        let begun = self.clock.monotonic();
        loop {
            let pause = Duration::from_secs(waits.next().unwrap_or(8));
            let asked_for = failure.as_ref().and_then(|failure| failure.retry_after).unwrap_or_default();
            let left = wait.saturating_sub(self.clock.monotonic().saturating_sub(begun));
            self.count(pause.max(asked_for).min(left), begun).await;
            let now = self.clock.now();
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
            match query::readback(self.client, &question).await {
                Ok(answer) => {
                    if let Some(arrival) = answer.arrivals.iter().find(|arrival| arrival.uuid == reading.beat.uuid) {
                        return Ok(Some(FoundEvent::new(reading.sent, missed, now, arrival, answer.server_ahead)));
                    }
                    (missed, failure) = (Some(now), None);
                }
                Err(found) if found.kind.can_pass() || found.kind == ReadbackErrorKind::NotPostHog => failure = Some(found),
                Err(found) => return Err(found),
            }
            if self.clock.monotonic().saturating_sub(begun) >= wait {
                return failure.map_or(Ok(None), Err);
            }
        }
    }

    async fn count(&mut self, wait: Duration, begun: Duration) {
        let until = self.clock.monotonic() + wait;
        while let Some(left) = until.checked_sub(self.clock.monotonic()).filter(|left| !left.is_zero()) {
            (self.report)(News::Waiting { waited: self.clock.monotonic().saturating_sub(begun) });
            self.clock.sleep(left.min(Duration::from_secs(1))).await;
        }
    }
}

impl FoundEvent {
    fn new(sent: Timestamp, missed: Option<Timestamp>, seen: Timestamp, arrival: &Arrival, server_ahead_ms: Option<i64>) -> Self {
        // Clocks can differ, but ingestion always lies between send and read-back.
        let ingested = Timestamp::from_ms(arrival.ingested.ms() - server_ahead_ms.unwrap_or(0)).min(seen);
        Self {
            ingested: ingested.since(sent),
            after: missed.map_or(Duration::ZERO, |missed| missed.since(sent)),
            within: seen.since(sent),
            copies: arrival.copies,
            server_ahead_ms,
        }
    }

    pub(super) fn report(&self, checker: &mut Checker<'_>) {
        let copies = if self.copies > 1 { format!("; {} copies, which PostHog deduplicates later", self.copies) } else { String::new() };
        let says = format!(
            "ingested after {}, queryable between {} and {} after it was sent{copies}",
            span(self.ingested),
            span(self.after),
            span(self.within)
        );
        checker.line(Mark::Ok, "arrival", says, None);
        if let Some(ahead) = self.server_ahead_ms {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let says = format!(
                "PostHog's clock is {} {side} this machine's; the lag above is corrected",
                span(Duration::from_millis(ahead.unsigned_abs()))
            );
            checker.line(Mark::Note, "clock", says, Some("set this machine's clock by NTP".into()));
        }
    }
}

/// A check has no read-back interval that could be raised.
pub(super) const fn advice(kind: ReadbackErrorKind) -> &'static str {
    match kind {
        ReadbackErrorKind::Throttled => "PostHog is throttling queries: check again later, or find out what else uses the API",
        other => other.advice(),
    }
}
