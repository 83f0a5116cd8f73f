//! The description of a field as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::model::{Field, Takes};

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

/// The JSON schema of a property that holds the field.
#[must_use]
pub fn property(field: &Field, is_nullable: bool) -> RefOr<Schema> {
    let of = match field.takes {
        Takes::Number => Type::Integer,
        Takes::Flag => Type::Boolean,
        Takes::Names => Type::Array,
        _ => Type::String,
    };
    let types = if is_nullable { SchemaType::from_iter([of, Type::Null]) } else { of.into() };
    let default = if field.default.is_empty() { String::new() } else { format!(" Default: {}.", field.default) };
    let description = Some(format!("{}{default}", field.hint));
    if field.takes == Takes::Names {
        let name = ObjectBuilder::new().schema_type(Type::String);
        return ArrayBuilder::new().schema_type(types).items(name).description(description).into();
    }
    let property = ObjectBuilder::new().schema_type(types).description(description);
    let property = if field.takes == Takes::Number { property.minimum(Some(1)) } else { property };
    let property = match field.takes {
        Takes::OneOf(choices) => property.enum_values(Some(choices.iter().copied().map(Some).chain(is_nullable.then_some(None)))),
        _ => property,
    };
    if field.secret { property.write_only(true).into() } else { property.into() }
}
