//! The entities that users configure by name: project, channel, maintenance window and status page.

use std::fmt;

use super::problem::{Problem, Problems};
use super::texts::Texts;
use super::value::Value;
use super::{channel, project, status_page, value, window};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Timestamp, Window};

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

    /// Empty for all projects.
    fn projects(&self) -> &[ProjectName] {
        &[]
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

impl Entity for ProjectSpec {
    const KIND: Kind = Kind::Project;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        value::of_project(self)
    }

    fn over(texts: &Texts, stored: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        project::over(texts, stored)
    }
}

impl Entity for ChannelSpec {
    const KIND: Kind = Kind::Channel;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        value::of(&channel::FIELDS, |key| channel::value(self, key))
            .chain(self.kind.fields().iter().map(|field| Value::plain(*field, self.values.get(field.key).map(str::to_owned)).or_default()))
            .collect()
    }

    fn over(texts: &Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        channel::over(texts, stored, origin)
    }

    fn projects(&self) -> &[ProjectName] {
        &self.projects
    }

    fn lacks(&self) -> Vec<Problem> {
        channel::lacks(self)
    }

    fn goes_on_as(&self, next: &Self) -> bool {
        self.kind == next.kind
    }
}

impl Entity for Window {
    const KIND: Kind = Kind::Maintenance;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        let is_there = |value: &Value| value.held.is_some() || value.field.key == "projects";
        value::of(&window::FIELDS, |key| window::shown(self, key)).filter(is_there).collect()
    }

    fn over(texts: &Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        window::over(texts, stored, origin)
    }

    fn projects(&self) -> &[ProjectName] {
        &self.projects
    }
}

impl Entity for StatusPage {
    const KIND: Kind = Kind::StatusPage;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        value::of(&status_page::FIELDS, |key| status_page::value(self, key)).collect()
    }

    fn over(texts: &Texts, stored: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        status_page::over(texts, stored)
    }

    fn projects(&self) -> &[ProjectName] {
        &self.projects
    }
}
