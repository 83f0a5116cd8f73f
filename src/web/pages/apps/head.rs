//! The head that the pages of one app on one project share: `{% include "app_head.html" %}`, with `head` in the page struct.

use crate::config::App;
use crate::model::{AppKind, Project, ProjectName};
use crate::settings::Cost;
use crate::web::layout::{Layout, Place};
use crate::web::pages::tabs::{Tab, Tabs, tabs};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppTab {
    Settings,
    Logs,
    Metrics,
    History,
}

impl AppTab {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Settings, "Settings", ""),
        (Self::Logs, "Logs", "/logs"),
        (Self::Metrics, "Metrics", "/metrics"),
        (Self::History, "History", "/history"),
    ];
}

#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) kind: AppKind,
    pub(super) project: ProjectName,
    /// None: not installed.
    pub(super) app: Option<App>,
    here: AppTab,
}

impl Head {
    pub(super) fn of(project: &Project, kind: AppKind, here: AppTab) -> Self {
        Self { kind, project: project.spec.name.clone(), app: App::on(&project.spec, kind), here }
    }

    pub(super) fn address(&self) -> String {
        address(&self.project, self.kind)
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.app.as_ref().is_some_and(App::is_enabled)
    }

    pub(super) fn state(&self) -> AppState {
        AppState::of(self.app.as_ref())
    }

    pub(super) fn cost(&self) -> String {
        cost(&self.app.clone().unwrap_or_else(|| App::usual(self.kind)))
    }

    /// Per page: address, name, whether it is the current one. The template shows them only for an installed app.
    pub(super) fn links(&self) -> impl Iterator<Item = (String, &'static str, bool)> {
        AppTab::ALL.into_iter().map(|(tab, name, tail)| (format!("{}{tail}", self.address()), name, tab == self.here))
    }

    pub(super) fn around(&self, layout: Layout) -> (Layout, Tabs) {
        let (project, title) = (self.project.as_str(), self.kind.title());
        let above = [("Projects".to_owned(), "/".to_owned()), (project.to_owned(), format!("/projects/{project}"))];
        let apps = ("Apps".to_owned(), format!("/projects/{project}/apps"));
        let app = (self.here != AppTab::Settings).then(|| (title.to_owned(), self.address()));
        let name = AppTab::ALL.into_iter().find(|(tab, ..)| *tab == self.here).map_or("", |(_, name, _)| name);
        let title = if self.here == AppTab::Settings { title.to_owned() } else { format!("{name} of {title}") };
        let layout = layout.titled(Place::Projects, title).below(above.into_iter().chain([apps]).chain(app));
        (layout, tabs(&self.project, Tab::Apps))
    }
}

pub(super) fn address(project: &ProjectName, kind: AppKind) -> String {
    format!("/projects/{project}/apps/{kind}")
}

pub(super) fn cost(app: &App) -> String {
    match app {
        App::Heartbeat(app) => Cost { routes: app.all_routes().len() }.sentence(),
        App::IngestionAlert(_) => "No events: it uses the read-back query of Heartbeat".to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppState {
    Enabled,
    Disabled,
    Absent,
}

impl AppState {
    pub(super) fn of(app: Option<&App>) -> Self {
        match app {
            Some(app) if app.is_enabled() => Self::Enabled,
            Some(_) => Self::Disabled,
            None => Self::Absent,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Absent => "not installed",
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Absent => "absent",
        }
    }
}
