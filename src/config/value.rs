//! The value of a field: compared, displayed and exported.

use crate::model::{AppKind, Field, Takes};

/// Before the name of a route in the keys of Heartbeat's settings.
pub(super) const ROUTE: &str = "route.";

/// The part of an entity that a field belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    Whole,
    App(AppKind),
    /// A route with this name.
    Route(String),
}

impl Group {
    /// The prefix of the keys: `heartbeat.route.proxy.`
    #[must_use]
    pub fn prefix(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::App(kind) => format!("{}.", kind.section()),
            Self::Route(name) => format!("{}.{ROUTE}{name}.", AppKind::Heartbeat.section()),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Value {
    pub(super) group: Group,
    pub(super) field: Field,
    /// With secrets in plain text; none if it is not set.
    pub(super) held: Option<String>,
    /// Whether the default is displayed when nothing is set.
    has_default: bool,
}

impl Value {
    pub(super) const fn of(group: Group, field: Field, held: Option<String>) -> Self {
        Self { group, field, held, has_default: false }
    }

    pub(super) const fn plain(field: Field, held: Option<String>) -> Self {
        Self::of(Group::Whole, field, held)
    }

    pub(super) fn or_default(self) -> Self {
        Self { has_default: !self.field.default.is_empty() && !self.field.secret, ..self }
    }

    /// The app whose state this field is.
    pub(super) fn app(&self) -> Option<AppKind> {
        AppKind::ALL.into_iter().find(|kind| self.group == Group::Whole && self.field.key == kind.section())
    }

    /// With secrets in plain text; none if it is not set.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.held.as_deref()
    }

    #[must_use]
    pub const fn is_secret(&self) -> bool {
        self.field.secret
    }

    /// A path such as `heartbeat.route.proxy.host`.
    #[must_use]
    pub fn path(&self) -> String {
        self.group.prefix() + self.field.key
    }

    /// With secrets redacted.
    pub(super) fn shown(&self) -> Option<String> {
        let Some(held) = &self.held else { return self.has_default.then(|| self.field.default.to_owned()) };
        Some(match self.field.takes {
            Takes::Template | Takes::Payload => format!("`{}`", self.field.shown(held).replace('\n', "\\n")),
            _ => self.field.shown(held),
        })
    }
}

/// Each field except the name. An empty list is displayed as its default.
pub(super) fn of(fields: &[Field], held: impl Fn(&str) -> Option<String>) -> impl Iterator<Item = Value> {
    let fields = fields.iter().filter(|field| field.takes != Takes::Name);
    fields.map(move |field| {
        let held = held(field.key);
        Value { has_default: field.takes == Takes::Names && !field.default.is_empty(), ..Value::plain(*field, held) }
    })
}

/// None for an empty list, which has its default.
pub(super) fn of_names<T: ToString>(names: &[T]) -> Option<String> {
    (!names.is_empty()).then(|| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
