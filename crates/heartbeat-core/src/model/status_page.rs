//! A status page: what the public may see of some projects.

use super::ProjectName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The name in addresses, unique among status pages.
    pub name: ProjectName,
    pub title: String,
    /// In this order. Removed projects are skipped.
    pub projects: Vec<ProjectName>,
    pub public: bool,
}
