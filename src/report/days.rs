//! The last 90 days (UTC): outcomes, uptime and incident time per day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::due::{Counted, Due, add};
use super::history::{Detail, History};
use super::{DAY, Ends, start_of};
use crate::model::{Incident, IncidentKind, Minute, Project, ProjectId, Timestamp};
use crate::store::{Store, StoreError};

/// Including today.
pub const DAYS: usize = 90;

/// In minutes. A period is on record although its first minutes have no beat, for example during a restart.
const BEGAN_SLACK: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub start: Minute,
    /// The outcomes of all routes; a due minute without a beat counts as Not sent. [`Ends::share`] is the availability.
    pub ends: Ends,
    open: [Duration; IncidentKind::ALL.len()],
}

impl Day {
    #[must_use]
    pub fn incident(&self, incident_kind: IncidentKind) -> Duration {
        self.open[incident_kind as usize]
    }

    #[must_use]
    pub fn had_incident(&self) -> bool {
        self.open.iter().any(|open| !open.is_zero())
    }
}

/// Share of beats that arrived, on time or late, from 0 to 1. Beats that were neither found nor failed by PostHog do not count; null if no beat
/// counts. Days are whole days (UTC), including today.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
#[schema(as = UptimeJson)]
pub struct Uptime {
    /// Last 24 hours, to the minute.
    pub last_24_hours: Option<f64>,
    /// Last 7 days.
    pub last_7_days: Option<f64>,
    /// Last 30 days.
    pub last_30_days: Option<f64>,
    /// Last 90 days.
    pub last_90_days: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Days {
    pub days: Vec<Day>,
    pub uptime: Uptime,
    pub last_24_hours: Ends,
    /// The first minute with a recorded beat.
    began: Option<Minute>,
    now: Minute,
}

impl Days {
    /// When the records began, if that was later than the beginning of the last `count` days (including today).
    #[must_use]
    pub fn since_within_days(&self, count: usize) -> Option<Minute> {
        let start = self.days.get(self.days.len().checked_sub(count)?)?.start;
        self.since_within(start)
    }

    /// When the records began, if that was less than 24 hours ago.
    #[must_use]
    pub fn since_within_24_hours(&self) -> Option<Minute> {
        self.since_within(self.now.plus(1 - DAY))
    }

    fn since_within(&self, start: Minute) -> Option<Minute> {
        self.began.filter(|began| *began > start.plus(BEGAN_SLACK))
    }
}

pub async fn days(store: &Store, projects: &[Arc<Project>], now: Timestamp) -> Result<Days, StoreError> {
    let history = history(store, projects, Detail::outcomes(now.minute().plus(1)), now).await?;
    let incidents = incidents(store, projects, now).await?;
    Ok(of_history(projects, &history, &incidents, now))
}

pub(super) async fn of_each(store: &Store, projects: &[Arc<Project>], detail: Detail<'_>, now: Timestamp) -> Result<Vec<Days>, StoreError> {
    let history = history(store, projects, detail, now).await?.of_each(projects);
    let mut incidents: HashMap<ProjectId, Vec<Incident>> = HashMap::new();
    for incident in self::incidents(store, projects, now).await? {
        incidents.entry(incident.project).or_default().push(incident);
    }
    let of_one = |(project, history): (&Arc<Project>, History)| {
        let mine = incidents.get(&project.id).map_or(&[][..], Vec::as_slice);
        of_history(std::slice::from_ref(project), &history, mine, now)
    };
    Ok(projects.iter().zip(history).map(of_one).collect())
}

/// The midnight (UTC) at which the last [`DAYS`] days begin.
pub(super) fn first_day(now: Timestamp) -> Minute {
    start_of(now.minute(), DAY).plus(-DAY * (DAYS as i64 - 1))
}

async fn history(store: &Store, projects: &[Arc<Project>], detail: Detail<'_>, now: Timestamp) -> Result<History, StoreError> {
    let routes = projects.iter().flat_map(|project| &project.routes).collect();
    History::read(store, routes, first_day(now), now.minute().plus(1), detail).await
}

pub(super) async fn incidents(store: &Store, projects: &[Arc<Project>], now: Timestamp) -> Result<Vec<Incident>, StoreError> {
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    store.incidents_since(&ids, first_day(now).start()).await
}

pub(super) fn of_history(projects: &[Arc<Project>], history: &History, incidents: &[Incident], now: Timestamp) -> Days {
    let first = first_day(now);
    let end = now.minute().plus(1);
    let day_ago = end.plus(-DAY);
    let mut days: Vec<Counted> = (0..DAYS as i64).map(|_| Counted::at(now)).collect();
    let mut last_24_hours = Counted::at(now);
    let mut began: Option<Minute> = None;
    for day in history.days.iter().filter(|day| day.start >= first) {
        began = began.into_iter().chain(day.first).min();
        days[place(first, day.start)].add_day(day);
    }
    for (_, minute, outcome) in history.minutes().filter(|(_, minute, _)| *minute >= first) {
        began = Some(began.map_or(minute, |before| before.min(minute)));
        days[place(first, minute)].add(minute, outcome);
        if minute >= day_ago {
            last_24_hours.add(minute, outcome);
        }
    }
    for hour in history.hours.iter().filter(|hour| hour.start >= first) {
        days[place(first, hour.start)].add_duplicates(hour.duplicates);
    }
    for beat in history.beats_from(first) {
        days[place(first, beat.minute)].add_duplicates(beat.duplicates());
    }

    let switched: Vec<Due> = projects.iter().map(|project| Due::of(project)).collect();
    let due = |from: Minute, to: Minute| -> u32 {
        projects.iter().zip(&switched).map(|(project, due)| due.over(&project.routes, from, to, now)).sum()
    };
    let open =
        IncidentKind::ALL.map(|incident_kind| stretches(incidents.iter().filter(|incident| incident.incident_kind == incident_kind), now));
    let days: Vec<Day> = (0..)
        .zip(days)
        .map(|(at, day)| {
            let start = first.plus(at * DAY);
            let end = start.plus(DAY);
            let open = std::array::from_fn(|incident_kind| {
                open[incident_kind].iter().map(|one| overlap(*one, (start.start(), end.start()))).sum()
            });
            Day { start, ends: day.ends(due(start, end)), open }
        })
        .collect();
    let last_24_hours = last_24_hours.ends(due(day_ago, end));
    let of_last = |count: usize| {
        let mut ends = Ends::default();
        days[DAYS - count..].iter().for_each(|day| ends.merge(&day.ends));
        ends.share()
    };
    let uptime =
        Uptime { last_24_hours: last_24_hours.share(), last_7_days: of_last(7), last_30_days: of_last(30), last_90_days: of_last(DAYS) };
    Days { days, uptime, last_24_hours, began, now: now.minute() }
}

/// The number of days from `first` to `minute`, which must not be earlier.
fn place(first: Minute, minute: Minute) -> usize {
    ((minute.index() - first.index()) / DAY) as usize
}

/// The times when an incident was open, merged where they overlap, oldest first.
fn stretches<'a>(incidents: impl Iterator<Item = &'a Incident>, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut all: Vec<_> = incidents.map(|incident| (incident.opened, incident.closed.unwrap_or(now))).collect();
    all.sort_unstable();
    let mut merged = Vec::new();
    for span in all {
        add(&mut merged, span);
    }
    merged
}

fn overlap(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> Duration {
    one.1.min(other.1).since(one.0.max(other.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_touch_are_one_and_are_counted_once() {
        let at = |second: i64| Timestamp::from_ms(second * 1000);
        let project = crate::report::samples::project("shop");
        let incident = |opened, closed: Option<i64>| Incident {
            closed: closed.map(at),
            ..crate::report::samples::incident(&project, IncidentKind::Ingestion, at(opened))
        };
        let all = [incident(100, Some(200)), incident(0, Some(50)), incident(150, Some(300)), incident(900, None)];
        let merged = stretches(all.iter(), at(1000));
        assert_eq!(merged, [(at(0), at(50)), (at(100), at(300)), (at(900), at(1000))]);
        assert_eq!(overlap(merged[1], (at(250), at(400))), Duration::from_secs(50));
        assert_eq!(overlap(merged[1], (at(300), at(400))), Duration::ZERO);
        assert_eq!(overlap(merged[1], (at(400), at(500))), Duration::ZERO);
    }
}
