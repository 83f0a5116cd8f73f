//! An app on a project, of whichever kind: its settings as texts, and the routes of the user's own.

use super::problem::Problem;
use super::reader::{flag, name_of, quoted};
use super::suggest::hint;
use super::texts::Texts;
use super::value::{Group, Value};
use super::{route, rules};
use crate::model::{AppKind, Events, Field, HeartbeatApp, Host, IngestionAlertApp, ProjectSpec, ProjectToken};

/// An app, as it is installed on a project.
#[derive(Debug, Clone)]
pub enum App {
    /// One event a minute on each route.
    Heartbeat(HeartbeatApp),
    /// Says what goes wrong.
    IngestionAlert(Box<IngestionAlertApp>),
}

impl App {
    /// As it is where nothing is set.
    #[must_use]
    pub fn usual(kind: AppKind) -> Self {
        match kind {
            AppKind::Heartbeat => Self::Heartbeat(HeartbeatApp::default()),
            AppKind::IngestionAlert => Self::IngestionAlert(Box::default()),
        }
    }

    /// That of this kind on the project.
    #[must_use]
    pub fn on(spec: &ProjectSpec, kind: AppKind) -> Option<Self> {
        match kind {
            AppKind::Heartbeat => spec.heartbeat.clone().map(Self::Heartbeat),
            AppKind::IngestionAlert => spec.ingestion_alert.clone().map(Box::new).map(Self::IngestionAlert),
        }
    }

    /// The project with this app in place of the one it has of its kind.
    #[must_use]
    pub fn put_on(self, spec: &ProjectSpec) -> ProjectSpec {
        match self {
            Self::Heartbeat(app) => ProjectSpec { heartbeat: Some(app), ..spec.clone() },
            Self::IngestionAlert(app) => ProjectSpec { ingestion_alert: Some(*app), ..spec.clone() },
        }
    }

    /// The project without the app of this kind.
    #[must_use]
    pub fn taken_off(spec: &ProjectSpec, kind: AppKind) -> ProjectSpec {
        match kind {
            AppKind::Heartbeat => ProjectSpec { heartbeat: None, ..spec.clone() },
            AppKind::IngestionAlert => ProjectSpec { ingestion_alert: None, ..spec.clone() },
        }
    }

    /// Which app it is.
    #[must_use]
    pub const fn kind(&self) -> AppKind {
        match self {
            Self::Heartbeat(_) => AppKind::Heartbeat,
            Self::IngestionAlert(_) => AppKind::IngestionAlert,
        }
    }

    /// Whether it runs.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        match self {
            Self::Heartbeat(app) => app.enabled,
            Self::IngestionAlert(app) => app.enabled,
        }
    }

    /// `enabled` or `disabled`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        if self.is_enabled() { "enabled" } else { "disabled" }
    }

    /// The same, running or at rest.
    #[must_use]
    pub fn switched(mut self, enabled: bool) -> Self {
        match &mut self {
            Self::Heartbeat(app) => app.enabled = enabled,
            Self::IngestionAlert(app) => app.enabled = enabled,
        }
        self
    }

    /// Sets each of these settings; an empty text brings a default back. Gives everything that is wrong with them, without secrets.
    pub fn set_all(&mut self, texts: &Texts, token: Option<&ProjectToken>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Self::Heartbeat(app) = self {
            problems.extend(route::set_all(&mut app.routes, texts));
        }
        let has_routes = matches!(self, Self::Heartbeat(_));
        for (key, text) in texts.iter().filter(|(key, _)| !has_routes || !route::is_of_routes(key)) {
            problems.extend(self.set(key, text, token).err());
        }
        problems
    }

    fn set(&mut self, key: &str, text: &str, token: Option<&ProjectToken>) -> Result<(), Problem> {
        let set = match self {
            _ if key == "enabled" => flag(text).map(|enabled| *self = self.clone().switched(enabled)),
            _ if self.kind().settings().iter().all(|setting| setting.key != key) => return Err(unknown(self.kind(), key)),
            Self::Heartbeat(app) => set_heartbeat(app, key, text, token),
            Self::IngestionAlert(app) => rules::not_a_placeholder(text).and_then(|()| app.set(key, text)),
        };
        set.map_err(|says| Problem::of(key, says))
    }

    /// What a setting holds, secrets in clear; none where it has its default.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        match self {
            Self::Heartbeat(app) => match key {
                "events" => Some(app.events.to_string()),
                "host" => app.host.as_ref().map(|host| host.written().to_owned()),
                "project_api_key" => app.project_api_key.as_ref().map(ToString::to_string),
                _ => None,
            },
            Self::IngestionAlert(app) => app.value(key),
        }
    }

    /// What a setting holds, for everybody's eyes; none where it has its default.
    #[must_use]
    pub fn shown(&self, setting: &Field) -> Option<String> {
        self.value(setting.key).map(|value| setting.shown(&value))
    }

    /// Each setting with what it holds, and each of its routes.
    pub(super) fn values(&self) -> Vec<Value> {
        let group = || Group::App(self.kind());
        let mut values: Vec<Value> =
            self.kind().settings().iter().map(|setting| Value::of(group(), *setting, self.value(setting.key))).collect();
        if let Self::Heartbeat(app) = self {
            values.extend(app.routes.iter().flat_map(route::values));
        }
        values
    }

    /// The names of the routes on which it beats.
    #[must_use]
    pub fn routes(&self) -> Vec<String> {
        match self {
            Self::Heartbeat(app) => app.all_routes().into_iter().map(|route| route.name).collect(),
            Self::IngestionAlert(_) => Vec::new(),
        }
    }

    /// A line for each route of the user's own.
    #[must_use]
    pub fn own_routes(&self) -> Vec<String> {
        let Self::Heartbeat(app) = self else { return Vec::new() };
        let lines = app.routes.iter().map(|route| {
            let host = route.host.as_ref().map_or("the project's host", Host::written);
            format!("route {}: {} to {host} ({})", route.name, route.event, route.endpoint)
        });
        lines.collect()
    }
}

fn set_heartbeat(app: &mut HeartbeatApp, key: &str, text: &str, token: Option<&ProjectToken>) -> Result<(), String> {
    let given = Some(text.trim()).filter(|text| !text.is_empty());
    match key {
        "events" => app.events = given.map(Events::parse).transpose()?.unwrap_or_default(),
        "host" => app.host = given.map(rules::host).transpose()?,
        _ => app.project_api_key = given.map(|text| rules::app_token(text, token)).transpose()?,
    }
    Ok(())
}

fn unknown(kind: AppKind, key: &str) -> Problem {
    let keys: Vec<&str> = kind.settings().iter().map(|setting| setting.key).collect();
    let hint = match (hint(key, &keys), kind) {
        (hint, _) if hint.starts_with("did") => hint,
        (hint, AppKind::Heartbeat) => format!("{hint}, and route.NAME.event, .host, .endpoint and .distinct_id"),
        (_, AppKind::IngestionAlert) => format!("`heartbeat apps search {kind}` shows them all"),
    };
    Problem::whole(name_of(key), format!("{} is not a setting of {kind}; {hint}", quoted(key)))
}
