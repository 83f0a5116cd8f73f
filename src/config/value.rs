//! A field and what it holds: as it is compared, shown and written.

use super::app::App;
use super::project;
use crate::model::{AppKind, Field, ProjectSpec, Takes};

/// Which part of something a field belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// It itself.
    Whole,
    /// An app on a project.
    App(AppKind),
    /// A route of that name.
    Route(String),
}

impl Group {
    /// Before the keys of its fields: `heartbeat.route.proxy.`
    #[must_use]
    pub fn prefix(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::App(kind) => format!("{}.", kind.section()),
            Self::Route(name) => format!("{}.route.{name}.", AppKind::Heartbeat.section()),
        }
    }
}

/// A field and what it holds.
#[derive(Debug, Clone)]
pub struct Value {
    pub(super) group: Group,
    pub(super) field: Field,
    /// As it would be given, secrets in clear; none where it holds nothing.
    pub(super) held: Option<String>,
    /// Whether, where it holds nothing, it is as its default says.
    has_default: bool,
}

impl Value {
    pub(super) const fn of(group: Group, field: Field, held: Option<String>) -> Self {
        Self { group, field, held, has_default: false }
    }

    pub(super) const fn plain(field: Field, held: Option<String>) -> Self {
        Self::of(Group::Whole, field, held)
    }

    /// The same; where it holds nothing it is told by its default.
    pub(super) fn or_default(self) -> Self {
        Self { has_default: !self.field.default.is_empty() && !self.field.secret, ..self }
    }

    /// The app whose state this is.
    pub(super) fn app(&self) -> Option<AppKind> {
        AppKind::ALL.into_iter().find(|kind| self.group == Group::Whole && self.field.key == kind.section())
    }

    /// What the field is called: `heartbeat.route.proxy.host`.
    pub(super) fn path(&self) -> String {
        self.group.prefix() + self.field.key
    }

    /// As everybody may see it; none where it holds nothing.
    pub(super) fn shown(&self) -> Option<String> {
        let Some(held) = &self.held else { return self.has_default.then(|| self.field.default.to_owned()) };
        Some(match self.field.takes {
            Takes::Template => format!("`{}`", held.replace('\n', "\\n")),
            _ => self.field.shown(held),
        })
    }
}

/// Each of these fields but the name, with what `held` says of it. No project is all of them.
pub(super) fn of(fields: &[Field], held: impl Fn(&str) -> Option<String>) -> impl Iterator<Item = Value> {
    let fields = fields.iter().filter(|field| field.takes != Takes::Name);
    fields.map(move |field| {
        let held = held(field.key);
        Value { has_default: field.takes == Takes::Projects, ..Value::plain(*field, held) }
    })
}

/// Whether an app is installed, and runs.
const fn app(kind: AppKind) -> Field {
    Field::new(kind.section(), kind.title(), Takes::OneOf(&["enabled", "disabled"]), kind.description())
}

/// Those of a project, each app behind the word of how it is.
pub(super) fn of_project(spec: &ProjectSpec) -> Vec<Value> {
    let mut values: Vec<Value> = of(&project::FIELDS, |key| project::value(spec, key)).collect();
    for kind in AppKind::ALL {
        let on = App::on(spec, kind);
        values.push(Value::plain(app(kind), on.as_ref().map(|app| app.state().to_owned())));
        let settings = on.iter().flat_map(App::values);
        values.extend(settings.map(|value| if kind == AppKind::IngestionAlert { value.or_default() } else { value }));
    }
    values
}
