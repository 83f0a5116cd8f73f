//! Shared parts of the API: access to the site, queries and bodies with readable errors, lists in parts, `If-Match`.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, Required};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::parameters;
use crate::auth::Accounts;
use crate::config::Texts;
use crate::settings::SettingsService;
use crate::web::error::WebError;
use crate::web::etag::{matches, tag_of};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

/// Maximum size of a request body, in bytes.
const LARGEST: usize = 256 * 1024;
/// Default and maximum number of items in a response.
const USUAL: u32 = 50;
const MOST: u32 = 500;

pub(super) type Answer<T> = Result<Json<T>, WebError>;

pub(super) type Routes = OpenApiRouter<Arc<Site>>;

/// The site, for a caller whose role and query parameters have been checked.
pub(super) struct Access<V> {
    site: Arc<Site>,
    pub(super) visitor: V,
}

pub(super) type ViewerAccess = Access<Visitor>;
pub(super) type EditorAccess = Access<Writer>;

impl<V: FromRequestParts<Arc<Site>, Rejection = WebError>> FromRequestParts<Arc<Site>> for Access<V> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = V::from_request_parts(parts, site).await?;
        parameters::check(parts)?;
        Ok(Self { visitor, site: Arc::clone(site) })
    }
}

impl<V> Deref for Access<V> {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl EditorAccess {
    pub(super) fn settings_service(&self) -> SettingsService<'_> {
        self.visitor.0.settings_service(self)
    }

    pub(super) fn accounts(&self) -> Accounts<'_> {
        self.visitor.0.accounts(self)
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The items, in order.
    pub(super) items: Vec<T>,
    /// Pass it as `after` to get the next part; null in the last part.
    pub(super) next: Option<String>,
}

impl<T> List<T> {
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Maximum number of items. Default 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the previous part.
    after: Option<String>,
}

impl Paging {
    pub(super) fn limit(&self) -> Result<usize, WebError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit as usize),
            other => Err(WebError::unfit("limit", format!("`{other}` must be from 1 to {MOST}"))),
        }
    }

    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The place that `read` finds in `after`; None is no place.
    pub(super) fn after_as<P>(&self, read: impl FnOnce(&str) -> Option<P>) -> Result<Option<P>, WebError> {
        let wrong = || WebError::unfit("after", "must be the `next` of an earlier response");
        self.after().map(|text| read(text).ok_or_else(wrong)).transpose()
    }
}

/// Like axum's `Query`, but rejects with a [`WebError`].
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Site>> for Asked<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _site: &Arc<Site>) -> Result<Self, WebError> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|says| WebError::Malformed(says.body_text()))
    }
}

/// Like axum's `Json`, but rejects with a [`WebError`].
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for Sent<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, _site: &Arc<Site>) -> Result<Self, WebError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(WebError::Malformed("the body must be JSON (content-type: application/json)".to_owned()));
        }
        let body = to_bytes(request.into_body(), LARGEST).await;
        let body = body.map_err(|_| WebError::Malformed(format!("the body is larger than {} kB, or incomplete", LARGEST / 1024)))?;
        // serde's messages name fields and positions, and quote values only where a choice was expected: no secrets.
        serde_json::from_slice(&body).map(Self).map_err(|says| WebError::Malformed(format!("the JSON is invalid: {says}")))
    }
}

/// Texts by key; null is an empty text, which restores a default or removes a value.
pub(super) fn texts_of(sent: &BTreeMap<String, Option<String>>) -> Texts {
    sent.iter().map(|(key, text)| (key.as_str(), text.as_deref().unwrap_or_default())).collect()
}

/// `If-Match`: the change applies only to the version that the client has read. The revision is read before everything else, so that a concurrent
/// change is detected.
pub(super) struct AsRead(Option<(String, i64)>);

impl FromRequestParts<Arc<Site>> for AsRead {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let Some(desired) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let desired = desired.to_str().map_err(|_| WebError::Malformed("If-Match must be an ETag".to_owned()))?;
        Ok(Self(Some((desired.to_owned(), site.web.store.revision().await?))))
    }
}

impl IntoParams for AsRead {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::False);
        let header = header
            .description(Some("ETag of the version that you have read. If it has changed since, the status is 412 and nothing is changed"));
        vec![header.schema(Some(Object::with_type(Type::String))).build()]
    }
}

impl AsRead {
    pub(super) const fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    /// Fails unless `now`, the current representation, is the version that the client has read.
    pub(super) fn check(&self, now: &impl Serialize) -> Result<(), WebError> {
        let Some((desired, _)) = &self.0 else { return Ok(()) };
        let body = serde_json::to_vec(now).unwrap_or_default();
        // Something that does not exist matches nothing, not even `*`.
        if body != b"null" && matches(desired, &tag_of(&body)) {
            return Ok(());
        }
        Err(WebError::Stale("it was changed since you read it; read it again".to_owned()))
    }

    pub(super) fn settings_service<'a>(&self, access: &'a EditorAccess) -> SettingsService<'a> {
        SettingsService { since: self.revision(), ..access.settings_service() }
    }

    pub(super) fn accounts<'a>(&self, access: &'a EditorAccess) -> Accounts<'a> {
        access.accounts().since(self.revision())
    }

    fn revision(&self) -> Option<i64> {
        self.0.as_ref().map(|(_, revision)| *revision)
    }
}

pub(super) fn created<T: Serialize>(body: T) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}
