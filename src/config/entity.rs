//! The entities that users configure by name: project, channel, maintenance window and status page.

use std::fmt;

use super::problem::{Problem, Problems};
use super::texts::Texts;
use super::value::Value;
use crate::model::{ProjectFilter, ProjectName, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Project,
    Channel,
    Maintenance,
    StatusPage,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Project, Self::Channel, Self::Maintenance, Self::StatusPage];

    /// The name in a settings file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Channel => "channel",
            Self::Maintenance => "maintenance",
            Self::StatusPage => "status_page",
        }
    }

    /// The name in sentences.
    #[must_use]
    pub const fn called(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance window",
            Self::StatusPage => "status page",
            other => other.name(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where settings come from, with the current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A file is declarative: a time in the past is valid.
    File,
    /// The user may already run programs on this machine.
    CommandLine(Timestamp),
    /// The page or the API: remote users must not configure a program to run.
    Page(Timestamp),
}

pub trait Entity: Clone + PartialEq {
    const KIND: Kind;

    /// Unique within its kind; it never changes.
    fn name(&self) -> &ProjectName;

    /// Each field except the name, in the order in which changes are listed.
    fn values(&self) -> Vec<Value>;

    /// Builds an entity from `texts`, on top of the stored one if there is one. A field that is not in `texts` keeps its value.
    fn over(texts: &Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems>;

    /// The projects that it is limited to.
    fn projects(&self) -> Option<&ProjectFilter> {
        None
    }

    /// What is still missing, and what a settings file may leave to the store.
    fn lacks(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Whether the stored entity becomes `next` and keeps its secrets. Otherwise `next` replaces it.
    fn goes_on_as(&self, _next: &Self) -> bool {
        true
    }
}
