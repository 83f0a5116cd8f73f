//! Why something was not changed: what whoever asked branches on.

use crate::config::{Problem, Problems, Subject, hint};
use crate::model::{AppKind, ProjectName};
use crate::store::{NoTurn, StoreError};

/// Why something was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// What was asked for cannot be.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// What it was asked of is not there.
    #[error("there is no {what} `{name}`; {}", hint(name, &known.iter().map(String::as_str).collect::<Vec<_>>()))]
    Absent {
        /// What: `project`, `channel`, `maintenance window`, `app`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// There is no incident of this number.
    #[error("there is no incident {0}")]
    NoIncident(i64),
    /// It does not go with what is there.
    #[error(transparent)]
    Clash(#[from] Clash),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What does not go with what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// There is one of that name.
    #[error("there is a {} `{}` already", what_of(.0), .0.name)]
    Exists(Subject),
    /// The app is installed.
    #[error("{app} is installed on project {project} already")]
    Installed {
        /// The app.
        app: AppKind,
        /// The project.
        project: ProjectName,
    },
    /// The app is not installed.
    #[error("{app} is not installed on project {project}")]
    NotInstalled {
        /// The app.
        app: AppKind,
        /// The project.
        project: ProjectName,
    },
    /// The incident is over.
    #[error("incident {0} is over; there is nothing to be reminded of")]
    Over(i64),
    /// It is not as it was when it was read.
    #[error("something was changed since you read it; read it again")]
    Changed,
    /// Others changed things each time that we were about to.
    #[error("others were changing things at the same time; try again")]
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

/// What people call something of this kind.
fn what_of(subject: &Subject) -> &'static str {
    subject.kind.called()
}
