//! `/api/v1/projects`: projects.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Asked, List, Paging, Sent, created};
use crate::config::Texts;
use crate::model::{AppKind, ProjectName, ProjectSpec};
use crate::settings::{ProjectJson, app};
use crate::web::error::WebError;
use crate::web::setup::{self, Asking, CheckedFields, names};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(show, change, remove)).routes(routes!(check))
}

/// Changes to a project. An absent field stays unchanged; null removes its value or restores its default.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
struct ProjectFields {
    /// Where events are sent: `us`, `eu` or a URL.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "us")]
    host: Given<String>,
    /// API for read-backs, if it is not the API of the host.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    api_host: Given<String>,
    /// The project token (`phc_...`).
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    token: Given<String>,
    /// A personal API key (`phx_...`) with the scope `query:read`. It must be given again when the address of the API changes.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, write_only)]
    personal_api_key: Given<String>,
    /// PostHog's project id. If it is not set, it is looked up from the token.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    project_id: Given<u64>,
    /// A beat that arrives later than this is late, for example `2m`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    late_after: Given<String>,
    /// A beat that has not arrived after this time is lost, for example `15m`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    lost_after: Given<String>,
    /// Interval of read-backs, for example `1m`.
    #[serde(deserialize_with = "given", alias = "look_every")]
    #[schema(value_type = Option<String>)]
    readback_interval: Given<String>,
}

/// Absent, null, or a value.
type Given<T> = Option<Option<T>>;

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ProjectFields {
    fn texts(&self) -> Texts {
        let number = self.project_id.map(|number| number.map(|number| number.to_string()));
        let fields = [
            ("host", &self.host),
            ("api_host", &self.api_host),
            ("token", &self.token),
            ("personal_api_key", &self.personal_api_key),
            ("project_id", &number),
            ("late_after", &self.late_after),
            ("lost_after", &self.lost_after),
            ("readback_interval", &self.readback_interval),
        ];
        fields.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?.as_deref().unwrap_or_default()))).collect()
    }
}

/// A project to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProject {
    /// Name: 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`. It cannot be changed.
    #[schema(example = "shop")]
    name: String,
    /// Where events are sent: `us`, `eu` or a URL.
    #[schema(example = "us")]
    host: String,
    /// API for read-backs, if it is not the API of the host.
    api_host: Option<String>,
    /// The project token (`phc_...`).
    token: String,
    /// A personal API key (`phx_...`) with the scope `query:read`. Without it, beats are not verified.
    #[schema(write_only)]
    personal_api_key: Option<String>,
    /// PostHog's project id. Default: looked up from the token.
    #[schema(minimum = 1)]
    project_id: Option<u64>,
    /// A beat that arrives later than this is late. Default `2m`.
    late_after: Option<String>,
    /// A beat that has not arrived after this time is lost. Default `15m`.
    lost_after: Option<String>,
    /// Interval of read-backs. Default `1m`.
    #[serde(alias = "look_every")]
    readback_interval: Option<String>,
    /// Apps to install: `heartbeat`, `ingestion-alert`. Default: both.
    apps: Option<Vec<String>>,
}

impl NewProject {
    fn texts(&self) -> Texts {
        Texts::default()
            .with("name", Some(&self.name))
            .with("host", Some(&self.host))
            .with("token", Some(&self.token))
            .with("api_host", self.api_host.as_deref())
            .with("personal_api_key", self.personal_api_key.as_deref())
            .with("project_id", self.project_id.map(|number| number.to_string()).as_deref())
            .with("late_after", self.late_after.as_deref())
            .with("lost_after", self.lost_after.as_deref())
            .with("readback_interval", self.readback_interval.as_deref())
    }

    fn apps(&self) -> Result<Vec<AppKind>, WebError> {
        let Some(names) = &self.apps else { return Ok(AppKind::ALL.into()) };
        let mut kinds = Vec::new();
        for name in names {
            let kind = app::kind_named(&name.chars().take(64).collect::<String>()).map_err(|wrong| WebError::unfit_whole("apps", wrong))?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }
}

/// Fields to check. Absent fields are not checked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FieldsToCheck {
    name: Option<String>,
    /// `us`, `eu` or a URL.
    host: Option<String>,
    api_host: Option<String>,
    token: Option<String>,
    #[schema(write_only)]
    personal_api_key: Option<String>,
    project_id: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Checking {
    /// `false` saves without asking PostHog whether the token and the key are valid.
    #[serde(default = "yes")]
    check: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Only projects whose name contains this text.
    q: Option<String>,
}

/// List projects, by name
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", operation_id = "list_projects", params(Search, Paging), responses(
    (status = 200, body = List<ProjectJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<Search>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<ProjectJson>>, WebError> {
    let desired = search.q.unwrap_or_default().to_lowercase();
    let after = paging.after().unwrap_or_default();
    let names = names(&site).await?;
    let mut fits = names.into_iter().filter(|name| name.as_str() > after && name.as_str().to_lowercase().contains(&desired));
    let shown: Vec<ProjectName> = fits.by_ref().take(paging.limit()?).collect();
    let next = fits.next().and_then(|_| shown.last()).map(ToString::to_string);
    let mut projects = site.web.store.projects_named(&shown).await?;
    projects.sort_unstable_by(|one, other| one.spec.name.cmp(&other.spec.name));
    Ok(Json(List { items: projects.iter().map(|project| ProjectJson::of(&project.spec)).collect(), next }))
}

/// Add a project
///
/// By default, both apps are installed and the first beat is sent at once. Token and key are checked with PostHog first: an unknown token,
/// or a key that is not allowed to query, is rejected.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", operation_id = "add_project", params(Checking), request_body = NewProject, responses(
    (status = 201, body = ProjectJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn add(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Asked(checking): Asked<Checking>,
    Sent(new): Sent<NewProject>,
) -> Result<Response, WebError> {
    let spec = setup::add(&site, &visitor, &new.texts(), &new.apps()?, Asking::unless(!checking.check)).await?;
    Ok(created(ProjectJson::of(&spec)))
}

/// Show a project
#[utoipa::path(get, path = "/api/v1/projects/{name}", tag = "projects", operation_id = "show_project",
    params(("name" = String, Path, description = "Project name")), responses(
    (status = 200, body = ProjectJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ProjectJson>, WebError> {
    view(&site, &name).await.map(Json)
}

async fn view(site: &Site, name: &str) -> Result<ProjectJson, WebError> {
    Ok(ProjectJson::of(&site.project(name).await?.spec))
}

/// Change a project
///
/// Absent fields stay unchanged. Null removes a value or restores its default.
#[utoipa::path(patch, path = "/api/v1/projects/{name}", tag = "projects", operation_id = "change_project",
    params(("name" = String, Path, description = "Project name"), AsRead, Checking),
    request_body = ProjectFields, responses(
    (status = 200, body = ProjectJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Asked(checking): Asked<Checking>,
    Sent(fields): Sent<ProjectFields>,
) -> Result<Json<ProjectJson>, WebError> {
    as_read.check(&view(&site, &name).await?)?;
    let done =
        setup::change(&site, &as_read.settings_service(&site, &visitor), &name, &fields.texts(), Asking::unless(!checking.check)).await?;
    Ok(Json(ProjectJson::of(&done.now)))
}

/// Remove a project
///
/// Deletes all its data except its incidents.
#[utoipa::path(delete, path = "/api/v1/projects/{name}", tag = "projects", operation_id = "remove_project",
    params(("name" = String, Path, description = "Project name"), AsRead),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    // `If-Match` needs the full project. Without it, a project whose secrets cannot be decrypted can still be removed.
    if as_read.is_asked() {
        as_read.check(&view(&site, &name).await?)?;
    }
    as_read.settings_service(&site, &visitor).remove::<ProjectSpec>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Check the fields of a project
///
/// Asks the given PostHog instance which one it is, whether it knows the token, and what the key is allowed to do. No event is sent and
/// nothing is stored. The response takes up to ten seconds if PostHog is slow.
#[utoipa::path(post, path = "/api/v1/projects/check", tag = "projects", operation_id = "check_project", request_body = FieldsToCheck, responses(
    (status = 200, body = CheckedFields), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn check(_writer: Writer, State(site): State<Arc<Site>>, Sent(fields): Sent<FieldsToCheck>) -> Result<Json<CheckedFields>, WebError> {
    let texts = Texts::default()
        .with("name", fields.name.as_deref())
        .with("host", fields.host.as_deref())
        .with("api_host", fields.api_host.as_deref())
        .with("token", fields.token.as_deref())
        .with("personal_api_key", fields.personal_api_key.as_deref())
        .with("project_id", fields.project_id.map(|number| number.to_string()).as_deref());
    Ok(Json(Box::pin(setup::check(&site, &texts, None)).await?))
}
