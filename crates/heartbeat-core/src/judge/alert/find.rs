//! Finds the cause of an incident.

use super::row::Strength;
use super::rules::row;
use super::scene::View;
use crate::judge::facts::Facts;
use crate::judge::verdict::{Health, Verdict, verdict};
use crate::model::{Counted, Diagnosis, Incident, IncidentKind, Place, Recorded, RuleKind};

/// The cause that is known now; none if there is nothing new, and then the previous cause stays. `open` is the open incident, if there is one:
/// it knows what is older than the scene.
pub(super) fn find(view: &View<'_>, incident_kind: IncidentKind, held: &[RuleKind], open: Option<&Incident>) -> Option<Diagnosis> {
    // A verdict is about ingestion.
    let named = if incident_kind == IncidentKind::Ingestion { named(view, held, open) } else { None };
    let known = named.into_iter().chain(held.iter().filter_map(|kind| (row(*kind).cause)(view, open)));
    let (_, found) = known.min_by_key(|(strength, _)| *strength)?;
    // A traffic cause names the newest event, which soon leaves the scene: keep the first description.
    let is_same = |open: &&Incident| open.cause.code() == found.code() && found.is_about_traffic;
    Some(open.filter(is_same).map_or_else(|| found.clone(), |open| open.cause.clone()))
}

/// What the rules that hold see, if no cause is known: one that counts minutes knows more.
pub(super) fn seen_by(view: &View<'_>, held: &[RuleKind]) -> Diagnosis {
    let of_minutes = held.iter().find(|kind| kind.row().counts == Counted::Minutes);
    of_minutes.or(held.first()).map_or_else(Diagnosis::default, |kind| (row(*kind).sees)(view))
}

/// The cause that the verdict names, if it is what broke ingestion.
fn named(view: &View<'_>, held: &[RuleKind], open: Option<&Incident>) -> Option<(Strength, Diagnosis)> {
    let first_bad = open.and_then(|open| open.first_bad).filter(|_| !view.beats.iter().any(|beat| beat.outcome.is_seen()));
    let verdict = verdict(&Facts { first_bad, ..view.facts() });
    let cause = verdict.cause.as_ref().filter(|cause| is_cause(view, &verdict, cause, held))?.clone();
    let strength = if cause.is_final() || !cause.is_waiting() { Strength::Certain } else { Strength::Missing };
    Some((strength, cause))
}

/// A missing beat is no cause before the limit of a rule; a wrong clock of ours is never one.
fn is_cause(view: &View<'_>, verdict: &Verdict, cause: &Diagnosis, held: &[RuleKind]) -> bool {
    match verdict.health {
        Health::Down | Health::Degraded => cause.place != Place::Clock,
        Health::Up | Health::Pending => {
            let missing = view.beats.iter().filter(|beat| !beat.outcome.is_seen());
            let waited = missing.filter_map(Recorded::missing_for).max();
            cause.is_waiting() && waited.is_some_and(|waited| held.iter().any(|kind| (row(*kind).is_missing_too_long)(view, waited)))
        }
        Health::Disabled | Health::Unverified | Health::Unknown | Health::NotRunning => false,
    }
}
