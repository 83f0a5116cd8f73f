//! An app on a project: its settings form, and install, enable, disable and uninstall.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};

use super::head::{AppTab, Head, address};
use crate::config::{App, Group};
use crate::model::{AppKind, IngestionAlertApp, Project, ProjectSpec, RouteSpec};
use crate::settings::{self, ChangeError, SettingsService};
use crate::web::control::Form;
use crate::web::form::Filled;
use crate::web::keys;
use crate::web::layout::{Answer, Editing, Layout, drawn, page};
use crate::web::pages::confirm::Confirm;
use crate::web::pages::submitted::{again, checked, saved};
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
    fields: Form,
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
    fn new(layout: Layout, project: &Project, kind: AppKind, fields: Form) -> Self {
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
            fields,
            head,
            enabled: true,
            routes,
            host: spec.host.written().to_owned(),
            reads: spec.reading_key().is_some(),
            beats: spec.beats(),
        }
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
fn fields(site: &Site, spec: &ProjectSpec, kind: AppKind) -> Form {
    let is_here = |key: &str| kind != AppKind::IngestionAlert || IngestionAlertApp::rule_of(key).is_none();
    let (settings, app) = (kind.settings().iter().filter(|setting| is_here(setting.key)), App::on(spec, kind));
    let fields = Form::of(settings, |setting| app.as_ref().and_then(|app| app.shown(setting)));
    fields.versioned(&site.web.store, spec, &Group::App(kind))
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path((name, app)): Path<(String, String)>) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    page(&Page::new(layout, &project, kind, fields(&site, &project.spec, kind)))
}

async fn save(Editing { site, layout, visitor }: Editing, Path((name, app)): Path<(String, String)>, form: Filled) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    let known = fields(&site, &project.spec, kind);
    let texts = known.texts(&form);
    let desired = |spec: &ProjectSpec| Ok(keys::of_app(spec, settings::app::configure(spec, kind, &texts)?, &texts)?);
    let settings_service = SettingsService { version: known.submitted_version(&form), ..visitor.settings_service(&site) };
    match settings_service.change(&name, desired).await {
        Ok(done) => Ok(saved(&site, &address(&done.now.name, kind), &done, "Saved.")),
        Err(error) => rejected(&site, layout, (&name, kind), &form, error).await,
    }
}

async fn install(Editing { site, layout, visitor }: Editing, Path((name, app)): Path<(String, String)>, form: Filled) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    let (texts, enabled) = (fields(&site, &project.spec, kind).texts(&form), form.has("enabled"));
    let desired = |spec: &ProjectSpec| Ok(keys::of_app(spec, settings::app::install(spec, kind, &texts, enabled)?, &texts)?);
    match visitor.settings_service(&site).change(&name, desired).await {
        Ok(done) => {
            let state = if enabled { "enabled" } else { "disabled" };
            let words = format!("{} is installed on {name} and {state}.", kind.title());
            Ok(go_on(&site, &address(&done.now.name, kind), &words))
        }
        Err(error) => rejected(&site, layout, (&name, kind), &form, error).await,
    }
}

async fn rejected(site: &Site, layout: Layout, (name, kind): (&str, AppKind), form: &Filled, error: ChangeError) -> Answer {
    let project = site.project(name).await?;
    let (status, fields) = again(fields(site, &project.spec, kind), form, error)?;
    let enabled = form.has("enabled");
    Ok(drawn(status, &Page { enabled, ..Page::new(layout, &project, kind, fields) }))
}

async fn check(State(site): State<Arc<Site>>, _writer: Writer, Path((name, app)): Path<(String, String)>, form: Filled) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    let texts = fields(&site, &project.spec, kind).texts(&form);
    Ok(checked(settings::app::wrong(&project.spec, kind, &texts)))
}

async fn enable(editing: Editing, Path((name, app)): Path<(String, String)>, _form: Filled) -> Answer {
    switch(editing, &name, &app, true).await
}

async fn disable(editing: Editing, Path((name, app)): Path<(String, String)>, _form: Filled) -> Answer {
    switch(editing, &name, &app, false).await
}

async fn switch(editing: Editing, name: &str, app: &str, enabled: bool) -> Answer {
    let (_, kind) = editing.site.app(name, app).await?;
    let done = editing.settings_service().change(name, |spec| settings::app::switch(spec, kind, enabled)).await?;
    let (state, settings) = if enabled { ("enabled", "") } else { ("disabled", " Its settings are kept.") };
    let words = format!("{} is {state} on {name}.{settings}", kind.title());
    Ok(go_on(&editing.site, &address(&done.now.name, kind), &words))
}

async fn ask(Editing { site, layout, .. }: Editing, Path((name, app)): Path<(String, String)>) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    settings::app::installed(&project.spec, kind)?;
    let head = Head::of(&project, kind, AppTab::Settings);
    let loss = match kind {
        AppKind::Heartbeat => "No more events are sent or read back. Recorded beats are kept for their normal retention.".to_owned(),
        AppKind::IngestionAlert => {
            format!("No more incidents open on {name}. Channels that were notified of an open incident are notified that it ended.")
        }
    };
    let (layout, _) = head.around(layout);
    let (what, deleted) = (format!("{} from {name}", kind.title()), format!("Its settings and secrets are deleted. {loss}"));
    let mut asked = Confirm { verb: "Uninstall", ..Confirm::removal(layout, what, deleted, head.address()) };
    asked.says.push("To pause it, disable it instead: its settings are kept.".to_owned());
    asked.page()
}

async fn uninstall(editing: Editing, Path((name, app)): Path<(String, String)>, _form: Filled) -> Answer {
    let (project, kind) = editing.site.app(&name, &app).await?;
    editing.settings_service().change(&name, |spec| settings::app::uninstall(spec, kind)).await?;
    let words = format!("{} is uninstalled from {name}.", kind.title());
    Ok(go_on(&editing.site, &format!("/projects/{}/apps", project.spec.name), &words))
}
