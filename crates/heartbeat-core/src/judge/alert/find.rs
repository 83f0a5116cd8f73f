//! Finds the cause of an incident.

use std::time::Duration;

use super::scene::Scene;
use super::{loss, marks, samples, scene};
use crate::judge::diagnosis::{self, Way};
use crate::judge::facts::Facts;
use crate::judge::loss::Loss;
use crate::judge::mark::MarkOf;
use crate::judge::verdict::{Health, Verdict, verdict};
use crate::model::{
    Diagnosis, Incident, IncidentKind, Parts, Place, ReadbackError, Recorded, ResponseExcerpt, RuleKind, Timestamp, TokenStatus, Watch,
    duration,
};

/// The cause that is known now; none if there is nothing new, and then the previous cause stays. `open` is the open incident, if there is one:
/// it knows what is older than the scene.
pub(super) fn find(scene: &Scene<'_>, incident_kind: IncidentKind, held: &[RuleKind], open: Option<&Incident>) -> Option<Diagnosis> {
    let found = match incident_kind {
        IncidentKind::Monitoring => cannot_read_back(scene)?,
        IncidentKind::Traffic => Some(quiet(scene)).filter(|_| is_bad_now(scene, RuleKind::Quiet))?,
        IncidentKind::Ingestion => ingestion(scene, held, open)?,
    };
    // A traffic cause names the newest event, which soon leaves the scene: keep the first description.
    let is_same = |open: &&Incident| open.cause.code() == found.code() && found.is_about_traffic;
    Some(open.filter(is_same).map_or_else(|| found.clone(), |open| open.cause.clone()))
}

/// What the rules that hold see, if no cause is known.
pub(super) fn seen_by(scene: &Scene<'_>, held: &[RuleKind]) -> Diagnosis {
    let rule = held.iter().copied().find(|kind| scene::is_of_beats(*kind)).or(held.first().copied());
    match rule {
        Some(RuleKind::Lag) => diagnosis::late(newest_lag(scene)),
        Some(kind @ (RuleKind::Lost | RuleKind::Capture)) => {
            let of = scene.app().map_or(1, |app| usize::from(app.rule(kind).damping.of));
            let bad = marks::newest_first(kind, scene).take(of).filter(|mark| mark.of == MarkOf::Bad).count();
            let (place, what) =
                if kind == RuleKind::Lost { (Place::Pipeline, "lost") } else { (Place::Capture, "not accepted by capture") };
            Diagnosis::at(place, format!("Beats were {what} in {bad} of the last {of} minutes")).or(&[(Place::Intermediary, None)])
        }
        Some(RuleKind::PartialLoss) => partial_loss(scene, &loss::loss(scene)),
        Some(RuleKind::AnswersLost) => diagnosis::answers_lost(&first_way(scene)),
        Some(RuleKind::NoEvent) => no_events(scene),
        Some(RuleKind::Quiet) => quiet(scene),
        Some(RuleKind::Blind) | None => Diagnosis::at(Place::Query, "Beats cannot be read back"),
    }
}

/// The cause, once it is known, after which no missing beat can still arrive: then waiting is pointless.
pub(super) fn final_cause(scene: &Scene<'_>) -> Option<Diagnosis> {
    let readback = scene.readback?;
    // A verdict is expensive; skip it when none of these findings exists.
    let may_be = readback.findings.filter.is_some()
        || readback.findings.witness.is_some_and(|witness| witness.seen)
        || readback.token.is_some_and(|word| {
            matches!(
                word.token_status,
                TokenStatus::Unknown
                    | TokenStatus::Elsewhere(_)
                    | TokenStatus::OverQuota
                    | TokenStatus::Filtered
                    | TokenStatus::Altered
                    | TokenStatus::Rewritten
            )
        });
    let cause = may_be.then(|| verdict(&scene.facts()).cause).flatten()?;
    cause.is_final().then_some(cause)
}

/// The most certain cause first: a response, then partial loss, then beats that are still missing.
fn ingestion(scene: &Scene<'_>, held: &[RuleKind], open: Option<&Incident>) -> Option<Diagnosis> {
    let first_bad = open.and_then(|open| open.first_bad).filter(|_| !scene.beats.iter().any(|beat| beat.outcome.is_seen()));
    let verdict = verdict(&Facts { first_bad, ..scene.facts() });
    let named = verdict.cause.as_ref().filter(|cause| names_cause(scene, &verdict, cause, held));
    if let Some(cause) = named.filter(|cause| cause.is_final() || !cause.is_waiting()) {
        return Some(cause.clone());
    }
    if held.contains(&RuleKind::PartialLoss) {
        let loss = loss::loss(scene);
        // Losses after an outage are no new cause: the cause found during the outage is better.
        let is_known = open.is_some_and(|open| open.cause.place != Place::PartialLoss);
        return (!loss.is_outage || !is_known).then(|| partial_loss(scene, &loss));
    }
    let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit);
    let lag = newest_lag(scene).filter(|lag| limit.is_some_and(|limit| *lag > limit) && held.contains(&RuleKind::Lag));
    let late = lag.map(|lag| diagnosis::late(Some(lag)));
    // While beats arrive, however late, nothing is stuck.
    if let (Some(late), true) = (&late, arrivals_go_on(scene)) {
        return Some(late.clone());
    }
    if let Some(cause) = named {
        return Some(cause.clone());
    }
    if held.contains(&RuleKind::NoEvent) && is_bad_now(scene, RuleKind::NoEvent) {
        return Some(no_events(scene));
    }
    late.or_else(|| held.contains(&RuleKind::AnswersLost).then(|| diagnosis::answers_lost(&first_way(scene))))
}

fn arrivals_go_on(scene: &Scene<'_>) -> bool {
    let newest = scene.beats.iter().filter_map(|beat| beat.seen).max();
    newest.is_some_and(|seen| scene.at.since(seen) < scene::readback_interval(scene.project) * 3)
}

/// Whether the verdict names what broke ingestion. A missing beat is no cause before the limit; a wrong clock of ours is never one.
fn names_cause(scene: &Scene<'_>, verdict: &Verdict, cause: &Diagnosis, held: &[RuleKind]) -> bool {
    match verdict.health {
        Health::Down | Health::Degraded => cause.place != Place::Clock,
        Health::Up | Health::Pending => {
            let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit).unwrap_or(Duration::MAX);
            let missing = scene.beats.iter().filter(|beat| !beat.outcome.is_seen());
            let waited = missing.filter_map(Recorded::missing_for).max();
            held.contains(&RuleKind::Lag) && cause.is_waiting() && waited.is_some_and(|waited| waited > limit)
        }
        Health::Disabled | Health::Unverified | Health::Unknown | Health::NotRunning => false,
    }
}

fn cannot_read_back(scene: &Scene<'_>) -> Option<Diagnosis> {
    let failure = match scene.readback {
        Some(readback) => readback.result.as_ref().err()?.clone(),
        None => ReadbackError::quoting(scene.samples.last()?.result.err()?, ResponseExcerpt::default()),
    };
    let down = scene.readback.map_or_else(Parts::default, |readback| readback.findings.parts_down());
    Some(diagnosis::unreadable(&first_way(scene), &failure, down))
}

/// The path of the project's first route, or of its host if it has no route.
fn first_way<'a>(scene: &Scene<'a>) -> Way<'a> {
    let spec = &scene.project.spec;
    scene.project.routes.first().map_or_else(|| Way::to_host(spec), |route| Way::of(spec, route))
}

fn is_bad_now(scene: &Scene<'_>, kind: RuleKind) -> bool {
    let newest = scene.samples.len().checked_sub(1);
    newest.and_then(|newest| samples::mark(kind, scene, newest)) == Some(MarkOf::Bad)
}

fn no_events(scene: &Scene<'_>) -> Diagnosis {
    let within = scene.app().map_or(Duration::ZERO, |app| app.time_range);
    let watch = scene.app().map(|app| &app.watch);
    let newest = scene.samples.iter().filter_map(|sample| sample.result.ok()?.watched_newest).filter(|newest| *newest <= scene.at).max();
    let heartbeats = (scene.project.spec.beats() && watch != Some(&Watch::Heartbeats)).then(|| scene.arrives(scene.at, within));
    let names = match watch {
        Some(Watch::Events(names)) => Some(names.join(" or ")),
        _ => None,
    };
    let title = names.as_ref().filter(|_| heartbeats != Some(false)).map(|names| {
        let works = if heartbeats.is_some() { "; ingestion works" } else { "" };
        format!("no {names} for {}{works}", duration::show(within))
    });
    Diagnosis { title, ..diagnosis::no_events(names.as_deref(), within, newest, heartbeats) }
}

fn partial_loss(scene: &Scene<'_>, loss: &Loss<'_>) -> Diagnosis {
    Diagnosis { address: first_way(scene).address(), ..loss.diagnosis(&scene.project.routes) }
}

fn quiet(scene: &Scene<'_>) -> Diagnosis {
    let within = scene.app().map_or(scene::OTHERS_OVER, |app| app.time_range.max(scene::OTHERS_OVER));
    let newest: Option<Timestamp> = scene.samples.iter().filter_map(|sample| sample.result.ok()?.newest).max();
    diagnosis::quiet(within, newest)
}

fn newest_lag(scene: &Scene<'_>) -> Option<Duration> {
    scene.beats.iter().rev().find(|beat| beat.outcome.is_seen())?.ingested_lag()
}
