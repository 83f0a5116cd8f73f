//! What there is to know of a field, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Field;

/// A field: of an app, or of a kind of channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldJson {
    /// Its name in files, on the command line and here.
    pub key: &'static str,
    /// Its name on the page.
    pub label: &'static str,
    /// What there is to know, and where it is found.
    pub hint: &'static str,
    /// What it is when nothing is set; empty for nothing.
    pub default: &'static str,
    /// Whether there is nothing without it.
    pub required: bool,
    /// Whether it goes in and never comes out.
    pub secret: bool,
    /// What to choose from; empty where any text will do.
    pub choices: &'static [&'static str],
    /// Whether other texts than the choices will do as well.
    pub others: bool,
}

impl FieldJson {
    /// What there is to know of a field.
    #[must_use]
    pub const fn of(field: &Field) -> Self {
        let Field { key, label, hint, default, required, secret, .. } = *field;
        Self { key, label, hint, default, required, secret, choices: field.choices(), others: field.takes_others() }
    }
}
