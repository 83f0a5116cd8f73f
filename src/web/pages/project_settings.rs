//! The settings of a project, checked as the user types. The key can be set and never read.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::fields::{Field, fields, texts};
use super::submitted::{problems_of, saved};
use super::tabs::{Tab, Tabs, tabs};
use crate::config::Texts;
use crate::config::project::{FIELDS, shown};
use crate::model::{ProjectName, ProjectSpec};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, drawn, page};
use crate::web::setup::{self, Asking, CheckedField, CheckedFields};
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/settings", get(show).post(save)).route("/projects/{name}/settings/check", post(check))
}

/// The name never changes.
fn keys() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field| field.key).filter(|key| *key != "name")
}

const KEY: &str = "personal_api_key";
/// The checkbox that removes the key.
const DROP_KEY: &str = "drop_key";

#[derive(Template)]
#[template(path = "project_settings.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    name: ProjectName,
    fields: Vec<Field>,
    wrong: Vec<CheckedField>,
    had_key: bool,
    drops_key: bool,
}

impl Page {
    fn of(layout: Layout, spec: &ProjectSpec) -> Self {
        let value = |key: &str| shown(spec, key).unwrap_or_default();
        Self {
            layout: layout.of_project(spec.name.as_str(), "Settings"),
            tabs: tabs(&spec.name, Tab::Settings),
            name: spec.name.clone(),
            fields: fields(keys(), Some(spec), value, &[]),
            wrong: Vec::new(),
            had_key: false,
            drops_key: false,
        }
    }

    fn typed(layout: Layout, spec: &ProjectSpec, form: &Filled, found: &[CheckedField]) -> Self {
        let value = |key: &str| form.text(key).to_owned();
        Self {
            fields: fields(keys(), Some(spec), value, found),
            wrong: found.iter().filter(|field| field.mark == "fail").cloned().collect(),
            had_key: form.given(KEY).is_some(),
            drops_key: form.has(DROP_KEY),
            ..Self::of(layout, spec)
        }
    }
}

/// An empty key field keeps the stored key, unless the checkbox removes it.
fn submitted(form: &Filled) -> Texts {
    let texts = texts(form, keys()).without_blank([KEY]);
    let drops = form.has(DROP_KEY) && form.given(KEY).is_none();
    texts.with(KEY, drops.then_some(""))
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    Ok(page(&site, layout.said.is_some(), &Page::of(layout, &project.spec)))
}

async fn save(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    layout: Layout,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    let texts = submitted(&form);
    if form.has("check") {
        let found = setup::check(&site, &texts, Some(&project.spec)).await?.fields;
        let checked = Page { wrong: Vec::new(), ..Page::typed(layout, &project.spec, &form, &found) };
        return Ok(page(&site, checked.layout.said.is_some(), &checked));
    }
    match setup::change(&site, &visitor.settings_service(&site), &name, &texts, Asking::unless(form.has("unchecked"))).await {
        Ok(done) => Ok(saved(&site, &format!("/projects/{name}/settings"), &done, "Saved.")),
        Err(error) => {
            let found: Vec<CheckedField> = problems_of(error)?.iter().filter_map(CheckedField::of).collect();
            Ok(drawn(StatusCode::UNPROCESSABLE_ENTITY, &Page::typed(layout, &project.spec, &form, &found)))
        }
    }
}

async fn check(
    State(site): State<Arc<Site>>,
    Writer(_): Writer,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Json<CheckedFields>, WebError> {
    let project = site.project(&name).await?;
    Ok(Json(setup::check(&site, &submitted(&form), Some(&project.spec)).await?))
}
