//! `/api/v1/projects/{name}/apps/{app}/log` and `/metrics`: what an app did.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::{AppKind, Minute};
use crate::report::{AlertFigures, HeartbeatFigures, Lags, Level, Line, ReadbackCounts, Sought, alert_figures, heartbeat_figures, log};
use crate::web::error::WebError;
use crate::web::figures::EndsJson;
use crate::web::site::Site;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(read_log)).routes(routes!(read_metrics))
}

/// A line of a log.
#[derive(Debug, Serialize, ToSchema)]
struct LogLine {
    at: String,
    /// `info`, `warning` or `error`.
    level: &'static str,
    route: Option<String>,
    incident: Option<i64>,
    words: String,
    /// What else is on record of it: the answer of a PostHog that refused.
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

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogSearch {
    /// At least so grave: `info`, `warning` or `error`.
    level: Option<String>,
    /// Of this route alone.
    route: Option<String>,
    /// With these words in them.
    q: Option<String>,
}

/// What an app did, newest first
///
/// A part of it holds whole minutes, so it may be longer or shorter than `limit`.
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/log", operation_id = "read_app_log", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app"), LogSearch, Paging), responses(
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
    let before = match paging.after_number()? {
        Some(index) if !(0..1_000_000_000).contains(&index) => return Err(WebError::unfit("after", "is not a `next` that this list gave")),
        index => index.map(Minute::from_index),
    };
    let sought = Sought { level, route: search.route, text: search.q, before, at_most: paging.limit()? };
    let found = log(&site.web.store, &project, kind, &sought, site.now()).await?;
    let next = found.older.map(|minute| minute.index().to_string());
    Ok(Json(List { items: found.lines.iter().map(LogLine::of).collect(), next }))
}

/// What Heartbeat did.
#[derive(Debug, Serialize, ToSchema)]
struct BeatFigures {
    routes: u32,
    events_a_day: u32,
    last_hour: EndsJson,
    last_24_hours: EndsJson,
    last_30_days: EndsJson,
    /// Lags of the last 24 hours; null where nothing arrived.
    p50_ms: Option<u64>,
    p95_ms: Option<u64>,
    p99_ms: Option<u64>,
}

/// How often it looked.
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

/// What Ingestion Alert did.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentFigures {
    last_hour: ReadbacksView,
    last_24_hours: ReadbacksView,
    /// Incidents.
    open: u32,
    opened_in_24_hours: u32,
    opened_in_30_days: u32,
    /// From the first bad minute to the incident, for half of those of the last 30 days.
    time_to_notice_ms: Option<u64>,
    longest_to_notice_ms: Option<u64>,
    /// Messages about incidents of the last 30 days.
    sent: u64,
    queued: u64,
    dead: u64,
}

/// What an app did: the figures of the one that it is.
#[derive(Debug, Serialize, ToSchema)]
struct AppFigures {
    heartbeat: Option<BeatFigures>,
    ingestion_alert: Option<IncidentFigures>,
}

fn ms(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| wait.as_millis() as u64)
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
            p50_ms: ms(p50),
            p95_ms: ms(p95),
            p99_ms: ms(p99),
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
            time_to_notice_ms: ms(figures.time_to_notice),
            longest_to_notice_ms: ms(figures.longest_to_notice),
            sent: figures.sent,
            queued: figures.queued,
            dead: figures.dead,
        };
        Self { heartbeat: None, ingestion_alert: Some(ingestion_alert) }
    }
}

/// An app's figures
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/metrics", operation_id = "read_app_metrics", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app")), responses(
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
