//! A choice of projects. Channels, maintenance windows, status pages and lists are limited to projects in this one way.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Invalid, Project, ProjectName, ProjectSpec, Tag};

/// Before a tag, which an entry could not tell from a name otherwise.
const TAG: &str = "tag:";

/// One entry of a filter, written `shop` or `tag:checkout`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FilterEntry {
    Project(ProjectName),
    /// All projects with this tag.
    Tag(Tag),
}

impl FilterEntry {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix(TAG) {
            Some(tag) => Tag::parse(tag).map(Self::Tag),
            None => ProjectName::parse(text).map(Self::Project),
        }
    }

    /// What it names, in sentences.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Tag(_) => "tag",
        }
    }

    /// What follows [`FilterEntry::what`].
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Project(name) => name.as_str(),
            Self::Tag(tag) => tag.as_str(),
        }
    }

    fn matches(&self, project: &ProjectSpec) -> bool {
        match self {
            Self::Project(name) => *name == project.name,
            Self::Tag(tag) => project.tags.contains(tag),
        }
    }
}

impl fmt::Display for FilterEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(name) => name.fmt(f),
            Self::Tag(tag) => write!(f, "{TAG}{tag}"),
        }
    }
}

impl TryFrom<String> for FilterEntry {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<FilterEntry> for String {
    fn from(entry: FilterEntry) -> Self {
        entry.to_string()
    }
}

/// The projects that match one of the entries; all projects, if there is no entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectFilter(Vec<FilterEntry>);

impl ProjectFilter {
    /// Reads entries separated by commas.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(FilterEntry::parse).collect()
    }

    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn entries(&self) -> &[FilterEntry] {
        &self.0
    }

    #[must_use]
    pub fn matches(&self, project: &ProjectSpec) -> bool {
        self.is_all() || self.0.iter().any(|entry| entry.matches(project))
    }

    /// The projects that it lists by name.
    pub fn names(&self) -> impl Iterator<Item = &ProjectName> {
        self.0.iter().filter_map(|entry| match entry {
            FilterEntry::Project(name) => Some(name),
            FilterEntry::Tag(_) => None,
        })
    }

    /// Whether the names are all of it, so that it can be resolved without the projects.
    #[must_use]
    pub fn is_of_names(&self) -> bool {
        !self.is_all() && self.names().count() == self.0.len()
    }

    /// Puts projects into the order of the entries that they match; projects of the same entry keep theirs.
    pub fn order(&self, projects: &mut [Project]) {
        projects.sort_by_cached_key(|project| self.0.iter().position(|entry| entry.matches(&project.spec)));
    }

    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// For example `shop, blog`, or `all projects`.
impl fmt::Display for ProjectFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() { f.write_str("all projects") } else { f.write_str(&self.to_texts().join(", ")) }
    }
}

impl FromIterator<FilterEntry> for ProjectFilter {
    fn from_iter<I: IntoIterator<Item = FilterEntry>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl FromIterator<ProjectName> for ProjectFilter {
    fn from_iter<I: IntoIterator<Item = ProjectName>>(names: I) -> Self {
        names.into_iter().map(FilterEntry::Project).collect()
    }
}

/// What the entries of filters can name. An entry that names nothing is likely a typing error.
#[derive(Debug, Default)]
pub struct FilterChoices<'p> {
    names: BTreeSet<&'p str>,
    tags: BTreeSet<&'p str>,
}

impl<'p> FilterChoices<'p> {
    #[must_use]
    pub fn of(projects: impl IntoIterator<Item = &'p ProjectSpec>) -> Self {
        let mut choices = Self::default();
        for project in projects {
            choices.names.insert(project.name.as_str());
            choices.tags.extend(project.tags.iter().map(Tag::as_str));
        }
        choices
    }

    #[must_use]
    pub fn contain(&self, entry: &FilterEntry) -> bool {
        self.alike(entry).contains(entry.name())
    }

    /// All entries that name something.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| format!("{TAG}{tag}"));
        self.names.iter().map(|name| (*name).to_owned()).chain(tags).collect()
    }

    /// The names that could be meant instead.
    #[must_use]
    pub const fn alike(&self, entry: &FilterEntry) -> &BTreeSet<&'p str> {
        match entry {
            FilterEntry::Project(_) => &self.names,
            FilterEntry::Tag(_) => &self.tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Host, ProjectId, ProjectToken};

    fn spec(name: &str) -> ProjectSpec {
        ProjectSpec::new(ProjectName::parse(name).unwrap(), Host::parse("us").unwrap(), ProjectToken::parse("phc_a").unwrap())
    }

    fn filter(entries: &[&str]) -> ProjectFilter {
        ProjectFilter::parse(&entries.join(", ")).unwrap()
    }

    #[test]
    fn a_filter_without_entries_is_of_all_projects() {
        let all = ProjectFilter::default();
        assert!(all.is_all() && all.matches(&spec("shop")) && !all.is_of_names());
        assert_eq!((all.to_string().as_str(), all.to_texts()), ("all projects", Vec::new()));
    }

    #[test]
    fn a_filter_of_names_matches_these_projects() {
        let two = filter(&["shop", "blog"]);
        assert!(two.matches(&spec("blog")) && !two.matches(&spec("news")) && two.is_of_names());
        assert_eq!((two.to_string().as_str(), serde_json::to_string(&two).unwrap().as_str()), ("shop, blog", r#"["shop","blog"]"#));
        assert_eq!(serde_json::from_str::<ProjectFilter>(r#"["shop","blog"]"#).unwrap(), two);
        assert!(serde_json::from_str::<ProjectFilter>(r#"["my shop"]"#).is_err());
    }

    #[test]
    fn a_tag_chooses_every_project_that_has_it() {
        let tagged = |name, tags: &[&str]| ProjectSpec { tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(), ..spec(name) };
        let (shop, blog, news) = (tagged("shop", &["eu", "checkout"]), tagged("blog", &["eu"]), tagged("news", &["us"]));
        let mixed = filter(&["tag:checkout", "news"]);
        assert_eq!([&shop, &blog, &news].map(|project| mixed.matches(project)), [true, false, true]);
        assert_eq!((mixed.to_string().as_str(), mixed.is_of_names(), mixed.names().count()), ("tag:checkout, news", false, 1));
        assert_eq!(serde_json::from_str::<ProjectFilter>(&serde_json::to_string(&mixed).unwrap()).unwrap(), mixed);
        assert!(["tag:", "tag:a b", "tag:tag:a", "eu:tag"].iter().all(|text| FilterEntry::parse(text).is_err()));
        let all = [shop, blog, news];
        let (choices, entry) = (FilterChoices::of(&all), |text| FilterEntry::parse(text).unwrap());
        assert!(choices.contain(&entry("tag:us")) && !choices.contain(&entry("tag:shop")) && !choices.contain(&entry("us")));
        let slip = entry("tag:ue");
        assert_eq!((slip.what(), slip.name(), choices.alike(&slip).len()), ("tag", "ue", 3));
    }

    #[test]
    fn projects_stand_in_the_order_of_the_entries() {
        let project = |name| Project { id: ProjectId(1), spec: spec(name), routes: Vec::new(), switches: Vec::new() };
        let mut projects = ["blog", "news", "shop"].map(project);
        filter(&["shop", "news", "blog"]).order(&mut projects);
        assert_eq!(projects.map(|project| project.spec.name.to_string()), ["shop", "news", "blog"]);
    }

    #[test]
    fn an_entry_that_names_nothing_is_found() {
        let all = [spec("shop"), spec("blog")];
        let choices = FilterChoices::of(&all);
        let slip = FilterEntry::parse("shpo").unwrap();
        assert!(choices.contain(&FilterEntry::parse("shop").unwrap()) && !choices.contain(&slip));
        assert_eq!((slip.what(), choices.alike(&slip).iter().copied().collect::<Vec<_>>()), ("project", vec!["blog", "shop"]));
    }
}
