//! One beat: what a read-back, or the lack of one, makes of it.

use crate::model::{Outcome, Recorded, Settled, Timestamp, Timing};

/// What a read-back saw of one beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// When the answer with it came.
    pub seen: Timestamp,
    /// When it was ingested, by the server's clock corrected to ours.
    pub ingested: Timestamp,
    /// How many rows of it there were.
    pub copies: u32,
}

/// What a read-back that was asked at `looked` and succeeded makes of a beat it asked for; none when that changes nothing worth keeping.
///
/// A beat without a record (`sent` is none, Not sent) may have been sent by a process that died before recording it: seen, it
/// has arrived; not seen once `lost_after` has passed, it is settled as Not sent: ours, not PostHog's.
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

/// What becomes of a beat when we cannot look: Unverified once `lost_after` has passed; before that there is nothing to say.
#[must_use]
pub fn blind(beat: &Recorded, timing: &Timing, now: Timestamp) -> Option<Settled> {
    let ended = beat.outcome == Outcome::Awaiting && has_waited(beat, timing, now);
    let unverified = Settled { outcome: Outcome::Unverified, ..untouched(beat) };
    ended.then_some(unverified)
}

/// Late on evidence only: ingested after the wait, or still missing in a read-back after it. A first read-back that came late itself
/// (we were blind, or down) proves nothing.
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

    /// A row of read-backs in, a row of outcomes out: `m90` is a read-back at 90 s that missed it, `s150:3` one at 150 s that saw it
    /// ingested at 3 s, `b900` a read-back at 900 s that failed.
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
