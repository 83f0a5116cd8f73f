//! `/api/v1/projects/{name}/apps/{app}/log` and `/metrics`: log and figures of an app.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::AppKind;
use crate::report::json::ms;
use crate::report::{AlertFigures, HeartbeatFigures, Lags, Level, Line, ReadbackCounts, Sought, alert_figures, heartbeat_figures, log};
use crate::web::error::WebError;
use crate::web::figures::EndsJson;
use crate::web::site::Site;
use crate::web::visitor::Visitor;
use crate::web::words::minute_numbered;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(read_log)).routes(routes!(read_metrics))
}

/// A line of an app's log.
#[derive(Debug, Serialize, ToSchema)]
struct LogLine {
    at: String,
    /// `info`, `warning` or `error`.
    level: &'static str,
    route: Option<String>,
    incident: Option<i64>,
    words: String,
    /// Further evidence, for example the response of a PostHog server that rejected a beat.
    proof: Vec<String>,
}

impl LogLine {
    fn of(line: &Line) -> Self {
        Self {
            at: line.at.to_string(),
            level: line.level.name(),
            route: line.route.clone(),
            incident: line.incident.map(|id| id.0),
            words: line.words(),
            proof: line.proof.clone(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogSearch {
    /// Minimum level: `info`, `warning` or `error`.
    level: Option<String>,
    /// Only lines about this route.
    route: Option<String>,
    /// Only lines that contain this text.
    q: Option<String>,
}

/// Read the log of an app, newest lines first
///
/// A response contains whole minutes, so it can be longer or shorter than `limit`.
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/log", operation_id = "read_app_log", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`"), LogSearch, Paging), responses(
    (status = 200, body = List<LogLine>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn read_log(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    Asked(search): Asked<LogSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<LogLine>>, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    let level = match &search.level {
        None => Level::Info,
        Some(text) => Level::named(text).ok_or_else(|| WebError::unfit("level", "must be info, warning or error"))?,
    };
    let before = paging.after_as(minute_numbered)?;
    let sought = Sought { level, route: search.route, text: search.q, before, at_most: paging.limit()? };
    let found = log(&site.web.store, &project, kind, &sought, site.now()).await?;
    let next = found.older.map(|minute| minute.index().to_string());
    Ok(Json(List { items: found.lines.iter().map(LogLine::of).collect(), next }))
}

/// Figures of Heartbeat.
#[derive(Debug, Serialize, ToSchema)]
struct BeatFigures {
    routes: u32,
    events_a_day: u32,
    last_hour: EndsJson,
    last_24_hours: EndsJson,
    last_30_days: EndsJson,
    /// Median lag of the last 24 hours; null if nothing arrived.
    p50_ms: Option<u64>,
    /// 95th percentile of the lag of the last 24 hours.
    p95_ms: Option<u64>,
    /// 99th percentile of the lag of the last 24 hours.
    p99_ms: Option<u64>,
}

/// Number of read-backs.
#[derive(Debug, Serialize, ToSchema)]
struct ReadbacksView {
    made: u64,
    failed: u64,
}

impl ReadbacksView {
    const fn of(readbacks: ReadbackCounts) -> Self {
        Self { made: readbacks.made, failed: readbacks.failed }
    }
}

/// Figures of Ingestion Alert.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentFigures {
    last_hour: ReadbacksView,
    last_24_hours: ReadbacksView,
    /// Open incidents.
    open: u32,
    opened_in_24_hours: u32,
    opened_in_30_days: u32,
    /// Median time from the first bad minute to the opening of the incident, over the last 30 days.
    time_to_detect_ms: Option<u64>,
    /// The longest of these times.
    longest_to_detect_ms: Option<u64>,
    /// Notifications about incidents of the last 30 days that were sent.
    sent: u64,
    queued: u64,
    failed: u64,
}

/// Figures of an app. The field of the app is set, the other one is null.
#[derive(Debug, Serialize, ToSchema)]
struct AppFigures {
    heartbeat: Option<BeatFigures>,
    ingestion_alert: Option<IncidentFigures>,
}

impl AppFigures {
    fn of_beats(figures: &HeartbeatFigures) -> Self {
        let Lags { p50, p95, p99, .. } = figures.lags;
        let heartbeat = BeatFigures {
            routes: figures.routes,
            events_a_day: figures.events_a_day,
            last_hour: EndsJson::of(&figures.last_hour),
            last_24_hours: EndsJson::of(&figures.last_24_hours),
            last_30_days: EndsJson::of(&figures.last_30_days),
            p50_ms: p50.map(ms),
            p95_ms: p95.map(ms),
            p99_ms: p99.map(ms),
        };
        Self { heartbeat: Some(heartbeat), ingestion_alert: None }
    }

    fn of_alerts(figures: &AlertFigures) -> Self {
        let ingestion_alert = IncidentFigures {
            last_hour: ReadbacksView::of(figures.last_hour),
            last_24_hours: ReadbacksView::of(figures.last_24_hours),
            open: figures.open,
            opened_in_24_hours: figures.opened_in_24_hours,
            opened_in_30_days: figures.opened_in_30_days,
            time_to_detect_ms: figures.time_to_detect.map(ms),
            longest_to_detect_ms: figures.longest_to_detect.map(ms),
            sent: figures.sent,
            queued: figures.queued,
            failed: figures.failed,
        };
        Self { heartbeat: None, ingestion_alert: Some(ingestion_alert) }
    }
}

/// Show the figures of an app
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/metrics", operation_id = "read_app_metrics", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`")), responses(
    (status = 200, body = AppFigures), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn read_metrics(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
) -> Result<Json<AppFigures>, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    let (store, now) = (&*site.web.store, site.now());
    Ok(Json(match kind {
        AppKind::Heartbeat => AppFigures::of_beats(&heartbeat_figures(store, &project, now).await?),
        AppKind::IngestionAlert => AppFigures::of_alerts(&alert_figures(store, &project, now).await?),
    }))
}
