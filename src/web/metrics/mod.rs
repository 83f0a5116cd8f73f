//! `/metrics`, for Prometheus. History is read from the store on each scrape, so a restart loses nothing; process metrics are counters in memory.

mod exposition;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use self::exposition::{Exposition, Format, Kind};
use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;
use crate::config::METRICS_PROJECTS;
use crate::judge::Health;
use crate::liveness::Loop;
use crate::model::{Channel, IncidentKind, LAG_BOUNDS_MS, Outcome, ProjectId, ProjectName, RouteCounts, Severity, Timestamp};
use crate::report::{Brief, briefs};
use crate::store::IncidentFilter;

const AT_A_TIME: usize = 100;

/// Label for incidents of projects without metrics of their own.
const OTHERS: &str = "";

/// A visitor who is logged in, or anyone if `open_metrics` is set.
pub(super) struct Scraper;

impl FromRequestParts<Arc<Site>> for Scraper {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        if !site.web.settings.open_metrics {
            Visitor::from_request_parts(parts, site).await?;
        }
        Ok(Self)
    }
}

pub(super) async fn scrape(_scraper: Scraper, State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<Response, WebError> {
    let format = Format::preferred(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default());
    let mut all = Exposition::new(format);
    process(&site, &mut all);
    channels(&site, &mut all).await?;
    let names = site.web.store.project_names().await?;
    let chosen = chosen(&site, &names).await?;
    all.metric("heartbeat_projects", Kind::Gauge, "Projects").sample(&[], names.len() as f64);
    let left_out = names.len() - chosen.len();
    let help = "Projects without metrics of their own: metrics_projects does not name them, or they are over the limit";
    all.metric("heartbeat_projects_left_out", Kind::Gauge, help).sample(&[], left_out as f64);
    let read = read(&site, &chosen).await?;
    incidents(&site, &read, &mut all).await?;
    beats(&chosen, &read, &mut all);
    states(&read, &mut all);
    let types = [(CONTENT_TYPE, HeaderValue::from_static(format.content_type())), (VARY, HeaderValue::from_static("accept"))];
    Ok((types, all.end()).into_response())
}

/// The configured projects, or the oldest ones, so that a new project does not displace another.
async fn chosen(site: &Site, all: &[(ProjectId, ProjectName)]) -> Result<BTreeMap<ProjectId, String>, WebError> {
    let filter = &site.web.settings.metrics_projects;
    let named: HashSet<ProjectName> =
        if filter.is_all() { HashSet::new() } else { site.web.store.names_in(filter).await?.into_iter().collect() };
    let mut chosen: Vec<_> = all.iter().filter(|(_, name)| filter.is_all() || named.contains(name)).collect();
    chosen.sort_unstable_by_key(|(id, _)| *id);
    Ok(chosen.iter().take(METRICS_PROJECTS).map(|(id, name)| (*id, name.to_string())).collect())
}

fn process(site: &Site, all: &mut Exposition) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    all.metric("heartbeat_build_info", Kind::Info, "The version of Heartbeat").sample(&version, 1.0);
    let started = unix_seconds(site.web.liveness.started());
    all.metric("process_start_time_seconds", Kind::Gauge, "When this process started, in seconds since 1970").sample(&[], started);
    let help = "Beats sent and recorded (pulse), read-backs (verify), notifications delivered (notify), since the start of the process";
    let mut done = all.metric("heartbeat_done_total", Kind::Counter, help);
    for of in Loop::ALL {
        done.sample(&[("loop", of.name())], site.web.liveness.done(of) as f64);
    }
    let help = "How late a loop is; 0 while it is on schedule";
    let mut behind = all.metric("heartbeat_behind_seconds", Kind::Gauge, help);
    for of in Loop::ALL {
        behind.sample(&[("loop", of.name())], site.web.liveness.overdue(of).as_secs_f64());
    }
}

async fn channels(site: &Site, all: &mut Exposition) -> Result<(), WebError> {
    let queues = site.web.store.queues().await?;
    let channels = site.web.store.channels().await?;
    let queue_of = |channel: &Channel| queues.iter().find(|(id, _)| *id == channel.id).map(|(_, queue)| *queue).unwrap_or_default();
    let mut gauge = |name: &'static str, help: &str, of: &dyn Fn(&Channel) -> f64| {
        let mut metric = all.metric(name, Kind::Gauge, help);
        for channel in &channels {
            metric.sample(&[("channel", &channel.called())], of(channel));
        }
    };
    let help = "1 for an enabled channel that is not delivering";
    gauge("heartbeat_channel_stopped", help, &|channel| f64::from(u8::from(channel.spec.enabled && channel.stopped.is_some())));
    gauge("heartbeat_notifications_queued", "Notifications that are queued", &|channel| queue_of(channel).queued as f64);
    let help = "Notifications that failed and can be sent again";
    gauge("heartbeat_notifications_failed", help, &|channel| queue_of(channel).failed as f64);
    Ok(())
}

struct Read {
    briefs: Vec<Brief>,
    counts: BTreeMap<ProjectId, Vec<RouteCounts>>,
}

impl Read {
    /// When the newest arrival was ingested, over the current routes of the project.
    fn newest(&self, project: ProjectId) -> Option<Timestamp> {
        self.counts.get(&project)?.iter().filter_map(|route| route.newest).max()
    }
}

async fn read(site: &Site, chosen: &BTreeMap<ProjectId, String>) -> Result<Read, WebError> {
    let ids: Vec<ProjectId> = chosen.keys().copied().collect();
    let mut counts: BTreeMap<ProjectId, Vec<RouteCounts>> = BTreeMap::new();
    for route in site.web.store.counts(&ids).await? {
        counts.entry(route.project).or_default().push(route);
    }
    let names: Vec<ProjectName> = chosen.values().filter_map(|name| ProjectName::parse(name).ok()).collect();
    let mut all = Vec::with_capacity(names.len());
    for some in names.chunks(AT_A_TIME) {
        let projects: Vec<_> = site.web.store.projects_named(some).await?.into_iter().map(Arc::new).collect();
        let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
        let readbacks = site.web.store.readbacks_of(&ids).await?;
        all.extend(briefs(&site.web.store, &projects, &readbacks, site.now()).await?);
    }
    all.sort_by(|one, other| one.project.spec.name.cmp(&other.project.spec.name));
    Ok(Read { briefs: all, counts })
}

/// With Ingestion Alert installed, every kind and severity has a sample, also if it is 0: a missing series is not 0.
async fn incidents(site: &Site, read: &Read, all: &mut Exposition) -> Result<(), WebError> {
    let none = IncidentKind::ALL.into_iter().flat_map(|kind| Severity::ALL.map(|severity| (kind as usize, severity)));
    let watched = read.briefs.iter().filter(|brief| brief.project.spec.ingestion_alert.is_some());
    let mut open: BTreeMap<(&str, usize, Severity), u32> =
        watched.flat_map(|brief| none.clone().map(|(kind, severity)| ((brief.project.spec.name.as_str(), kind, severity), 0))).collect();
    let chosen: BTreeMap<ProjectId, &str> = read.briefs.iter().map(|brief| (brief.project.id, brief.project.spec.name.as_str())).collect();
    for incident in site.web.store.incidents(&IncidentFilter::open()).await? {
        let project = chosen.get(&incident.project).copied().unwrap_or(OTHERS);
        *open.entry((project, incident.incident_kind as usize, incident.severity)).or_default() += 1;
    }
    let help = "Open incidents. Those of projects without metrics of their own have an empty project label";
    let mut metric = all.metric("heartbeat_incidents_open", Kind::Gauge, help);
    for ((project, kind, severity), count) in open {
        let labels = [("project", project), ("kind", IncidentKind::ALL[kind].name()), ("severity", severity.name())];
        metric.sample(&labels, f64::from(count));
    }
    Ok(())
}

/// Every project has its series, even before its first beat.
fn beats(chosen: &BTreeMap<ProjectId, String>, read: &Read, all: &mut Exposition) {
    let help = "Beats by outcome. A lost, rejected or unverified beat that arrives later counts for both outcomes";
    let mut beats = all.metric("heartbeat_beats_total", Kind::Counter, help);
    for (id, project) in chosen {
        for route in read.counts.get(id).into_iter().flatten() {
            for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Awaiting) {
                let labels = [("project", project.as_str()), ("route", route.route.as_str()), ("outcome", outcome.name())];
                beats.sample(&labels, route.of(outcome) as f64);
            }
        }
    }
    let bounds = LAG_BOUNDS_MS.map(|bound| bound as f64 / 1e3);
    let mut lags =
        all.metric("heartbeat_lag_seconds", Kind::Histogram, "How late arrivals were ingested, all routes of a project together");
    for (id, project) in chosen {
        let Some(routes) = read.counts.get(id) else { continue };
        let mut counts = [0; LAG_BOUNDS_MS.len() + 1];
        let counted = routes.iter().flat_map(|route| route.lags.iter().enumerate());
        counted.for_each(|(at, count)| counts[at] += count);
        let sum_ms: u64 = routes.iter().map(|route| route.lag_ms).sum();
        lags.histogram(&[("project", project)], &bounds, &counts, sum_ms as f64 / 1e3);
    }
}

fn states(read: &Read, all: &mut Exposition) {
    let mut gauge = |name: &'static str, help: &str, of: &dyn Fn(&Brief) -> Option<f64>| {
        let mut metric = all.metric(name, Kind::Gauge, help);
        for brief in &read.briefs {
            if let Some(value) = of(brief) {
                metric.sample(&[("project", brief.project.spec.name.as_str())], value);
            }
        }
    };
    gauge("heartbeat_enabled", "1 while Heartbeat sends beats for the project", &|brief| {
        Some(f64::from(u8::from(brief.project.spec.beats())))
    });
    let help = "When the newest beat that arrived was ingested, in seconds since 1970; 0 if none ever arrived";
    let newest = |brief: &Brief| read.newest(brief.project.id).map_or(0.0, unix_seconds);
    gauge("heartbeat_last_arrival_timestamp_seconds", help, &|brief| brief.project.spec.heartbeat.as_ref().map(|_| newest(brief)));
    let help = "How late the newest beat was ingested. Grows while beats do not arrive; absent while none is sent or read back";
    gauge("heartbeat_newest_lag_seconds", help, &|brief| lag_by_now(brief, read.newest(brief.project.id)));
    let help = "The newest minute up to which every accepted beat has arrived, in seconds since 1970";
    let complete = |brief: &Brief| brief.complete_through.map(|minute| unix_seconds(minute.start()));
    gauge("heartbeat_complete_through_timestamp_seconds", help, &complete);
    let help = "1 for the health of the project: up, degraded, down, unknown, not_running, pending, unverified, disabled";
    let mut health = all.metric("heartbeat_health", Kind::Gauge, help);
    for brief in &read.briefs {
        health.sample(&[("project", brief.project.spec.name.as_str()), ("health", brief.verdict.health.name())], 1.0);
    }
}

/// A brief covers one day; the newest arrival can be older.
fn lag_by_now(brief: &Brief, newest: Option<Timestamp>) -> Option<f64> {
    let is_watched = brief.project.spec.beats() && brief.verdict.health != Health::Unverified;
    let older = newest.filter(|_| brief.newest_seen.is_none()).map(|newest| brief.at.since(newest));
    brief.lag_by_now().max(older).filter(|_| is_watched).map(|lag| lag.as_secs_f64())
}

fn unix_seconds(at: Timestamp) -> f64 {
    at.ms() as f64 / 1e3
}
