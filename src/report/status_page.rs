//! Status pages as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::StatusPage;

/// A status page.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = StatusPageView)]
pub struct StatusPageJson {
    /// The name in the address.
    pub name: String,
    /// The title.
    pub title: String,
    /// The projects, in the order on the page.
    pub projects: Vec<String>,
    /// Whether the page is public.
    pub public: bool,
}

impl StatusPageJson {
    #[must_use]
    pub fn of(page: &StatusPage) -> Self {
        Self { name: page.name.to_string(), title: page.title.clone(), projects: page.projects.to_texts(), public: page.public }
    }
}
