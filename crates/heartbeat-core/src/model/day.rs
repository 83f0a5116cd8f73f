//! A day (UTC) of a route, counted from its hours: it exists beside them, so that months are read from few rows.

use super::{Hour, Minute, Outcome, RouteId, leb128};

/// The outcomes of one route's beats on one day. Minutes without a beat are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDay {
    pub route: RouteId,
    /// Its first minute; a midnight.
    pub start: Minute,
    /// The first minute with an outcome other than Not sent.
    pub first: Option<Minute>,
    /// By the outcome's number; always 0 for Not sent.
    pub outcomes: [u32; Outcome::ALL.len()],
    /// The number of duplicates that PostHog created.
    pub duplicates: u32,
}

impl RouteDay {
    /// In minutes.
    pub const LENGTH: i64 = 24 * 60;

    /// Counts the hours of one route and day; other hours are ignored.
    #[must_use]
    pub fn fold(route: RouteId, start: Minute, hours: &[Hour]) -> Self {
        let mut day = Self { route, start, first: None, outcomes: Default::default(), duplicates: 0 };
        for hour in hours.iter().filter(|hour| hour.route == route && Self::starting(hour.start) == start) {
            day.duplicates += hour.duplicates;
            for (minute, outcome) in hour.start.until(hour.start.plus(60)).zip(hour.outcomes) {
                if outcome != Outcome::NotSent {
                    day.outcomes[outcome as usize] += 1;
                    day.first = Some(day.first.map_or(minute, |first| first.min(minute)));
                }
            }
        }
        day
    }

    /// The midnight before `minute`.
    #[must_use]
    pub fn starting(minute: Minute) -> Minute {
        Minute::from_index(minute.index().div_euclid(Self::LENGTH) * Self::LENGTH)
    }

    /// Appends the first minute, the counts and the duplicates, without route and start.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let first = self.first.map_or(0, |first| first.index() - self.start.index() + 1);
        leb128::push(bytes, first as u32);
        self.outcomes[1..].iter().chain([&self.duplicates]).for_each(|count| leb128::push(bytes, *count));
    }

    /// Takes from `bytes` what [`RouteDay::write`] appended; none for other bytes.
    #[must_use]
    pub fn take(route: RouteId, start: Minute, bytes: &mut &[u8]) -> Option<Self> {
        let first = i64::from(leb128::take(bytes)?);
        let mut outcomes: [u32; Outcome::ALL.len()] = Default::default();
        for count in &mut outcomes[1..] {
            *count = leb128::take(bytes)?;
        }
        let first = match first {
            0 => None,
            1..=Self::LENGTH => Some(start.plus(first - 1)),
            _ => return None,
        };
        Some(Self { route, start, first, outcomes, duplicates: leb128::take(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_day_counts_the_minutes_of_its_hours_and_survives_storing(
            codes in prop::collection::vec(0_i16..8, 60 * 30), begins in -3_i64..27, duplicates in 0_u32..3,
        ) {
            let (route, start) = (RouteId(7), Minute::from_index(20 * RouteDay::LENGTH));
            let hours: Vec<Hour> = (begins..).zip(codes.chunks_exact(60)).map(|(at, codes)| Hour {
                outcomes: std::array::from_fn(|minute| Outcome::of_code(codes[minute]).unwrap()),
                duplicates,
                ..Hour::fold(route, start.plus(at * 60), &[])
            }).collect();
            let day = RouteDay::fold(route, start, &hours);
            let minutes: Vec<(Minute, Outcome)> = hours
                .iter()
                .flat_map(|hour| hour.start.until(hour.start.plus(60)).zip(hour.outcomes))
                .filter(|(minute, outcome)| RouteDay::starting(*minute) == start && *outcome != Outcome::NotSent)
                .collect();
            for outcome in Outcome::ALL {
                prop_assert_eq!(day.outcomes[outcome as usize] as usize, minutes.iter().filter(|(_, one)| *one == outcome).count());
            }
            prop_assert_eq!(day.first, minutes.first().map(|(minute, _)| *minute));
            let mut bytes = vec![];
            day.write(&mut bytes);
            day.write(&mut bytes);
            let mut rest = &bytes[..];
            prop_assert_eq!(RouteDay::take(route, start, &mut rest), Some(day.clone()));
            prop_assert_eq!(RouteDay::take(route, start, &mut rest), Some(day));
            prop_assert_eq!(rest.len(), 0);
        }

        #[test]
        fn bytes_that_are_no_day_are_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = RouteDay::take(RouteId(1), Minute::from_index(0), &mut &bytes[..]);
        }
    }
}
