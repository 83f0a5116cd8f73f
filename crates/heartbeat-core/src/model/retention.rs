//! How long things are kept.

use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Beats and read-backs, one row each; beats are then folded into hours. At least until no read-back can change them any more, whatever stands here.
    pub beats: Duration,
    /// Hours, and incidents that are over with their messages.
    pub hours: Duration,
    /// What came back when something failed.
    pub evidence: Duration,
}

/// Two weeks of beats, 400 days of hours (a year, and a month to compare it with), 90 days of evidence.
impl Default for Retention {
    fn default() -> Self {
        Self { beats: 14 * DAY, hours: 400 * DAY, evidence: 90 * DAY }
    }
}
