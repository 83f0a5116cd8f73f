//! A status page as it is set up, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::StatusPage;

/// A status page, for programs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = StatusPageView)]
pub struct StatusPageJson {
    /// Its name in addresses.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// In the order in which they stand there.
    pub projects: Vec<String>,
    /// Whether everybody sees it.
    pub public: bool,
}

impl StatusPageJson {
    /// What is told of a status page.
    #[must_use]
    pub fn of(page: &StatusPage) -> Self {
        let projects = page.projects.iter().map(ToString::to_string).collect();
        Self { name: page.name.to_string(), title: page.title.clone(), projects, public: page.public }
    }
}
