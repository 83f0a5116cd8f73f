//! What settings are about, field by field: as it is compared, and as it may be shown.

use std::fmt;

use crate::model::{
    AppKind, ChannelSpec, HeartbeatApp, IngestionAlertApp, Pace, PersonalKey, ProjectName, ProjectSpec, RouteSpec, Secret, StatusPage,
    When, Window,
};

use super::{conceal, duration};

/// How a personal API key is shown.
const KEY: &str = "phx_***";
/// How any other secret is shown.
const SECRET: &str = "***";

/// What kind of thing settings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A project.
    Project,
    /// A channel.
    Channel,
    /// A maintenance window.
    Maintenance,
    /// A status page.
    StatusPage,
}

impl Kind {
    /// One word, in lower case: the same as in a settings file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Channel => "channel",
            Self::Maintenance => "maintenance",
            Self::StatusPage => "status_page",
        }
    }

    /// What people call one.
    #[must_use]
    pub const fn called(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance window",
            Self::StatusPage => "status page",
            other => other.name(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A field's path, and what it holds.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) path: String,
    /// As it may be shown; none when it holds nothing.
    pub(super) value: Option<String>,
    /// What holds where it holds nothing.
    pub(super) usual: Option<&'static str>,
    /// What it holds, where that is not to be shown: compared, and nothing else.
    pub(super) secret: Option<Secret>,
}

/// Something that settings list by name.
pub trait Listed: Clone {
    /// What it is.
    const KIND: Kind;

    /// Its name, unlike that of any other of its kind.
    fn name(&self) -> &ProjectName;

    /// Its fields, in the order in which changes are told.
    fn fields(&self) -> Vec<Field>;
}

impl Listed for ProjectSpec {
    const KIND: Kind = Kind::Project;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn fields(&self) -> Vec<Field> {
        let Pace { late_after, lost_after, look_every } = self.pace;
        let key = self.personal_key.as_ref();
        let mut fields = vec![
            plain("host", Some(self.host.to_string())),
            plain("api_host", self.api_host.as_ref().map(ToString::to_string)),
            plain("token", Some(self.token.to_string())),
            hidden("personal_api_key", key.map(|_| KEY.into()), key.map(PersonalKey::expose)),
            plain("project_id", self.posthog_id.map(|number| number.to_string())),
            plain("late_after", Some(duration::show(late_after))),
            plain("lost_after", Some(duration::show(lost_after))),
            plain("look_every", Some(duration::show(look_every))),
            plain("heartbeat", self.heartbeat.as_ref().map(|app| switch(app.enabled))),
        ];
        fields.extend(self.heartbeat.iter().flat_map(heartbeat));
        fields.push(plain("ingestion_alert", self.ingestion_alert.as_ref().map(|app| switch(app.enabled))));
        fields.extend(self.ingestion_alert.iter().flat_map(ingestion_alert));
        fields
    }
}

impl Listed for ChannelSpec {
    const KIND: Kind = Kind::Channel;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn fields(&self) -> Vec<Field> {
        let Self { name: _, kind, enabled, projects, least, at_once, title, body, values } = self;
        let template = |text: &Option<String>| text.as_ref().map(|text| format!("`{}`", text.replace('\n', "\\n")));
        let mut fields = vec![
            plain("kind", Some(kind.to_string())),
            plain("enabled", Some(enabled.to_string())),
            of_projects(projects),
            plain("severity", Some(least.to_string())),
            plain("at_once", Some(at_once.to_string())),
            plain("title", template(title)),
            plain("body", template(body)),
        ];
        fields.extend(kind.fields().iter().map(|field| {
            let value = values.get(field.key);
            let shown = if field.secret { value.map(|_| SECRET.to_owned()) } else { value.map(conceal) };
            let usual = Some(field.default).filter(|default| !default.is_empty());
            Field { usual, ..hidden(field.key, shown, value) }
        }));
        fields
    }
}

impl Listed for Window {
    const KIND: Kind = Kind::Maintenance;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![of_projects(&self.projects)];
        match &self.when {
            When::Once(from, to) => fields.extend([("from", from), ("to", to)].map(|(key, at)| plain(key, Some(at.to_string())))),
            When::Weekly(weekly) => {
                fields.push(plain("weekly", Some(weekly.written().to_owned())));
                fields.push(plain("timezone", weekly.timezone().map(str::to_owned)));
            }
            When::Cron(cron, lasts) => {
                fields.push(plain("cron", Some(cron.times().to_owned())));
                fields.push(plain("timezone", cron.timezone().map(str::to_owned)));
                fields.push(plain("lasts", Some(duration::show(*lasts))));
            }
        }
        fields
    }
}

impl Listed for StatusPage {
    const KIND: Kind = Kind::StatusPage;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn fields(&self) -> Vec<Field> {
        let Self { name: _, title, projects, public } = self;
        vec![plain("title", Some(title.clone())), of_projects(projects), plain("public", Some(public.to_string()))]
    }
}

fn heartbeat(app: &HeartbeatApp) -> Vec<Field> {
    let HeartbeatApp { enabled: _, events, host, project_api_key, routes } = app;
    let mut fields = vec![
        plain("heartbeat.events", Some(events.to_string())),
        plain("heartbeat.host", host.as_ref().map(ToString::to_string)),
        plain("heartbeat.project_api_key", project_api_key.as_ref().map(ToString::to_string)),
    ];
    fields.extend(routes.iter().flat_map(route));
    fields
}

fn route(route: &RouteSpec) -> [Field; 4] {
    let RouteSpec { name, event, host, endpoint, distinct_id } = route;
    let values = [
        ("event", Some(event.clone())),
        ("host", host.as_ref().map(ToString::to_string)),
        ("endpoint", Some(endpoint.to_string())),
        ("distinct_id", Some(distinct_id.to_string())),
    ];
    values.map(|(key, value)| plain(format!("heartbeat.route.{name}.{key}"), value))
}

/// What is as usual holds nothing, and so is not told when the app comes or goes.
fn ingestion_alert(app: &IngestionAlertApp) -> impl Iterator<Item = Field> {
    AppKind::IngestionAlert.settings().iter().map(|setting| {
        let value = app.value(setting.key);
        let secret = value.as_deref().filter(|_| setting.secret);
        let usual = Some(setting.default).filter(|default| !default.is_empty() && !setting.secret);
        Field { usual, ..hidden(format!("ingestion_alert.{}", setting.key), app.shown(setting.key), secret) }
    })
}

fn of_projects(projects: &[ProjectName]) -> Field {
    let names = projects.iter().map(ProjectName::as_str).collect::<Vec<_>>();
    plain("projects", Some(if names.is_empty() { "all".to_owned() } else { names.join(", ") }))
}

fn switch(enabled: bool) -> String {
    if enabled { "enabled" } else { "disabled" }.to_owned()
}

fn plain(path: impl Into<String>, value: Option<String>) -> Field {
    hidden(path, value, None)
}

fn hidden(path: impl Into<String>, value: Option<String>, secret: Option<&str>) -> Field {
    Field { path: path.into(), value, usual: None, secret: secret.map(Secret::new) }
}
