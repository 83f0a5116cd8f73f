//! The extent of trouble: its first bad minute, and the last good one before it.

use super::marks::{self, Mark, MarkOf};
use super::scene::{OTHERS_OVER, Scene};
use super::{glances, scene};
use crate::model::{Minute, RuleKind, Timestamp};

/// From where to where trouble reaches back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extent {
    pub(super) first_bad: Option<Minute>,
    pub(super) last_good: Option<Minute>,
}

/// The extent of all rules that hold: that of the one whose trouble began first.
pub(super) fn extent(scene: &Scene<'_>, held: &[RuleKind]) -> Extent {
    let extents = held.iter().map(|kind| of_rule(*kind, scene)).filter(|extent| extent.first_bad.is_some());
    extents.min_by_key(|extent| extent.first_bad).unwrap_or_default()
}

fn of_rule(kind: RuleKind, scene: &Scene<'_>) -> Extent {
    let marks: Vec<Mark> = marks::newest_first(kind, scene).collect();
    let of = scene.app().map_or(1, |app| usize::from(app.rule(kind).damping.of));
    let Some(in_window) = marks.iter().take(of).rposition(|mark| mark.of == MarkOf::Bad) else { return Extent::default() };
    // The trouble is older than the damping looks.
    let run = marks[in_window..].iter().take_while(|mark| mark.of == MarkOf::Bad).count();
    let (bad, before) = marks.split_at(in_window + run);
    let by_marks = Extent {
        first_bad: bad.last().map(|mark| mark.minute),
        last_good: before.iter().find(|mark| mark.of == MarkOf::Good).map(|mark| mark.minute),
    };
    if scene::is_of_beats(kind) { by_marks } else { of_looks(kind, scene, by_marks.first_bad).unwrap_or(by_marks) }
}

/// What a look proves began before it. `bad` is the minute of the first bad look.
fn of_looks(kind: RuleKind, scene: &Scene<'_>, bad: Option<Minute>) -> Option<Extent> {
    let place = scene.glances.iter().position(|glance| Some(glance.at.minute()) == bad)?;
    let at = scene.glances[place].at;
    let range = scene.app()?.time_range;
    let before = scene.glances[..=place].iter().filter_map(|glance| glance.result.ok());
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
        RuleKind::NoEvent => begins(before.filter_map(|traffic| traffic.watched_newest).max(), range),
        RuleKind::Quiet => begins(before.filter_map(|traffic| traffic.newest).max(), range.max(OTHERS_OVER)),
        _ => {
            let blind = glances::blindness(scene, place);
            let first_bad = blind.first_failed.minute();
            Extent { first_bad: Some(first_bad), last_good: blind.last_good.map(Timestamp::minute).filter(|good| *good < first_bad) }
        }
    })
}
