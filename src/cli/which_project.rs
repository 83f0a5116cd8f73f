//! The projects of a command: those that its flags choose.

use clap::Args;

use super::error::Misuse;
use super::explain::absent;
use crate::config::{Problem, rules};
use crate::model::{FilterChoices, FilterEntry, Project, ProjectFilter, ProjectSpec, Tag};

/// The projects of a list.
#[derive(Debug, Args)]
pub struct WhichProjects {
    /// Only this project (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Only projects with this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
}

impl WhichProjects {
    pub(super) fn filter<'p>(&self, all: impl IntoIterator<Item = &'p ProjectSpec>) -> Result<ProjectFilter, Misuse> {
        chosen(self.entries(), all)
    }

    /// Also removed projects: the entries need not name anything that exists.
    pub(super) fn with_removed(&self) -> Result<ProjectFilter, Misuse> {
        self.entries().collect::<Result<_, _>>().map_err(Misuse::of)
    }

    fn entries(&self) -> impl Iterator<Item = Result<FilterEntry, Problem>> {
        let tags = each(&self.tag).map(|text| rules::about("--tag", Tag::parse(text).map(FilterEntry::Tag)));
        each(&self.project).map(projects).chain(tags)
    }
}

pub(super) fn filter<'p>(given: &[String], all: impl IntoIterator<Item = &'p ProjectSpec>) -> Result<ProjectFilter, Misuse> {
    chosen(each(given).map(projects), all)
}

/// The items of flags that may be repeated, and may list several items with commas.
fn each(given: &[String]) -> impl Iterator<Item = &str> {
    given.iter().flat_map(|text| text.split(',')).map(str::trim)
}

fn projects(text: &str) -> Result<FilterEntry, Problem> {
    rules::about("--project", FilterEntry::parse(text))
}

/// An entry that names nothing in `all` is an error.
fn chosen<'p>(
    entries: impl Iterator<Item = Result<FilterEntry, Problem>>,
    all: impl IntoIterator<Item = &'p ProjectSpec>,
) -> Result<ProjectFilter, Misuse> {
    let choices = FilterChoices::of(all);
    let known = |entry: Result<FilterEntry, Problem>| {
        let entry = entry.map_err(Misuse::of)?;
        let alike = || choices.alike(&entry).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        if choices.contain(&entry) { Ok(entry) } else { Err(absent(entry.what(), entry.name(), &alike())) }
    };
    entries.map(known).collect()
}

/// The project of a command: the one that is named, else the only one.
#[derive(Debug, Args)]
pub struct WhichProject {
    /// Name of the project [default: the only project]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
}

impl WhichProject {
    pub(super) fn find<'p>(&self, projects: &'p [Project]) -> Result<&'p Project, Misuse> {
        match (&self.project, projects) {
            (Some(name), _) => project_named(projects, name, |project| &project.spec),
            (None, [only]) => Ok(only),
            (None, []) => Err(Misuse("--project is missing; there is no project yet".to_owned())),
            (None, _) => {
                let names: Vec<&str> = projects.iter().map(|project| project.spec.name.as_str()).collect();
                Err(Misuse(format!("--project is missing; the projects are {}", names.join(", "))))
            }
        }
    }
}

/// `spec` gives the project of one of `all`.
pub(super) fn project_named<'p, T>(all: &'p [T], name: &str, spec: impl Fn(&T) -> &ProjectSpec) -> Result<&'p T, Misuse> {
    let names = || all.iter().map(|one| spec(one).name.to_string()).collect::<Vec<_>>();
    all.iter().find(|one| spec(one).name.as_str() == name).ok_or_else(|| absent("project", name, &names()))
}
