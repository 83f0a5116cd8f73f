//! The description of a field as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Field;

/// A field of an app or of a kind of channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldJson {
    /// Name in files, on the command line and in the API.
    pub key: &'static str,
    /// Label on the page.
    pub label: &'static str,
    /// Help text.
    pub hint: &'static str,
    /// Default; empty for none.
    pub default: &'static str,
    /// Whether the field is required.
    pub required: bool,
    /// Whether the value is a secret, which is never returned.
    pub secret: bool,
    /// Suggested values; empty for free text.
    pub choices: &'static [&'static str],
    /// Whether values other than the choices are accepted.
    pub others: bool,
}

impl FieldJson {
    #[must_use]
    pub const fn of(field: &Field) -> Self {
        let Field { key, label, hint, default, required, secret, .. } = *field;
        Self { key, label, hint, default, required, secret, choices: field.choices(), others: field.takes_others() }
    }
}
