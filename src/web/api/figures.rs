//! `/api/v1/projects/{name}/...`: report, complete through, lags, days and routes of a project.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::shape::{Answer, Asked, List, Routes, ViewerAccess};
use crate::judge::is_complete;
use crate::model::{Invalid, Minute, Timestamp, duration};
use crate::report;
use crate::report::json::ReportJson;
use crate::web::error::{WebError, named};
use crate::web::figures::{DaysJson, LagsJson, RouteJson};
use crate::web::shown::{self, Range};
use crate::web::words::short;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(show_report))
        .routes(routes!(complete_through))
        .routes(routes!(show_lags))
        .routes(routes!(show_days))
        .routes(routes!(list_routes))
}

/// Show the report of a project
///
/// Verdict, complete through, lags and outcomes of today, and the last hour: the same as `heartbeat status --json`.
#[utoipa::path(get, path = "/api/v1/projects/{name}/report", tag = "figures", responses((status = 200, body = ReportJson)))]
async fn show_report(site: ViewerAccess, Path(name): Path<String>) -> Answer<ReportJson> {
    let now = site.now();
    let project = site.project(&name).await?;
    let readback = shown::readback(&site, &project, now).await?;
    let report = report::report(&site.web.store, project, readback, now).await?;
    Ok(Json(ReportJson::of(&report)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Desired {
    /// A time (RFC 3339). `reached` then says whether every minute up to and including this one is over and its data complete.
    at_least: Option<String>,
    /// With `at_least`: wait until it is reached, but not longer than this, for example `60s`. Maximum `5m`.
    wait: Option<String>,
}

/// How far the data of a project is complete.
#[derive(Debug, Serialize, ToSchema)]
struct Completeness {
    /// Project name.
    project: String,
    /// Start of the newest minute up to and including which every accepted beat has arrived; null if no beat of the last day has.
    complete_through: Option<String>,
    /// Age of that minute in minutes; 0 for the current minute.
    minutes_behind: Option<i64>,
    /// Health of the project. While it is `disabled`, `not_running` or `unknown`, a low `minutes_behind` says little about the data.
    health: &'static str,
    /// The verdict in one sentence.
    verdict: String,
    /// Whether every minute up to and including that of `at_least` is over and its data complete; null without `at_least`.
    reached: Option<bool>,
}

/// Show how far the data of a project is complete
///
/// For jobs that wait for data: set `at_least` to the end of the time range that the job reads, and repeat the request until `reached` is true.
/// The status is 200 in both cases.
#[utoipa::path(get, path = "/api/v1/projects/{name}/complete-through", tag = "figures", params(Desired),
    responses((status = 200, body = Completeness)))]
async fn complete_through(site: ViewerAccess, Path(name): Path<String>, Asked(desired): Asked<Desired>) -> Answer<Completeness> {
    let begun = site.now();
    let at_least = desired.at_least.as_deref().map(|text| Timestamp::parse(text).map_err(|_| no_time(text))).transpose()?;
    let wait = desired.wait.as_deref().map_or(Ok(Duration::ZERO), |text| waited(text).map_err(|says| WebError::unfit("wait", says)))?;
    let name = named("project", &name)?;
    let (brief, now, reached) = loop {
        let now = site.now();
        let brief = shown::in_brief(&site, std::slice::from_ref(&name), now).await?.pop();
        let brief = brief.ok_or_else(|| WebError::no("project", name.as_str()))?;
        let reached = at_least.map(|at| is_complete(brief.complete_through, at, now));
        if reached != Some(false) || begun.plus(wait) <= now {
            break (brief, now, reached);
        }
        site.web.clock.sleep(POLL_INTERVAL).await;
    };
    let through = brief.complete_through;
    Ok(Json(Completeness {
        project: name.to_string(),
        complete_through: through.map(|minute| minute.start().to_string()),
        minutes_behind: through.map(|minute| behind(minute, now)),
        health: brief.verdict.health.name(),
        verdict: brief.verdict.to_string(),
        reached,
    }))
}

const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Proxies may close longer requests; a client that waits longer repeats the request.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

fn waited(text: &str) -> Result<Duration, Invalid> {
    match duration::parse(text)? {
        wait if wait <= LONGEST_WAIT => Ok(wait),
        _ => Err(Invalid::unusable(text, "is longer than 5m; wait at most 5m and repeat the request")),
    }
}

fn behind(minute: Minute, now: Timestamp) -> i64 {
    (now.minute().index() - minute.index()).max(0)
}

fn no_time(text: &str) -> WebError {
    WebError::unfit("at_least", format!("`{}` is not a time; use the format `2026-11-23T14:32:00Z`", short(text)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MinuteRange {
    /// Time range: `1h`, `24h`, `7d`, `30d` or `90d`. Default `24h`.
    range: Option<String>,
    /// Route name. Default: all routes together.
    route: Option<String>,
}

/// Show lags over time
///
/// At most 300 points: minutes for up to a day, hours for longer ranges. Percentiles of hours are accurate to 4 %.
#[utoipa::path(get, path = "/api/v1/projects/{name}/lags", tag = "figures", params(MinuteRange),
    responses((status = 200, body = LagsJson)))]
async fn show_lags(site: ViewerAccess, Path(name): Path<String>, Asked(minute_range): Asked<MinuteRange>) -> Answer<LagsJson> {
    let range = Range::asked(minute_range.range.as_deref())?;
    let project = site.project(&name).await?;
    let lags = shown::lags(&site, &project, range, minute_range.route.as_deref(), site.now()).await?;
    Ok(Json(LagsJson::of(&lags)))
}

/// Show the last 90 days, day by day
#[utoipa::path(get, path = "/api/v1/projects/{name}/days", tag = "figures", responses((status = 200, body = DaysJson)))]
async fn show_days(site: ViewerAccess, Path(name): Path<String>) -> Answer<DaysJson> {
    let project = site.project(&name).await?;
    let days = report::days(&site.web.store, &[project], site.now()).await?;
    Ok(Json(DaysJson::of(&days)))
}

/// List the routes of a project with their figures
#[utoipa::path(get, path = "/api/v1/projects/{name}/routes", tag = "figures", responses((status = 200, body = List<RouteJson>)))]
async fn list_routes(site: ViewerAccess, Path(name): Path<String>) -> Answer<List<RouteJson>> {
    let now = site.now();
    let project = site.project(&name).await?;
    let readback = shown::readback(&site, &project, now).await?;
    let routes = report::routes(&site.web.store, &project, readback.as_ref(), now).await?;
    Ok(Json(List::whole(routes.iter().map(RouteJson::of).collect())))
}
