//! A route that the user added: its form, to add, change and remove it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use super::head::address;
use crate::config::route::{FIELDS, shown};
use crate::config::{Group, Problem, Problems, Texts};
use crate::model::{AppKind, Field, Invalid, Project, ProjectName, ProjectSpec, RouteSpec, Takes};
use crate::settings::{ChangeError, SettingsService, app};
use crate::web::control::Form;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, drawn, page};
use crate::web::pages::submitted::{again, saved};
use crate::web::said::go_on;
use crate::web::site::Site;

const KIND: AppKind = AppKind::Heartbeat;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/projects/{name}/apps/heartbeat/routes", get(new).post(add))
        .route("/projects/{name}/apps/heartbeat/routes/{route}", get(edit).post(change))
}

const NAME: Field =
    Field::new("name", "Name", Takes::Name, "For example `proxy`. It is part of the identity of its events and cannot be changed.")
        .required();

#[derive(Template)]
#[template(path = "app_route.html")]
struct Page {
    layout: Layout,
    app: String,
    /// None: a new route.
    stored: Option<String>,
    fields: Form,
}

impl Page {
    fn of(layout: Layout, project: &ProjectName, stored: Option<&RouteSpec>, fields: Form) -> Self {
        let app = address(project, KIND);
        let (of_project, apps) = (format!("/projects/{project}"), format!("/projects/{project}/apps"));
        let above = [("Projects", "/"), (project.as_str(), &of_project), ("Apps", &apps), (KIND.title(), &app)];
        let title = stored.map_or_else(|| "New route".to_owned(), |route| format!("Route {}", route.name));
        Self { layout: layout.titled(Place::Projects, title).below(above), app, stored: stored.map(|route| route.name.clone()), fields }
    }
}

fn blank() -> Form {
    Form::of([NAME].iter().chain(&FIELDS), |_| None)
}

/// The name never changes.
fn fields(site: &Site, spec: &ProjectSpec, route: &RouteSpec) -> Form {
    let fields = Form::of(&FIELDS, |field| Some(shown(route, field.key)));
    fields.versioned(&site.web.store, spec, &Group::Route(route.name.clone()))
}

/// The form's fields as settings of the app, `route.NAME.KEY`.
fn texts(route: &str, form: &Filled) -> Texts {
    FIELDS.iter().map(|field| (format!("route.{route}.{}", field.key), form.text(field.key))).collect()
}

/// Renames `route.NAME.KEY` to `KEY`, this form's field.
fn of_form(error: ChangeError, route: &str) -> ChangeError {
    let below = format!("route.{route}.");
    let renamed = |problem: Problem| {
        let field = problem.field.strip_prefix(&below).unwrap_or(&problem.field).to_owned();
        problem.about(field)
    };
    match error {
        ChangeError::Wrong(problems) => Problems::of(problems.into_iter().map(renamed).collect()).into(),
        error => error,
    }
}

async fn new(Editing { site, layout, .. }: Editing, Path(name): Path<String>) -> Answer {
    let project = site.project(&name).await?;
    app::installed(&project.spec, KIND)?;
    page(&Page::of(layout, &project.spec.name, None, blank()))
}

async fn add(Editing { site, layout, visitor }: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let project = site.project(&name).await?;
    let route = form.text("name").to_owned();
    let desired = |spec: &ProjectSpec| {
        let is_accepted = spec.heartbeat.iter().flat_map(|app| &app.routes).any(|stored| stored.name == route);
        match (route.as_str(), is_accepted) {
            ("", _) => Err(Problem::of("name", Invalid::missing("give the route a name, for example `proxy`")).into()),
            (_, true) => Err(Problem::of("name", Invalid::unusable(&route, "is already the name of another route")).into()),
            (_, false) => app::configure(spec, KIND, &texts(&route, &form)),
        }
    };
    match visitor.settings_service(&site).change(&name, desired).await {
        Ok(_) => Ok(go_on(
            &site,
            &address(&project.spec.name, KIND),
            &format!("Route {route} is added. Its first event is sent within a minute."),
        )),
        Err(error) => {
            let (status, fields) = again(blank(), &form, of_form(error, &route))?;
            Ok(drawn(status, &Page::of(layout, &project.spec.name, None, fields)))
        }
    }
}

async fn stored(site: &Site, name: &str, route: &str) -> Result<(Arc<Project>, RouteSpec), WebError> {
    let project = site.project(name).await?;
    let own = project.spec.heartbeat.iter().flat_map(|app| &app.routes).find(|stored| stored.name == route).cloned();
    Ok((project, own.ok_or_else(|| WebError::no("route", route))?))
}

async fn edit(Editing { site, layout, .. }: Editing, Path((name, route)): Path<(String, String)>) -> Answer {
    let (project, route) = stored(&site, &name, &route).await?;
    let fields = fields(&site, &project.spec, &route);
    page(&Page::of(layout, &project.spec.name, Some(&route), fields))
}

async fn change(Editing { site, layout, visitor }: Editing, Path((name, route)): Path<(String, String)>, form: Filled) -> Answer {
    let (project, known) = stored(&site, &name, &route).await?;
    let settings_service = visitor.settings_service(&site);
    let place = address(&project.spec.name, KIND);
    if form.has("remove") {
        let texts = [(format!("route.{route}"), "")].into_iter().collect();
        settings_service.change(&name, |spec: &ProjectSpec| app::configure(spec, KIND, &texts)).await?;
        return Ok(go_on(&site, &place, &format!("Route {route} is removed.")));
    }
    let texts = texts(&route, &form);
    let version = fields(&site, &project.spec, &known).submitted_version(&form);
    let settings_service = SettingsService { version, ..settings_service };
    match settings_service.change(&name, |spec: &ProjectSpec| app::configure(spec, KIND, &texts)).await {
        Ok(done) => Ok(saved(&site, &place, &done, &format!("Route {route} is saved."))),
        Err(error) => {
            let (project, stored) = stored(&site, &name, &route).await?;
            let (status, fields) = again(fields(&site, &project.spec, &stored), &form, of_form(error, &route))?;
            Ok(drawn(status, &Page::of(layout, &project.spec.name, Some(&stored), fields)))
        }
    }
}
