//! The state of a beat at an earlier time, derived from its final record.

use crate::model::{Outcome, Recorded, Timestamp, Timing};

/// The state of the beat at `at`, if the last successful read-back by then was `last_good_readback`; none while it was not on record.
///
/// For a beat that was seen later, only the last read-back that missed it is recorded, so no later read-back is said to have missed it. The
/// capture result of a beat that was seen in the end follows from its status, or from the lack of one.
#[must_use]
pub fn as_of(beat: &Recorded, at: Timestamp, last_good_readback: Option<Timestamp>, timing: &Timing) -> Option<Recorded> {
    if beat.seen.is_some_and(|seen| seen <= at) {
        return Some(beat.clone());
    }
    let sent = beat.sent.filter(|sent| *sent <= at)?;
    let read_back = last_good_readback.filter(|readback| sent < *readback && *readback <= at);
    // A beat that a later read-back missed was missing in this one too.
    let missed = read_back.zip(beat.missed).map(|(readback, missed)| readback.min(missed));
    let lost_at = sent.plus(timing.lost_after);
    let outcome = match (beat.outcome, beat.status) {
        (Outcome::NotSent, _) => return None,
        (Outcome::Rejected, _) => Outcome::Rejected,
        (_, Some(status)) if !(200..300).contains(&status) => Outcome::Rejected,
        (Outcome::Unreachable, _) => Outcome::Unreachable,
        (_, None) if beat.tries > 0 => Outcome::Unreachable,
        _ if missed.is_some_and(|missed| missed >= lost_at) => Outcome::Lost,
        _ if at >= lost_at => Outcome::Unverified,
        _ => Outcome::Awaiting,
    };
    Some(Recorded { outcome, missed, seen: None, ingested: None, copies: 0, ..beat.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Minute, RouteId};

    const SENT: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_ms(SENT.ms() + second * 1000)
    }

    fn beat(outcome: Outcome, status: Option<u16>) -> Recorded {
        let blank = Recorded::blank(RouteId(1), SENT.minute());
        Recorded { outcome, status, tries: 1, sent: Some(SENT), ..blank }
    }

    #[test]
    fn a_beat_stands_as_it_was_known_then() {
        let late = Recorded { missed: Some(at(1200)), seen: Some(at(1260)), ingested: Some(at(1230)), ..beat(Outcome::Late, Some(200)) };
        let rejected = Recorded { seen: Some(at(90)), ..beat(Outcome::Arrived, Some(503)) };
        let unanswered = Recorded { seen: Some(at(90)), ..beat(Outcome::Arrived, None) };
        for (beat, second, readback, outcome) in [
            (&late, -1, None, None),
            (&late, 0, None, Some("awaiting")),
            (&late, 60, Some(20), Some("awaiting")),
            (&late, 900, Some(899), Some("unverified")),
            (&late, 900, Some(900), Some("lost")),
            (&late, 1259, Some(1200), Some("lost")),
            (&late, 1260, Some(1200), Some("late")),
            (&rejected, 60, Some(20), Some("rejected")),
            (&rejected, 90, Some(20), Some("arrived")),
            (&unanswered, 60, Some(20), Some("unreachable")),
            (&unanswered, 90, None, Some("arrived")),
        ] {
            let then = as_of(beat, at(second), readback.map(at), &Timing::default());
            assert_eq!(then.map(|beat| beat.outcome.name()), outcome, "{second} {readback:?} {beat:?}");
        }
    }

    #[test]
    fn no_look_is_said_to_have_missed_what_none_did() {
        let seen_at_once = Recorded { seen: Some(at(600)), ingested: Some(at(2)), ..beat(Outcome::Arrived, Some(200)) };
        let then = as_of(&seen_at_once, at(500), Some(at(400)), &Timing::default()).unwrap();
        assert_eq!((then.outcome, then.missed, then.ingested), (Outcome::Awaiting, None, None));
        let missed_once = Recorded { missed: Some(at(30)), ..seen_at_once };
        assert_eq!(as_of(&missed_once, at(500), Some(at(400)), &Timing::default()).unwrap().missed, Some(at(30)));
        assert_eq!(as_of(&missed_once, at(20), Some(at(-5)), &Timing::default()).unwrap().missed, None, "a read-back before the sending");
    }

    #[test]
    fn a_minute_without_a_record_stands_only_once_it_was_found() {
        let gap = Recorded::blank(RouteId(1), Minute::from_index(30_000_000));
        assert_eq!(as_of(&gap, gap.minute.end(), None, &Timing::default()), None);
        let found = Recorded { outcome: Outcome::Arrived, seen: Some(gap.minute.end()), ..gap.clone() };
        assert_eq!(as_of(&found, gap.minute.start(), None, &Timing::default()), None);
        assert_eq!(as_of(&found, gap.minute.end(), None, &Timing::default()), Some(found));
    }
}
