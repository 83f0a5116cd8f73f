//! An app on a project, of whichever kind: what the commands ask of it, and what becomes of the project.

use crate::config::{nearest, rules};
use crate::model::{AppKind, Events, HeartbeatApp, Host, IngestionAlertApp, ProjectSpec, ProjectToken, Setting};

/// An app, as it is installed on a project.
#[derive(Debug, Clone)]
pub(super) enum App {
    Heartbeat(HeartbeatApp),
    IngestionAlert(Box<IngestionAlertApp>),
}

impl App {
    /// As it is where nothing is set.
    pub(super) fn usual(kind: AppKind) -> Self {
        match kind {
            AppKind::Heartbeat => Self::Heartbeat(HeartbeatApp::default()),
            AppKind::IngestionAlert => Self::IngestionAlert(Box::default()),
        }
    }

    /// That of this kind on the project.
    pub(super) fn on(spec: &ProjectSpec, kind: AppKind) -> Option<Self> {
        match kind {
            AppKind::Heartbeat => spec.heartbeat.clone().map(Self::Heartbeat),
            AppKind::IngestionAlert => spec.ingestion_alert.clone().map(Box::new).map(Self::IngestionAlert),
        }
    }

    /// The project with this app in place of the one it has of its kind.
    pub(super) fn put_on(self, spec: &ProjectSpec) -> ProjectSpec {
        match self {
            Self::Heartbeat(app) => ProjectSpec { heartbeat: Some(app), ..spec.clone() },
            Self::IngestionAlert(app) => ProjectSpec { ingestion_alert: Some(*app), ..spec.clone() },
        }
    }

    /// The project without the app of this kind.
    pub(super) fn taken_off(spec: &ProjectSpec, kind: AppKind) -> ProjectSpec {
        match kind {
            AppKind::Heartbeat => ProjectSpec { heartbeat: None, ..spec.clone() },
            AppKind::IngestionAlert => ProjectSpec { ingestion_alert: None, ..spec.clone() },
        }
    }

    pub(super) const fn kind(&self) -> AppKind {
        match self {
            Self::Heartbeat(_) => AppKind::Heartbeat,
            Self::IngestionAlert(_) => AppKind::IngestionAlert,
        }
    }

    pub(super) const fn is_enabled(&self) -> bool {
        match self {
            Self::Heartbeat(app) => app.enabled,
            Self::IngestionAlert(app) => app.enabled,
        }
    }

    /// The same, running or at rest.
    pub(super) fn switched(self, enabled: bool) -> Self {
        match self {
            Self::Heartbeat(app) => Self::Heartbeat(HeartbeatApp { enabled, ..app }),
            Self::IngestionAlert(mut app) => {
                app.enabled = enabled;
                Self::IngestionAlert(app)
            }
        }
    }

    /// Sets one setting; an empty text brings its default back.
    ///
    /// # Errors
    /// A whole sentence. A secret is not quoted.
    pub(super) fn set(&mut self, key: &str, text: &str, token: &ProjectToken) -> Result<(), String> {
        let kind = self.kind();
        if kind.settings().iter().all(|setting| setting.key != key) {
            return Err(unknown(kind, key));
        }
        match self {
            Self::Heartbeat(app) => set_heartbeat(app, key, text, token),
            Self::IngestionAlert(app) => rules::about(key, app.set(key, text)),
        }
    }

    /// What a setting holds, for everybody's eyes; none where it has its default.
    pub(super) fn shown(&self, setting: &Setting) -> Option<String> {
        match self {
            Self::Heartbeat(app) => match setting.key {
                "events" => Some(app.events.to_string()),
                "host" => app.host.as_ref().map(ToString::to_string),
                "project_api_key" => app.project_api_key.as_ref().map(ToString::to_string),
                _ => None,
            },
            Self::IngestionAlert(app) => app.shown(setting.key),
        }
    }

    /// The names of the routes on which it beats.
    pub(super) fn routes(&self) -> Vec<String> {
        match self {
            Self::Heartbeat(app) => app.all_routes().into_iter().map(|route| route.name).collect(),
            Self::IngestionAlert(_) => Vec::new(),
        }
    }

    /// A line for each route of the user's own.
    pub(super) fn own_routes(&self) -> Vec<String> {
        let Self::Heartbeat(app) = self else { return Vec::new() };
        let lines = app.routes.iter().map(|route| {
            let host = route.host.as_ref().map_or("the project's host", Host::written);
            format!("route {}: {} to {host} ({})", route.name, route.event, route.endpoint)
        });
        lines.collect()
    }
}

fn set_heartbeat(app: &mut HeartbeatApp, key: &str, text: &str, token: &ProjectToken) -> Result<(), String> {
    let given = Some(text.trim()).filter(|text| !text.is_empty());
    match key {
        "events" => app.events = rules::about(key, given.map(Events::parse).transpose())?.unwrap_or_default(),
        "host" => app.host = rules::about(key, given.map(rules::host).transpose())?,
        _ => app.project_api_key = rules::about(key, given.map(|text| rules::app_token(text, Some(token))).transpose())?,
    }
    Ok(())
}

fn unknown(kind: AppKind, key: &str) -> String {
    let keys = || kind.settings().iter().map(|setting| setting.key);
    let hint = match (nearest(key, keys()), kind) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, AppKind::Heartbeat) => {
            format!("there are {} (routes of your own are set in a file)", keys().collect::<Vec<_>>().join(", "))
        }
        (None, AppKind::IngestionAlert) => format!("`heartbeat apps search {kind}` shows them all"),
    };
    format!("{} is not a setting of {kind}; {hint}", quoted(key))
}

/// A word as it was typed; anything else may be a secret in the wrong place, and is not shown.
pub(super) fn quoted(key: &str) -> String {
    let is_word = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
    if is_word { format!("`{key}`") } else { "(not shown)".to_owned() }
}
