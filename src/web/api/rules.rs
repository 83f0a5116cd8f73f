//! `/api/v1/projects/{name}/rules`: alert rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Sent};
use crate::config::{self, Problems, Texts};
use crate::model::AppKind;
use crate::report::RulesJson;
use crate::settings::replay::{reach, wished};
use crate::settings::{ReplayJson, app};
use crate::web::error::WebError;
use crate::web::rules::{is_of_rules, replay as run};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

/// Maximum time range of a replay.
const LONGEST: Duration = Duration::from_hours(90 * 24);

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(change)).routes(routes!(replay))
}

/// Show the rules of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/rules", operation_id = "show_rules", tag = "rules",
    params(("name" = String, Path, description = "Project name")), responses(
    (status = 200, body = RulesJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<RulesJson>, WebError> {
    Ok(Json(RulesJson::of(&*site.project(&name).await?)))
}

/// Changes to rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesChange {
    /// Settings by key, for example `{"lag_above": "90s", "quiet": "on"}`. Null restores the default.
    set: BTreeMap<String, Option<String>>,
}

fn texts(set: &BTreeMap<String, Option<String>>) -> Texts {
    set.iter().map(|(key, text)| (key.as_str(), text.as_deref().unwrap_or_default())).collect()
}

/// Change the rules of a project
#[utoipa::path(patch, path = "/api/v1/projects/{name}/rules", operation_id = "change_rules", tag = "rules",
    params(("name" = String, Path, description = "Project name"), AsRead), request_body = RulesChange, responses(
    (status = 200, body = RulesJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(sent): Sent<RulesChange>,
) -> Result<Json<RulesJson>, WebError> {
    let project = site.project(&name).await?;
    as_read.check(&RulesJson::of(&project))?;
    let kind = AppKind::IngestionAlert;
    let elsewhere = |key: &&String| !is_of_rules(key) && kind.settings().iter().any(|setting| setting.key == key.as_str());
    let elsewhere =
        sent.set.keys().filter(elsewhere).map(|key| config::Problem::of(key, "is not a rule; change it in the settings of the app"));
    Problems::or(elsewhere.collect(), ())?;
    let texts = texts(&sent.set);
    as_read.settings_service(&site, &visitor).change(&name, |spec| app::configure(spec, kind, &texts)).await?;
    show(Visitor::clone(&visitor), State(site), Path(name)).await
}

/// A replay of rules over history.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayRequest {
    /// Settings by key, for this replay only.
    #[serde(default)]
    set: BTreeMap<String, Option<String>>,
    /// Time range up to now, for example `7d`; at most `90d`. Default `7d`.
    #[serde(default = "week")]
    since: String,
}

fn week() -> String {
    "7d".to_owned()
}

/// Replay rules over history: which incidents they would have opened
///
/// Nothing is stored.
#[utoipa::path(post, path = "/api/v1/projects/{name}/rules/replay", operation_id = "replay_rules", tag = "rules",
    params(("name" = String, Path, description = "Project name")), request_body = ReplayRequest, responses(
    (status = 200, body = ReplayJson), (status = 503, description = "Too many replays are running, or the replay takes too long", body = Problem,
        content_type = "application/problem+json"),
    (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn replay(
    Writer(_visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Sent(sent): Sent<ReplayRequest>,
) -> Result<Json<ReplayJson>, WebError> {
    let project = site.project(&name).await?;
    let since =
        reach(&sent.since).and_then(|since| if since <= LONGEST { Ok(since) } else { Err("must not be longer than 90d".to_owned()) });
    let since = since.map_err(|says| config::Problem::of("since", says));
    let desired = wished(&project.spec.ingestion_alert.clone().unwrap_or_default(), &texts(&sent.set));
    let (since, desired) = match (since, desired) {
        (Ok(since), Ok(desired)) => (since, desired),
        (since, desired) => return Err(Problems::of(desired.err().into_iter().flatten().chain(since.err()).collect()).into()),
    };
    let replayed = run(&site, Arc::clone(&project), desired, since).await?;
    Ok(Json(ReplayJson::of(&project, &replayed)))
}
