//! What the beats of a route came to, counted for ever: what is counted stays counted when beats and hours are past keeping.

use super::{Outcome, ProjectId, Timestamp};

/// Lags are counted by these bounds, in milliseconds; the last count is of those beyond them all.
pub const LAG_BOUNDS_MS: [u64; 13] =
    [1_000, 2_500, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000];

/// What the beats of one route came to since they are counted. No number ever falls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCounts {
    /// Whose route it is.
    pub project: ProjectId,
    /// The route's name.
    pub route: String,
    /// How many beats came to each outcome, by its number. A beat that was lost, refused or unverified and is seen after all counts for both.
    pub outcomes: [u64; Outcome::ALL.len()],
    /// How many arrivals had a lag within each of [`LAG_BOUNDS_MS`] and beyond the one before; the last, beyond them all.
    pub lags: [u64; LAG_BOUNDS_MS.len() + 1],
    /// All lags together, in milliseconds.
    pub lag_ms: u64,
    /// When the newest arrival was ingested.
    pub newest: Option<Timestamp>,
}

impl RouteCounts {
    /// A route of which nothing is counted yet.
    #[must_use]
    pub fn none(project: ProjectId, route: String) -> Self {
        Self { project, route, outcomes: Default::default(), lags: Default::default(), lag_ms: 0, newest: None }
    }

    /// How many came to this outcome.
    #[must_use]
    pub const fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }
}
