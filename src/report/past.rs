//! The past of one project, read once for everything on its page: report, routes, days, lag.

use std::slice::from_ref;
use std::sync::Arc;

use super::days::{self, Days, first_day};
use super::history::{Detail, History};
use super::lag_series::{self, LagSeries};
use super::{DAY, LastDay, OPEN_FOR_MINUTES, Report, RouteReport, STRIP_MINUTES, of_day, routes};
use crate::model::{Evidence, Incident, Minute, Project, Readback, RouteId, Timestamp};
use crate::store::{Store, StoreError};

/// The longest series of lags, in minutes.
const LONGEST: i64 = DAY * super::DAYS as i64;

/// The last [`DAYS`](super::DAYS) days of a project: the last day as beats, older time as days, and as hours where lags are shown.
pub struct Past {
    project: Arc<Project>,
    now: Timestamp,
    lag_minutes: i64,
    history: History,
    evidence: Vec<Evidence>,
    incidents: Vec<Incident>,
}

impl Past {
    /// With the lags of the last `lag_minutes`.
    pub async fn read(store: &Store, project: Arc<Project>, now: Timestamp, lag_minutes: i64) -> Result<Self, StoreError> {
        let end = now.minute().plus(1);
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let lags_from = lag_series::reach(end.plus(-lag_minutes.min(LONGEST)), end);
        let detail = Detail::Beats { lags_from, beats_from: end.plus(-lag_series::MINUTES_SHOWN) };
        let history = History::read(store, project.routes.iter().collect(), first_day(now).min(lags_from), end, detail).await?;
        let evidence = store.evidence(&ids, end.plus(-STRIP_MINUTES), end).await?;
        let incidents = days::incidents(store, from_ref(&project), now).await?;
        Ok(Self { project, now, lag_minutes, history, evidence, incidents })
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
    pub fn lags(&self) -> LagSeries {
        let end = self.now.minute().plus(1);
        lag_series::of_history(&self.project, &self.history, end.plus(-self.lag_minutes.min(LONGEST)), end, self.now)
    }

    fn last_day(&self) -> LastDay<'_> {
        let from: Minute = self.now.minute().plus(1 - OPEN_FOR_MINUTES);
        LastDay { beats: self.history.beats_from(from), evidence: &self.evidence }
    }
}
