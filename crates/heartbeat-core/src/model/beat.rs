//! A beat: one event on one route in one minute. Its identity is derived, not random: a retry is the same event for PostHog, and a beat can be
//! looked for without a record that it was sent.

use std::time::Duration;

use uuid::Uuid;

use super::derived::{digest, first_bytes, uuid_v7};
use super::{
    CaptureResult, Minute, Obstacle, Outcome, Phase, Phases, ProjectToken, ReadbackError, RejectionReason, Reply, ResponseExcerpt, RouteId,
    RouteSpec, Timestamp,
};

/// A beat, ready to be sent or looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub minute: Minute,
    /// The instant within the minute at which its project sends.
    pub slot: Timestamp,
    /// A UUIDv7: its time is the slot, its random bits are a hash of token, route and minute.
    pub uuid: Uuid,
    pub distinct_id: String,
}

impl Beat {
    /// Slots lie in the first 45 s of a minute; the rest is left for retries within the minute.
    const SLOTS_MS: u64 = 45_000;

    /// When in `minute` the project of this token sends: spread over the minute, and the same after a restart.
    #[must_use]
    pub fn slot(token: &ProjectToken, minute: Minute) -> Timestamp {
        let hash = digest(&[b"slot", token.as_str().as_bytes()]);
        let offset = u64::from_be_bytes(first_bytes(&hash)) % Self::SLOTS_MS;
        minute.start().plus(Duration::from_millis(offset))
    }

    #[must_use]
    pub fn derive(token: &ProjectToken, route: &RouteSpec, minute: Minute) -> Self {
        let slot = Self::slot(token, minute);
        let hash = digest(&[b"beat", token.as_str().as_bytes(), route.name.as_bytes(), &minute.index().to_be_bytes()]);
        Self { minute, slot, uuid: uuid_v7(slot, &hash), distinct_id: route.distinct_id.at(slot) }
    }

    /// A single event outside of the schedule ([`CHECK_EVENT`]). Its slot is `now`, so each check is a separate event.
    #[must_use]
    pub fn alone(token: &ProjectToken, distinct_id: &str, now: Timestamp) -> Self {
        let hash = digest(&[b"check", token.as_str().as_bytes(), distinct_id.as_bytes(), &now.ms().to_be_bytes()]);
        Self { minute: now.minute(), slot: now, uuid: uuid_v7(now, &hash), distinct_id: distinct_id.to_owned() }
    }
}

/// The name of an event that is sent as a test and is not a beat.
pub const CHECK_EVENT: &str = "heartbeat_check";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub route: RouteId,
    pub minute: Minute,
    pub outcome: Outcome,
    /// None without a record of sending: the beat was found anyway, or was not sent.
    pub sent: Option<Timestamp>,
    /// The status of capture's response; none without a response.
    pub status: Option<u16>,
    /// 0 without a record.
    pub tries: u8,
    pub phases: Phases,
    /// The last successful read-back that did not see it.
    pub missed: Option<Timestamp>,
    /// The first read-back that saw it.
    pub seen: Option<Timestamp>,
    /// When it was ingested: the server's clock, corrected by its `Date` header.
    pub ingested: Option<Timestamp>,
    /// How many rows of it a read-back saw.
    pub copies: u32,
}

impl Recorded {
    /// The beat after its capture result. A 200 is not an arrival: the outcome is `awaiting`.
    #[must_use]
    pub fn of_capture_result(route: RouteId, minute: Minute, capture_result: &CaptureResult) -> Self {
        let (outcome, status) = match &capture_result.reply {
            Reply::Accepted { status } => (Outcome::Awaiting, Some(*status)),
            Reply::Rejected { excerpt, .. } => (Outcome::Rejected, Some(excerpt.status)),
            Reply::Unreachable { .. } => (Outcome::Unreachable, None),
        };
        let blank = Self::blank(route, minute);
        Self { outcome, sent: Some(capture_result.sent), status, tries: capture_result.tries, phases: capture_result.phases, ..blank }
    }

    /// A minute without a record.
    #[must_use]
    pub fn blank(route: RouteId, minute: Minute) -> Self {
        Self {
            route,
            minute,
            outcome: Outcome::NotSent,
            sent: None,
            status: None,
            tries: 0,
            phases: Phases::default(),
            missed: None,
            seen: None,
            ingested: None,
            copies: 0,
        }
    }

    /// The start of all waits: the sending, or the minute's start if no sending is recorded.
    #[must_use]
    pub fn counted_from(&self) -> Timestamp {
        self.sent.unwrap_or_else(|| self.minute.start())
    }

    /// How long the last read-back that did not see it shows it missing.
    #[must_use]
    pub fn missing_for(&self) -> Option<Duration> {
        self.missed.map(|missed| missed.since(self.counted_from()))
    }

    #[must_use]
    pub fn is_missing_over(&self, limit: Duration) -> bool {
        self.missing_for().is_some_and(|waited| waited > limit)
    }

    /// Time from sending to ingestion; never negative.
    #[must_use]
    pub fn ingested_lag(&self) -> Option<Duration> {
        self.ingested.map(|at| at.since(self.counted_from()))
    }

    /// An ordinary beat has at most this lag.
    pub const ORDINARY_LAG: Duration = Duration::from_mins(1);

    /// Whether it was answered with 2xx and arrived soon, or was not sent: what no rule calls bad, unless it has a stricter limit.
    /// `store/unusual.rs` has the same condition.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        match self.outcome {
            Outcome::NotSent => true,
            Outcome::Arrived => {
                let is_answered = matches!(self.status, Some(200..=299));
                is_answered && self.sent.is_some() && self.ingested_lag().is_some_and(|lag| lag <= Self::ORDINARY_LAG)
            }
            _ => false,
        }
    }

    /// Rows beyond one that PostHog created. Each of our retries may have left its own row, which is not PostHog's fault.
    #[must_use]
    pub fn duplicates(&self) -> u32 {
        self.copies.saturating_sub(u32::from(self.tries.max(1)))
    }

    /// Whether capture accepted it without answering: it was seen, but its last try got no response, or one from a server that did not wait for PostHog.
    #[must_use]
    pub const fn answer_lost(&self) -> bool {
        self.outcome.is_seen() && self.tries > 0 && self.has_no_answer()
    }

    /// Whether its answer may turn out to be lost: no response says what happened to it.
    #[must_use]
    pub const fn may_have_lost_its_answer(&self) -> bool {
        matches!(self.outcome, Outcome::Unreachable | Outcome::Rejected) && self.has_no_answer()
    }

    const fn has_no_answer(&self) -> bool {
        matches!(self.status, None | Some(408 | 502 | 503 | 504 | 524))
    }

    /// The bracket of the queryable lag: longer than the first and at most the second duration, between two read-backs.
    #[must_use]
    pub fn queryable_lag(&self) -> Option<(Duration, Duration)> {
        self.seen.map(|seen| (self.missing_for().unwrap_or_default(), seen.since(self.counted_from())))
    }
}

/// The result of one read-back for a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub route: RouteId,
    pub minute: Minute,
    pub outcome: Outcome,
    /// The last successful read-back that did not see it.
    pub missed: Option<Timestamp>,
    /// The first read-back that saw it.
    pub seen: Option<Timestamp>,
    /// Corrected by the difference of the clocks.
    pub ingested: Option<Timestamp>,
    /// How many rows of it this read-back saw.
    pub copies: u32,
}

/// What came back when a beat failed. Stored longer than beats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub route: RouteId,
    pub minute: Minute,
    pub at: Timestamp,
    pub of: EvidenceOf,
}

impl EvidenceOf {
    #[must_use]
    pub fn capture_result(capture_result: &CaptureResult) -> Option<Self> {
        match &capture_result.reply {
            Reply::Accepted { .. } => None,
            Reply::Rejected { why, excerpt } => Some(Self::Rejected { why: *why, excerpt: excerpt.clone() }),
            Reply::Unreachable { at, obstacle, words } => Some(Self::Unreachable { at: *at, obstacle: *obstacle, words: words.clone() }),
        }
    }
}

/// The kind of failure, and its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceOf {
    Rejected {
        why: RejectionReason,
        excerpt: ResponseExcerpt,
    },
    Unreachable {
        at: Phase,
        obstacle: Obstacle,
        words: String,
    },
    /// Accepted, but a read-back after `lost_after` did not see it.
    Lost {
        read_back: Timestamp,
    },
    /// Read-backs failed until it was too late to tell.
    Unverified(ReadbackError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DistinctId, Endpoint};

    fn route(name: &str) -> RouteSpec {
        RouteSpec {
            name: name.into(),
            event: "heartbeat".into(),
            host: None,
            endpoint: Endpoint::V0,
            distinct_id: DistinctId::Fresh("x ".into()),
        }
    }

    #[test]
    fn identity_is_the_same_whenever_it_is_derived_and_unlike_any_other() {
        let token = ProjectToken::parse("phc_a").unwrap();
        let minute = Minute::from_index(29_000_000);
        let beat = Beat::derive(&token, &route("a"), minute);
        assert_eq!(beat, Beat::derive(&token, &route("a"), minute));
        let others = [
            Beat::derive(&token, &route("b"), minute),
            Beat::derive(&token, &route("a"), minute.plus(1)),
            Beat::derive(&ProjectToken::parse("phc_b").unwrap(), &route("a"), minute),
        ];
        assert!(others.iter().all(|other| other.uuid != beat.uuid));
    }

    #[test]
    fn the_uuid_is_version_7_and_its_time_is_the_slot() {
        let token = ProjectToken::parse("phc_a").unwrap();
        let minute = Minute::from_index(29_000_000);
        let beat = Beat::derive(&token, &route("a"), minute);
        assert_eq!(beat.uuid.get_version_num(), 7);
        assert_eq!(beat.uuid.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = beat.uuid.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds as i64 * 1000 + i64::from(nanos / 1_000_000), beat.slot.ms());
        assert_eq!(beat.slot.minute(), minute);
        assert_eq!(beat.distinct_id, format!("x {}", beat.slot.ms()));
    }

    #[test]
    fn slots_spread_over_the_minute_and_leave_room_for_retries() {
        let minute = Minute::from_index(29_000_000);
        let offsets: Vec<u128> = (0..3000)
            .map(|at| Beat::slot(&ProjectToken::parse(&format!("phc_{at}")).unwrap(), minute).since(minute.start()).as_millis())
            .collect();
        for second in 0..45 {
            let here = offsets.iter().filter(|offset| **offset / 1000 == second).count();
            assert!((30..=110).contains(&here), "{here} of 3000 in second {second}");
        }
        assert!(offsets.iter().all(|offset| *offset < 45_000));
    }
}
