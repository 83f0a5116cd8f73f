//! What people set up by name: a project, a channel, a maintenance window, a status page.

use std::fmt;

use super::problem::{Problem, Problems};
use super::texts::Texts;
use super::value::Value;
use super::{channel, project, status_page, value, window};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Timestamp, Window};

/// What kind of thing settings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A project.
    Project,
    /// A channel.
    Channel,
    /// A maintenance window.
    Maintenance,
    /// A status page.
    StatusPage,
}

impl Kind {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 4] = [Self::Project, Self::Channel, Self::Maintenance, Self::StatusPage];

    /// One word, in lower case: the same as in a settings file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Channel => "channel",
            Self::Maintenance => "maintenance",
            Self::StatusPage => "status_page",
        }
    }

    /// What people call one.
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

/// Where texts come from, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A settings file: it says what should be, whenever it is read.
    File,
    /// Somebody who may run programs on this machine anyway.
    CommandLine(Timestamp),
    /// From afar: no program is named there.
    Page(Timestamp),
}

/// Something that is set up by name.
pub trait Entity: Clone + PartialEq {
    /// What it is.
    const KIND: Kind;

    /// Its name, unlike that of any other of its kind. It never changes.
    fn name(&self) -> &ProjectName;

    /// Each of its fields but the name, in the order in which changes are told, with what it holds.
    fn values(&self) -> Vec<Value>;

    /// What these texts make of it: of one that is not there yet, or of the one that is known. What they do not name stays.
    ///
    /// # Errors
    /// Everything that is wrong or missing.
    fn over(texts: &Texts, known: Option<&Self>, origin: Origin) -> Result<Self, Problems>;

    /// The projects that it names; empty for all of them.
    fn projects(&self) -> &[ProjectName] {
        &[]
    }

    /// What it still needs, and a settings file may leave to what is stored.
    fn lacks(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Whether this one, as it is stored, becomes `next` and keeps its secrets; otherwise it is another of the same name.
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

    fn over(texts: &Texts, known: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        project::over(texts, known)
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

    fn over(texts: &Texts, known: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        channel::over(texts, known, origin)
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

    fn over(texts: &Texts, known: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        window::over(texts, known, origin)
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

    fn over(texts: &Texts, known: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        status_page::over(texts, known)
    }

    fn projects(&self) -> &[ProjectName] {
        &self.projects
    }
}
