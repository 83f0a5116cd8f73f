//! The settings of a project, checked as the user types, and its removal. The key can be set and never read.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::confirm::Confirm;
use super::entity::removed;
use super::submitted::{again, saved};
use super::tabs::{Tab, Tabs, tabs};
use crate::config::Group;
use crate::config::project::{FIELDS, shown};
use crate::model::{ProjectName, ProjectSpec};
use crate::settings::SettingsService;
use crate::store::IncidentFilter;
use crate::web::control::Form;
use crate::web::error::{WebError, named};
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, drawn, page};
use crate::web::setup::{self, Asking, CheckedFields};
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/projects/{name}/settings", get(show).post(save))
        .route("/projects/{name}/settings/check", post(check))
        .route("/projects/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "project_settings.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    name: ProjectName,
    fields: Form,
}

impl Page {
    fn of(layout: Layout, name: &ProjectName, fields: Form) -> Self {
        Self { layout: layout.of_project(name.as_str(), "Settings"), tabs: tabs(name, Tab::Settings), name: name.clone(), fields }
    }
}

/// The name never changes.
fn fields(site: &Site, spec: &ProjectSpec) -> Form {
    let fields = Form::of(FIELDS.iter().filter(|field| field.key != "name"), |field| shown(spec, field.key));
    fields.versioned(&site.web.store, spec, &Group::Whole)
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Answer {
    let project = site.project(&name).await?;
    page(&Page::of(layout, &project.spec.name, fields(&site, &project.spec)))
}

async fn save(editing: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let site = &*editing.site;
    let project = site.project(&name).await?;
    let spec = &project.spec;
    let known = fields(site, spec);
    let texts = known.texts(&form);
    if form.has("check") {
        let found = setup::check(site, &texts, Some(spec)).await?.fields;
        return page(&Page::of(editing.layout, &spec.name, known.checked(&form, &found)));
    }
    let asking = Asking::unless(form.has("unchecked"));
    let settings_service = SettingsService { version: known.submitted_version(&form), ..editing.settings_service() };
    match setup::change(site, &settings_service, &name, &texts, asking).await {
        Ok(done) => Ok(saved(site, &format!("/projects/{name}/settings"), &done, "Saved.")),
        Err(error) => {
            let project = site.project(&name).await?;
            let (status, fields) = again(fields(site, &project.spec), &form, error)?;
            Ok(drawn(status, &Page::of(editing.layout, &project.spec.name, fields)))
        }
    }
}

async fn check(
    State(site): State<Arc<Site>>,
    _writer: Writer,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Json<CheckedFields>, WebError> {
    let project = site.project(&name).await?;
    Ok(Json(setup::check(&site, &fields(&site, &project.spec).texts(&form), Some(&project.spec)).await?))
}

/// A project whose secrets cannot be decrypted can be removed as well.
async fn ask(Editing { site, layout, .. }: Editing, Path(name): Path<String>) -> Answer {
    let store = &site.web.store;
    let project = store.project_without_secrets(&named("project", &name)?).await?.ok_or_else(|| WebError::no("project", &name))?;
    let which = IncidentFilter { project: Some(project.id), at_most: 2, ..IncidentFilter::open() };
    let open = match store.incidents(&which).await?.len() {
        0 => "",
        1 => "; the open one is closed, and channels that were notified are notified of the end",
        _ => "; the open ones are closed, and channels that were notified are notified of the end",
    };
    let routes = if project.routes.len() == 1 { "its route".to_owned() } else { format!("its {} routes", project.routes.len()) };
    let deleted = format!(
        "No more events are sent to it. Heartbeat deletes {routes} with all beats, hourly aggregates and read-backs, its apps with their settings, \
         and its personal API key."
    );
    let mut asked = Confirm::removal(layout.of_project(&name, "Remove"), &name, deleted, format!("/projects/{name}/settings"));
    asked.says.push(format!("Its incidents are kept{open}. Nothing changes in PostHog."));
    asked.page()
}

async fn remove(editing: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    removed::<ProjectSpec>(&editing, &name, "/").await
}
