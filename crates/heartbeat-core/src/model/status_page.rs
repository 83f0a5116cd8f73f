//! A status page: what strangers may see of some projects.

use super::ProjectName;

/// What strangers may see of one or several projects, once it is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// Its name in addresses; unlike that of any other status page.
    pub name: ProjectName,
    /// What stands above it.
    pub title: String,
    /// Of which projects, in this order. One that is gone is passed over.
    pub projects: Vec<ProjectName>,
    /// Whether strangers see it.
    pub public: bool,
}
