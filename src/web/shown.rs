//! Reads data of a project, for pages and API.

use std::sync::Arc;
use std::time::Duration;

use super::error::WebError;
use super::site::Site;
use super::words::{minute_asked, minute_mark, short};
use crate::model::{Minute, Project, ProjectName, Readback, Route, Timestamp};

use crate::report::{BeatRecord, BeatStory, Brief, LagSeries, Point, beat_story, briefs, lag_series, was_due};
use crate::store::StoreError;

pub(super) fn route<'p>(project: &'p Project, name: &str) -> Result<&'p Route, WebError> {
    let found = project.routes.iter().find(|route| route.spec.name == name);
    found.ok_or_else(|| WebError::no(&format!("route of {}", project.spec.name), name))
}

/// Ignores a read-back after `now`.
pub(super) async fn readback(site: &Site, project: &Project, now: Timestamp) -> Result<Option<Readback>, StoreError> {
    Ok(site.web.store.readback(project.id).await?.filter(|readback| readback.at <= now))
}

pub(super) async fn in_brief(site: &Site, names: &[ProjectName], now: Timestamp) -> Result<Vec<Brief>, StoreError> {
    briefs_of(site, site.web.store.projects_named(names).await?.into_iter().map(Arc::new).collect(), now).await
}

pub(super) async fn briefs_of(site: &Site, projects: Vec<Arc<Project>>, now: Timestamp) -> Result<Vec<Brief>, StoreError> {
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    let readbacks = site.web.store.readbacks_of(&ids).await?;
    briefs(&site.web.store, &projects, &readbacks, now).await
}

/// A project is new if it has sent beats for less than this.
const YOUNG: Duration = Duration::from_hours(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
}

impl Range {
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Its name in addresses, in words, and in minutes.
    const fn row(self) -> (&'static str, &'static str, i64) {
        match self {
            Self::Hour => ("1h", "1 hour", 60),
            Self::Day => ("24h", "24 hours", 24 * 60),
            Self::Week => ("7d", "7 days", 7 * 24 * 60),
            Self::Month => ("30d", "30 days", 30 * 24 * 60),
            Self::Quarter => ("90d", "90 days", 90 * 24 * 60),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        self.row().0
    }

    pub(super) const fn words(self) -> &'static str {
        self.row().1
    }

    pub(super) const fn minutes(self) -> i64 {
        self.row().2
    }

    /// The default range of a project: a day, or an hour for a new project, so that there is something to see.
    pub(super) fn usual(project: &Project, now: Timestamp) -> Self {
        let begun = project.routes.iter().map(|route| route.since).min();
        if begun.is_some_and(|begun| now.since(begun) < YOUNG) { Self::Hour } else { Self::Day }
    }

    pub(super) fn asked(text: Option<&str>) -> Result<Self, WebError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Self::Day) };
        let found = Self::ALL.into_iter().find(|range| range.name() == text);
        found.ok_or_else(|| WebError::unfit("range", format!("`{}` is not a range; use 1h, 24h, 7d, 30d or 90d", short(text))))
    }
}

#[derive(Debug)]
pub(super) struct Lags {
    pub(super) range: Range,
    pub(super) from: Minute,
    pub(super) to: Minute,
    /// Length of a point, in minutes.
    pub(super) step: i64,
    pub(super) points: Vec<Point>,
}

pub(super) async fn lags(site: &Site, project: &Project, range: Range, of_route: Option<&str>, now: Timestamp) -> Result<Lags, WebError> {
    let of_route = of_route.map(|name| route(project, name)).transpose()?;
    let to = now.minute().plus(1);
    let series = lag_series(&site.web.store, project, to.plus(-range.minutes()), to, now).await?;
    Ok(Lags::of(series, range, of_route))
}

impl Lags {
    pub(super) fn of(series: LagSeries, range: Range, of_route: Option<&Route>) -> Self {
        let LagSeries { from, to, step, all, routes } = series;
        let points = match of_route {
            Some(route) => routes.into_iter().find(|series| series.id == route.id).map(|series| series.points).unwrap_or_default(),
            None => all,
        };
        Self { range, from, to, step, points }
    }
}

/// Not found if no beat was due in the minute.
pub(super) async fn beat(site: &Site, project: &Project, route: &str, minute: &str, now: Timestamp) -> Result<BeatStory, WebError> {
    let minute = minute_asked("minute", minute)?;
    let story = beat_story(&site.web.store, project, route, minute, now).await?;
    let story = story.ok_or_else(|| WebError::no(&format!("route of {}", project.spec.name), route))?;
    match story.kept {
        BeatRecord::NotDue => Err(WebError::NotFound(format!(
            "there is no beat of {} on {route} at {}: none was due",
            project.spec.name,
            minute_mark(minute)
        ))),
        _ => Ok(story),
    }
}

pub(super) async fn has_beat(site: &Site, project: &Project, route: &Route, minute: Minute, now: Timestamp) -> Result<bool, StoreError> {
    if was_due(project, route, minute, now) {
        return Ok(true);
    }
    Ok(!site.web.store.beats(&[route.id], minute, minute.plus(1)).await?.is_empty())
}

pub(super) fn address(project: &Project, route: &Route) -> String {
    let host = project.spec.host_of(route);
    format!("{}{}", host.capture(), route.spec.endpoint.path())
}
