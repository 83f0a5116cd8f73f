//! Reports, read from the store. The command line, the demo and the pages render the same report.

mod accounts;
mod beat;
mod beat_list;
mod brief;
mod change;
mod days;
mod due;
mod ends;
mod fill;
mod history;
pub mod json;
mod lag_series;
mod log;
mod metrics;
mod notes;
mod past;
mod postmortem;
mod routes;
mod rules;
#[cfg(test)]
mod samples;
mod status_page;
mod window;
mod words;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::judge::{self, Facts, Verdict};
use crate::model::{Evidence, Histogram, Minute, Outcome, Project, Readback, Recorded, Route, RouteId, Timestamp};
use crate::store::{Store, StoreError};

use due::{Counted, Due};
use ends::more_severe;
use json::in_ms;

pub use accounts::{InvitationJson, NewTokenJson, TokenJson, UserJson};
pub use beat::{Bar, BeatReadback, BeatRecord, BeatStory, ReadbackFinding, beat_story, took, was_due, waterfall};
pub use beat_list::{BeatFilter, BeatList, Listed, beat_list};
pub use brief::{Brief, briefs, briefs_with_days};
pub use change::AuditEntryJson;
pub use days::{DAYS, Day, Days, Uptime, days};
pub use ends::Ends;
pub use lag_series::{LagSeries, MAX_POINTS, MINUTES_SHOWN, Point, RouteSeries, lag_series};
pub use log::{Level, Line, LogPage, Sought, beat_words, log};
pub use metrics::{AlertFigures, HeartbeatFigures, ReadbackCounts, alert_figures, heartbeat_figures};
pub use notes::{notes, watched};
pub use past::Past;
pub use postmortem::{IncidentStory, incident_story, postmortem};
pub use routes::{RouteReport, routes};
pub use rules::{RuleJson, RulesJson};
pub use status_page::StatusPageJson;
pub use window::{WindowJson, WindowState, window_times};
pub use words::{answer, channel_name, proof, route_name};

/// In minutes, as all lengths of time here.
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// How far back beats can hold back "complete through": as long as read-backs look for them.
const OPEN_FOR_MINUTES: i64 = DAY;
const STRIP_MINUTES: i64 = HOUR;

/// Percentiles of the ingestion lag; null if no beat arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Lags {
    /// Median ingestion lag in milliseconds.
    #[serde(rename = "p50_ms", serialize_with = "in_ms")]
    #[schema(value_type = Option<u64>)]
    pub p50: Option<Duration>,
    /// 95th percentile of the ingestion lag in milliseconds.
    #[serde(rename = "p95_ms", serialize_with = "in_ms")]
    #[schema(value_type = Option<u64>)]
    pub p95: Option<Duration>,
    /// 99th percentile of the ingestion lag in milliseconds.
    #[serde(rename = "p99_ms", serialize_with = "in_ms")]
    #[schema(value_type = Option<u64>)]
    pub p99: Option<Duration>,
    #[serde(skip)]
    pub count: u64,
}

impl Lags {
    fn of(lags: &Histogram) -> Self {
        Self { p50: lags.percentile(0.5), p95: lags.percentile(0.95), p99: lags.percentile(0.99), count: lags.count() }
    }
}

#[derive(Debug, Clone)]
pub struct Report {
    pub project: Arc<Project>,
    pub at: Timestamp,
    pub verdict: Verdict,
    pub complete_through: Option<Minute>,
    pub lags: Lags,
    /// Today's outcomes (UTC); a due minute without a beat counts as Not sent.
    pub ends: Ends,
    /// The last hour, oldest minute first: the worst outcome of all routes; `None` where no beat was due.
    pub strip: Vec<Option<Outcome>>,
    pub newest_seen: Option<Recorded>,
    pub readback: Option<Readback>,
    pub evidence: Vec<Evidence>,
}

pub async fn reports(store: &Store, now: Timestamp) -> Result<Vec<Report>, StoreError> {
    let readbacks = store.readbacks().await?;
    let mut reports = Vec::new();
    for project in store.projects().await? {
        // A read-back after `now` says nothing about that time.
        let readback = readbacks.iter().find(|readback| readback.project == project.id && readback.at <= now).cloned();
        reports.push(report(store, Arc::new(project), readback, now).await?);
    }
    Ok(reports)
}

pub async fn report(store: &Store, project: Arc<Project>, readback: Option<Readback>, now: Timestamp) -> Result<Report, StoreError> {
    let (beats, evidence) = read_last_day(store, &project, now).await?;
    Ok(of_day(project, readback, LastDay { beats: &beats, evidence: &evidence }, now))
}

/// The last 24 hours: the time in which beats can hold back "complete through".
#[derive(Debug, Clone, Copy)]
struct LastDay<'d> {
    beats: &'d [Recorded],
    evidence: &'d [Evidence],
}

async fn read_last_day(store: &Store, project: &Project, now: Timestamp) -> Result<(Vec<Recorded>, Vec<Evidence>), StoreError> {
    let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let end = now.minute().plus(1);
    let beats = store.beats(&ids, end.plus(-OPEN_FOR_MINUTES), end).await?;
    let evidence = store.evidence(&ids, end.plus(-STRIP_MINUTES), end).await?;
    Ok((beats, evidence))
}

fn of_day(project: Arc<Project>, readback: Option<Readback>, day: LastDay<'_>, now: Timestamp) -> Report {
    let LastDay { beats, evidence } = day;
    let verdict = verdict(&project, &project.routes, day, readback.as_ref(), now);
    let (lags, ends) = today(&project, &project.routes, beats, now);
    Report {
        complete_through: judge::complete_through(beats),
        at: now,
        verdict,
        lags,
        ends,
        strip: strip(&project, &project.routes, beats, now),
        newest_seen: beats.iter().rfind(|beat| beat.outcome.is_seen()).cloned(),
        readback,
        evidence: evidence.to_vec(),
        project,
    }
}

/// From the beats and the evidence of `routes` alone.
fn verdict(project: &Project, routes: &[Route], day: LastDay<'_>, readback: Option<&Readback>, now: Timestamp) -> Verdict {
    let LastDay { beats, evidence } = day;
    let on_since = project.on_since();
    judge::verdict(&Facts { now, spec: &project.spec, on_since, routes, beats, evidence, readback, first_bad: None })
}

fn owners(projects: &[Arc<Project>]) -> HashMap<RouteId, usize> {
    projects.iter().enumerate().flat_map(|(at, project)| project.routes.iter().map(move |route| (route.id, at))).collect()
}

/// The last whole multiple of `length`: of a day, the midnight (UTC).
fn start_of(minute: Minute, length: i64) -> Minute {
    Minute::from_index(minute.index().div_euclid(length) * length)
}

fn today(project: &Project, routes: &[Route], beats: &[Recorded], now: Timestamp) -> (Lags, Ends) {
    let midnight = start_of(now.minute(), DAY);
    let (mut lags, mut counted) = (Histogram::default(), Counted::at(now));
    for beat in beats.iter().filter(|beat| beat.minute >= midnight) {
        counted.add(beat.minute, beat.outcome);
        counted.add_duplicates(beat.duplicates());
        if let Some(lag) = beat.ingested_lag() {
            lags.add(lag);
        }
    }
    (Lags::of(&lags), counted.ends(Due::of(project).over(routes, midnight, now.minute(), now)))
}

fn strip(project: &Project, routes: &[Route], beats: &[Recorded], now: Timestamp) -> Vec<Option<Outcome>> {
    let end = now.minute().plus(1);
    let of_minute = |minute: Minute| {
        let at = beats.partition_point(|beat| beat.minute < minute);
        let recorded = beats[at..].iter().take_while(|beat| beat.minute == minute).map(|beat| beat.outcome);
        let worst = recorded.fold(None, more_severe);
        let was_due = minute < now.minute() && project.was_on(minute) && routes.iter().any(|route| route.since.minute() <= minute);
        worst.or(was_due.then_some(Outcome::NotSent))
    };
    end.plus(-STRIP_MINUTES).until(end).map(of_minute).collect()
}
