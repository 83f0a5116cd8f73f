//! One beat: its outcome after a read-back, or without one.

use crate::model::{Outcome, Recorded, Settled, Timestamp, Timing};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// When the response with it arrived.
    pub seen: Timestamp,
    /// By the server's clock, corrected to ours.
    pub ingested: Timestamp,
    pub copies: u32,
}

/// Settles a beat after a successful read-back at `read_back`; none if nothing worth storing changed.
///
/// A beat without a record (`sent` is none, outcome `not_sent`) may have been sent by a process that died before recording it. If it is seen, it
/// has arrived; if it is not seen within `lost_after`, it stays `not_sent`, which is Heartbeat's fault and not PostHog's.
#[must_use]
pub fn after_readback(beat: &Recorded, timing: &Timing, read_back: Timestamp, sighting: Option<Sighting>) -> Option<Settled> {
    if let Some(Sighting { seen, ingested, copies }) = sighting {
        let late = is_late(beat, timing, ingested);
        let outcome = if late { Outcome::Late } else { Outcome::Arrived };
        return Some(Settled { outcome, seen: Some(seen), ingested: Some(ingested), copies, ..untouched(beat) });
    }
    let missing = Settled { missed: Some(read_back), ..untouched(beat) };
    match beat.outcome {
        Outcome::Awaiting | Outcome::Unverified if has_waited(beat, timing, read_back) => {
            Some(Settled { outcome: Outcome::Lost, ..missing })
        }
        Outcome::NotSent => has_waited(beat, timing, read_back).then_some(missing),
        _ => Some(missing),
    }
}

/// Settles a beat without a read-back: `unverified` once `lost_after` has passed; before that there is nothing to settle.
#[must_use]
pub fn blind(beat: &Recorded, timing: &Timing, now: Timestamp) -> Option<Settled> {
    let ended = beat.outcome == Outcome::Awaiting && has_waited(beat, timing, now);
    let unverified = Settled { outcome: Outcome::Unverified, ..untouched(beat) };
    ended.then_some(unverified)
}

/// Late only on evidence: ingested after the wait, or still missing in a read-back after it. A late first read-back (Heartbeat was down, or
/// read-backs failed) proves nothing.
fn is_late(beat: &Recorded, timing: &Timing, ingested: Timestamp) -> bool {
    let limit = beat.counted_from().plus(timing.late_after);
    ingested > limit || beat.missed.is_some_and(|missed| missed > limit)
}

fn untouched(beat: &Recorded) -> Settled {
    let Recorded { route, minute, outcome, missed, .. } = *beat;
    Settled { route, minute, outcome, missed, seen: None, ingested: None, copies: 0 }
}

fn has_waited(beat: &Recorded, timing: &Timing, now: Timestamp) -> bool {
    let from = beat.sent.unwrap_or_else(|| beat.minute.end());
    now >= from.plus(timing.lost_after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Minute, RouteId};

    const SENT: i64 = 1_800_000_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_ms(SENT + second * 1000)
    }

    fn sent() -> Recorded {
        Recorded { sent: Some(at(0)), outcome: Outcome::Awaiting, ..Recorded::blank(RouteId(1), at(0).minute()) }
    }

    /// Input: a row of read-backs. `m90` is one at 90 s that missed the beat, `s150:3` one at 150 s that saw it ingested at 3 s, `b900` one at 900 s
    /// that failed. Output: the outcomes.
    fn story(readbacks: &str) -> String {
        let (mut beat, timing) = (sent(), Timing::default());
        let mut outcomes = Vec::new();
        for readback in readbacks.split_whitespace() {
            let (kind, rest) = readback.split_at(1);
            let (second, ingested) = rest.split_once(':').unwrap_or((rest, "0"));
            let (when, ingested) = (at(second.parse().unwrap()), at(ingested.parse().unwrap()));
            let settled = match kind {
                "m" => after_readback(&beat, &timing, when, None),
                "s" => after_readback(&beat, &timing, when, Some(Sighting { seen: when, ingested, copies: 1 })),
                _ => blind(&beat, &timing, when),
            };
            if let Some(settled) = settled {
                beat.outcome = settled.outcome;
                beat.missed = settled.missed;
            }
            outcomes.push(beat.outcome.name());
        }
        outcomes.join(" ")
    }

    #[test]
    fn outcomes_follow_the_readbacks() {
        for (readbacks, outcomes) in [
            ("s30:2", "arrived"),
            ("m30 s90:40", "awaiting arrived"),
            ("s130:119", "arrived"),
            ("m30 m150 s210:100", "awaiting awaiting late"),
            ("s200:121", "late"),
            ("m899 m900", "awaiting lost"),
            ("m900 s40000:39000", "lost late"),
            ("b60 b899 b900", "awaiting awaiting unverified"),
            ("b900 s43200:3", "unverified arrived"),
            ("b900 m43200", "unverified lost"),
            ("b900 m43200 s50000:49999", "unverified lost late"),
        ] {
            assert_eq!(story(readbacks), outcomes, "{readbacks}");
        }
    }

    #[test]
    fn what_nobody_recorded_arrives_or_is_ours() {
        let (gap, timing) = (Recorded::blank(RouteId(1), Minute::from_index(30_000_000)), Timing::default());
        let end = gap.minute.end();
        assert_eq!(after_readback(&gap, &timing, end.plus(timing.late_after), None), None);
        let settled = after_readback(&gap, &timing, end.plus(timing.lost_after), None).unwrap();
        assert_eq!(settled.outcome, Outcome::NotSent);
        let found = after_readback(
            &gap,
            &timing,
            end.plus(timing.lost_after),
            Some(Sighting { seen: end, ingested: gap.minute.start(), copies: 2 }),
        )
        .unwrap();
        assert_eq!((found.outcome, found.copies), (Outcome::Arrived, 2));
        assert_eq!(blind(&gap, &timing, end.plus(timing.lost_after)), None);
    }

    #[test]
    fn a_refused_beat_stays_refused_until_it_is_seen() {
        let (beat, timing) = (Recorded { outcome: Outcome::Rejected, ..sent() }, Timing::default());
        assert_eq!(after_readback(&beat, &timing, at(5000), None).unwrap().outcome, Outcome::Rejected);
        assert_eq!(blind(&beat, &timing, at(5000)), None);
        let seen = after_readback(&beat, &timing, at(60), Some(Sighting { seen: at(61), ingested: at(1), copies: 1 })).unwrap();
        assert_eq!(seen.outcome, Outcome::Arrived);
    }

    proptest! {
        #[test]
        fn blindness_never_makes_a_beat_lost_and_looking_never_makes_it_unseen(seconds in 0_i64..100_000) {
            let (beat, timing) = (sent(), Timing::default());
            if let Some(settled) = blind(&beat, &timing, at(seconds)) {
                prop_assert_eq!(settled.outcome, Outcome::Unverified);
            }
            let missed = after_readback(&beat, &timing, at(seconds), None).unwrap();
            prop_assert_eq!(missed.outcome == Outcome::Lost, seconds >= 900);
            prop_assert!(missed.seen.is_none());
        }
    }
}
