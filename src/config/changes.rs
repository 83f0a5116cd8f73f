//! The differences between the current and the desired state. Pure.

use std::fmt;

use crate::model::ProjectName;

use super::entity::{Entity, Kind};
use super::value::Value;

/// Displayed as `channel ops`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub kind: Kind,
    pub name: ProjectName,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Added {
        subject: Subject,
    },
    Changed {
        subject: Subject,
        /// A path such as `heartbeat.route.proxy.host`.
        field: String,
        old: Option<String>,
        /// A secret is `***` or `phx_***` on both sides.
        new: Option<String>,
    },
    Removed {
        subject: Subject,
    },
}

impl Change {
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        match self {
            Self::Added { subject } | Self::Changed { subject, .. } | Self::Removed { subject } => subject,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { subject } => write!(f, "+ {subject}"),
            Self::Removed { subject } => write!(f, "- {subject}"),
            Self::Changed { subject, field, old, new } => {
                write!(f, "~ {subject}: {}", difference(field, old.as_deref(), new.as_deref()))
            }
        }
    }
}

/// A secret is redacted on both sides, so only the fact that it changed can be said.
#[must_use]
pub fn difference(field: &str, old: Option<&str>, new: Option<&str>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old == new => format!("{field} changed"),
        (old, new) => format!("{field} {} -> {}", old.unwrap_or("none"), new.unwrap_or("none")),
    }
}

/// In the order of `desired`; removals come last.
#[must_use]
pub fn changes<T: Entity>(now: &[T], desired: &[T]) -> Vec<Change> {
    let subject = |one: &T| Subject { kind: T::KIND, name: one.name().clone() };
    let mut changes = Vec::new();
    for one in desired {
        match now.iter().find(|known| known.name() == one.name()) {
            Some(known) => changes.extend(changed(&subject(one), &known.values(), &one.values())),
            None => changes.push(Change::Added { subject: subject(one) }),
        }
    }
    let gone = now.iter().filter(|known| desired.iter().all(|one| one.name() != known.name()));
    changes.extend(gone.map(|known| Change::Removed { subject: subject(known) }));
    changes
}

fn changed(subject: &Subject, now: &[Value], desired: &[Value]) -> Vec<Change> {
    let changes = differing(now, desired).into_iter();
    changes.map(|(field, [old, new])| Change::Changed { subject: subject.clone(), field, old, new }).collect()
}

/// What differs, for an audit entry.
#[must_use]
pub fn differences(now: &[Value], desired: &[Value]) -> String {
    let words = differing(now, desired).into_iter().map(|(field, [old, new])| difference(&field, old.as_deref(), new.as_deref()));
    words.collect::<Vec<_>>().join("; ")
}

/// The path of each field that differs, with its values as they are displayed.
fn differing(now: &[Value], desired: &[Value]) -> Vec<(String, [Option<String>; 2])> {
    let is_it = |one: &Value, other: &Value| one.group == other.group && one.field.key == other.field.key;
    let change = |old: Option<&Value>, new: Option<&Value>| {
        let [held, next] = [old, new].map(|value| value.and_then(|value| value.held.as_deref()));
        let field = old.or(new).filter(|_| held != next)?.path();
        Some((field, [old, new].map(|value| value.and_then(Value::shown))))
    };
    let gone = now.iter().filter(|old| !desired.iter().any(|new| is_it(old, new)));
    let changed = desired.iter().filter_map(|new| change(now.iter().find(|old| is_it(old, new)), Some(new)));
    changed.chain(gone.filter_map(|old| change(Some(old), None))).collect()
}
