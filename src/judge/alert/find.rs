//! Finding the cause: where the way is broken, as an incident tells it.

use std::time::Duration;

use super::marks::{self, MarkOf};
use super::scene::Scene;
use super::{glances, scene};
use crate::judge::cause::Cause;
use crate::judge::verdict::{Health, Verdict, verdict};
use crate::model::{Finding, Incident, LookFailure, Minute, Quote, Recorded, RuleKind, Strand, Timestamp, Watch, span};

/// What can be said now of the cause of this strand's trouble; none when nothing newer can: then what was found last still stands. `open` is
/// its incident, once there is one: it remembers what lies further back than the scene.
pub(super) fn find(scene: &Scene<'_>, strand: Strand, held: &[RuleKind], open: Option<&Incident>) -> Option<Finding> {
    let found = match strand {
        Strand::Blind => cannot_look(scene)?,
        Strand::Quiet => Some(quiet(scene)).filter(|_| is_bad_now(scene, RuleKind::Quiet))?,
        Strand::Ingestion => ingestion(scene, held, open.and_then(|open| open.first_bad))?,
    };
    // These name the newest event, which is soon out of sight: the first words stay the best ones.
    let stands = |open: &&Incident| open.cause.code == found.code && matches!(found.code.as_str(), "no_events" | "quiet");
    Some(open.filter(stands).map_or_else(|| found.clone(), |open| open.cause.clone()))
}

/// What the rules that hold see, when nothing says where the way is broken.
pub(super) fn seen_by(scene: &Scene<'_>, held: &[RuleKind]) -> Finding {
    let rule = held.iter().copied().find(|kind| scene::is_of_beats(*kind)).or(held.first().copied());
    match rule {
        Some(RuleKind::Lag) => late(newest_lag(scene)),
        Some(kind @ (RuleKind::Lost | RuleKind::Capture)) => {
            let of = scene.app().map_or(1, |app| usize::from(app.rule(kind).damping.of));
            let bad = marks::newest_first(kind, scene).take(of).filter(|mark| mark.of == MarkOf::Bad).count();
            let (code, did) = if kind == RuleKind::Lost { ("lost", "lost") } else { ("capture_refuses", "not taken by capture") };
            Finding { code: code.into(), words: format!("in {bad} of the last {of} minutes beats were {did}") }
        }
        Some(RuleKind::NoEvent) => no_events(scene).finding(),
        Some(RuleKind::Quiet) => quiet(scene),
        Some(RuleKind::Blind) | None => Finding { code: "cannot_look".into(), words: "cannot look".into() },
    }
}

fn ingestion(scene: &Scene<'_>, held: &[RuleKind], first_bad: Option<Minute>) -> Option<Finding> {
    let verdict = verdict(&scene.facts());
    if let Some(cause) = verdict.cause.as_ref().filter(|cause| is_telling(scene, &verdict, cause, held)) {
        return Some(since_first_bad(scene, cause.clone(), first_bad).finding());
    }
    if held.contains(&RuleKind::NoEvent) && is_bad_now(scene, RuleKind::NoEvent) {
        return Some(no_events(scene).finding());
    }
    let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit)?;
    let lag = newest_lag(scene).filter(|lag| *lag > limit && held.contains(&RuleKind::Lag))?;
    Some(late(Some(lag)))
}

/// Whether the verdict names what broke ingestion. A beat that keeps us waiting is no cause before the limit, and what is our own
/// trouble is none at all.
fn is_telling(scene: &Scene<'_>, verdict: &Verdict, cause: &Cause, held: &[RuleKind]) -> bool {
    match verdict.health {
        Health::Bad | Health::Slow => true,
        Health::Good | Health::Pending => {
            let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit).unwrap_or(Duration::MAX);
            held.contains(&RuleKind::Lag) && cause.waited().is_some_and(|waited| waited > limit)
        }
        Health::Off | Health::Unchecked | Health::Blind | Health::Idle => false,
    }
}

/// Where no beat in sight was seen, the oldest that is missing lies further back: the incident knows since when.
fn since_first_bad(scene: &Scene<'_>, mut cause: Cause, first_bad: Option<Minute>) -> Cause {
    let only = match &cause {
        Cause::OnlyRoute { route, .. } => scene.project.routes.iter().find(|known| known.spec.name == *route).map(|route| route.id),
        _ => None,
    };
    let is_meant = |beat: &&Recorded| only.is_none_or(|route| beat.route == route);
    let is_in_sight = scene.beats.iter().filter(is_meant).any(|beat| beat.outcome.is_seen());
    if let (false, Some(first_bad), Some(look)) = (is_in_sight, first_bad, scene.look) {
        cause.has_waited(look.at.since(first_bad.end()));
    }
    cause
}

fn cannot_look(scene: &Scene<'_>) -> Option<Finding> {
    if let Some(look) = scene.look {
        return look.result.as_ref().err().map(|failure| Cause::CannotLook(failure.clone()).finding());
    }
    let trouble = scene.glances.last()?.result.err()?;
    Some(Cause::CannotLook(LookFailure { trouble, quote: Quote::default(), retry_after: None, note: None }).finding())
}

fn is_bad_now(scene: &Scene<'_>, kind: RuleKind) -> bool {
    let newest = scene.glances.len().checked_sub(1);
    newest.and_then(|newest| glances::mark(kind, scene, newest)) == Some(MarkOf::Bad)
}

fn no_events(scene: &Scene<'_>) -> Cause {
    let within = scene.app().map_or(Duration::ZERO, |app| app.time_range);
    let only_heartbeats = scene.app().is_some_and(|app| app.watch == Watch::Heartbeats);
    let newest = scene.glances.iter().filter_map(|glance| glance.result.ok()?.watched_newest).filter(|newest| *newest <= scene.at).max();
    let heartbeats = (scene.project.spec.beats() && !only_heartbeats).then(|| scene.arrives(scene.at, within));
    Cause::NoEvents { within, newest, heartbeats }
}

fn quiet(scene: &Scene<'_>) -> Finding {
    let within = scene.app().map_or(scene::OTHERS_OVER, |app| app.time_range.max(scene::OTHERS_OVER));
    let newest: Option<Timestamp> = scene.glances.iter().filter_map(|glance| glance.result.ok()?.newest).max();
    Cause::Quiet { within, newest }.finding()
}

fn newest_lag(scene: &Scene<'_>) -> Option<Duration> {
    scene.beats.iter().rev().find(|beat| beat.outcome.is_seen())?.ingested_lag()
}

fn late(lag: Option<Duration>) -> Finding {
    let words = lag.map_or_else(|| "beats arrive late".into(), |lag| format!("beats arrive late: the last one took {}", span(lag)));
    Finding { code: "late".into(), words }
}
