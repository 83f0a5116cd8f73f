//! One project's past, read once for all that its page says: report, routes, days, lag over time.

use std::slice::from_ref;
use std::sync::Arc;

use super::days::{self, Days, first_day};
use super::history::History;
use super::lag_series::{self, LagSeries};
use super::{LastDay, OPEN_FOR_MINUTES, Report, RouteReport, STRIP_MINUTES, of_day, routes};
use crate::model::{Evidence, Incident, Minute, Project, Readback, RouteId, Timestamp};
use crate::store::{Store, StoreError};

const DAY: i64 = 24 * 60;

/// What is on record of a project's last [`DAYS`](super::DAYS) days: its last day in beats, and what is older in hours.
pub struct Past {
    project: Arc<Project>,
    now: Timestamp,
    history: History,
    /// Of the last hour.
    evidence: Vec<Evidence>,
    incidents: Vec<Incident>,
}

impl Past {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(store: &Store, project: Arc<Project>, now: Timestamp) -> Result<Self, StoreError> {
        let end = now.minute().plus(1);
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let begun = project.routes.iter().map(|route| route.since.minute()).min().unwrap_or(end);
        // Further back than days are shown: 90 days to the minute are a day more, and a point of a lag series begins before them.
        let from = first_day(now).plus(-2 * DAY).max(begun);
        let history = History::read(store, &ids, from, end, end.plus(-lag_series::MINUTES_SHOWN)).await?;
        let evidence = store.evidence(&ids, end.plus(-STRIP_MINUTES), end).await?;
        let incidents = days::incidents(store, from_ref(&project), now).await?;
        Ok(Self { project, now, history, evidence, incidents })
    }

    /// The project as it is shown. `readback` is the newest read-back at it.
    #[must_use]
    pub fn report(&self, readback: Option<Readback>) -> Report {
        of_day(Arc::clone(&self.project), readback, self.last_day(), self.now)
    }

    /// Each of its routes, in its order.
    #[must_use]
    pub fn routes(&self, readback: Option<&Readback>) -> Vec<RouteReport> {
        routes::of_day(&self.project, readback, self.last_day(), self.now)
    }

    /// The last [`DAYS`](super::DAYS) days.
    #[must_use]
    pub fn days(&self) -> Days {
        days::of_history(from_ref(&self.project), &self.history, &self.incidents, self.now)
    }

    /// Lag over the last `minutes`, no more of them than [`DAYS`](super::DAYS) days have.
    #[must_use]
    pub fn lags(&self, minutes: i64) -> LagSeries {
        let end = self.now.minute().plus(1);
        lag_series::of_history(&self.project, &self.history, end.plus(-minutes.min(DAY * super::DAYS as i64)), end, self.now)
    }

    fn last_day(&self) -> LastDay<'_> {
        let from: Minute = self.now.minute().plus(1 - OPEN_FOR_MINUTES);
        LastDay { beats: self.history.beats_from(from), evidence: &self.evidence }
    }
}
