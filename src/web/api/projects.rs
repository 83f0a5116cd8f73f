//! `/api/v1/projects`: projects.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Asked, List, Paging, Sent, created};
use crate::config::project::FIELDS;
use crate::config::{Texts, current_name, hint, quoted};
use crate::model::{AppKind, ProjectName, ProjectSpec, Takes};
use crate::settings::{ProjectJson, app, property};
use crate::web::error::WebError;
use crate::web::setup::{self, Asking, CheckedFields, names};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(show, change, remove)).routes(routes!(check))
}

/// Changes to a project, a project to add, or fields to check: one property per field of the table. An absent field stays unchanged; null removes
/// its value or restores its default.
#[derive(Default)]
struct ProjectFields(Texts);

/// The fields of a project to add, and its apps.
struct NewProject {
    texts: Texts,
    apps: Vec<AppKind>,
}

/// The property of [`NewProject`] that is not a field.
const APPS: &str = "apps";

impl<'de> Deserialize<'de> for ProjectFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        texts_of(&Map::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for NewProject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sent = Map::deserialize(deserializer)?;
        let apps = sent.remove(APPS).filter(|apps| !apps.is_null());
        let texts = texts_of(&sent).map_err(de::Error::custom)?;
        let Some(apps) = apps else { return Ok(Self { texts, apps: AppKind::ALL.into() }) };
        let names: Vec<String> = serde_json::from_value(apps).map_err(|_| de::Error::custom("apps must be a list of names"))?;
        let kinds = names.iter().map(|name| app::kind_named(&name.chars().take(64).collect::<String>())).collect::<Result<Vec<_>, _>>();
        let kinds = kinds.map_err(|wrong| de::Error::custom(format!("{APPS}: {wrong}")))?;
        Ok(Self { texts, apps: AppKind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect() })
    }
}

fn texts_of(sent: &Map<String, Value>) -> Result<Texts, String> {
    sent.iter().map(|(key, value)| text_of(key, value)).collect()
}

/// Values are not quoted in errors: they may be secret.
fn text_of<'k>(key: &'k str, value: &Value) -> Result<(&'k str, String), String> {
    let Some(field) = FIELDS.iter().find(|field| field.key == current_name(key)) else {
        return Err(format!("{} is not a field of a project; {}", quoted(key), hint(key, &FIELDS.map(|field| field.key))));
    };
    match (value, field.takes) {
        (Value::Null, _) => Ok((key, String::new())),
        (Value::Number(number), Takes::Number) => Ok((key, number.to_string())),
        (_, Takes::Number) => Err(format!("{key} must be a number or null")),
        (Value::String(text), _) => Ok((key, text.clone())),
        (_, _) => Err(format!("{key} must be a text or null")),
    }
}

fn schema_of(description: &str, is_new: bool) -> ObjectBuilder {
    let mut schema = ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for field in &FIELDS {
        let is_required = is_new && field.required;
        schema = schema.property(field.key, property(field, !is_required));
        schema = if is_required { schema.required(field.key) } else { schema };
    }
    schema
}

impl PartialSchema for ProjectFields {
    fn schema() -> RefOr<Schema> {
        schema_of("Fields of a project. An absent field stays unchanged; null removes its value or restores its default.", false).into()
    }
}

impl ToSchema for ProjectFields {}

impl PartialSchema for NewProject {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(AppKind::ALL.map(AppKind::name)));
        let apps = ArrayBuilder::new().items(name).description(Some("Apps to install. Default: all."));
        schema_of("A project to add.", true).property(APPS, apps).into()
    }
}

impl ToSchema for NewProject {}

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
    let spec = setup::add(&site, &visitor, &new.texts, &new.apps, Asking::unless(!checking.check)).await?;
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
    let done = setup::change(&site, &as_read.settings_service(&site, &visitor), &name, &fields.0, Asking::unless(!checking.check)).await?;
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
#[utoipa::path(post, path = "/api/v1/projects/check", tag = "projects", operation_id = "check_project", request_body = ProjectFields, responses(
    (status = 200, body = CheckedFields), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn check(_writer: Writer, State(site): State<Arc<Site>>, Sent(fields): Sent<ProjectFields>) -> Result<Json<CheckedFields>, WebError> {
    Ok(Json(Box::pin(setup::check(&site, &fields.0, None)).await?))
}
