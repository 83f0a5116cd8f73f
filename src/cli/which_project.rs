//! The project of a command: the one that is named, else the only one.

use clap::Args;

use super::error::Misuse;
use super::explain::absent;
use crate::model::{Project, ProjectSpec};

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
