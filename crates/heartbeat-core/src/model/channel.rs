//! A channel: where notifications go. Its settings are texts under names, of which [`ChannelKind::fields`] says everything there is to know: files,
//! the command line and the page all read and show them by that one table.

use std::collections::BTreeMap;
use std::fmt;

use super::{ChannelKind, Field, ProjectId, ProjectName, Secret, Severity, Timestamp};

/// The store's number of a channel. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub i64);

/// What a channel's fields hold. Prints names alone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Values(BTreeMap<String, Secret>);

impl Values {
    /// The value of a field, or its default.
    #[must_use]
    pub fn of(&self, field: &'static Field) -> &str {
        self.get(field.key).unwrap_or(field.default)
    }

    /// The value under this name, where one is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Secret::expose)
    }

    /// Sets a value; an empty one takes it away.
    pub fn set(&mut self, key: &str, value: &str) {
        match value.trim() {
            "" => drop(self.0.remove(key)),
            value => drop(self.0.insert(key.to_owned(), Secret::new(value))),
        }
    }

    /// Names and values, by name, in clear.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A channel as a person sets it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Unlike that of any other channel.
    pub name: ProjectName,
    /// Of which kind.
    pub kind: ChannelKind,
    /// Whether notifications go there.
    pub enabled: bool,
    /// Only of these projects; of all, when empty.
    pub projects: Vec<ProjectName>,
    /// Nothing lighter than this.
    pub least: Severity,
    /// More than so many messages that are due at once become one digest.
    pub at_once: u16,
    /// In place of the title: a template, checked when it is saved.
    pub title: Option<String>,
    /// In place of the text: a template, checked when it is saved.
    pub body: Option<String>,
    /// What its fields hold.
    pub values: Values,
}

impl ChannelSpec {
    /// How many messages at once a channel takes where nothing is set.
    pub const AT_ONCE: u16 = 5;

    /// A channel with nothing set.
    #[must_use]
    pub fn new(name: ProjectName, kind: ChannelKind) -> Self {
        Self {
            name,
            kind,
            enabled: true,
            projects: Vec::new(),
            least: Severity::Info,
            at_once: Self::AT_ONCE,
            title: None,
            body: None,
            values: Values::default(),
        }
    }

    /// The value of one of its kind's fields, or that field's default. Empty for a field that there is not.
    #[must_use]
    pub fn value(&self, key: &str) -> &str {
        self.kind.field(key).map_or("", |field| self.values.of(field))
    }

    /// What is wrong with its fields: one sentence each, without a value that is secret.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.problems_by_field().into_iter().map(|(key, says)| format!("{key} {says}")).collect()
    }

    /// What is wrong with its fields: the field, and the rest of a sentence that starts with its name.
    #[must_use]
    pub fn problems_by_field(&self) -> Vec<(String, String)> {
        let unknown = self.values.iter().filter(|(key, _)| self.kind.field(key).is_none());
        let mut problems: Vec<(String, String)> =
            unknown.map(|(key, _)| (key.to_owned(), format!("is not a setting of a {} channel", self.kind))).collect();
        for field in self.kind.fields() {
            let says = match self.values.get(field.key) {
                None if field.required => Some(format!("is missing: {}", field.hint)),
                None => None,
                Some(value) => field.takes.check(value).err(),
            };
            problems.extend(says.map(|says| (field.key.to_owned(), says)));
        }
        if self.kind == ChannelKind::GetPair && self.values == Values::default() {
            problems.push(("triggered".into(), "and resolved are both missing; give at least one".into()));
        }
        problems
    }

    /// Whether a message of this project and severity goes there. One without a project is about Heartbeat itself, and goes everywhere
    /// but to a pair of addresses that knows nothing but triggered and resolved.
    #[must_use]
    pub fn wants(&self, project: Option<&ProjectName>, severity: Severity) -> bool {
        let is_concerned = match project {
            Some(project) => self.projects.is_empty() || self.projects.contains(project),
            None => self.kind != ChannelKind::GetPair,
        };
        self.enabled && is_concerned && severity >= self.least
    }
}

/// A channel that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// What it is.
    pub spec: ChannelSpec,
    /// The project whose Ingestion Alert it belongs to: the app's own pair of webhooks. Such a one comes and goes with the app's settings.
    pub of_app: Option<ProjectId>,
    /// Why it does not deliver; none while it does.
    pub stopped: Option<Stopped>,
    /// When a message was last taken.
    pub last_accepted: Option<Timestamp>,
    /// Whether it was removed: it is there for what it was notified of, and to close the alerts that its service keeps open.
    pub removed: bool,
}

impl Channel {
    /// Whether messages are tried there: it delivers, or may again with the next one.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.stopped.as_ref().is_none_or(|stopped| stopped.retried)
    }
}

/// Why a channel does not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Since when.
    pub at: Timestamp,
    /// What came back, without secrets.
    pub words: String,
    /// Whether each next notification is still tried, because it was messages that were rejected. Otherwise nothing is tried until
    /// somebody changes the channel, or says to try again.
    pub retried: bool,
}
