//! Marks: what a rule makes of each minute's beats, or of each read-back. What is not decided gives none.

use std::time::Duration;

use super::scene::Scene;
use super::{loss, samples};
use crate::model::{Minute, Outcome, Recorded, RuleKind, Timestamp};

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkOf {
    Good,
    Bad,
}

/// A mark, and the minute it is about: that of the beats, or in which the read-back was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) minute: Minute,
    pub(super) of: MarkOf,
}

/// What one beat says to one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Good,
    Bad,
    /// It may turn out bad yet: its minute waits for it.
    Open,
    /// It is not this rule's matter.
    Nothing,
}

/// The marks of a rule at a scene, the newest first.
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

/// The marks of `lost` while it holds, the newest first: a beat that is overdue may be lost, so that its minute is none of the good ones that end it.
pub(super) fn still_lost<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Mark> + 'a {
    let late_after = scene.project.spec.timing.late_after;
    let is_overdue = move |beat: &Recorded| beat.missed.is_some_and(|missed| missed.since(beat.counted_from()) > late_after);
    minutes(RuleKind::Lost, scene, move |beat| match lost(beat) {
        Says::Open if is_overdue(beat) => Says::Bad,
        says => says,
    })
}

/// A mark a minute, over the beats of all routes in use: bad if any is bad; good if any is good, and none can turn bad any more.
fn minutes<'a>(kind: RuleKind, scene: &'a Scene<'a>, says: impl Fn(&Recorded) -> Says + 'a) -> impl Iterator<Item = Mark> + 'a {
    let beginning = scene.marks_from(kind);
    let by_minute = scene.beats.chunk_by(|one, next| one.minute == next.minute).rev();
    by_minute.take_while(move |beats| beats.iter().any(|beat| beat.minute >= beginning.minute())).filter_map(move |beats| {
        let counts = |beat: &&Recorded| is_counted(scene, beat, beginning);
        let mut said = None;
        for beat in beats.iter().filter(counts) {
            match says(beat) {
                Says::Bad => return Some(Mark { minute: beat.minute, of: MarkOf::Bad }),
                Says::Open => said = Some(Says::Open),
                Says::Good => said = said.or(Some(Says::Good)),
                Says::Nothing => {}
            }
        }
        (said == Some(Says::Good)).then(|| Mark { minute: beats[0].minute, of: MarkOf::Good })
    })
}

/// Whether a beat is of a route in use, and was due after the route was set up and the apps were switched on.
pub(super) fn is_counted(scene: &Scene<'_>, beat: &Recorded, beginning: Timestamp) -> bool {
    let route = scene.project.routes.iter().find(|route| route.id == beat.route);
    route.is_some_and(|route| beat.counted_from() >= beginning && beat.minute >= route.since.minute())
}

/// Only what a read-back proved: missing beats wait for `lost_after`, and what we could not look for says nothing.
fn lost(beat: &Recorded) -> Says {
    match beat.outcome {
        Outcome::Lost => Says::Bad,
        Outcome::Arrived | Outcome::Late => Says::Good,
        Outcome::Awaiting | Outcome::Unverified => Says::Open,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => Says::Nothing,
    }
}

/// The limit alone: no other wait is added to it. A folded beat has no lag of its own, and is judged by its outcome.
fn lag(beat: &Recorded, limit: Duration) -> Says {
    let is_over = |lag: Duration| if lag > limit { Says::Bad } else { Says::Good };
    match beat.outcome {
        Outcome::Arrived => beat.ingested_lag().map_or(Says::Good, is_over),
        Outcome::Late => beat.ingested_lag().map_or(Says::Bad, is_over),
        // That it is given up says nothing of a limit that lies beyond: it is looked for on.
        Outcome::Awaiting | Outcome::Unverified | Outcome::Lost => match beat.missed {
            Some(missed) if missed.since(beat.counted_from()) > limit => Says::Bad,
            _ => Says::Open,
        },
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => Says::Nothing,
    }
}

/// What capture said at once. A beat that was seen got in, whatever it said; and one without an answer may have: it counts once a read-back has
/// missed it, or its minute is over.
fn capture(beat: &Recorded, at: Timestamp) -> Says {
    match beat.outcome {
        Outcome::Rejected => Says::Bad,
        Outcome::Unreachable if beat.missed.is_some() || beat.minute.end() <= at => Says::Bad,
        Outcome::Unreachable => Says::Open,
        Outcome::NotSent => Says::Nothing,
        Outcome::Awaiting | Outcome::Arrived | Outcome::Late | Outcome::Lost | Outcome::Unverified => Says::Good,
    }
}

/// Whether capture said that it took what it took. A beat counts once its minute is over: until then it may be tried again.
fn answers(beat: &Recorded, at: Timestamp) -> Says {
    match beat.outcome {
        Outcome::NotSent => Says::Nothing,
        _ if beat.minute.end() > at => Says::Open,
        _ if beat.answer_lost() => Says::Bad,
        outcome if outcome.is_seen() || beat.status.is_some() => Says::Good,
        _ => Says::Nothing,
    }
}
