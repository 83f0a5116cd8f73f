//! Why a change was rejected, as a type that callers match on.

use crate::config::{Problem, Problems, Subject, hint};
use crate::model::{AppKind, ProjectName};
use crate::store::{NoTurn, StoreError};

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Wrong(#[from] Problems),
    #[error("there is no {what} `{name}`; {}", hint(name, &known.iter().map(String::as_str).collect::<Vec<_>>()))]
    Absent {
        /// `project`, `channel`, `maintenance window`, `status page` or `app`.
        what: &'static str,
        name: String,
        /// The existing names.
        known: Vec<String>,
    },
    #[error("there is no incident {0}")]
    NoIncident(i64),
    #[error(transparent)]
    Clash(#[from] Clash),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A conflict with the stored state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    #[error("the {} `{}` already exists", .0.kind.called(), .0.name)]
    Exists(Subject),
    #[error("{app} is already installed on project {project}")]
    Installed { app: AppKind, project: ProjectName },
    #[error("{app} is not installed on project {project}")]
    NotInstalled { app: AppKind, project: ProjectName },
    #[error("incident {0} is resolved; only an open incident can be changed")]
    Over(i64),
    /// It changed since it was read.
    #[error("it changed since you read it; read it again")]
    Changed,
    /// Concurrent changes won every retry.
    #[error("other changes were made at the same time; try again")]
    Busy,
}

impl From<NoTurn> for ChangeError {
    fn from(none: NoTurn) -> Self {
        match none {
            NoTurn::Changed => Self::Clash(Clash::Changed),
            NoTurn::Busy => Self::Clash(Clash::Busy),
            NoTurn::Store(error) => Self::Store(error),
        }
    }
}

impl From<Problem> for ChangeError {
    fn from(problem: Problem) -> Self {
        Self::Wrong(problem.into())
    }
}
