//! A route that the user added: its form, to add, change and remove it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::head::address;
use crate::config::route::{FIELDS, shown};
use crate::config::{Problem, Texts};
use crate::model::{AppKind, Field, ProjectName, ProjectSpec, RouteSpec, Takes};
use crate::settings::app;
use crate::web::control::{Control, Wrong};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, Place, drawn, page};
use crate::web::pages::submitted::problems_of;
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

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
    address: String,
    /// None: a new route.
    stored: Option<String>,
    controls: Vec<Control>,
    wrong: Wrong,
}

impl Page {
    fn of(layout: Layout, project: &ProjectName, stored: Option<&RouteSpec>) -> Self {
        let app = address(project, KIND);
        let above = [
            ("Projects".to_owned(), "/".to_owned()),
            (project.to_string(), format!("/projects/{project}")),
            ("Apps".to_owned(), format!("/projects/{project}/apps")),
            (KIND.title().to_owned(), app.clone()),
        ];
        let title = stored.map_or_else(|| "New route".to_owned(), |route| format!("Route {}", route.name));
        let name = stored.is_none().then(|| Control::of(&NAME, None));
        let fields = FIELDS.iter().map(|field| Control::of(field, stored.map(|route| shown(route, field.key))));
        Self {
            layout: layout.titled(Place::Projects, title).below(above),
            address: format!("{app}/routes{}", stored.map(|route| format!("/{}", route.name)).unwrap_or_default()),
            app,
            stored: stored.map(|route| route.name.clone()),
            controls: name.into_iter().chain(fields).collect(),
            wrong: Wrong::default(),
        }
    }

    fn rejected(mut self, form: &Filled, problems: &[Problem]) -> Response {
        self.controls = self.controls.into_iter().map(|control| control.filled(form, problems)).collect();
        self.wrong = Wrong::of(problems, &self.controls);
        drawn(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }
}

/// The form's fields as settings of the app, `route.NAME.KEY`.
fn texts(route: &str, form: &Filled) -> Texts {
    FIELDS.iter().map(|field| (format!("route.{route}.{}", field.key), form.text(field.key))).collect()
}

/// Renames `route.NAME.KEY` to `KEY`, this form's field.
fn of_form(problems: Vec<Problem>, route: &str) -> Vec<Problem> {
    let below = format!("route.{route}.");
    let renamed = problems.into_iter().map(|problem| {
        let field = problem.field.strip_prefix(&below).unwrap_or(&problem.field).to_owned();
        problem.about(field)
    });
    renamed.collect()
}

async fn new(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    app::installed(&project.spec, KIND)?;
    Ok(page(&site, layout.said.is_some(), &Page::of(layout, &project.spec.name, None)))
}

async fn add(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    layout: Layout,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let project = site.project(&name).await?;
    let route = form.text("name").to_owned();
    let desired = |spec: &ProjectSpec| {
        let is_accepted = spec.heartbeat.iter().flat_map(|app| &app.routes).any(|stored| stored.name == route);
        match (route.as_str(), is_accepted) {
            ("", _) => Err(Problem::of("name", "is missing; give the route a name, for example `proxy`").into()),
            (_, true) => Err(Problem::of("name", format!("`{route}` is already the name of another route")).into()),
            (_, false) => app::configure(spec, KIND, &texts(&route, &form)),
        }
    };
    match visitor.settings_service(&site).change(&name, desired).await {
        Ok(_) => Ok(go_on(
            &site,
            &address(&project.spec.name, KIND),
            &format!("Route {route} is added. Its first event is sent within a minute."),
        )),
        Err(error) => Ok(Page::of(layout, &project.spec.name, None).rejected(&form, &of_form(problems_of(error)?, &route))),
    }
}

async fn stored(site: &Site, name: &str, route: &str) -> Result<(ProjectName, RouteSpec), WebError> {
    let project = site.project(name).await?;
    let own = project.spec.heartbeat.iter().flat_map(|app| &app.routes).find(|stored| stored.name == route).cloned();
    Ok((project.spec.name.clone(), own.ok_or_else(|| WebError::no("route", route))?))
}

async fn edit(
    State(site): State<Arc<Site>>,
    Writer(_): Writer,
    layout: Layout,
    Path((name, route)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let (project, route) = stored(&site, &name, &route).await?;
    Ok(page(&site, layout.said.is_some(), &Page::of(layout, &project, Some(&route))))
}

async fn change(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    layout: Layout,
    Path((name, route)): Path<(String, String)>,
    form: Filled,
) -> Result<Response, WebError> {
    let (project, route) = stored(&site, &name, &route).await?;
    let removes = form.has("remove");
    let texts = if removes { [(format!("route.{}", route.name), "")].into_iter().collect() } else { texts(&route.name, &form) };
    let words = if removes { format!("Route {} is removed.", route.name) } else { format!("Route {} is saved.", route.name) };
    match visitor.settings_service(&site).change(&name, |spec: &ProjectSpec| app::configure(spec, KIND, &texts)).await {
        Ok(_) => Ok(go_on(&site, &address(&project, KIND), &words)),
        Err(error) => Ok(Page::of(layout, &project, Some(&route)).rejected(&form, &of_form(problems_of(error)?, &route.name))),
    }
}
