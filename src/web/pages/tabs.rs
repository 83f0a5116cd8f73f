//! The tabs that all pages of one project share: `{% include "project_tabs.html" %}` with `tabs` in the page.

use crate::model::ProjectName;

/// One of a project's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Beats,
    Apps,
    Rules,
    Settings,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Overview, "Overview", ""),
        (Self::Beats, "Beats", "/beats"),
        (Self::Apps, "Apps", "/apps"),
        (Self::Rules, "Rules", "/rules"),
        (Self::Settings, "Settings", "/settings"),
    ];
}

/// The tabs of one project, one of them open.
#[derive(Debug, Clone)]
pub(super) struct Tabs {
    project: ProjectName,
    here: Tab,
}

/// The tabs of this project, as they stand on this page of it.
pub(super) fn tabs(project: &ProjectName, here: Tab) -> Tabs {
    Tabs { project: project.clone(), here }
}

impl Tabs {
    /// Whose they are.
    pub(super) const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// Each with its address, its name, and whether it is open.
    pub(super) fn links(&self) -> impl Iterator<Item = (String, &'static str, bool)> {
        Tab::ALL.into_iter().map(|(tab, name, tail)| (format!("/projects/{}{tail}", self.project), name, tab == self.here))
    }
}
