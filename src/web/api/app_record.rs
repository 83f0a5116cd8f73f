//! `/api/v1/projects/{name}/apps/{app}/log` and `/metrics`: log and figures of an app.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::shape::{Answer, Asked, List, Paging, Routes, ViewerAccess};
use crate::model::AppKind;
use crate::report::{AlertFigures, HeartbeatFigures, Level, Line, Sought, alert_figures, heartbeat_figures, log};
use crate::web::error::WebError;
use crate::web::words::minute_numbered;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(read_app_log)).routes(routes!(read_app_metrics))
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
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/log", tag = "apps", params(LogSearch, Paging),
    responses((status = 200, body = List<LogLine>)))]
async fn read_app_log(
    site: ViewerAccess,
    Path((name, app)): Path<(String, String)>,
    Asked(search): Asked<LogSearch>,
    Asked(paging): Asked<Paging>,
) -> Answer<List<LogLine>> {
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

/// Figures of an app. The field of the app is set, the other one is null.
#[derive(Debug, Default, Serialize, ToSchema)]
struct AppFigures {
    heartbeat: Option<HeartbeatFigures>,
    ingestion_alert: Option<AlertFigures>,
}

/// Show the figures of an app
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}/metrics", tag = "apps", responses((status = 200, body = AppFigures)))]
async fn read_app_metrics(site: ViewerAccess, Path((name, app)): Path<(String, String)>) -> Answer<AppFigures> {
    let (project, kind) = site.app(&name, &app).await?;
    let (store, now) = (&*site.web.store, site.now());
    Ok(Json(match kind {
        AppKind::Heartbeat => AppFigures { heartbeat: Some(heartbeat_figures(store, &project, now).await?), ..AppFigures::default() },
        AppKind::IngestionAlert => {
            AppFigures { ingestion_alert: Some(alert_figures(store, &project, now).await?), ..AppFigures::default() }
        }
    }))
}
