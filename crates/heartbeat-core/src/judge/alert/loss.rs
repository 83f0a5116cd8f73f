//! Partial loss: beats that are lost while later ones arrived.
// A missing beat may still arrive, and is lost only after `lost_after`. But a partition of PostHog's queue keeps its order, and a fixed distinct
// id always uses the same partition. If a later beat of such a route was seen, and a read-back after that still misses the earlier one, the
// earlier one counts as lost. With a new distinct id each minute, each beat may use another partition, and a slow partition looks like a loss.
// Such a beat counts when it is lost, or when it was overtaken some time ago and a route with a fixed distinct id proves that beats are lost.
//
// A period in which every beat was lost, and after which every beat arrived, is an ended outage and no partial loss: it keeps nothing open.

use std::time::Duration;

use super::marks::{Mark, MarkOf};
use super::scene::Scene;
use crate::model::{Damping, DistinctId, Minute, Outcome, Recorded, Route, RouteId, RuleKind, Timestamp, Timing};

/// How much longer than `late_after` a beat with its own distinct id must be missing since it was overtaken: stuck partitions do not catch up
/// at the same time.
const APART: Duration = Duration::from_mins(3);
/// An outage has at least this many lost beats in a row, followed by at least this many arrivals in a row; shorter ones may be chance.
const OUTAGES: [(usize, usize); 2] = [(5, OVER), (3, 5)];
/// The fewest good minutes that show a recovery.
const OVER: usize = 3;

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
pub(in crate::judge) struct Loss<'a> {
    pub(in crate::judge) gone: usize,
    /// Lost or seen.
    pub(in crate::judge) decided: usize,
    pub(in crate::judge) routes: Vec<&'a str>,
    /// Whether all losses are in one period, after which every beat has arrived so far.
    pub(in crate::judge) is_outage: bool,
}

#[derive(Clone, Copy)]
pub(in crate::judge) struct Sight<'a> {
    pub(in crate::judge) routes: &'a [Route],
    /// Oldest first.
    pub(in crate::judge) beats: &'a [Recorded],
    pub(in crate::judge) timing: &'a Timing,
    /// Earlier beats do not count.
    pub(in crate::judge) beginning: Timestamp,
}

impl<'a> Sight<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let beginning = scene.marks_from(RuleKind::PartialLoss);
        Self { routes: &scene.project.routes, beats: scene.beats, timing: &scene.project.spec.timing, beginning }
    }
}

/// The loss among the newest `of` decided minutes.
pub(in crate::judge) fn lost_among<'a>(sight: &Sight<'a>, of: usize) -> Loss<'a> {
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

/// Whether any beat is missing at all; usually none is, and the rest can be skipped.
pub(super) fn may_hold(scene: &Scene<'_>) -> bool {
    scene.beats.iter().any(|beat| beat.missed.is_some() && !beat.outcome.is_seen())
}

/// One mark per minute, newest first: bad if a beat is lost, good if all were seen.
pub(super) fn marks(scene: &Scene<'_>) -> Vec<Mark> {
    marks_of(&fates(&Sight::of(scene)))
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

/// Whether the rule holds. `marks` are newest first. It stops when no lost beat is left in sight, also if there are fewer minutes than usual:
/// because nothing was sent, or after an outage.
pub(super) fn holds(damping: Damping, marks: &[Mark], before: bool) -> bool {
    let is_bad = |mark: &&Mark| mark.of == MarkOf::Bad;
    let sight = marks.iter().take(damping.good.into());
    if sight.len() >= OVER.min(damping.good.into()) && !sight.clone().any(|mark| is_bad(&mark)) {
        return false;
    }
    before || marks.iter().take(damping.of.into()).filter(is_bad).count() >= damping.bad.into()
}

pub(super) fn loss<'a>(scene: &Scene<'a>) -> Loss<'a> {
    let of = scene.app().map_or(1, |app| usize::from(app.rule(RuleKind::PartialLoss).damping.of));
    lost_among(&Sight::of(scene), of)
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
    let is_late = missed > overtaken && missed.since(beat.counted_from()) > late_after;
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, fresh, only, play, project, route};
    use super::super::holding;
    use super::*;
    use crate::judge::letters::{START, beats};
    use crate::model::Project;

    fn watched(routes: i64) -> Project {
        let mut project = project(only(&[("partial_loss", "on")]));
        project.routes = (1..=routes).map(|id| if id == 2 { fresh(id) } else { route(id) }).collect();
        project
    }

    #[test]
    fn two_lost_minutes_of_thirty_open_and_thirty_without_one_close() {
        for (row, expected) in [
            ("A*60", ""),
            // A single lost beat is no partial loss.
            ("A*10 d A*60", ""),
            ("A*10 d A*30 d A*60", ""),
            // The second loss is known in the read-back after the one that saw a later beat, once it is late.
            ("A*10 d*2 A*60", "ingestion opened@13 closed@41"),
            ("A*10 d A*9 d A*60", "ingestion opened@22 closed@50"),
            ("A*10 d A d A d A*60", "ingestion opened@14 closed@44"),
            ("A*10 d*2 A*20 d A*60", "ingestion opened@13 closed@62"),
            // An ended outage is no partial loss; a short one takes longer to tell from chance.
            ("A*20 d*10 A*40", "ingestion opened@31 closed@32"),
            ("A*20 d*4 A*40", "ingestion opened@25 closed@28"),
            ("A*20 d*10 A*2 d A*60", "ingestion opened@31 closed@62"),
            // Late, stuck, rejected, not read back: none of that is lost.
            ("A*10 l*40 A*20", ""),
            ("A*10 s*40 A*40", ""),
            ("A*10 R A R A R A*20", ""),
            ("A*10 f A f A*20", ""),
            ("A*10 _ A _ A*20", ""),
            ("A*20 d*40", ""),
        ] {
            assert_eq!(play(watched(1), row).1.story(), expected, "{row}");
        }
    }

    #[test]
    fn a_beat_of_a_partition_of_its_own_counts_when_a_fixed_one_proves_the_loss() {
        for (fixed, fresh, gone, decided) in [
            ("AAAAAAAAAAAA", "AAAAAAAAAAAA", 0, 24),
            // Missed after five minutes, overtaken after one.
            ("AAAXAAAAAAAA", "AAAXAAAAAAAA", 2, 24),
            ("AAAAAAAAAAAA", "AAAXAAAAAAAA", 1, 24),
            ("AAAAAAAAAAAA", "AAAWAAAAAAAA", 0, 23),
            ("AWAAAAAAAAAA", "AAAWAAAAAAAA", 1, 23),
            ("AXAAAAAAAAAA", "AAAYAAAAAAAA", 2, 24),
            ("AAAAAAAAAAAA", "AAAYAAAAAAAA", 0, 23),
            // A beat that nothing overtook may still arrive.
            ("AAAAAAAAWWWW", "AAAAAAAAWWWW", 0, 16),
        ] {
            let mut project = watched(2);
            project.spec.ingestion_alert.as_mut().unwrap().set("partial_loss_open_after", "1 of 60").unwrap();
            let longer = |row: &str, id| {
                let mut all = beats(id, &row.replace('Y', "W"));
                for (beat, letter) in all.iter_mut().zip(row.chars()) {
                    if letter == 'Y' {
                        beat.missed = beat.missed.map(|missed| missed.plus(Duration::from_mins(5)));
                    }
                }
                all
            };
            let mut all = [longer(fixed, 1), longer(fresh, 2)].concat();
            all.sort_by_key(|beat| (beat.minute, beat.route));
            let world = World::new(project);
            let scene = Scene { beats: &all, ..world.scene(START.plus(30).start()) };
            let loss = loss(&scene);
            assert_eq!((loss.gone, loss.decided), (gone, decided), "{fixed} {fresh}");
        }
    }

    /// Plays minutes of loss after good ones. Returns in which minute, from 1, the rule began to hold, and whether it held from then on.
    fn begins(routes: i64, rate: f64, seed: u64, minutes: usize) -> (Option<usize>, bool) {
        let mut world = World::new(watched(routes));
        for _ in 0..10 {
            world.minute('A');
        }
        world.loses = (rate, seed);
        let (mut began, mut held, mut holds_on) = (None, Vec::new(), true);
        for minute in 1..=minutes {
            let at = world.minute('p').unwrap();
            held = holding(&world.scene(at), &held);
            let holds = held.contains(&RuleKind::PartialLoss);
            holds_on &= holds || began.is_none();
            began = began.or(holds.then_some(minute));
        }
        (began, holds_on)
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "the table is printed on request")]
    fn most_losses_are_told_within_twenty_minutes() {
        const SEEDS: usize = 120;
        // With one route at 10 %, two of the 18 beats that can be known by then are lost in 55 of 100 cases: no rule that tolerates a single loss
        // can do better.
        for (routes, rate, at_least) in
            [(1, 0.1, 0.4), (1, 0.3, 0.95), (1, 0.5, 0.98), (1, 0.7, 0.98), (3, 0.1, 0.9), (3, 0.3, 0.99), (3, 0.5, 0.99), (3, 0.7, 0.99)]
        {
            let mut found: Vec<usize> = (0..SEEDS).filter_map(|seed| begins(routes, rate, seed as u64, 20).0).collect();
            found.sort_unstable();
            let within = found.len() as f64 / SEEDS as f64;
            let of = |share: f64| found.get((share * SEEDS as f64) as usize).map_or("-".to_owned(), ToString::to_string);
            println!("| {routes} | {:.0} % | {} | {} | {:.0} % |", rate * 100.0, of(0.5), of(0.9), within * 100.0);
            assert!(within >= at_least, "{routes} routes, {rate}: {within}");
        }
    }

    #[test]
    fn it_holds_for_as_long_as_beats_are_lost() {
        for (routes, rate) in [(1, 0.3), (1, 0.5), (1, 0.7), (3, 0.1), (3, 0.3), (3, 0.5), (3, 0.7)] {
            let broken = (0..30).filter(|seed| !begins(routes, rate, *seed, 90).1).count();
            assert!(broken <= 1, "{routes} routes, {rate}: stopped in {broken} of 30");
        }
    }
}
