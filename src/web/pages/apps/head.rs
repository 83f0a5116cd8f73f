//! What the pages of one app on one project have in common: `{% include "app_head.html" %}` with `head` in the page.

use crate::config::App;
use crate::model::{AppKind, Project, ProjectName};
use crate::settings::Cost;
use crate::web::layout::{Layout, Place};
use crate::web::pages::tabs::{Tab, Tabs, tabs};

/// One of an app's pages.
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

/// The head of an app's pages.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) kind: AppKind,
    pub(super) project: ProjectName,
    /// The app, where it is installed.
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

    /// What it costs, or will.
    pub(super) fn cost(&self) -> String {
        cost(&self.app.clone().unwrap_or_else(|| App::usual(self.kind)))
    }

    /// Each of its pages: address, name, and whether it is open. Of an app that is not installed there is one.
    pub(super) fn links(&self) -> impl Iterator<Item = (String, &'static str, bool)> {
        AppTab::ALL.into_iter().map(|(tab, name, tail)| (format!("{}{tail}", self.address()), name, tab == self.here))
    }

    /// The frame of a page below this head, and the project's tabs.
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

/// The address of an app on a project.
pub(super) fn address(project: &ProjectName, kind: AppKind) -> String {
    format!("/projects/{project}/apps/{kind}")
}

/// What an app costs in events.
pub(super) fn cost(app: &App) -> String {
    match app {
        App::Heartbeat(app) => Cost { routes: app.all_routes().len() }.sentence(),
        App::IngestionAlert(_) => "No events: it reads what arrives, in the query that Heartbeat makes anyway".to_owned(),
    }
}

/// How an app stands on a project.
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

    /// The class of its badge.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Enabled => "good",
            Self::Disabled => "idle",
            Self::Absent => "off",
        }
    }
}
