//! The tabs of the pages of a project: `{% include "project_tabs.html" %}`, with `tabs` in the page struct.

use crate::model::ProjectName;

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

#[derive(Debug, Clone)]
pub(super) struct Tabs {
    project: ProjectName,
    here: Tab,
}

pub(super) fn tabs(project: &ProjectName, here: Tab) -> Tabs {
    Tabs { project: project.clone(), here }
}

impl Tabs {
    pub(super) const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// Per tab: address, name, whether it is the current one.
    pub(super) fn links(&self) -> impl Iterator<Item = (String, &'static str, bool)> {
        Tab::ALL.into_iter().map(|(tab, name, tail)| (format!("/projects/{}{tail}", self.project), name, tab == self.here))
    }
}
