//! Ingestion Alert's rules: from the records of a project to its incidents. The loop calls [`steps`] with a [`Scene`] after each read-back.
//! Only the open incidents are carried over, so the same records give the same incidents in any batches. Rules turn records into good and
//! bad marks, damping turns marks into "the rule holds", a step opens, keeps or closes an incident. [`replay`] does this over history.

mod damping;
mod ended;
#[cfg(test)]
mod endings;
mod extent;
mod find;
#[cfg(test)]
mod fixture;
mod loss;
mod marks;
#[cfg(test)]
mod properties;
mod replay;
mod samples;
mod scene;
mod step;
#[cfg(test)]
mod stories;
mod tally;
mod then;
mod words;

pub(super) use loss::{Sight, lost_among};
pub use replay::{History, Replayed, replay};
pub use scene::{Scene, lookback};
pub use step::{Step, abandon, step, steps};
pub use tally::{aftermath, ending};
pub use then::as_of;

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
