//! An app on a project: its settings form, and install, enable, disable and uninstall.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::head::{AppTab, Head, address};
use crate::config::{App, Problem, Texts};
use crate::model::{AppKind, Field, IngestionAlertApp, Project, RouteSpec};
use crate::settings;
use crate::web::control::{Control, Wrong};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::keys;
use crate::web::layout::{Layout, drawn, page};
use crate::web::pages::submitted::{checked, problems_of, saved};
use crate::web::pages::tabs::Tabs;
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    const APP: &str = "/projects/{name}/apps/{app}";
    Router::new()
        .route(APP, get(show).post(save))
        .route(&format!("{APP}/install"), post(install))
        .route(&format!("{APP}/check"), post(check))
        .route(&format!("{APP}/enable"), post(enable))
        .route(&format!("{APP}/disable"), post(disable))
        .route(&format!("{APP}/uninstall"), get(ask).post(uninstall))
}

#[derive(Template)]
#[template(path = "app_settings.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    head: Head,
    controls: Vec<Control>,
    wrong: Wrong,
    /// The state of the `Enabled` switch in the install form.
    enabled: bool,
    routes: Vec<RouteSpec>,
    /// The host of routes without their own host.
    host: String,
    /// Whether the project has a key for reading back.
    reads: bool,
    beats: bool,
}

impl Page {
    fn new(layout: Layout, project: &Project, kind: AppKind) -> Self {
        let head = Head::of(project, kind, AppTab::Settings);
        let (layout, tabs) = head.around(layout);
        let spec = &project.spec;
        let routes = match &head.app {
            Some(App::Heartbeat(app)) => app.all_routes(),
            Some(App::IngestionAlert(_)) | None => Vec::new(),
        };
        Self {
            layout,
            tabs,
            controls: controls(head.app.as_ref(), kind),
            head,
            wrong: Wrong::default(),
            enabled: true,
            routes,
            host: spec.host.written().to_owned(),
            reads: spec.reading_key().is_some(),
            beats: spec.beats(),
        }
    }

    fn rejected(mut self, form: &Filled, problems: &[Problem]) -> Response {
        self.controls = self.controls.into_iter().map(|control| control.filled(form, problems)).collect();
        self.wrong = Wrong::of(problems, &self.controls);
        self.enabled = form.has("enabled");
        drawn(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }

    /// The user added it, so it can be changed.
    fn is_own(&self, route: &RouteSpec) -> bool {
        matches!(&self.head.app, Some(App::Heartbeat(app)) if app.routes.contains(route))
    }

    fn is_alert(&self) -> bool {
        self.head.kind == AppKind::IngestionAlert
    }
}

/// Without the rules, which have their own page.
fn shown(kind: AppKind) -> impl Iterator<Item = &'static Field> {
    kind.settings().iter().filter(move |setting| kind != AppKind::IngestionAlert || IngestionAlertApp::rule_of(setting.key).is_none())
}

fn controls(app: Option<&App>, kind: AppKind) -> Vec<Control> {
    shown(kind).map(|setting| Control::of(setting, app.and_then(|app| app.shown(setting)))).collect()
}

fn texts(kind: AppKind, form: &Filled) -> Texts {
    let controls = controls(None, kind);
    controls.iter().filter_map(|control| Some((control.key, control.given(form)?))).collect()
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path((name, app)): Path<(String, String)>) -> Result<Response, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    Ok(page(&site, layout.said.is_some(), &Page::new(layout, &project, kind)))
}

type Asked = (State<Arc<Site>>, Layout, Writer, Path<(String, String)>);

async fn save(asked: Asked, form: Filled) -> Result<Response, WebError> {
    let (State(site), layout, Writer(visitor), Path((name, app))) = asked;
    let (project, kind) = site.app(&name, &app).await?;
    let texts = texts(kind, &form);
    let desired = |spec: &_| Ok(keys::of_app(spec, settings::app::configure(spec, kind, &texts)?, &texts)?);
    match visitor.settings_service(&site).change(&name, desired).await {
        Ok(done) => Ok(saved(&site, &address(&done.now.name, kind), &done, "Saved.")),
        Err(error) => Ok(Page::new(layout, &project, kind).rejected(&form, &problems_of(error)?)),
    }
}

async fn install(asked: Asked, form: Filled) -> Result<Response, WebError> {
    let (State(site), layout, Writer(visitor), Path((name, app))) = asked;
    let (project, kind) = site.app(&name, &app).await?;
    let (texts, enabled) = (texts(kind, &form), form.has("enabled"));
    let desired = |spec: &_| Ok(keys::of_app(spec, settings::app::install(spec, kind, &texts, enabled)?, &texts)?);
    match visitor.settings_service(&site).change(&name, desired).await {
        Ok(done) => {
            let state = if enabled { "enabled" } else { "disabled" };
            let words = format!("{} is installed on {name} and {state}.", kind.title());
            Ok(go_on(&site, &address(&done.now.name, kind), &words))
        }
        Err(error) => Ok(Page::new(layout, &project, kind).rejected(&form, &problems_of(error)?)),
    }
}

async fn check(asked: Asked, form: Filled) -> Result<Response, WebError> {
    let (State(site), _, _, Path((name, app))) = asked;
    let (project, kind) = site.app(&name, &app).await?;
    Ok(checked(settings::app::wrong(&project.spec, kind, &texts(kind, &form))))
}

async fn enable(asked: Asked, _form: Filled) -> Result<Response, WebError> {
    switch(asked, true).await
}

async fn disable(asked: Asked, _form: Filled) -> Result<Response, WebError> {
    switch(asked, false).await
}

async fn switch(asked: Asked, enabled: bool) -> Result<Response, WebError> {
    let (State(site), _, Writer(visitor), Path((name, app))) = asked;
    let (_, kind) = site.app(&name, &app).await?;
    let done = visitor.settings_service(&site).change(&name, |spec| settings::app::switch(spec, kind, enabled)).await?;
    let state = if enabled { "enabled" } else { "disabled" };
    let settings = if enabled { "" } else { " Its settings are kept." };
    let words = format!("{} is {state} on {name}.{settings}", kind.title());
    Ok(go_on(&site, &address(&done.now.name, kind), &words))
}

#[derive(Template)]
#[template(path = "app_uninstall.html")]
struct Ask {
    layout: Layout,
    head: Head,
}

async fn ask(asked: Asked) -> Result<Response, WebError> {
    let (State(site), layout, _, Path((name, app))) = asked;
    let (project, kind) = site.app(&name, &app).await?;
    settings::app::installed(&project.spec, kind)?;
    let head = Head::of(&project, kind, AppTab::Settings);
    let (layout, _) = head.around(layout);
    Ok(page(&site, layout.said.is_some(), &Ask { layout, head }))
}

async fn uninstall(asked: Asked, _form: Filled) -> Result<Response, WebError> {
    let (State(site), _, Writer(visitor), Path((name, app))) = asked;
    let (project, kind) = site.app(&name, &app).await?;
    visitor.settings_service(&site).change(&name, |spec| settings::app::uninstall(spec, kind)).await?;
    let words = format!("{} is uninstalled from {name}.", kind.title());
    Ok(go_on(&site, &format!("/projects/{}/apps", project.spec.name), &words))
}
