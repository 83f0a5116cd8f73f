//! An app on a project, of whichever kind: what is asked of it, and what becomes of the project.

use super::problem::{Problem, Problems};
use super::project::fitting;
use super::texts::Texts;
use super::trouble::{Clash, EditError};
use crate::config::{nearest, rules};
use crate::model::{AppKind, Events, HeartbeatApp, Host, IngestionAlertApp, ProjectSpec, ProjectToken, Setting};

/// The kind of this name.
///
/// # Errors
/// [`EditError::Absent`] with those that there are.
pub fn kind_named(name: &str) -> Result<AppKind, EditError> {
    let known = || AppKind::ALL.map(|kind| kind.name().to_owned()).into();
    AppKind::named(name).ok_or_else(|| EditError::Absent { what: "app", name: name.to_owned(), known: known() })
}

/// The app on this project.
///
/// # Errors
/// [`Clash::NotInstalled`].
pub fn installed(spec: &ProjectSpec, kind: AppKind) -> Result<App, EditError> {
    App::on(spec, kind).ok_or_else(|| Clash::NotInstalled { app: kind, project: spec.name.clone() }.into())
}

/// The project with the app on it, as `texts` set it.
///
/// # Errors
/// [`Clash::Installed`], or every problem with the texts.
pub fn install(spec: &ProjectSpec, kind: AppKind, texts: &Texts, enabled: bool) -> Result<ProjectSpec, EditError> {
    if App::on(spec, kind).is_some() {
        return Err(Clash::Installed { app: kind, project: spec.name.clone() }.into());
    }
    with(App::usual(kind).switched(enabled), spec, texts)
}

/// The project with the settings of its app changed. What `texts` do not name stays, secrets with it.
///
/// # Errors
/// [`Clash::NotInstalled`], or every problem with the texts.
pub fn configure(spec: &ProjectSpec, kind: AppKind, texts: &Texts) -> Result<ProjectSpec, EditError> {
    with(installed(spec, kind)?, spec, texts)
}

/// The project with its app running, or at rest.
///
/// # Errors
/// [`Clash::NotInstalled`].
pub fn switch(spec: &ProjectSpec, kind: AppKind, enabled: bool) -> Result<ProjectSpec, EditError> {
    fitting(installed(spec, kind)?.switched(enabled).put_on(spec))
}

/// The project without the app.
///
/// # Errors
/// [`Clash::NotInstalled`].
pub fn uninstall(spec: &ProjectSpec, kind: AppKind) -> Result<ProjectSpec, EditError> {
    installed(spec, kind).map(|_| App::taken_off(spec, kind))
}

/// Everything that is wrong with these texts as settings of an app on the project.
#[must_use]
pub fn wrong(spec: &ProjectSpec, kind: AppKind, texts: &Texts) -> Vec<Problem> {
    App::usual(kind).set_all(texts, &spec.token)
}

fn with(mut app: App, spec: &ProjectSpec, texts: &Texts) -> Result<ProjectSpec, EditError> {
    Problems::or(app.set_all(texts, &spec.token), ())?;
    fitting(app.put_on(spec))
}

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

    /// The same, running or at rest.
    #[must_use]
    pub fn switched(self, enabled: bool) -> Self {
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
    /// What is wrong with it. A secret is not quoted.
    pub fn set(&mut self, key: &str, text: &str, token: &ProjectToken) -> Result<(), Problem> {
        let kind = self.kind();
        if kind.settings().iter().all(|setting| setting.key != key) {
            return Err(unknown(kind, key));
        }
        let set = match self {
            Self::Heartbeat(app) => set_heartbeat(app, key, text, token),
            Self::IngestionAlert(app) => app.set(key, text),
        };
        set.map_err(|says| Problem::of(key, says))
    }

    /// Sets each of these; gives everything that is wrong with them.
    pub fn set_all(&mut self, texts: &Texts, token: &ProjectToken) -> Vec<Problem> {
        texts.iter().filter_map(|(key, text)| self.set(key, text, token).err()).collect()
    }

    /// What a setting holds, for everybody's eyes; none where it has its default.
    #[must_use]
    pub fn shown(&self, setting: &Setting) -> Option<String> {
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

fn set_heartbeat(app: &mut HeartbeatApp, key: &str, text: &str, token: &ProjectToken) -> Result<(), String> {
    let given = Some(text.trim()).filter(|text| !text.is_empty());
    match key {
        "events" => app.events = given.map(Events::parse).transpose()?.unwrap_or_default(),
        "host" => app.host = given.map(rules::host).transpose()?,
        _ => app.project_api_key = given.map(|text| rules::app_token(text, Some(token))).transpose()?,
    }
    Ok(())
}

fn unknown(kind: AppKind, key: &str) -> Problem {
    let keys = || kind.settings().iter().map(|setting| setting.key);
    let hint = match (nearest(key, keys()), kind) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, AppKind::Heartbeat) => {
            format!("there are {} (routes of your own are set in a file)", keys().collect::<Vec<_>>().join(", "))
        }
        (None, AppKind::IngestionAlert) => format!("`heartbeat apps search {kind}` shows them all"),
    };
    Problem::whole(name_of(key), format!("{} is not a setting of {kind}; {hint}", quoted(key)))
}

/// A word as it was typed; anything else may be a secret in the wrong place, and is not shown.
#[must_use]
pub fn quoted(key: &str) -> String {
    match name_of(key) {
        "" => "(not shown)".to_owned(),
        word => format!("`{word}`"),
    }
}

/// The key where it can be one; nothing else is told.
pub(super) fn name_of(key: &str) -> &str {
    let is_word = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
    if is_word { key } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::project::tests::shop;

    #[test]
    fn every_wrong_setting_is_told_with_its_key_and_without_what_was_given() {
        let texts: Texts = [
            ("timeRange", "soon"),
            ("webHookUrlTriggered", "hooks.example.com/hunter2"),
            ("posthogApiKey", "phc_hunter2"),
            ("lots", "on"),
            ("https://x/hunter2", "1"),
        ]
        .into_iter()
        .collect();
        let Err(EditError::Wrong(problems)) = install(&shop(), AppKind::IngestionAlert, &texts, true) else { panic!() };
        let fields = problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>();
        assert_eq!(fields, ["timeRange", "webHookUrlTriggered", "posthogApiKey", "lots", ""]);
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
        assert_eq!(wrong(&shop(), AppKind::IngestionAlert, &texts), problems.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn secrets_stay_where_nothing_is_said_of_them() {
        let set = |spec: &ProjectSpec, texts: &[(&str, &str)]| {
            configure(spec, AppKind::IngestionAlert, &texts.iter().copied().collect()).unwrap().ingestion_alert.unwrap()
        };
        let on = install(&shop(), AppKind::IngestionAlert, &[("posthogApiKey", "phx_hunter2")].into_iter().collect(), false).unwrap();
        let changed = set(&on, &[("timeRange", "45")]);
        assert_eq!((changed.value("posthogApiKey").as_deref(), changed.value("timeRange").as_deref()), (Some("phx_hunter2"), Some("45")));
        assert_eq!(set(&on, &[("posthogApiKey", "")]).value("posthogApiKey"), None);
    }

    #[test]
    fn an_app_comes_once_and_what_is_not_there_is_not_changed() {
        let on = install(&shop(), AppKind::Heartbeat, &Texts::default(), true).unwrap();
        assert!(on.beats() && !switch(&on, AppKind::Heartbeat, false).unwrap().beats());
        let again = install(&on, AppKind::Heartbeat, &Texts::default(), true).unwrap_err();
        assert_eq!(again.to_string(), "heartbeat is installed on project shop already");
        assert_eq!(uninstall(&on, AppKind::Heartbeat).unwrap(), shop());
        for said in [
            uninstall(&shop(), AppKind::Heartbeat),
            configure(&shop(), AppKind::Heartbeat, &Texts::default()),
            switch(&shop(), AppKind::Heartbeat, true),
        ] {
            assert_eq!(said.unwrap_err().to_string(), "heartbeat is not installed on project shop");
        }
        assert_eq!(kind_named("hartbeat").unwrap_err().to_string(), "there is no app `hartbeat`; did you mean `heartbeat`?");
    }
}
