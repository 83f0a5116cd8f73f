//! Complete through: the newest minute up to which every accepted beat has arrived.

use crate::model::{Minute, Outcome, Recorded, Timestamp};

/// The newest minute up to which every accepted beat has arrived. `beats` are those of all routes, oldest first. None if the first one is missing,
/// or there is none.
///
/// Beats that capture did not accept, and minutes without a beat, are ignored: nothing of them can still arrive. A lost beat holds it back for as
/// long as it is in `beats`.
#[must_use]
pub fn complete_through(beats: &[Recorded]) -> Option<Minute> {
    let missing = |beat: &Recorded| matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unverified);
    let held_at = beats.iter().filter(|beat| missing(beat)).map(|beat| beat.minute).min();
    beats.iter().filter(|beat| beat.outcome.is_seen() && held_at.is_none_or(|held| beat.minute < held)).map(|beat| beat.minute).max()
}

/// Whether every minute up to and including that of `at_least` has ended, and its data is complete.
#[must_use]
pub fn is_complete(through: Option<Minute>, at_least: Timestamp, now: Timestamp) -> bool {
    let last = at_least.minute();
    last.end() <= now && through.is_some_and(|through| through >= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::letters::{START, beats};
    use std::time::Duration;

    #[test]
    fn complete_through_waits_for_what_may_still_come() {
        for (letters, through) in [
            ("AAAA", Some(3)),
            ("AAA.", Some(2)),
            ("AA.A", Some(1)),
            ("AAXA", Some(1)),
            ("AARA", Some(3)),
            ("AA_A", Some(3)),
            ("AU", Some(0)),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(complete_through(&beats(1, letters)), through.map(|at| START.plus(at)), "{letters}");
        }
    }

    #[test]
    fn a_minute_is_complete_when_it_is_over_and_its_beat_is_there() {
        let desired = START.plus(2).start().plus(Duration::from_secs(30));
        for (through, now, is) in [
            (Some(2), START.plus(2).start().plus(Duration::from_secs(59)), false),
            (Some(2), START.plus(3).start(), true),
            (Some(5), START.plus(6).start(), true),
            (Some(1), START.plus(9).start(), false),
            (None, START.plus(9).start(), false),
        ] {
            assert_eq!(is_complete(through.map(|at| START.plus(at)), desired, now), is, "{through:?} {now}");
        }
    }
}
