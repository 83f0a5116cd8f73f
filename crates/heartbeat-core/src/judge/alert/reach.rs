//! How far back the rules look.

use std::time::Duration;

use super::row::{Marks, Row};
use super::rules::rows;
use super::scene::{Scene, View, readback_interval};
use crate::model::Project;

/// Extra time beyond what a rule needs: for a late read-back, and for the marks before the first bad one.
const MARGIN: Duration = Duration::from_mins(10);

/// How far back beats and samples are needed for a scene of this project: for as many decided beats as the damping of the rules needs, and for
/// what its read-backs look back on.
#[must_use]
pub fn lookback(project: &Project) -> Duration {
    let before_readbacks = longest(project, of_readbacks);
    over_beats(project).max(before_readbacks + over_readbacks(project))
}

fn of_readbacks(row: &Row) -> bool {
    matches!(row.marks, Marks::Readbacks { .. })
}

fn longest(project: &Project, is_meant: impl Fn(&Row) -> bool) -> Duration {
    let rule = |row: &Row| project.spec.alert().map(|app| app.rule(row.kind));
    rows().filter(|row| is_meant(row)).map(|row| (row.back)(&project.spec, rule(row))).max().unwrap_or_default()
}

/// The largest number of marks that one of these rules needs.
fn most_marks(project: &Project, is_meant: impl Fn(&Row) -> bool) -> u32 {
    let Some(app) = project.spec.alert() else { return 0 };
    let dampings = rows().filter(|row| is_meant(row)).map(|row| app.rule(row.kind).damping);
    dampings.map(|damping| u32::from(damping.of.max(damping.good))).max().unwrap_or(0)
}

fn over_beats(project: &Project) -> Duration {
    let of_beats = |row: &Row| matches!(row.marks, Marks::Beats(_));
    let decided = longest(project, of_beats) + Duration::from_mins(1) * most_marks(project, of_beats);
    let compared = longest(project, |row| matches!(row.marks, Marks::Minutes { .. }));
    decided.max(compared) + readback_interval(project) + MARGIN
}

fn over_readbacks(project: &Project) -> Duration {
    readback_interval(project) * (most_marks(project, of_readbacks) + 1) + MARGIN
}

impl<'a> View<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Self {
        let Scene { at, project, .. } = *scene;
        let from = at.minus(lookback(project)).minute();
        let beats = &scene.beats[scene.beats.partition_point(|beat| beat.minute < from)..];
        let samples = &scene.samples[scene.samples.partition_point(|sample| sample.at.minute() < from)..];
        let marks_from = |back| scene.since().max(at.minus(back).minute().start());
        Self {
            scene: Scene { beats, samples, ..*scene },
            from,
            beats_from: marks_from(over_beats(project)).max(project.on_since().unwrap_or(at)),
            readbacks_from: marks_from(over_readbacks(project)),
        }
    }
}
