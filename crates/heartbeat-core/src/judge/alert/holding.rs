//! Which rules hold.

use super::rules::rows;
use super::scene::{Scene, View};
use crate::model::RuleKind;

/// Which rules hold at the scene, in the order of [`RuleKind::ALL`]. `before` are those that held so far.
#[must_use]
pub fn holding(scene: &Scene<'_>, before: &[RuleKind]) -> Vec<RuleKind> {
    holding_in(&View::of(scene), before)
}

/// Whether a rule may hold at a scene that may lack [ordinary](crate::model::Recorded::is_ordinary) beats and read-backs, while none held so far.
/// If not, none holds at the whole scene.
#[must_use]
pub fn may_hold(scene: &Scene<'_>) -> bool {
    let view = View::of(scene);
    view.app().is_some_and(|app| rows().any(|row| app.rule(row.kind).on && row.may_hold(&view)))
}

pub(super) fn holding_in(view: &View<'_>, before: &[RuleKind]) -> Vec<RuleKind> {
    let Some(app) = view.app() else { return Vec::new() };
    let on = rows().map(|row| (row, app.rule(row.kind))).filter(|(row, rule)| rule.on && row.can_judge(view));
    on.filter(|(row, rule)| row.holds(view, rule, before.contains(&row.kind))).map(|(row, _)| row.kind).collect()
}
