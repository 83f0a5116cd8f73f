//! Finding the cause: where the way is broken, as an incident tells it.

use std::time::Duration;

use super::loss::Loss;
use super::marks::{self, MarkOf};
use super::scene::Scene;
use super::{glances, loss, scene};
use crate::judge::cause::Cause;
use crate::judge::verdict::{Health, Verdict, verdict};
use crate::model::{
    Finding, Incident, LookFailure, LookTrouble, Minute, Quote, Recorded, RuleKind, Standing, Strand, Timestamp, Watch, duration, span,
};

/// The code of a query API that fails by itself.
const QUERY_FAILS: &str = "query_fails";
/// The code of beats that are gone while later ones arrived.
const PARTIAL_LOSS: &str = "partial_loss";

/// What can be said now of the cause of this strand's trouble; none when nothing newer can: then what was found last still stands. `open` is
/// its incident, once there is one: it remembers what lies further back than the scene.
pub(super) fn find(scene: &Scene<'_>, strand: Strand, held: &[RuleKind], open: Option<&Incident>) -> Option<Finding> {
    let found = match strand {
        Strand::Blind => cannot_look(scene)?,
        Strand::Quiet => Some(quiet(scene)).filter(|_| is_bad_now(scene, RuleKind::Quiet))?,
        Strand::Ingestion => ingestion(scene, held, open)?,
    };
    // These name the newest event, which is soon out of sight: the first words stay the best ones.
    let stands = |open: &&Incident| open.cause.code == found.code && matches!(found.code.as_str(), "no_events" | "named_events" | "quiet");
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
        Some(RuleKind::PartialLoss) => partial_loss(scene, &loss::loss(scene)),
        Some(RuleKind::AnswersLost) => answers_lost(),
        Some(RuleKind::NoEvent) => no_events(scene),
        Some(RuleKind::Quiet) => quiet(scene),
        Some(RuleKind::Blind) | None => Finding { code: "cannot_look".into(), words: "cannot look".into() },
    }
}

/// The cause after which no beat that is missing now can still arrive, once it is known: then there is nothing to wait for.
pub(super) fn final_cause(scene: &Scene<'_>) -> Option<Finding> {
    let word = scene.look.and_then(|look| look.token)?;
    // Most of the time there is no such word, and a verdict is not for nothing.
    let may_be = matches!(word.standing, Standing::Unknown | Standing::Elsewhere(_) | Standing::OverQuota);
    let cause = may_be.then(|| verdict(&scene.facts()).cause).flatten()?;
    is_final(&cause).then(|| cause.finding())
}

/// Whether beats that are missing for this cause are gone for good.
fn is_final(cause: &Cause) -> bool {
    cause.is_final()
}

/// What is most certain comes first: an answer, then what is gone while others arrive, then what keeps us waiting.
fn ingestion(scene: &Scene<'_>, held: &[RuleKind], open: Option<&Incident>) -> Option<Finding> {
    let verdict = verdict(&scene.facts());
    let telling = verdict.cause.as_ref().filter(|cause| is_telling(scene, &verdict, cause, held));
    let is_answered = |cause: &&Cause| is_final(cause) || cause.waited().is_none() && !matches!(cause, Cause::SomePartitions { .. });
    if let Some(cause) = telling.filter(is_answered) {
        return Some(cause.finding());
    }
    if held.contains(&RuleKind::PartialLoss) {
        let loss = loss::loss(scene);
        // What came of an outage is no cause: what was found while it lasted says more.
        let is_known = open.is_some_and(|open| open.cause.code != PARTIAL_LOSS);
        return (!loss.is_outage || !is_known).then(|| partial_loss(scene, &loss));
    }
    let limit = scene.app().and_then(|app| app.rule(RuleKind::Lag).limit)?;
    let late = newest_lag(scene).filter(|lag| *lag > limit && held.contains(&RuleKind::Lag)).map(|lag| late(Some(lag)));
    // While beats arrive, however late, nothing is stuck.
    if let (Some(late), true) = (&late, arrivals_go_on(scene)) {
        return Some(late.clone());
    }
    if let Some(cause) = telling {
        return Some(since_first_bad(scene, cause.clone(), open.and_then(|open| open.first_bad)).finding());
    }
    if held.contains(&RuleKind::NoEvent) && is_bad_now(scene, RuleKind::NoEvent) {
        return Some(no_events(scene));
    }
    late.or_else(|| held.contains(&RuleKind::AnswersLost).then(answers_lost))
}

/// Whether one of the last three looks saw a beat that none before had seen.
fn arrivals_go_on(scene: &Scene<'_>) -> bool {
    let newest = scene.beats.iter().filter_map(|beat| beat.seen).max();
    newest.is_some_and(|seen| scene.at.since(seen) < scene::look_every(scene.project) * 3)
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
    let failure = if let Some(look) = scene.look {
        look.result.as_ref().err()?.clone()
    } else {
        let trouble = scene.glances.last()?.result.err()?;
        LookFailure { trouble, quote: Quote::default(), retry_after: None }
    };
    let is_posthogs = failure.trouble == LookTrouble::Broken;
    let found = Cause::CannotLook(failure).finding();
    Some(if is_posthogs { Finding { code: QUERY_FAILS.into(), ..found } } else { found })
}

fn is_bad_now(scene: &Scene<'_>, kind: RuleKind) -> bool {
    let newest = scene.glances.len().checked_sub(1);
    newest.and_then(|newest| glances::mark(kind, scene, newest)) == Some(MarkOf::Bad)
}

fn no_events(scene: &Scene<'_>) -> Finding {
    let within = scene.app().map_or(Duration::ZERO, |app| app.time_range);
    let watch = scene.app().map(|app| &app.watch);
    let newest = scene.glances.iter().filter_map(|glance| glance.result.ok()?.watched_newest).filter(|newest| *newest <= scene.at).max();
    let heartbeats = (scene.project.spec.beats() && watch != Some(&Watch::Heartbeats)).then(|| scene.arrives(scene.at, within));
    let Some(Watch::Events(names)) = watch.filter(|_| heartbeats != Some(false)) else {
        return Cause::NoEvents { within, newest, heartbeats }.finding();
    };
    let ingestion = if heartbeats.is_some() { "; ingestion works" } else { "" };
    let newest = newest.map_or_else(String::new, |newest| format!("; the newest is from {}", newest.time_of_day()));
    let arrive = if heartbeats.is_some() { "; heartbeats arrive, and these do not come" } else { "" };
    let words = format!("no {} for {}{ingestion}{newest}{arrive}", names.join(" or "), duration::show(within));
    Finding { code: "named_events".into(), words }
}

/// How many beats are gone, and on which routes.
fn partial_loss(scene: &Scene<'_>, loss: &Loss<'_>) -> Finding {
    let all = scene.project.routes.len();
    let on = if loss.routes.len() < all { format!(", on route {} alone", loss.routes.join(", ")) } else { String::new() };
    let words = format!("beats are being lost: {} of the last {} did not arrive, and later ones did{on}", loss.gone, loss.decided);
    Finding { code: PARTIAL_LOSS.into(), words }
}

fn answers_lost() -> Finding {
    let words = "capture takes events but does not answer: beats arrive, and each try ends without an answer".into();
    Finding { code: "answers_lost".into(), words }
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
