//! A status page: what the public may see of some projects.

use super::{ProjectFilter, ProjectName, ProjectSpec};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The name in addresses, unique among status pages.
    pub name: ProjectName,
    pub title: String,
    /// In this order. Removed projects are skipped.
    pub projects: ProjectFilter,
    pub public: bool,
}

impl StatusPage {
    /// With an empty filter it shows no project, not all: the public must not see one by accident.
    #[must_use]
    pub fn shows(&self, project: &ProjectSpec) -> bool {
        !self.projects.is_all() && self.projects.matches(project)
    }
}
