//! Requests about an entity: its fields in a body, and its whole in a response.

use std::borrow::Cow;
use std::marker::PhantomData;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::shape::{Answer, AsRead, EditorAccess, created};
use crate::config::{Problem, Texts, current_name, hint, unknown_field};
use crate::model::{Field, Invalid, Takes, Timestamp};
use crate::settings::{StoredEntity, property};
use crate::web::error::{WebError, named};
use crate::web::site::Site;

/// An entity that the API shows as a whole, and adds, replaces and removes by its name.
pub(super) trait Resource: StoredEntity {
    type View: Serialize;

    fn view(&self, now: Timestamp) -> Self::View;
}

pub(super) async fn view<T: Resource>(site: &Site, name: &str) -> Result<T::View, WebError> {
    let name = named(T::KIND.called(), name)?;
    let stored = T::find(&site.web.store, &name).await?;
    Ok(stored.ok_or_else(|| WebError::no(T::KIND.called(), name.as_str()))?.view(site.now()))
}

pub(super) async fn show<T: Resource>(site: &Site, name: &str) -> Answer<T::View> {
    view::<T>(site, name).await.map(Json)
}

/// Adds `desired`, or replaces the one of its name.
pub(super) async fn put<T: Resource>(access: &EditorAccess, desired: T, as_read: &AsRead) -> Result<Response, WebError> {
    let (service, now) = (as_read.settings_service(access), access.now());
    let stored = T::find(&access.web.store, desired.name()).await?;
    as_read.check(&stored.as_ref().map(|stored| stored.view(now)))?;
    if stored.is_some() {
        let done = service.change::<T>(desired.name().as_str(), |_| Ok(desired.clone())).await?;
        Ok(Json(done.now.view(now)).into_response())
    } else {
        Ok(created(service.add(desired).await?.now.view(now)))
    }
}

pub(super) async fn remove<T: Resource>(access: &EditorAccess, name: &str, as_read: &AsRead) -> Result<StatusCode, WebError> {
    // `If-Match` needs the whole entity. Without it, one whose secrets cannot be decrypted can still be removed.
    if as_read.is_asked() {
        as_read.check(&view::<T>(access, name).await?)?;
    }
    as_read.settings_service(access).remove::<T>(named(T::KIND.called(), name)?.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The fields of an entity, as the body of a request.
pub(super) trait Fields {
    /// Name of the schema.
    const SCHEMA: &'static str;
    const DESCRIPTION: &'static str;
    /// In a sentence: `a field of a project`.
    const WHAT: &'static str;
    const TABLE: &'static [Field];
    /// Whether the body sets all fields: then the required ones are required in it too.
    const IS_WHOLE: bool;
}

/// A body with one property per field of `F`. In a body that changes an entity, a missing field stays as it is; null removes the value of a field or
/// restores its default.
pub(super) struct Body<F> {
    pub(super) texts: Texts,
    fields: PhantomData<F>,
}

impl<'de, F: Fields> Deserialize<'de> for Body<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Map::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<F: Fields> Body<F> {
    pub(super) fn of(sent: &Map<String, Value>) -> Result<Self, Problem> {
        let texts: Result<Texts, Problem> = sent.iter().map(|(key, value)| Ok((key.as_str(), text_of::<F>(key, value)?))).collect();
        Ok(Self { texts: texts?, fields: PhantomData })
    }

    pub(super) fn schema_builder() -> ObjectBuilder {
        let schema =
            ObjectBuilder::new().description(Some(F::DESCRIPTION)).additional_properties(Some(AdditionalProperties::FreeForm(false)));
        F::TABLE.iter().fold(schema, |schema, field| {
            let is_required = F::IS_WHOLE && field.required;
            let schema = schema.property(field.key, property(field, !is_required));
            if is_required { schema.required(field.key) } else { schema }
        })
    }
}

impl<F: Fields> PartialSchema for Body<F> {
    fn schema() -> RefOr<Schema> {
        Self::schema_builder().into()
    }
}

impl<F: Fields> ToSchema for Body<F> {
    fn name() -> Cow<'static, str> {
        F::SCHEMA.into()
    }
}

/// The error does not quote the value, which may be secret.
fn text_of<F: Fields>(key: &str, value: &Value) -> Result<String, Problem> {
    let Some(field) = F::TABLE.iter().find(|field| field.key == current_name(key)) else {
        let known: Vec<&str> = F::TABLE.iter().map(|field| field.key).collect();
        return Err(unknown_field(key, F::WHAT, hint(key, &known)));
    };
    if value.is_null() {
        return Ok(String::new());
    }
    let (text, must) = match field.takes {
        Takes::Number => (value.as_number().map(ToString::to_string), "must be a number or null"),
        Takes::Flag => (value.as_bool().map(|flag| flag.to_string()), "must be true, false or null"),
        Takes::Names => (names(value), "must be a list of names or null"),
        _ => (value.as_str().map(str::to_owned), "must be a text or null"),
    };
    text.ok_or_else(|| Problem::of(key, Invalid::unquoted(must)))
}

fn names(value: &Value) -> Option<String> {
    let names = value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    Some(names.join(","))
}
