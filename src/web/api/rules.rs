//! `/api/v1/projects/{name}/rules`: alert rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::shape::{Answer, AsRead, EditorAccess, Routes, Sent, ViewerAccess, texts_of};
use crate::config::{Problem, Problems};
use crate::model::{AppKind, Invalid};
use crate::report::RulesJson;
use crate::settings::replay::{reach, wished};
use crate::settings::{ReplayJson, app};
use crate::web::rules::{is_of_rules, replay};

/// Maximum time range of a replay.
const LONGEST: Duration = Duration::from_hours(90 * 24);

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(show_rules)).routes(routes!(change_rules)).routes(routes!(replay_rules))
}

/// Show the rules of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/rules", tag = "rules", responses((status = 200, body = RulesJson)))]
async fn show_rules(site: ViewerAccess, Path(name): Path<String>) -> Answer<RulesJson> {
    Ok(Json(RulesJson::of(&*site.project(&name).await?)))
}

/// Changes to rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesChange {
    /// Settings by key, for example `{"lag_above": "90s", "quiet": "on"}`. Null restores the default.
    set: BTreeMap<String, Option<String>>,
}

/// Change the rules of a project
#[utoipa::path(patch, path = "/api/v1/projects/{name}/rules", tag = "rules", params(AsRead), request_body = RulesChange,
    responses((status = 200, body = RulesJson)))]
async fn change_rules(access: EditorAccess, Path(name): Path<String>, as_read: AsRead, Sent(sent): Sent<RulesChange>) -> Answer<RulesJson> {
    let project = access.project(&name).await?;
    as_read.check(&RulesJson::of(&project))?;
    let kind = AppKind::IngestionAlert;
    let elsewhere = |key: &&String| !is_of_rules(key) && kind.settings().iter().any(|setting| setting.key == key.as_str());
    let elsewhere = sent
        .set
        .keys()
        .filter(elsewhere)
        .map(|key| Problem::of(key, Invalid::unquoted("is not a rule; change it in the settings of the app")));
    Problems::or(elsewhere.collect(), ())?;
    let texts = texts_of(&sent.set);
    as_read.settings_service(&access).change(&name, |spec| app::configure(spec, kind, &texts)).await?;
    Ok(Json(RulesJson::of(&*access.project(&name).await?)))
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
#[utoipa::path(post, path = "/api/v1/projects/{name}/rules/replay", tag = "rules", request_body = ReplayRequest, responses(
    (status = 200, body = ReplayJson), (status = 503, description = "Too many replays are running, or the replay takes too long")))]
async fn replay_rules(access: EditorAccess, Path(name): Path<String>, Sent(sent): Sent<ReplayRequest>) -> Answer<ReplayJson> {
    let project = access.project(&name).await?;
    let since = match reach(&sent.since) {
        Ok(since) if since > LONGEST => Err(Problem::of("since", Invalid::unquoted("must not be longer than 90d"))),
        read => read.map_err(|says| Problem::of("since", says)),
    };
    let desired = wished(&project.spec.ingestion_alert.clone().unwrap_or_default(), &texts_of(&sent.set));
    let (since, desired) = match (since, desired) {
        (Ok(since), Ok(desired)) => (since, desired),
        (since, desired) => return Err(Problems::of(desired.err().into_iter().flatten().chain(since.err()).collect()).into()),
    };
    let replayed = replay(&access, Arc::clone(&project), desired, since).await?;
    Ok(Json(ReplayJson::of(&project, &replayed)))
}
