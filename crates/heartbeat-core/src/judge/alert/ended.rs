//! Why an incident ends: its rules recovered, it is no longer watched, or its settings changed.

use super::holding::holding_in;
use super::rules::row;
use super::scene::View;
use crate::model::{Counted, EndedBecause, Incident, IncidentKind, RuleKind};

/// Why no rule of an open incident holds any more, and which rules this concerns.
pub(super) fn why(open: &Incident, view: &View<'_>) -> (EndedBecause, Vec<RuleKind>) {
    let all = || open.rules.clone();
    let of = |is: &dyn Fn(RuleKind) -> bool| open.rules.iter().copied().filter(|kind| is(*kind)).collect::<Vec<_>>();
    let off = of(&|kind| view.app().is_some_and(|app| !app.rule(kind).on));
    if !off.is_empty() {
        return (EndedBecause::RuleOff, off);
    }
    let needs_heartbeat = |kind: RuleKind| kind.row().counts == Counted::Minutes || !row(kind).can_judge(view);
    if !view.project.spec.beats() && view.project.spec.heartbeat.is_some() && open.rules.iter().any(|kind| needs_heartbeat(*kind)) {
        return (EndedBecause::HeartbeatOff, all());
    }
    if view.is_without_key()
        && (open.incident_kind == IncidentKind::Monitoring || open.rules.iter().any(|kind| !row(*kind).can_judge(view)))
    {
        return (EndedBecause::KeyRemoved, all());
    }
    let changed = of(&|kind| !open.judged_under.is_empty() && !open.judged_under.lines().any(|line| line == settings_of(view, kind)));
    if changed.is_empty() { (EndedBecause::Recovered, all()) } else { (EndedBecause::LimitChanged, changed) }
}

/// The settings that decide whether these rules see a bad result, one line per rule.
pub(super) fn settings(view: &View<'_>, kinds: &[RuleKind]) -> String {
    kinds.iter().map(|kind| settings_of(view, *kind)).collect::<Vec<_>>().join("\n")
}

/// The same for an incident that stays open. If the settings of a rule changed, the old ones stay until the rule would open an incident
/// under the new ones.
pub(super) fn settings_kept(open: &Incident, view: &View<'_>, held: &[RuleKind]) -> String {
    let now = settings(view, held);
    if now == open.judged_under {
        return now;
    }
    let anew = holding_in(view, &[]);
    let line = |kind: &RuleKind| {
        let name = format!("{kind}");
        let is_of = |line: &&str| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with([' ', ',']));
        let before = open.judged_under.lines().find(is_of).filter(|_| !anew.contains(kind));
        before.map_or_else(|| settings_of(view, *kind), str::to_owned)
    };
    held.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn settings_of(view: &View<'_>, kind: RuleKind) -> String {
    let Some(app) = view.app() else { return String::new() };
    let rule = app.rule(kind);
    let limit = rule.limit.map_or_else(String::new, |limit| format!(" {limit}"));
    let others = (row(kind).other_settings)(&view.project.spec, app);
    format!("{kind}{limit}, {}, {}{others}", rule.damping.open_after(), rule.damping.good).replace('\n', " ")
}
