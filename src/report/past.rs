//! The past of one project, read once for everything on its page: report, routes, days, lag.

use std::slice::from_ref;
use std::sync::Arc;

use super::days::{self, Days, first_day};
use super::history::History;
use super::lag_series::{self, LagSeries};
use super::{DAY, LastDay, OPEN_FOR_MINUTES, Report, RouteReport, STRIP_MINUTES, of_day, routes};
use crate::model::{Evidence, Incident, Minute, Project, Readback, RouteId, Timestamp};
use crate::store::{Store, StoreError};

/// The last [`DAYS`](super::DAYS) days of a project: the last day as beats, older days as hours.
pub struct Past {
    project: Arc<Project>,
    now: Timestamp,
    history: History,
    evidence: Vec<Evidence>,
    incidents: Vec<Incident>,
}

impl Past {
    pub async fn read(store: &Store, project: Arc<Project>, now: Timestamp) -> Result<Self, StoreError> {
        let end = now.minute().plus(1);
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        // Two more days: 90 days to the minute reach into a 91st, and a point of the lag series begins before that.
        let from = first_day(now).plus(-2 * DAY);
        let history = History::read(store, project.routes.iter().collect(), from, end, end.plus(-lag_series::MINUTES_SHOWN)).await?;
        let evidence = store.evidence(&ids, end.plus(-STRIP_MINUTES), end).await?;
        let incidents = days::incidents(store, from_ref(&project), now).await?;
        Ok(Self { project, now, history, evidence, incidents })
    }

    #[must_use]
    pub fn report(&self, readback: Option<Readback>) -> Report {
        of_day(Arc::clone(&self.project), readback, self.last_day(), self.now)
    }

    #[must_use]
    pub fn routes(&self, readback: Option<&Readback>) -> Vec<RouteReport> {
        routes::of_day(&self.project, readback, self.last_day(), self.now)
    }

    #[must_use]
    pub fn days(&self) -> Days {
        days::of_history(from_ref(&self.project), &self.history, &self.incidents, self.now)
    }

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
