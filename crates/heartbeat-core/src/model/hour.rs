//! An hour of a route, aggregated: it exists beside its beats while they are stored, and replaces them later.

use super::{Histogram, Minute, Outcome, Recorded, RouteId};

/// Sixty minutes of one route: each minute's outcome, and the lags of the arrivals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    pub route: RouteId,
    /// Its first minute; a whole hour.
    pub start: Minute,
    pub outcomes: [Outcome; 60],
    /// Ingested lags of the arrivals, including late ones.
    pub lags: Histogram,
    /// The number of duplicates that PostHog created.
    pub duplicates: u32,
}

impl Hour {
    /// Aggregates the beats of one route and hour. Minutes without a beat are `not_sent`; beats of other hours are ignored.
    #[must_use]
    pub fn fold(route: RouteId, start: Minute, beats: &[Recorded]) -> Self {
        let mut hour = Self { route, start, outcomes: [Outcome::NotSent; 60], lags: Histogram::default(), duplicates: 0 };
        for beat in beats.iter().filter(|beat| beat.route == route) {
            let Some(place) = usize::try_from(beat.minute.index() - start.index()).ok().and_then(|at| hour.outcomes.get_mut(at)) else {
                continue;
            };
            *place = beat.outcome;
            hour.duplicates += beat.duplicates();
            if let Some(lag) = beat.ingested_lag() {
                hour.lags.add(lag);
            }
        }
        hour
    }

    /// The start of the hour that contains `minute`.
    #[must_use]
    pub fn starting(minute: Minute) -> Minute {
        Minute::from_index(minute.index().div_euclid(60) * 60)
    }

    /// The outcomes, four bits each: 30 bytes.
    #[must_use]
    pub fn strip_to_bytes(&self) -> Vec<u8> {
        self.outcomes.chunks_exact(2).map(|pair| (pair[0].code() as u8) << 4 | pair[1].code() as u8).collect()
    }

    /// Reads [`Hour::strip_to_bytes`]; none for other bytes.
    #[must_use]
    pub fn strip_from_bytes(bytes: &[u8]) -> Option<[Outcome; 60]> {
        let both = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        let outcomes: Option<Vec<Outcome>> = both.map(|code| Outcome::of_code(i16::from(code))).collect();
        outcomes?.try_into().ok()
    }
}
