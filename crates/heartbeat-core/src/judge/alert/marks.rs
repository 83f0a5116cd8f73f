//! Marks: good or bad, one per minute of beats or per read-back. Undecided ones have no mark.

use std::time::Duration;

use super::scene::Scene;
use super::{loss, samples};
use crate::judge::mark::{Mark, MarkOf};
use crate::model::{Outcome, Recorded, RuleKind, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BeatMark {
    Good,
    Bad,
    /// It may still turn bad: its minute waits for it.
    Open,
    Nothing,
}

pub(super) fn newest_first<'a>(kind: RuleKind, scene: &'a Scene<'a>) -> Box<dyn Iterator<Item = Mark> + 'a> {
    match kind {
        RuleKind::Lost => Box::new(minutes(kind, scene, lost)),
        RuleKind::Capture => Box::new(minutes(kind, scene, |beat| capture(beat, scene.at))),
        RuleKind::AnswersLost => Box::new(minutes(kind, scene, |beat| answers(beat, scene.at))),
        RuleKind::PartialLoss => Box::new(loss::marks(scene).into_iter()),
        RuleKind::Lag => {
            let limit = scene.app().and_then(|app| app.rule(kind).limit).unwrap_or(Duration::MAX);
            Box::new(minutes(kind, scene, move |beat| lag(beat, limit)))
        }
        RuleKind::NoEvent | RuleKind::Blind | RuleKind::Quiet => Box::new(samples::newest_first(kind, scene)),
    }
}

/// The marks of `lost` while it holds, newest first: an overdue beat may be lost, so its minute is not one of the good ones that close.
pub(super) fn still_lost<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Mark> + 'a {
    let late_after = scene.project.spec.timing.late_after;
    minutes(RuleKind::Lost, scene, move |beat| match lost(beat) {
        BeatMark::Open if beat.is_missing_over(late_after) => BeatMark::Bad,
        other => other,
    })
}

/// One mark per minute over the beats of all routes in use: bad if any is bad; good if any is good and none can turn bad.
fn minutes<'a>(kind: RuleKind, scene: &'a Scene<'a>, mark_of: impl Fn(&Recorded) -> BeatMark + 'a) -> impl Iterator<Item = Mark> + 'a {
    let beginning = scene.marks_from(kind);
    let by_minute = scene.beats.chunk_by(|one, next| one.minute == next.minute).rev();
    by_minute.take_while(move |beats| beats.iter().any(|beat| beat.minute >= beginning.minute())).filter_map(move |beats| {
        let counts = |beat: &&Recorded| is_counted(scene, beat, beginning);
        let mut found = None;
        for beat in beats.iter().filter(counts) {
            match mark_of(beat) {
                BeatMark::Bad => return Some(Mark { minute: beat.minute, of: MarkOf::Bad }),
                BeatMark::Open => found = Some(BeatMark::Open),
                BeatMark::Good => found = found.or(Some(BeatMark::Good)),
                BeatMark::Nothing => {}
            }
        }
        (found == Some(BeatMark::Good)).then(|| Mark { minute: beats[0].minute, of: MarkOf::Good })
    })
}

/// Whether a beat is of a route in use, and was due after the route was set up and the apps were switched on.
pub(super) fn is_counted(scene: &Scene<'_>, beat: &Recorded, beginning: Timestamp) -> bool {
    let route = scene.project.routes.iter().find(|route| route.id == beat.route);
    route.is_some_and(|route| beat.counted_from() >= beginning && beat.minute >= route.since.minute())
}

/// Only what a read-back proves: missing beats wait for `lost_after`, and an unverified beat proves nothing.
fn lost(beat: &Recorded) -> BeatMark {
    match beat.outcome {
        Outcome::Lost => BeatMark::Bad,
        Outcome::Arrived | Outcome::Late => BeatMark::Good,
        Outcome::Awaiting | Outcome::Unverified => BeatMark::Open,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => BeatMark::Nothing,
    }
}

/// Judged by the limit alone, without any other wait. An aggregated beat has no lag and is judged by its outcome.
fn lag(beat: &Recorded, limit: Duration) -> BeatMark {
    let is_over = |lag: Duration| if lag > limit { BeatMark::Bad } else { BeatMark::Good };
    match beat.outcome {
        Outcome::Arrived => beat.ingested_lag().map_or(BeatMark::Good, is_over),
        Outcome::Late => beat.ingested_lag().map_or(BeatMark::Bad, is_over),
        // A lost beat says nothing about a limit that is longer than `lost_after`: it is still looked for.
        Outcome::Awaiting | Outcome::Unverified | Outcome::Lost if beat.is_missing_over(limit) => BeatMark::Bad,
        Outcome::Awaiting | Outcome::Unverified | Outcome::Lost => BeatMark::Open,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => BeatMark::Nothing,
    }
}

/// Judged by the capture result. A beat that was seen was accepted, whatever the response. One without a response may have been accepted: it
/// counts once a read-back missed it, or its minute has ended.
fn capture(beat: &Recorded, at: Timestamp) -> BeatMark {
    match beat.outcome {
        Outcome::Rejected => BeatMark::Bad,
        Outcome::Unreachable if beat.missed.is_some() || beat.minute.end() <= at => BeatMark::Bad,
        Outcome::Unreachable => BeatMark::Open,
        Outcome::NotSent => BeatMark::Nothing,
        Outcome::Awaiting | Outcome::Arrived | Outcome::Late | Outcome::Lost | Outcome::Unverified => BeatMark::Good,
    }
}

/// Whether capture answered for the beats that it accepted. A beat counts once its minute has ended: until then it may be retried.
fn answers(beat: &Recorded, at: Timestamp) -> BeatMark {
    match beat.outcome {
        Outcome::NotSent => BeatMark::Nothing,
        _ if beat.minute.end() > at => BeatMark::Open,
        _ if beat.answer_lost() => BeatMark::Bad,
        outcome if outcome.is_seen() || beat.status.is_some() => BeatMark::Good,
        _ => BeatMark::Nothing,
    }
}
