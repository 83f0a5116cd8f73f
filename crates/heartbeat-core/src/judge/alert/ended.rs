//! Why an incident ends: its rules recovered, it is no longer watched, or its settings changed.

use super::holding::holding;
use super::scene::{Scene, is_of_beats};
use crate::model::{EndedBecause, Incident, IncidentKind, RuleKind, duration};

/// Why no rule of an open incident holds any more, and which rules this concerns.
pub(super) fn why(open: &Incident, scene: &Scene<'_>) -> (EndedBecause, Vec<RuleKind>) {
    let all = || open.rules.clone();
    let of = |is: &dyn Fn(RuleKind) -> bool| open.rules.iter().copied().filter(|kind| is(*kind)).collect::<Vec<_>>();
    let off = of(&|kind| scene.app().is_some_and(|app| !app.rule(kind).on));
    if !off.is_empty() {
        return (EndedBecause::RuleOff, off);
    }
    let needs_heartbeat = |kind| is_of_beats(kind) || !scene.can_tell(kind);
    if !scene.project.spec.beats() && scene.project.spec.heartbeat.is_some() && open.rules.iter().any(|kind| needs_heartbeat(*kind)) {
        return (EndedBecause::HeartbeatOff, all());
    }
    if scene.is_without_key() && (open.incident_kind == IncidentKind::Monitoring || open.rules.iter().any(|kind| !scene.can_tell(*kind))) {
        return (EndedBecause::KeyRemoved, all());
    }
    let changed = of(&|kind| !open.judged_under.is_empty() && !open.judged_under.lines().any(|line| line == settings_of(scene, kind)));
    if changed.is_empty() { (EndedBecause::Recovered, all()) } else { (EndedBecause::LimitChanged, changed) }
}

/// The settings that decide whether these rules see a bad result, one line per rule.
pub(super) fn settings(scene: &Scene<'_>, kinds: &[RuleKind]) -> String {
    kinds.iter().map(|kind| settings_of(scene, *kind)).collect::<Vec<_>>().join("\n")
}

/// The same for an incident that stays open. If the settings of a rule changed, the old ones stay until the rule would open an incident
/// under the new ones.
pub(super) fn settings_kept(open: &Incident, scene: &Scene<'_>, held: &[RuleKind]) -> String {
    let now = settings(scene, held);
    if now == open.judged_under {
        return now;
    }
    let anew = holding(scene, &[]);
    let line = |kind: &RuleKind| {
        let name = format!("{kind}");
        let is_of = |line: &&str| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with([' ', ',']));
        let before = open.judged_under.lines().find(is_of).filter(|_| !anew.contains(kind));
        before.map_or_else(|| settings_of(scene, *kind), str::to_owned)
    };
    held.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn settings_of(scene: &Scene<'_>, kind: RuleKind) -> String {
    let Some(app) = scene.app() else { return String::new() };
    let (rule, timing) = (app.rule(kind), &scene.project.spec.timing);
    let limit = rule.limit.map_or_else(String::new, |limit| format!(" {}", duration::show(limit)));
    let about = match kind {
        RuleKind::NoEvent | RuleKind::Quiet => {
            let due = app.due.as_ref().map_or_else(String::new, |due| format!(", due {due}"));
            format!(", timeRange {}, watch {}{due}", duration::show(app.time_range), app.watch)
        }
        RuleKind::Lost => format!(", lost_after {}", duration::show(timing.lost_after)),
        RuleKind::PartialLoss => format!(", late_after {}", duration::show(timing.late_after)),
        RuleKind::Lag | RuleKind::Capture | RuleKind::Blind | RuleKind::AnswersLost => String::new(),
    };
    format!("{kind}{limit}, {} of {}, {}{about}", rule.damping.bad, rule.damping.of, rule.damping.good).replace('\n', " ")
}
