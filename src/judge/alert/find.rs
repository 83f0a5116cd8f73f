//! Finding the cause: where the way is broken, as an incident tells it.

use std::time::Duration;

use super::marks::{self, MarkOf};
use super::scene::Scene;
use super::{glances, scene};
use crate::judge::diagnosis;
use crate::judge::verdict::{Health, Verdict, verdict};
use crate::model::{Diagnosis, Finding, Incident, LookFailure, Minute, Parts, Place, Quote, RuleKind, Strand, Timestamp, Watch};

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
        Some(RuleKind::Lag) => diagnosis::late(newest_lag(scene)).finding(),
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

fn ingestion(scene: &Scene<'_>, held: &[RuleKind], _first_bad: Option<Minute>) -> Option<Finding> {
    let verdict = verdict(&scene.facts());
    if let Some(cause) = verdict.cause.as_ref().filter(|cause| is_telling(scene, &verdict, cause, held)) {
        return Some(cause.finding());
    }
    if held.contains(&RuleKind::NoEvent) && is_bad_now(scene, RuleKind::NoEvent) {
        return Some(no_events(scene).finding());
    }
    let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit)?;
    let lag = newest_lag(scene).filter(|lag| *lag > limit && held.contains(&RuleKind::Lag))?;
    Some(diagnosis::late(Some(lag)).finding())
}

/// Whether the verdict names what broke ingestion. A beat that keeps us waiting is no cause before the limit, and what is our own
/// trouble is none at all.
fn is_telling(scene: &Scene<'_>, verdict: &Verdict, cause: &Diagnosis, held: &[RuleKind]) -> bool {
    match verdict.health {
        Health::Bad | Health::Slow => true,
        Health::Good | Health::Pending => {
            let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit).unwrap_or(Duration::MAX);
            let waited = scene.beats.iter().filter_map(|beat| beat.missed.filter(|_| !beat.outcome.is_seen())?.since(beat.counted_from()).into());
            held.contains(&RuleKind::Lag) && matches!(cause.place, Place::Pipeline | Place::Filtered) && waited.max().is_some_and(|waited: Duration| waited > limit)
        }
        Health::Off | Health::Unchecked | Health::Blind | Health::Idle => false,
    }
}

fn cannot_look(scene: &Scene<'_>) -> Option<Finding> {
    if let Some(look) = scene.look {
        return look.result.as_ref().err().map(|failure| unreadable(scene, failure).finding());
    }
    let trouble = scene.glances.last()?.result.err()?;
    Some(unreadable(scene, &LookFailure::quoting(trouble, Quote::default())).finding())
}

fn unreadable(scene: &Scene<'_>, failure: &LookFailure) -> Diagnosis {
    let spec = &scene.project.spec;
    let way = diagnosis::Way { host: &spec.host, api: spec.api_host.as_ref().unwrap_or(&spec.host), endpoint: crate::model::Endpoint::V0 };
    let down = scene.look.map_or_else(Parts::default, |look| look.findings.parts_down());
    diagnosis::unreadable(&way, failure, down)
}

fn is_bad_now(scene: &Scene<'_>, kind: RuleKind) -> bool {
    let newest = scene.glances.len().checked_sub(1);
    newest.and_then(|newest| glances::mark(kind, scene, newest)) == Some(MarkOf::Bad)
}

fn no_events(scene: &Scene<'_>) -> Diagnosis {
    let within = scene.app().map_or(Duration::ZERO, |app| app.time_range);
    let only_heartbeats = scene.app().is_some_and(|app| app.watch == Watch::Heartbeats);
    let newest = scene.glances.iter().filter_map(|glance| glance.result.ok()?.watched_newest).filter(|newest| *newest <= scene.at).max();
    let heartbeats = (scene.project.spec.beats() && !only_heartbeats).then(|| scene.arrives(scene.at, within));
    diagnosis::no_events(within, newest, heartbeats)
}

fn quiet(scene: &Scene<'_>) -> Finding {
    let within = scene.app().map_or(scene::OTHERS_OVER, |app| app.time_range.max(scene::OTHERS_OVER));
    let newest: Option<Timestamp> = scene.glances.iter().filter_map(|glance| glance.result.ok()?.newest).max();
    diagnosis::quiet(within, newest).finding()
}

fn newest_lag(scene: &Scene<'_>) -> Option<Duration> {
    scene.beats.iter().rev().find(|beat| beat.outcome.is_seen())?.ingested_lag()
}

