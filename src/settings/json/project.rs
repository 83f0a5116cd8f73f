//! The settings of a project as JSON: one property per field of the table `config::project::FIELDS`.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::field::property;
use crate::config::App;
use crate::config::project::{FIELDS, shown};
use crate::model::{AppKind, Field, ProjectSpec, Takes};

/// Secrets are not returned, only whether they are set: `has_personal_api_key`.
#[derive(Debug)]
pub struct ProjectJson(ProjectSpec);

impl ProjectJson {
    #[must_use]
    pub fn of(spec: &ProjectSpec) -> Self {
        Self(spec.clone())
    }
}

impl Serialize for ProjectJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(spec) = self;
        let mut map = serializer.serialize_map(None)?;
        for field in &FIELDS {
            let value = shown(spec, field.key);
            match (field.secret, field.takes) {
                (true, _) => map.serialize_entry(&has(field), &value.is_some())?,
                (false, Takes::Number) => map.serialize_entry(field.key, &value.and_then(|number| number.parse::<u64>().ok()))?,
                (false, Takes::Names) => {
                    let names = value.iter().flat_map(|names| names.split(", ")).collect::<Vec<_>>();
                    map.serialize_entry(field.key, &names)?;
                }
                (false, _) => map.serialize_entry(field.key, &value)?,
            }
        }
        for kind in AppKind::ALL {
            map.serialize_entry(kind.section(), &App::on(spec, kind).map(|app| app.state()))?;
        }
        map.end()
    }
}

impl ToSchema for ProjectJson {
    fn name() -> Cow<'static, str> {
        "Project".into()
    }
}

impl PartialSchema for ProjectJson {
    fn schema() -> RefOr<Schema> {
        let mut schema = ObjectBuilder::new().description(Some("The settings of a project."));
        for field in &FIELDS {
            schema = if field.secret {
                let description = format!("Whether {} is set. The value itself is never returned.", field.key);
                let flag = ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description));
                schema.property(has(field), flag).required(has(field))
            } else {
                schema
                    .property(field.key, property(field, !field.required && !matches!(field.takes, Takes::Duration | Takes::Names)))
                    .required(field.key)
            };
        }
        for section in AppKind::ALL.map(AppKind::section) {
            let description = "`enabled`, `disabled`, or null if it is not installed.";
            let state = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(description));
            schema = schema.property(section, state).required(section);
        }
        schema.into()
    }
}

fn has(field: &Field) -> String {
    format!("has_{}", field.key)
}
