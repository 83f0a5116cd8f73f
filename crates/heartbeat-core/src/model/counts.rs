//! Counts of a route's beats since the beginning: they stay when beats and hours are deleted.

use super::{Outcome, ProjectId, Timestamp};

/// Bounds of the lag counts in milliseconds; the last count is for lags above all bounds.
pub const LAG_BOUNDS_MS: [u64; 13] =
    [1_000, 2_500, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000];

/// The counts of one route. They never decrease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCounts {
    pub project: ProjectId,
    pub route: String,
    /// Beats per outcome, indexed by the outcome's number. A lost, rejected or unverified beat that is seen later counts for both.
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Arrivals with a lag within each of [`LAG_BOUNDS_MS`] and above the previous bound; the last, above all of them.
    pub lags: [u64; LAG_BOUNDS_MS.len() + 1],
    /// The sum of all lags, in milliseconds.
    pub lag_ms: u64,
    /// When the newest arrival was ingested.
    pub newest: Option<Timestamp>,
}

impl RouteCounts {
    #[must_use]
    pub fn none(project: ProjectId, route: String) -> Self {
        Self { project, route, outcomes: Default::default(), lags: Default::default(), lag_ms: 0, newest: None }
    }

    #[must_use]
    pub const fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }
}
