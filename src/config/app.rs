//! An app on a project: its settings as texts, and its custom routes.

use super::problem::Problem;
use super::reader::{flag, unknown_field};
use super::suggest::hint;
use super::texts::Texts;
use super::value::{Group, Value};
use super::{route, rules};
use crate::model::{AppKind, Events, Field, HeartbeatApp, Host, IngestionAlertApp, Invalid, ProjectSpec, ProjectToken, Suggestion};

#[derive(Debug, Clone)]
pub enum App {
    Heartbeat(HeartbeatApp),
    IngestionAlert(Box<IngestionAlertApp>),
}

impl App {
    #[must_use]
    pub fn usual(kind: AppKind) -> Self {
        match kind {
            AppKind::Heartbeat => Self::Heartbeat(HeartbeatApp::default()),
            AppKind::IngestionAlert => Self::IngestionAlert(Box::default()),
        }
    }

    #[must_use]
    pub fn on(spec: &ProjectSpec, kind: AppKind) -> Option<Self> {
        match kind {
            AppKind::Heartbeat => spec.heartbeat.clone().map(Self::Heartbeat),
            AppKind::IngestionAlert => spec.ingestion_alert.clone().map(Box::new).map(Self::IngestionAlert),
        }
    }

    #[must_use]
    pub fn put_on(self, spec: &ProjectSpec) -> ProjectSpec {
        match self {
            Self::Heartbeat(app) => ProjectSpec { heartbeat: Some(app), ..spec.clone() },
            Self::IngestionAlert(app) => ProjectSpec { ingestion_alert: Some(*app), ..spec.clone() },
        }
    }

    #[must_use]
    pub fn taken_off(spec: &ProjectSpec, kind: AppKind) -> ProjectSpec {
        match kind {
            AppKind::Heartbeat => ProjectSpec { heartbeat: None, ..spec.clone() },
            AppKind::IngestionAlert => ProjectSpec { ingestion_alert: None, ..spec.clone() },
        }
    }

    #[must_use]
    pub const fn kind(&self) -> AppKind {
        match self {
            Self::Heartbeat(_) => AppKind::Heartbeat,
            Self::IngestionAlert(_) => AppKind::IngestionAlert,
        }
    }

    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        match self {
            Self::Heartbeat(app) => app.enabled,
            Self::IngestionAlert(app) => app.enabled,
        }
    }

    #[must_use]
    pub const fn state(&self) -> &'static str {
        if self.is_enabled() { "enabled" } else { "disabled" }
    }

    #[must_use]
    pub fn switched(mut self, enabled: bool) -> Self {
        match &mut self {
            Self::Heartbeat(app) => app.enabled = enabled,
            Self::IngestionAlert(app) => app.enabled = enabled,
        }
        self
    }

    /// An empty text restores the default. Problems contain no secrets.
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
        set.map_err(|wrong| Problem::of(key, wrong))
    }

    /// The value of a setting, with secrets in plain text; none for the default.
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

    /// The value of a setting with secrets redacted; none for the default.
    #[must_use]
    pub fn shown(&self, setting: &Field) -> Option<String> {
        self.value(setting.key).map(|value| setting.shown(&value))
    }

    pub(super) fn values(&self) -> Vec<Value> {
        let group = || Group::App(self.kind());
        let mut values: Vec<Value> =
            self.kind().settings().iter().map(|setting| Value::of(group(), *setting, self.value(setting.key))).collect();
        if let Self::Heartbeat(app) = self {
            values.extend(app.routes.iter().flat_map(route::values));
        }
        values
    }

    #[must_use]
    pub fn routes(&self) -> Vec<String> {
        match self {
            Self::Heartbeat(app) => app.all_routes().into_iter().map(|route| route.name).collect(),
            Self::IngestionAlert(_) => Vec::new(),
        }
    }

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

fn set_heartbeat(app: &mut HeartbeatApp, key: &str, text: &str, token: Option<&ProjectToken>) -> Result<(), Invalid> {
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
    let suggestion = match (hint(key, &keys), kind) {
        (meant @ Suggestion::Meant(_), _) => meant,
        (names, AppKind::Heartbeat) => {
            Suggestion::Advice(format!("{names}, and route.NAME.event, .host, .endpoint and .distinct_id").into())
        }
        (_, AppKind::IngestionAlert) => Suggestion::Advice(format!("`heartbeat apps search {kind}` lists them").into()),
    };
    unknown_field(key, &format!("a setting of {kind}"), suggestion)
}
