//! A channel: where notifications are sent. Its settings are named texts described by [`ChannelKind::fields`], which files, the command line and the
//! page all use.

use std::collections::BTreeMap;
use std::fmt;

use super::{ChannelKind, Field, Invalid, ProjectFilter, ProjectId, ProjectName, ProjectSpec, Secret, Severity, Timestamp};

/// The store's number of a channel, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub i64);

/// The values of a channel's fields. `Debug` prints only the names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Values(BTreeMap<String, Secret>);

impl Values {
    #[must_use]
    pub fn of(&self, field: &'static Field) -> &str {
        self.get(field.key).unwrap_or(field.default)
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Secret::expose)
    }

    /// Sets a value; an empty one removes it.
    pub fn set(&mut self, key: &str, value: &str) {
        match value.trim() {
            "" => drop(self.0.remove(key)),
            value => drop(self.0.insert(key.to_owned(), Secret::new(value))),
        }
    }

    /// Names and values in clear, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Unique among channels.
    pub name: ProjectName,
    pub kind: ChannelKind,
    pub enabled: bool,
    pub projects: ProjectFilter,
    pub least: Severity,
    /// More messages than this that are due at once become one digest.
    pub at_once: u16,
    /// A template for the title, checked when it is saved.
    pub title: Option<String>,
    /// A template for the text, checked when it is saved.
    pub body: Option<String>,
    pub values: Values,
}

impl ChannelSpec {
    pub const AT_ONCE: u16 = 5;

    #[must_use]
    pub fn new(name: ProjectName, kind: ChannelKind) -> Self {
        Self {
            name,
            kind,
            enabled: true,
            projects: ProjectFilter::default(),
            least: Severity::Info,
            at_once: Self::AT_ONCE,
            title: None,
            body: None,
            values: Values::default(),
        }
    }

    /// The value of one of its kind's fields, or the default. Empty for an unknown field.
    #[must_use]
    pub fn value(&self, key: &str) -> &str {
        self.kind.field(key).map_or("", |field| self.values.of(field))
    }

    /// The problems of its fields, each with the field's name.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, Invalid)> {
        let unknown = self.values.iter().filter(|(key, _)| self.kind.field(key).is_none());
        let not_ours = |key: &str| (key.to_owned(), Invalid::unquoted(format!("is not a setting of {}", self.kind.as_channel())));
        let mut problems: Vec<_> = unknown.map(|(key, _)| not_ours(key)).collect();
        for field in self.kind.fields() {
            let wrong = match self.values.get(field.key) {
                None if field.required => Some(Invalid::Required(field.hint)),
                None => None,
                Some(value) => field.takes.check(value).err(),
            };
            problems.extend(wrong.map(|wrong| (field.key.to_owned(), wrong)));
        }
        if self.kind == ChannelKind::GetPair && self.values == Values::default() {
            let ways = ["triggered", "resolved"].map(|field| vec![field.into()]).into();
            problems.push(("triggered".into(), Invalid::NoneOf { what: "the address", ways }));
        }
        problems
    }

    /// Whether a message of this project and severity is sent there. A message without a project is about Heartbeat itself and is sent everywhere
    /// except to a `get-pair`, which knows only triggered and resolved.
    #[must_use]
    pub fn wants(&self, project: Option<&ProjectSpec>, severity: Severity) -> bool {
        let is_concerned = match project {
            Some(project) => self.projects.matches(project),
            None => self.kind != ChannelKind::GetPair,
        };
        self.enabled && is_concerned && severity >= self.least
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub id: ChannelId,
    pub spec: ChannelSpec,
    /// The project whose Ingestion Alert owns it: the app's own pair of webhooks. It is created and removed with the app's settings.
    pub of_app: Option<ProjectId>,
    pub stopped: Option<Stopped>,
    /// When a message was last accepted.
    pub last_accepted: Option<Timestamp>,
    /// A removed channel is kept for its past notifications, and to close the alerts that its service keeps open.
    pub removed: bool,
}

impl Channel {
    /// The name that users see: a channel that belongs to an app is named by its project. No other channel has a name with a space.
    #[must_use]
    pub fn called(&self) -> String {
        match self.of_app {
            Some(_) => format!("webhooks of {}", self.spec.name),
            None => self.spec.name.to_string(),
        }
    }

    /// Whether messages are sent there: it delivers, or may deliver again with the next message.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.stopped.as_ref().is_none_or(|stopped| stopped.retried)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    pub at: Timestamp,
    /// The response, without secrets.
    pub words: String,
    /// Whether each new notification is still tried, because only messages were rejected. Otherwise nothing is sent until the channel is changed or
    /// its messages are queued again.
    pub retried: bool,
}
