//! `/api/v1/projects`: projects.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer, de};
use serde_json::Map;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::routes;

use super::entity::{self, Body, Fields, Resource};
use super::shape::{Answer, AsRead, Asked, EditorAccess, List, Paging, Routes, Sent, ViewerAccess, created};
use crate::config::Texts;
use crate::config::project::FIELDS;
use crate::model::{AppKind, Field, ProjectName, ProjectSpec, Timestamp};
use crate::settings::{ProjectJson, app};
use crate::web::error::WebError;
use crate::web::project_search::ProjectSearch;
use crate::web::setup::{self, Asking, CheckedFields};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list_projects, add_project))
        .routes(routes!(show_project, change_project, remove_project))
        .routes(routes!(check_project))
}

impl Resource for ProjectSpec {
    type View = ProjectJson;

    fn view(&self, _now: Timestamp) -> ProjectJson {
        ProjectJson::of(self)
    }
}

struct SomeFields;

impl Fields for SomeFields {
    const SCHEMA: &'static str = "ProjectFields";
    const DESCRIPTION: &'static str =
        "Fields of a project. An absent field stays unchanged; null removes its value or restores its default.";
    const WHAT: &'static str = "a field of a project";
    const TABLE: &'static [Field] = &FIELDS;
    const IS_WHOLE: bool = false;
}

/// Changes to a project, or fields to check.
type ProjectFields = Body<SomeFields>;

struct AllFields;

impl Fields for AllFields {
    const SCHEMA: &'static str = "NewProject";
    const DESCRIPTION: &'static str = "A project to add.";
    const IS_WHOLE: bool = true;
    const WHAT: &'static str = SomeFields::WHAT;
    const TABLE: &'static [Field] = SomeFields::TABLE;
}

/// The fields of a project to add, and its apps.
struct NewProject {
    texts: Texts,
    apps: Vec<AppKind>,
}

/// The property of [`NewProject`] that is not a field.
const APPS: &str = "apps";

impl<'de> Deserialize<'de> for NewProject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sent = Map::deserialize(deserializer)?;
        let apps = sent.remove(APPS).filter(|apps| !apps.is_null());
        let texts = Body::<AllFields>::of(&sent).map_err(de::Error::custom)?.texts;
        let Some(apps) = apps else { return Ok(Self { texts, apps: AppKind::ALL.into() }) };
        let names: Vec<String> = serde_json::from_value(apps).map_err(|_| de::Error::custom("apps must be a list of names"))?;
        let kinds = names.iter().map(|name| app::kind_named(&name.chars().take(64).collect::<String>())).collect::<Result<Vec<_>, _>>();
        let kinds = kinds.map_err(|wrong| de::Error::custom(format!("{APPS}: {wrong}")))?;
        Ok(Self { texts, apps: AppKind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect() })
    }
}

impl PartialSchema for NewProject {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(AppKind::ALL.map(AppKind::name)));
        let apps = ArrayBuilder::new().items(name).description(Some("Apps to install. Default: all."));
        Body::<AllFields>::schema_builder().property(APPS, apps).into()
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

/// List projects, by name
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", params(ProjectSearch, Paging), responses((status = 200, body = List<ProjectJson>)))]
async fn list_projects(site: ViewerAccess, Asked(search): Asked<ProjectSearch>, Asked(paging): Asked<Paging>) -> Answer<List<ProjectJson>> {
    let after = paging.after().unwrap_or_default();
    let mut fits = search.find(&site).await?.names.into_iter().filter(|name| name.as_str() > after);
    let shown: Vec<ProjectName> = fits.by_ref().take(paging.limit()?).collect();
    let next = fits.next().and_then(|_| shown.last()).map(ToString::to_string);
    let projects = site.web.store.projects_named(&shown).await?;
    Ok(Json(List { items: projects.iter().map(|project| ProjectJson::of(&project.spec)).collect(), next }))
}

/// Add a project
///
/// By default, both apps are installed and the first beat is sent at once. Token and key are checked with PostHog first: an unknown token,
/// or a key that is not allowed to query, is rejected.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", params(Checking), request_body = NewProject,
    responses((status = 201, body = ProjectJson)))]
async fn add_project(access: EditorAccess, Asked(checking): Asked<Checking>, Sent(new): Sent<NewProject>) -> Result<Response, WebError> {
    let spec = setup::add(&access, &access.visitor.0, &new.texts, &new.apps, Asking::unless(!checking.check)).await?;
    Ok(created(ProjectJson::of(&spec)))
}

/// Show a project
#[utoipa::path(get, path = "/api/v1/projects/{name}", tag = "projects", responses((status = 200, body = ProjectJson)))]
async fn show_project(site: ViewerAccess, Path(name): Path<String>) -> Answer<ProjectJson> {
    entity::show::<ProjectSpec>(&site, &name).await
}

/// Change a project
///
/// Absent fields stay unchanged. Null removes a value or restores its default.
#[utoipa::path(patch, path = "/api/v1/projects/{name}", tag = "projects", params(AsRead, Checking), request_body = ProjectFields,
    responses((status = 200, body = ProjectJson)))]
async fn change_project(
    access: EditorAccess,
    Path(name): Path<String>,
    as_read: AsRead,
    Asked(checking): Asked<Checking>,
    Sent(fields): Sent<ProjectFields>,
) -> Answer<ProjectJson> {
    as_read.check(&entity::view::<ProjectSpec>(&access, &name).await?)?;
    let asking = Asking::unless(!checking.check);
    let done = setup::change(&access, &as_read.settings_service(&access), &name, &fields.texts, asking).await?;
    Ok(Json(ProjectJson::of(&done.now)))
}

/// Remove a project
///
/// Deletes all its data except its incidents.
#[utoipa::path(delete, path = "/api/v1/projects/{name}", tag = "projects", params(AsRead), responses((status = 204)))]
async fn remove_project(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    entity::remove::<ProjectSpec>(&access, &name, &as_read).await
}

/// Check the fields of a project
///
/// Asks the given PostHog instance which one it is, whether it knows the token, and what the key is allowed to do. No event is sent and
/// nothing is stored. The response takes up to ten seconds if PostHog is slow.
#[utoipa::path(post, path = "/api/v1/projects/check", tag = "projects", request_body = ProjectFields,
    responses((status = 200, body = CheckedFields)))]
async fn check_project(access: EditorAccess, Sent(fields): Sent<ProjectFields>) -> Answer<CheckedFields> {
    Ok(Json(Box::pin(setup::check(&access, &fields.texts, None)).await?))
}
