//! `lost`: accepted beats have not arrived after `lost_after`.

use super::super::damping;
use super::super::marks::{BeatMark, minutes};
use super::super::row::{Extent, Marks, Row};
use super::super::scene::View;
use crate::judge::verdict::verdict;
use crate::model::{Diagnosis, Outcome, Place, Recorded, Route, Rule, RuleKind, TokenStatus, duration};

pub(super) static ROW: Row = Row {
    back: |spec, _| spec.timing.lost_after,
    holds: Some(holds),
    may_hold_on_ordinary: may_have_final_cause,
    extent_without_mark: of_missing,
    other_settings: |spec, _| format!(", lost_after {}", duration::show(spec.timing.lost_after)),
    ..Row::new(RuleKind::Lost, Marks::Beats(|_, beat| mark(beat)), |view| ROW.counted(view, Place::Pipeline, "lost"))
};

/// Only what a read-back proves: missing beats wait for `lost_after`, and an unverified beat proves nothing.
fn mark(beat: &Recorded) -> BeatMark {
    match beat.outcome {
        Outcome::Lost => BeatMark::Bad,
        Outcome::Arrived | Outcome::Late => BeatMark::Good,
        Outcome::Awaiting | Outcome::Unverified => BeatMark::Open,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => BeatMark::Nothing,
    }
}

/// It holds at once if the cause is final. While it holds, an overdue beat may be lost, so its minute is not one of the good ones that close.
fn holds(view: &View<'_>, rule: &Rule, before: bool) -> bool {
    let late_after = view.project.spec.timing.late_after;
    let still_lost = |beat: &Recorded| match mark(beat) {
        BeatMark::Open if before && beat.is_missing_over(late_after) => BeatMark::Bad,
        other => other,
    };
    final_cause(view).is_some() || damping::holds(rule.damping, minutes(view, still_lost).map(|mark| mark.of), before)
}

/// The cause, once it is known, after which no missing beat can still arrive: then waiting is pointless.
fn final_cause(view: &View<'_>) -> Option<Diagnosis> {
    let cause = may_have_final_cause(view).then(|| verdict(&view.facts()).cause).flatten()?;
    cause.is_final().then_some(cause)
}

/// A verdict is expensive; without any of these findings it is not final.
fn may_have_final_cause(view: &View<'_>) -> bool {
    view.readback.is_some_and(|readback| {
        readback.findings.filter.is_some()
            || readback.findings.witness.is_some_and(|witness| witness.seen)
            || readback.token.is_some_and(|word| !matches!(word.token_status, TokenStatus::Known | TokenStatus::Untold))
    })
}

/// The newest beats of a route, as far back as they are missing, if that is longer than `late_after`.
fn of_missing(view: &View<'_>) -> Extent {
    let late_after = view.project.spec.timing.late_after;
    let of_route = |route: &Route| {
        let mut newest_first = view.beats.iter().rev().filter(|beat| beat.route == route.id && beat.sent.is_some());
        let mut oldest = None;
        let last_good = newest_first.find(|beat| {
            let is_seen = beat.outcome.is_seen();
            oldest = if is_seen { oldest } else { Some(*beat) };
            is_seen
        });
        let first_bad = oldest.filter(|beat| beat.is_missing_over(late_after))?.minute;
        Some(Extent { first_bad: Some(first_bad), last_good: last_good.map(|beat| beat.minute) })
    };
    view.project.routes.iter().filter_map(of_route).min_by_key(|extent| extent.first_bad).unwrap_or_default()
}
