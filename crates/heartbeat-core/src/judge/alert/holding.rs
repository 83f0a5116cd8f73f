//! Which rules hold.

use super::scene::Scene;
use super::{damping, find, loss, marks};
use crate::model::RuleKind;

/// Which rules hold at the scene, in the order of [`RuleKind::ALL`]. `before` are those that held so far.
#[must_use]
pub fn holding(scene: &Scene<'_>, before: &[RuleKind]) -> Vec<RuleKind> {
    let Some(app) = scene.project.spec.alert() else { return Vec::new() };
    let scene = scene.in_reach();
    let holds = |kind: &RuleKind| {
        let (rule, before) = (app.rule(*kind), before.contains(kind));
        rule.on
            && match kind {
                RuleKind::PartialLoss => (before || loss::may_hold(&scene)) && loss::holds(rule.damping, &loss::marks(&scene), before),
                RuleKind::Lost if find::final_cause(&scene).is_some() => true,
                RuleKind::Lost if before => damping::holds(rule.damping, marks::still_lost(&scene).map(|mark| mark.of), before),
                _ => damping::holds(rule.damping, marks::newest_first(*kind, &scene).map(|mark| mark.of), before),
            }
    };
    RuleKind::ALL.into_iter().filter(|kind| scene.can_tell(*kind) && holds(kind)).collect()
}
