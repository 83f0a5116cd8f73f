//! The extent of an incident: its first bad minute, and the last good minute before it.

use super::scene::{OTHERS_OVER, Scene};
use super::{marks, samples, scene};
use crate::judge::mark::{Mark, MarkOf};
use crate::model::{Minute, Route, RuleKind, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extent {
    pub(super) first_bad: Option<Minute>,
    pub(super) last_good: Option<Minute>,
}

/// The extent of all rules that hold: that of the rule with the earliest first bad minute.
pub(super) fn extent(scene: &Scene<'_>, held: &[RuleKind]) -> Extent {
    let extents = held.iter().map(|kind| of_rule(*kind, scene)).filter(|extent| extent.first_bad.is_some());
    extents.min_by_key(|extent| extent.first_bad).unwrap_or_default()
}

fn of_rule(kind: RuleKind, scene: &Scene<'_>) -> Extent {
    let marks: Vec<Mark> = marks::newest_first(kind, scene).collect();
    let of = scene.app().map_or(1, |app| usize::from(app.rule(kind).damping.of));
    let Some(in_window) = marks.iter().take(of).rposition(|mark| mark.of == MarkOf::Bad) else {
        // The rule holds because of missing beats that are not lost yet.
        return if kind == RuleKind::Lost { of_missing(scene) } else { Extent::default() };
    };
    // The run of bad marks may begin before the damping window.
    let run = marks[in_window..].iter().take_while(|mark| mark.of == MarkOf::Bad).count();
    let (bad, before) = marks.split_at(in_window + run);
    let by_marks = Extent {
        first_bad: bad.last().map(|mark| mark.minute),
        last_good: before.iter().find(|mark| mark.of == MarkOf::Good).map(|mark| mark.minute),
    };
    if scene::is_of_beats(kind) { by_marks } else { of_readbacks(kind, scene, by_marks.first_bad).unwrap_or(by_marks) }
}

/// The newest beats of a route, as far back as they are missing, if that is longer than `late_after`.
fn of_missing(scene: &Scene<'_>) -> Extent {
    let late_after = scene.project.spec.timing.late_after;
    let of_route = |route: &Route| {
        let mut newest_first = scene.beats.iter().rev().filter(|beat| beat.route == route.id && beat.sent.is_some());
        let mut oldest = None;
        let last_good = newest_first.find(|beat| {
            let is_seen = beat.outcome.is_seen();
            oldest = if is_seen { oldest } else { Some(*beat) };
            is_seen
        });
        let first_bad = oldest.filter(|beat| beat.is_missing_over(late_after))?.minute;
        Some(Extent { first_bad: Some(first_bad), last_good: last_good.map(|beat| beat.minute) })
    };
    scene.project.routes.iter().filter_map(of_route).min_by_key(|extent| extent.first_bad).unwrap_or_default()
}

/// What a read-back proves about the time before it. `bad` is the minute of the first bad read-back.
fn of_readbacks(kind: RuleKind, scene: &Scene<'_>, bad: Option<Minute>) -> Option<Extent> {
    let place = scene.samples.iter().position(|sample| Some(sample.at.minute()) == bad)?;
    let at = scene.samples[place].at;
    let range = scene.app()?.time_range;
    let before = scene.samples[..=place].iter().filter_map(|sample| sample.result.ok());
    let begins = |newest: Option<Timestamp>, range| {
        let latest = at.minus(range);
        match newest {
            Some(newest) if newest <= latest => {
                let last_good = newest.minute();
                Extent { first_bad: Some(last_good.plus(1)), last_good: Some(last_good) }
            }
            _ => Extent { first_bad: Some(latest.minute()), last_good: None },
        }
    };
    Some(match kind {
        RuleKind::NoEvent => begins(before.filter_map(|traffic| traffic.watched_newest).filter(|newest| *newest <= at).max(), range),
        RuleKind::Quiet => begins(before.filter_map(|traffic| traffic.newest).filter(|newest| *newest <= at).max(), range.max(OTHERS_OVER)),
        _ => {
            let blind = samples::blindness(scene, place);
            let first_bad = blind.first_failed.minute();
            Extent { first_bad: Some(first_bad), last_good: blind.last_good.map(Timestamp::minute).filter(|good| *good < first_bad) }
        }
    })
}
