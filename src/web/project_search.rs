//! The search for projects in the lists of pages and API.

use std::collections::HashSet;

use serde::Deserialize;
use url::form_urlencoded::Serializer;
use utoipa::IntoParams;

use super::error::WebError;
use super::site::Site;
use crate::model::{ProjectFilter, ProjectName};

/// A longer text is no part of a name.
const LONGEST: usize = 64;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProjectSearch {
    /// Only projects whose name contains this text.
    pub(super) q: Option<String>,
    /// Only these projects, separated by commas.
    pub(super) project: Option<String>,
}

pub(super) struct FoundProjects {
    /// In the order of names.
    pub(super) names: Vec<ProjectName>,
    /// The number of all projects.
    pub(super) total: usize,
}

impl ProjectSearch {
    pub(super) fn text(&self) -> String {
        self.q.as_deref().unwrap_or_default().trim().chars().take(LONGEST).collect()
    }

    pub(super) fn filter(&self) -> Result<ProjectFilter, WebError> {
        let text = self.project.as_deref().unwrap_or_default();
        ProjectFilter::parse(text).map_err(|wrong| WebError::unfit("project", wrong))
    }

    pub(super) async fn find(&self, site: &Site) -> Result<FoundProjects, WebError> {
        let (store, filter, pattern) = (&site.web.store, self.filter()?, self.text().to_lowercase());
        let all = store.project_names().await?;
        let total = all.len();
        let chosen: Option<HashSet<ProjectName>> =
            if filter.is_all() { None } else { Some(store.names_in(&filter).await?.into_iter().collect()) };
        let fits = |name: &ProjectName| {
            chosen.as_ref().is_none_or(|chosen| chosen.contains(name)) && name.as_str().to_lowercase().contains(&pattern)
        };
        Ok(FoundProjects { names: all.into_iter().map(|(_, name)| name).filter(fits).collect(), total })
    }

    /// The same search with one more parameter, as an address of the page at `path`.
    pub(super) fn address(&self, path: &str, key: &str, value: &str) -> String {
        let mut query = Serializer::new(String::new());
        let own = [("q", self.text()), ("project", self.project.clone().unwrap_or_default())];
        query.extend_pairs(own.iter().filter(|(_, text)| !text.is_empty()));
        format!("{path}?{}", query.append_pair(key, value).finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_search() {
        let search = ProjectSearch { q: Some("a b".to_owned()), project: Some("shop,blog".to_owned()) };
        assert_eq!(search.address("/", "after", "p03"), "/?q=a+b&project=shop%2Cblog&after=p03");
        assert_eq!(ProjectSearch::default().address("/apps/heartbeat", "after", "p03"), "/apps/heartbeat?after=p03");
    }
}
