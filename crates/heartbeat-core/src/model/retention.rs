//! Retention of stored data.

use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Beats and read-backs, one row each; beats are then aggregated into hours. They are stored at least as long as a read-back can change them.
    pub beats: Duration,
    /// Hours, and ended incidents with their messages.
    pub hours: Duration,
    /// Responses of failed requests.
    pub evidence: Duration,
}

/// 14 days of beats, 400 days of hours (a year, and a month to compare), 90 days of evidence.
impl Default for Retention {
    fn default() -> Self {
        Self { beats: 14 * DAY, hours: 400 * DAY, evidence: 90 * DAY }
    }
}
