//! The rules over one stretch of history.

use std::time::Duration;

use super::history::History;
use crate::model::{Incident, IngestionAlertApp, Project, RuleKind, Timestamp};

/// An incident that the rules would have opened.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// As it ended, or stands at the end of the stretch.
    pub(super) incident: Incident,
    /// Every rule that held it open at some time.
    pub(super) rules: Vec<RuleKind>,
}

/// How far back the rules look.
pub(super) fn lookback(_project: &Project) -> Duration {
    Duration::from_hours(24)
}

/// The incidents of a stretch, those with them that were open when it began.
pub(super) fn run(
    _project: &Project,
    _history: &History,
    _app: &IngestionAlertApp,
    _open: &[Incident],
    _stretch: (Timestamp, Timestamp),
) -> Vec<Found> {
    Vec::new()
}
