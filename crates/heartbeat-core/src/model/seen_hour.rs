//! An hour of a route in which each beat was seen, in few bytes: a page shows the last day minute by minute, and most hours are like this.

use std::time::Duration;

use super::{Hour, Minute, Outcome, Recorded, RouteId, leb128};

/// Sixty minutes of one route in which each beat was sent, answered and seen once. A beat that was seen stays seen, so no read-back changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHour {
    pub route: RouteId,
    /// Its first minute; a whole hour.
    pub start: Minute,
    /// Whether it was late, and the ingested lag.
    minutes: [(bool, Duration); 60],
}

impl SeenHour {
    /// None if a beat of the hour is missing or different. `beats` are those of one route and hour, in any order.
    #[must_use]
    pub fn of(beats: &[Recorded]) -> Option<Self> {
        let (route, start) = (beats.first()?.route, Hour::starting(beats.first()?.minute));
        let mut minutes = [None; 60];
        for beat in beats.iter().filter(|beat| beat.route == route && beat.sent.is_some() && beat.outcome.is_seen()) {
            let place = usize::try_from(beat.minute.index() - start.index()).ok()?;
            let is_plain = beat.duplicates() == 0 && !beat.answer_lost();
            *minutes.get_mut(place)? = beat.ingested_lag().filter(|_| is_plain).map(|lag| (beat.outcome == Outcome::Late, lag));
        }
        let whole: Option<Vec<(bool, Duration)>> = minutes.into_iter().collect();
        Some(Self { route, start, minutes: whole?.try_into().ok()? })
    }

    pub fn outcomes(&self) -> impl Iterator<Item = (Minute, Outcome)> {
        self.minutes().map(|(minute, outcome, _)| (minute, outcome))
    }

    fn minutes(&self) -> impl Iterator<Item = (Minute, Outcome, Duration)> {
        let outcome = |is_late: bool| if is_late { Outcome::Late } else { Outcome::Arrived };
        self.start.until(self.start.plus(60)).zip(self.minutes).map(move |(minute, (is_late, lag))| (minute, outcome(is_late), lag))
    }

    /// Its beats with their lags and outcomes, but without what else was measured of them.
    pub fn beats(&self) -> impl Iterator<Item = Recorded> {
        self.minutes().map(|(minute, outcome, lag)| Recorded {
            outcome,
            sent: Some(minute.start()),
            status: Some(200),
            tries: 1,
            ingested: Some(minute.start().plus(lag)),
            copies: 1,
            ..Recorded::blank(self.route, minute)
        })
    }

    #[must_use]
    pub fn hour(&self) -> Hour {
        Hour::fold(self.route, self.start, &self.beats().collect::<Vec<_>>())
    }

    /// A number for each minute: the lag in milliseconds, and in the lowest bit whether it was late. None if a lag is too long for that.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(2 * self.minutes.len());
        for (is_late, lag) in self.minutes {
            leb128::push(&mut bytes, u32::try_from(lag.as_millis()).ok()?.checked_mul(2)? | u32::from(is_late));
        }
        Some(bytes)
    }

    /// Reads [`SeenHour::to_bytes`]; none for other bytes.
    #[must_use]
    pub fn from_bytes(route: RouteId, start: Minute, mut bytes: &[u8]) -> Option<Self> {
        let mut minutes = [(false, Duration::ZERO); 60];
        for minute in &mut minutes {
            let number = leb128::take(&mut bytes)?;
            *minute = (number & 1 == 1, Duration::from_millis(u64::from(number >> 1)));
        }
        bytes.is_empty().then_some(Self { route, start, minutes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Timestamp;

    const START: Minute = Minute::from_index(29_700_000);

    fn beat(minute: Minute, after_ms: u64, lag_ms: u64, is_late: bool) -> Recorded {
        let sent = minute.start().plus(Duration::from_millis(after_ms));
        let ingested = sent.plus(Duration::from_millis(lag_ms));
        Recorded {
            outcome: if is_late { Outcome::Late } else { Outcome::Arrived },
            sent: Some(sent),
            status: Some(200),
            tries: 1,
            seen: Some(ingested),
            ingested: Some(ingested),
            copies: 1,
            ..Recorded::blank(RouteId(3), minute)
        }
    }

    fn hour(lags: &[(u64, u64, bool)]) -> Vec<Recorded> {
        START.until(START.plus(60)).zip(lags).map(|(minute, (after, lag, late))| beat(minute, *after, *lag, *late)).collect()
    }

    proptest! {
        #[test]
        fn lags_and_outcomes_survive_storing(
            lags in prop::collection::vec((0_u64..45_000, 0_u64..90_000_000, any::<bool>()), 60),
        ) {
            let beats = hour(&lags);
            let seen = SeenHour::of(&beats).unwrap();
            let stored = SeenHour::from_bytes(seen.route, seen.start, &seen.to_bytes().unwrap()).unwrap();
            prop_assert_eq!(&stored, &seen);
            prop_assert_eq!(stored.hour(), Hour::fold(RouteId(3), START, &beats));
            for (stored, beat) in stored.beats().zip(&beats) {
                let says = |beat: &Recorded| (beat.minute, beat.outcome, beat.ingested_lag(), beat.duplicates(), beat.answer_lost());
                prop_assert_eq!(says(&stored), says(beat));
            }
        }

        #[test]
        fn bytes_that_are_no_hour_are_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = SeenHour::from_bytes(RouteId(1), START, &bytes);
        }
    }

    #[test]
    fn a_beat_that_is_not_plain_is_in_no_seen_hour() {
        let plain = hour(&[(5000, 2000, false); 60]);
        assert!(SeenHour::of(&plain).is_some());
        let changes: [fn(&mut Recorded); 8] = [
            |beat| beat.outcome = Outcome::Lost,
            |beat| beat.outcome = Outcome::Awaiting,
            |beat| beat.sent = None,
            |beat| beat.ingested = None,
            |beat| beat.copies = 2,
            |beat| beat.status = None,
            |beat| beat.minute = Minute::from_index(0),
            |beat| beat.ingested = Some(Timestamp::from_ms(i64::MAX)),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut beats = plain.clone();
            change(&mut beats[17]);
            assert_eq!(SeenHour::of(&beats).and_then(|hour| hour.to_bytes()), None, "{at}");
        }
        assert_eq!(SeenHour::of(&plain[1..]), None);
        assert_eq!(SeenHour::of(&[]), None);
    }
}
