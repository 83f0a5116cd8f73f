//! A beat: one event on one route in one minute. Its identity is derived, never drawn: the same beat sent twice is one
//! event for PostHog, and a beat can be looked for without any record that it was sent.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    CaptureResult, Minute, Obstacle, Outcome, Phase, Phases, ProjectToken, ReadbackError, RejectionReason, Reply, ResponseExcerpt, RouteId,
    RouteSpec, Timestamp,
};

/// One event on one route in one minute, ready to be sent or looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Its minute.
    pub minute: Minute,
    /// The instant inside the minute at which its project beats.
    pub slot: Timestamp,
    /// A UUIDv7: its time is the slot, its random bits are a hash of token, route and minute.
    pub uuid: Uuid,
    /// Whose event it is.
    pub distinct_id: String,
}

impl Beat {
    /// Slots lie in the first so many milliseconds of a minute: the rest is left for retries, which stay inside the minute.
    const SLOTS_MS: u64 = 45_000;

    /// When in `minute` the project of this token beats: spread over the minute, the same after a restart.
    #[must_use]
    pub fn slot(token: &ProjectToken, minute: Minute) -> Timestamp {
        let hash = digest(&[b"slot", token.as_str().as_bytes()]);
        let offset = u64::from_be_bytes(first_bytes(&hash)) % Self::SLOTS_MS;
        minute.start().plus(Duration::from_millis(offset))
    }

    /// The beat of a route in a minute.
    #[must_use]
    pub fn derive(token: &ProjectToken, route: &RouteSpec, minute: Minute) -> Self {
        let slot = Self::slot(token, minute);
        let hash = digest(&[b"beat", token.as_str().as_bytes(), route.name.as_bytes(), &minute.index().to_be_bytes()]);
        Self { minute, slot, uuid: uuid_v7(slot, &hash), distinct_id: route.distinct_id.at(slot) }
    }

    /// A single event outside the schedule, [`CHECK_EVENT`]: it is its own slot, so that each check is an event of its own.
    #[must_use]
    pub fn alone(token: &ProjectToken, distinct_id: &str, now: Timestamp) -> Self {
        let hash = digest(&[b"check", token.as_str().as_bytes(), distinct_id.as_bytes(), &now.ms().to_be_bytes()]);
        Self { minute: now.minute(), slot: now, uuid: uuid_v7(now, &hash), distinct_id: distinct_id.to_owned() }
    }
}

/// The name of an event that is sent to find something out, and is no beat.
pub const CHECK_EVENT: &str = "heartbeat_check";

/// SHA-256 over parts, each with its length before it: no two lists of parts hash the same text.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A UUIDv7 (RFC 9562, 5.7) of this time, with a hash where random bits would stand.
fn uuid_v7(time: Timestamp, hash: &[u8; 32]) -> Uuid {
    let mut bytes: [u8; 16] = first_bytes(hash);
    bytes[..6].copy_from_slice(&time.ms().to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}

fn first_bytes<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|at| hash[at])
}

/// A beat as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its route.
    pub route: RouteId,
    /// Its minute.
    pub minute: Minute,
    /// Its end, as far as known.
    pub outcome: Outcome,
    /// When it was sent; none when there is no record of it (found all the same, or Not sent).
    pub sent: Option<Timestamp>,
    /// The status capture answered with; none without an answer.
    pub status: Option<u16>,
    /// How many tries it took; 0 without a record.
    pub tries: u8,
    /// How long the phases of the last try took.
    pub phases: Phases,
    /// The last read-back that succeeded and did not see it.
    pub missed: Option<Timestamp>,
    /// The first read-back that saw it.
    pub seen: Option<Timestamp>,
    /// When it was ingested: the server's clock, corrected by what its `Date` says of ours.
    pub ingested: Option<Timestamp>,
    /// How many rows of it a read-back saw.
    pub copies: u32,
}

impl Recorded {
    /// The beat as its receipt leaves it. A 200 is not an arrival, only Awaiting.
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

    /// A minute of which nothing is recorded.
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

    /// From when the waits are counted: the sending, or the minute's start where no sending is on record.
    #[must_use]
    pub fn counted_from(&self) -> Timestamp {
        self.sent.unwrap_or_else(|| self.minute.start())
    }

    /// Ingested less sent; never below zero.
    #[must_use]
    pub fn ingested_lag(&self) -> Option<Duration> {
        self.ingested.map(|at| at.since(self.counted_from()))
    }

    /// Rows beyond one that PostHog made of it. Each try of ours may have left a row of its own: those are not PostHog's doing.
    #[must_use]
    pub fn duplicates(&self) -> u32 {
        self.copies.saturating_sub(u32::from(self.tries.max(1)))
    }

    /// Whether capture took it and did not say so: it was seen, and its last try had no answer, or one of something that did not wait for PostHog's.
    #[must_use]
    pub const fn answer_lost(&self) -> bool {
        self.outcome.is_seen() && self.tries > 0 && self.has_no_answer()
    }

    /// Whether it may turn out so: no answer came that says what became of it.
    #[must_use]
    pub const fn may_have_lost_its_answer(&self) -> bool {
        matches!(self.outcome, Outcome::Unreachable | Outcome::Rejected) && self.has_no_answer()
    }

    const fn has_no_answer(&self) -> bool {
        matches!(self.status, None | Some(408 | 502 | 503 | 504 | 524))
    }

    /// Queryable later than the first and not later than the second of these: the bracket between two read-backs.
    #[must_use]
    pub fn queryable_lag(&self) -> Option<(Duration, Duration)> {
        let from = self.counted_from();
        self.seen.map(|seen| (self.missed.map_or(Duration::ZERO, |missed| missed.since(from)), seen.since(from)))
    }
}

/// What one read-back made of a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which route.
    pub route: RouteId,
    /// Which minute.
    pub minute: Minute,
    /// Its end, as far as known now.
    pub outcome: Outcome,
    /// The last read-back that succeeded and did not see it.
    pub missed: Option<Timestamp>,
    /// The first read-back that saw it.
    pub seen: Option<Timestamp>,
    /// When it was ingested, corrected.
    pub ingested: Option<Timestamp>,
    /// How many rows of it this read-back saw.
    pub copies: u32,
}

/// What a failure left to be shown. Kept longer than beats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which route.
    pub route: RouteId,
    /// Which minute.
    pub minute: Minute,
    /// When it was found.
    pub at: Timestamp,
    /// Of what.
    pub of: EvidenceOf,
}

impl EvidenceOf {
    /// What a receipt proves, if it is one of failure.
    #[must_use]
    pub fn capture_result(capture_result: &CaptureResult) -> Option<Self> {
        match &capture_result.reply {
            Reply::Accepted { .. } => None,
            Reply::Rejected { why, excerpt } => Some(Self::Rejected { why: *why, excerpt: excerpt.clone() }),
            Reply::Unreachable { at, obstacle, words } => Some(Self::Unreachable { at: *at, obstacle: *obstacle, words: words.clone() }),
        }
    }
}

/// What kind of failure, with the words that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceOf {
    /// Capture answered and did not take the beat.
    Rejected {
        /// Why.
        why: RejectionReason,
        /// The answer.
        excerpt: ResponseExcerpt,
    },
    /// Capture did not answer.
    Unreachable {
        /// Where the way ended.
        at: Phase,
        /// What stood in the way.
        obstacle: Obstacle,
        /// The error.
        words: String,
    },
    /// Accepted, and a read-back after `lost_after` did not see it.
    Lost {
        /// When that read-back was.
        read_back: Timestamp,
    },
    /// Looking failed until it was too late to tell.
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
