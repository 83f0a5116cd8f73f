//! Partitions: whether beats are missing in some partitions of PostHog's queue while they arrive in others. A route with a fixed distinct id always
//! uses the same partition, one with a new distinct id each minute uses all in turn. Only minutes in which both kinds had time to arrive are
//! compared: a loss of one kind during an outage of all partitions proves nothing.

use std::time::Duration;

use crate::model::{DistinctId, Minute, Outcome, Recorded, Route, RouteId, Timing};

const MINUTES: usize = 30;
/// The fixed distinct id's partition is stuck when nothing arrived from it for this many minutes.
const STILL: usize = 5;
/// The fewest missing beats with new distinct ids; a single one may be lost for any reason.
const MISSING: usize = 2;
/// One of them must be among this many newest minutes: what has ended is ignored.
const LATELY: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitions {
    /// Whether beats with new distinct ids are missing and those with the fixed one arrive; or the reverse.
    pub fresh_missing: bool,
    /// In the compared minutes.
    pub missing: usize,
    /// How many beats of the same minutes arrived elsewhere.
    pub arrived: usize,
    pub since: Minute,
    /// How long the oldest missing beat has been missing.
    pub waited: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Yes,
    No(Duration),
}

/// A minute in which beats of both kinds had time to arrive.
struct Both {
    minute: Minute,
    fixed: Vec<Came>,
    fresh: Vec<Came>,
}

/// Whether some partitions are broken while others work, by routes that differ only in the distinct id. `beats` are those of the last hours,
/// oldest first.
#[must_use]
pub fn partitions(routes: &[Route], beats: &[Recorded], timing: &Timing) -> Option<Partitions> {
    ways(routes).into_iter().find_map(|way| of_way(&way, beats, timing))
}

/// Routes with the same host and endpoint: those with a fixed distinct id, and those with a new one each minute.
struct Way {
    fixed: Vec<RouteId>,
    fresh: Vec<RouteId>,
}

fn ways(routes: &[Route]) -> Vec<Way> {
    let is_same = |one: &Route, other: &Route| one.spec.host == other.spec.host && one.spec.endpoint == other.spec.endpoint;
    let firsts = routes.iter().enumerate().filter(|(at, route)| !routes[..*at].iter().any(|before| is_same(before, route)));
    let way = |first: &Route| {
        let same = || routes.iter().filter(|route| is_same(first, route));
        let ids = |is_fixed: bool| {
            let alike = same().filter(move |route| matches!(route.spec.distinct_id, DistinctId::Fixed(_)) == is_fixed);
            alike.map(|route| route.id).collect::<Vec<_>>()
        };
        Way { fixed: ids(true), fresh: ids(false) }
    };
    firsts.map(|(_, first)| way(first)).filter(|way| !way.fixed.is_empty() && !way.fresh.is_empty()).collect()
}

fn of_way(way: &Way, beats: &[Recorded], timing: &Timing) -> Option<Partitions> {
    let by_minute = beats.chunk_by(|one, next| one.minute == next.minute).rev();
    let both = |beats: &[Recorded]| {
        let came = |ids: &[RouteId]| {
            let mine = beats.iter().filter(|beat| ids.contains(&beat.route));
            mine.filter_map(|beat| came(beat, timing)).collect::<Vec<_>>()
        };
        let (fixed, fresh) = (came(&way.fixed), came(&way.fresh));
        (!fixed.is_empty() && !fresh.is_empty()).then(|| Both { minute: beats[0].minute, fixed, fresh })
    };
    let newest_first: Vec<Both> = by_minute.filter_map(both).take(MINUTES).collect();
    fixed_stuck(&newest_first).or_else(|| fresh_missing(&newest_first))
}

/// Whether a beat arrived, once it had time to; beats that capture did not accept, and unverified ones, prove nothing.
fn came(beat: &Recorded, timing: &Timing) -> Option<Came> {
    match beat.outcome {
        Outcome::Arrived | Outcome::Late => Some(Came::Yes),
        Outcome::Awaiting | Outcome::Lost => {
            let waited = beat.missed?.since(beat.counted_from());
            (waited > timing.late_after).then_some(Came::No(waited))
        }
        Outcome::Rejected | Outcome::Unreachable | Outcome::Unverified | Outcome::NotSent => None,
    }
}

/// The fixed distinct id's partition is stuck and others work. If it lost beats before, it is lossy and not stuck.
fn fixed_stuck(newest_first: &[Both]) -> Option<Partitions> {
    let is_missing = |both: &&Both| both.fixed.iter().all(|came| *came != Came::Yes);
    let still = newest_first.iter().take_while(is_missing).count();
    let (run, before) = newest_first.split_at(still);
    let arrived = run.iter().filter(|both| both.fresh.contains(&Came::Yes)).count();
    let loses = before.iter().any(|both| both.fixed.iter().any(|came| *came != Came::Yes));
    (still >= STILL && arrived >= MISSING && !loses).then_some(())?;
    found(false, run, |both| &both.fixed, arrived)
}

/// Some beats with new distinct ids are missing, none with the fixed one.
fn fresh_missing(newest_first: &[Both]) -> Option<Partitions> {
    let is_missing = |both: &Both| both.fresh.iter().any(|came| *came != Came::Yes);
    let is_whole = newest_first.iter().all(|both| both.fixed.iter().all(|came| *came == Came::Yes));
    let oldest = newest_first.iter().rposition(is_missing)?;
    let run = &newest_first[..=oldest];
    let count = run.iter().filter(|both| is_missing(both)).count();
    let is_now = newest_first.iter().take(LATELY).any(is_missing);
    (is_whole && is_now && count >= MISSING).then_some(())?;
    found(true, run, |both| &both.fresh, run.len())
}

fn found(fresh_missing: bool, run: &[Both], of: impl Fn(&Both) -> &Vec<Came>, arrived: usize) -> Option<Partitions> {
    let waits = |both: &Both| -> Vec<Duration> {
        let waited = |came: &Came| if let Came::No(waited) = came { Some(*waited) } else { None };
        of(both).iter().filter_map(waited).collect()
    };
    let missing = run.iter().map(|both| waits(both).len()).sum();
    let oldest = run.iter().rev().find(|both| !waits(both).is_empty())?;
    let waited = waits(oldest).into_iter().max()?;
    Some(Partitions { fresh_missing, missing, arrived, since: oldest.minute, waited })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::letters::{START, beats};
    use crate::model::{Endpoint, Host, RouteSpec};

    fn route(id: i64, distinct_id: DistinctId) -> Route {
        let spec = RouteSpec { name: format!("r{id}"), event: "e".into(), host: None, endpoint: Endpoint::V0, distinct_id };
        Route { id: RouteId(id), spec, since: START.start() }
    }

    fn found(letters: &[(&str, bool)]) -> Option<Partitions> {
        let distinct_id = |is_fixed| if is_fixed { DistinctId::Fixed("x".into()) } else { DistinctId::Fresh("x ".into()) };
        let routes: Vec<Route> = (1..).zip(letters).map(|(id, (_, is_fixed))| route(id, distinct_id(*is_fixed))).collect();
        let mut all: Vec<Recorded> = (1..).zip(letters).flat_map(|(id, (row, _))| beats(id, row)).collect();
        all.sort_by_key(|beat| (beat.minute, beat.route));
        partitions(&routes, &all, &Timing::default())
    }

    #[test]
    fn only_the_same_minutes_of_both_kinds_are_compared() {
        // Which kind is missing; - for neither.
        for (fixed, fresh, which) in [
            ("AAAAAAAA", "AAAAAAAA", "-"),
            // All partitions are or were stuck: an outage of all.
            ("AAWWWWWW", "AAWWWWWW", "-"),
            ("AXXXXXXAAAA", "AXXXXXXAAAA", "-"),
            ("AXXXXXXAAAA", "AXXXXXXA.AA", "-"),
            ("ALLLLLLAAAA", "AXXXXXXAAAA", "fresh"),
            // The fixed distinct id's partition is stuck, and one of eight others is the same.
            ("AAWWWWWw.", "AAAAAAAA.", "fixed"),
            ("AAWWWWWw.", "AAAWAAAA.", "fixed"),
            ("AAWWWWw.", "AAAAAA.", "-"),
            // Others are stuck: all, or some of them.
            ("AAAAAAAA", "AWWWWWWA", "fresh"),
            ("AAAAAAAA", "AAAWAAWA", "fresh"),
            ("AAAAAAAA", "AAAAAAWA", "-"),
            ("AAAAAAAAAAAAAAAA", "AXXAAAAAAAAAAAAA", "-"),
            // Beats are lost on both.
            ("AXAAXAAXAA", "AAXAAAXAXA", "-"),
            ("AXAAXWWWWW", "AAXAAAAAAA", "-"),
            // Capture does not accept them, or they are unverified.
            ("AARRRRRRRR", "AAAAAAAAAA", "-"),
            ("AA????????", "AAAAAAAAAA", "-"),
            ("AAAAAAAA", "________", "-"),
        ] {
            let found = found(&[(fixed, true), (fresh, false)]);
            let actual = found.map_or("-", |found| if found.fresh_missing { "fresh" } else { "fixed" });
            assert_eq!(actual, which, "{fixed} {fresh}: {found:?}");
        }
    }

    #[test]
    fn several_routes_of_a_kind_are_one_witness() {
        // One of two routes with fixed distinct ids works.
        assert_eq!(found(&[("AAWWWWWW", true), ("AAAAAAAA", true), ("AAAAAAAA", false)]), None);
        let both = found(&[("AAWWWWWW", true), ("AAWWWWWW", true), ("AAAAAAAA", false)]).unwrap();
        assert_eq!((both.fresh_missing, both.missing, both.arrived, both.since), (false, 12, 6, START.plus(2)));
        assert_eq!(both.waited, Duration::from_mins(5));
    }

    #[test]
    fn routes_that_go_another_way_are_not_compared() {
        let fixed = route(1, DistinctId::Fixed("x".into()));
        let fresh = route(2, DistinctId::Fresh("x ".into()));
        let spec = RouteSpec { host: Some(Host::parse("https://proxy.example.com").unwrap()), ..fresh.spec.clone() };
        let mut all = [beats(1, "AAAAAAAA"), beats(2, "AWWWWWWW")].concat();
        all.sort_by_key(|beat| beat.minute);
        assert!(partitions(&[fixed.clone(), fresh.clone()], &all, &Timing::default()).is_some());
        assert_eq!(partitions(&[fixed.clone(), Route { spec, ..fresh.clone() }], &all, &Timing::default()), None);
        let spec = RouteSpec { endpoint: Endpoint::V1, ..fresh.spec.clone() };
        assert_eq!(partitions(&[fixed, Route { spec, ..fresh }], &all, &Timing::default()), None);
        assert_eq!(partitions(&[], &all, &Timing::default()), None);
    }
}
