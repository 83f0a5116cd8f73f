//! Partial loss: beats that are lost while later ones arrived.
// A missing beat may still arrive, and is lost only after `lost_after`. But a partition of PostHog's queue keeps its order, and a fixed distinct
// id always uses the same partition. If a later beat of such a route was seen, and a read-back after that still misses the earlier one, the
// earlier one counts as lost. With a new distinct id each minute, each beat may use another partition, and a slow partition looks like a loss.
// Such a beat counts when it is lost, or when it was overtaken some time ago and a route with a fixed distinct id proves that beats are lost.
//
// A period in which every beat was lost, and after which every beat arrived, is an ended outage and no partial loss: it keeps nothing open.

use std::time::Duration;

use super::diagnosis;
use super::mark::{Mark, MarkOf};
use crate::model::{Damping, Diagnosis, DistinctId, Minute, Outcome, Recorded, Route, RouteId, Timestamp, Timing};

/// How much longer than `late_after` a beat with its own distinct id must be missing since it was overtaken: stuck partitions do not catch up
/// at the same time.
const APART: Duration = Duration::from_mins(3);
/// An outage has at least this many lost beats in a row, followed by at least this many arrivals in a row; shorter ones may be chance.
const OUTAGES: [(usize, usize); 2] = [(5, OVER), (3, 5)];
/// The fewest good minutes that show a recovery.
pub(super) const OVER: usize = 3;

pub(super) fn back_over(late_after: Duration, damping: Damping) -> Duration {
    late_after + APART + Duration::from_mins(1) * u32::from(damping.of.max(damping.good))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    There,
    /// Lost, or as good as lost.
    Gone,
    /// Missing and overtaken some time ago; its partition may be slow.
    Doubtful,
    /// Missing, and may still arrive.
    Open,
    /// Lost in an outage that has ended.
    Past,
}

#[derive(Debug, Clone, Copy)]
struct Fated {
    minute: Minute,
    route: RouteId,
    fate: Fate,
}

/// The loss in the rule's window, for the incident's diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss<'a> {
    pub(super) gone: usize,
    /// Lost or seen.
    pub(super) decided: usize,
    pub(super) routes: Vec<&'a str>,
    /// Whether all losses are in one period, after which every beat has arrived so far.
    pub(super) is_outage: bool,
}

impl Loss<'_> {
    /// `routes` are all routes of the project.
    pub(super) fn diagnosis(&self, routes: &[Route]) -> Diagnosis {
        let only = (self.routes.len() < routes.len()).then(|| self.routes.join(", "));
        diagnosis::partial_loss(self.gone, self.decided, only)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) routes: &'a [Route],
    /// Oldest first.
    pub(super) beats: &'a [Recorded],
    pub(super) timing: &'a Timing,
    /// Earlier beats do not count.
    pub(super) beginning: Timestamp,
}

/// The loss among the newest `of` decided minutes.
pub(super) fn lost_among<'a>(sight: &Sight<'a>, of: usize) -> Loss<'a> {
    let all = fates(sight);
    let oldest = marks_of(&all).iter().take(of).next_back().map(|mark| mark.minute);
    let fates: Vec<Fated> = all.into_iter().filter(|beat| oldest.is_some_and(|oldest| beat.minute >= oldest)).collect();
    let of_route = |route: &Route| fates.iter().filter(|beat| beat.route == route.id).copied().collect::<Vec<_>>();
    let losing = || sight.routes.iter().filter(|route| of_route(route).iter().any(|beat| beat.fate == Fate::Gone));
    Loss {
        gone: fates.iter().filter(|beat| beat.fate == Fate::Gone).count(),
        decided: fates.iter().filter(|beat| matches!(beat.fate, Fate::Gone | Fate::There)).count(),
        routes: losing().map(|route| route.spec.name.as_str()).collect(),
        is_outage: losing().all(|route| outage(&of_route(route)).is_some_and(|outage| outage.lasts >= OVER)),
    }
}

/// One mark per minute, newest first: bad if a beat is lost, good if all were seen.
pub(super) fn marks(sight: &Sight<'_>) -> Vec<Mark> {
    marks_of(&fates(sight))
}

fn marks_of(fates: &[Fated]) -> Vec<Mark> {
    let minutes = fates.chunk_by(|one, next| one.minute == next.minute);
    let mark = |beats: &[Fated]| {
        let any = |fate| beats.iter().any(|beat| beat.fate == fate);
        let of = if any(Fate::Gone) {
            MarkOf::Bad
        } else if any(Fate::Open) || any(Fate::Doubtful) || any(Fate::Past) {
            return None;
        } else {
            MarkOf::Good
        };
        Some(Mark { minute: beats[0].minute, of })
    };
    minutes.filter_map(mark).collect()
}

/// The fate of each beat that capture accepted, newest minute first.
fn fates(sight: &Sight<'_>) -> Vec<Fated> {
    let mut routes: Vec<Vec<Fated>> = sight.routes.iter().map(|route| of_route(sight, route)).collect();
    let is_fixed = |route: &Route| matches!(route.spec.distinct_id, DistinctId::Fixed(_));
    let gone = |fates: &[Fated]| fates.iter().any(|beat| beat.fate == Fate::Gone);
    let is_proved = sight.routes.iter().zip(&routes).any(|(route, fates)| is_fixed(route) && gone(fates));
    for beat in routes.iter_mut().flatten().filter(|beat| is_proved && beat.fate == Fate::Doubtful) {
        beat.fate = Fate::Gone;
    }
    for route in &mut routes {
        forget_outage(route);
    }
    let mut all: Vec<Fated> = routes.into_iter().flatten().collect();
    all.sort_by_key(|beat| (std::cmp::Reverse(beat.minute), beat.route));
    all
}

fn of_route(sight: &Sight<'_>, route: &Route) -> Vec<Fated> {
    let mut overtaken = None;
    let begun = route.since.max(sight.beginning);
    let beats = sight.beats.iter().rev().take_while(|beat| beat.minute >= sight.beginning.minute());
    let mine = beats.filter(|beat| beat.route == route.id && beat.counted_from() >= sight.beginning && beat.minute >= begun.minute());
    let fated = |beat: &Recorded| {
        let fate = match beat.outcome {
            Outcome::Arrived | Outcome::Late => {
                overtaken = overtaken.into_iter().chain(beat.seen).min();
                Fate::There
            }
            Outcome::Awaiting | Outcome::Unverified | Outcome::Lost => missing(sight.timing, route, beat, overtaken),
            Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => return None,
        };
        Some(Fated { minute: beat.minute, route: route.id, fate })
    };
    mine.filter_map(fated).collect()
}

/// The fate of a missing beat. `overtaken` is when the first later beat was seen.
fn missing(timing: &Timing, route: &Route, beat: &Recorded, overtaken: Option<Timestamp>) -> Fate {
    let late_after = timing.late_after;
    let (Some(overtaken), Some(missed)) = (overtaken, beat.missed) else { return Fate::Open };
    let is_late = missed > overtaken && beat.is_missing_over(late_after);
    match &route.spec.distinct_id {
        _ if !is_late => Fate::Open,
        DistinctId::Fixed(_) => Fate::Gone,
        DistinctId::Fresh(_) if beat.outcome == Outcome::Lost => Fate::Gone,
        DistinctId::Fresh(_) if missed >= overtaken.plus(late_after + APART) => Fate::Doubtful,
        DistinctId::Fresh(_) => Fate::Open,
    }
}

/// Ignores an outage that has ended: every beat in it was lost, every beat after it arrived, and no other beat in sight is lost. What is missing
/// since then decides whether it has ended.
fn forget_outage(newest_first: &mut [Fated]) {
    let Some(Outage { begins, lasts, after, is_decided: true }) = outage(newest_first) else { return };
    if OUTAGES.iter().any(|(least, good)| lasts >= *least && after >= *good) {
        newest_first[begins..begins + lasts].iter_mut().for_each(|beat| beat.fate = Fate::Past);
    }
}

/// An unbroken run of beats in which nothing arrived, and which contains all losses.
#[derive(Clone, Copy)]
struct Outage {
    /// Index of its newest beat, newest first.
    begins: usize,
    lasts: usize,
    after: usize,
    /// Whether all of its beats are lost, and none may still arrive.
    is_decided: bool,
}

fn outage(newest_first: &[Fated]) -> Option<Outage> {
    let is_there = |beat: &&Fated| beat.fate == Fate::There;
    let on_its_way = newest_first.iter().take_while(|beat| !is_there(beat)).count();
    let after = newest_first[on_its_way..].iter().take_while(is_there).count();
    let begins = on_its_way + after;
    let missing = newest_first[begins..].iter().take_while(|beat| !is_there(beat)).count();
    // The oldest beats may not have been read back again since, and those of aggregated hours cannot be. They belong to the outage.
    let lasts = newest_first[begins..begins + missing].iter().rposition(|beat| beat.fate == Fate::Gone).map_or(0, |oldest| oldest + 1);
    let (minute_range, before) = newest_first[begins..].split_at(lasts);
    let gone = |beats: &[Fated]| beats.iter().filter(|beat| beat.fate == Fate::Gone).count();
    (gone(minute_range) > 0 && gone(before) == 0).then(|| Outage { begins, lasts, after, is_decided: gone(minute_range) == lasts })
}
