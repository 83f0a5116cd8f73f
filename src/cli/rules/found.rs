//! The rules over one stretch of history.

use std::time::Duration;

use super::history::History;
use crate::judge;
use crate::model::{Incident, IngestionAlertApp, Project, Timestamp};

pub(super) use crate::judge::Replayed as Found;

/// How far back the rules look.
pub(super) fn lookback(project: &Project) -> Duration {
    judge::lookback(project)
}

/// The incidents of a stretch, those with them that were open when it began.
pub(super) fn run(
    project: &Project,
    history: &History,
    app: &IngestionAlertApp,
    open: &[Incident],
    (from, to): (Timestamp, Timestamp),
) -> Vec<Found> {
    let History { hours, beats, evidence, glances } = history;
    judge::replay(&judge::History { project, hours, beats, evidence, glances, open }, app, from, to)
}
