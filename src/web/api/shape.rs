//! What all of the API has in common: bodies and queries that say what is wrong with them, lists in pages, tags.

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

use crate::settings::SettingsService;
use crate::web::error::WebError;
use crate::web::etag::{matches, tag_of};
use crate::web::site::Site;
use crate::web::visitor::Visitor;

/// No body of ours is larger.
const LARGEST: usize = 256 * 1024;
/// How many items a list gives, where nothing is said.
const USUAL: u32 = 50;
const MOST: u32 = 500;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// In order.
    pub(super) items: Vec<T>,
    /// Give this as `after` to read on; null at the end.
    pub(super) next: Option<String>,
}

impl<T> List<T> {
    /// Everything there is.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many at most; 50 where nothing is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the part before.
    after: Option<String>,
}

impl Paging {
    /// How many at most.
    pub(super) fn limit(&self) -> Result<usize, WebError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit as usize),
            other => Err(WebError::unfit("limit", format!("`{other}` must be from 1 to {MOST}"))),
        }
    }

    /// The `next` of the part before.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The same as a number.
    pub(super) fn after_number(&self) -> Result<Option<i64>, WebError> {
        let read = self.after().map(str::parse).transpose();
        read.map_err(|_| WebError::unfit("after", "is not a `next` that this list gave"))
    }
}

/// A query that says what is wrong with it.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Site>> for Asked<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _site: &Arc<Site>) -> Result<Self, WebError> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|says| WebError::Malformed(says.body_text()))
    }
}

/// A JSON body that says what is wrong with it.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for Sent<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, _site: &Arc<Site>) -> Result<Self, WebError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(WebError::Malformed("JSON was expected (content-type: application/json)".to_owned()));
        }
        let body = to_bytes(request.into_body(), LARGEST).await;
        let body = body.map_err(|_| WebError::Malformed(format!("the body is larger than {} kB, or was cut off", LARGEST / 1024)))?;
        // serde's words name fields and places, and quote values only where a choice was expected.
        serde_json::from_slice(&body).map(Self).map_err(|says| WebError::Malformed(format!("the JSON cannot be read: {says}")))
    }
}

/// What whoever asks has read (`If-Match`): then they change that alone. It is taken before anything else is read, so that what is
/// changed in between is found out.
pub(super) struct AsRead(Option<(String, i64)>);

impl FromRequestParts<Arc<Site>> for AsRead {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let Some(desired) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let desired = desired.to_str().map_err(|_| WebError::Malformed("If-Match is no ETag".to_owned()))?;
        Ok(Self(Some((desired.to_owned(), site.web.store.revision().await?))))
    }
}

/// The header, for the description of the API.
impl IntoParams for AsRead {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::False);
        let header = header.description(Some("The ETag of what was read: nothing is changed where that is not so any more"));
        vec![header.schema(Some(Object::with_type(Type::String))).build()]
    }
}

impl AsRead {
    /// Whether anything was said of what was read.
    pub(super) const fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses where `now`, which reading it would give, is not what was read.
    pub(super) fn check(&self, now: &impl Serialize) -> Result<(), WebError> {
        let Some((desired, _)) = &self.0 else { return Ok(()) };
        let body = serde_json::to_vec(now).unwrap_or_default();
        // What is not there matches nothing, not even `*`.
        if body != b"null" && matches(desired, &tag_of(&body)) {
            return Ok(());
        }
        Err(WebError::Stale("it was changed since you read it; read it again".to_owned()))
    }

    /// Where this visitor changes things, as they were read.
    pub(super) fn settings_service<'s>(&self, site: &'s Site, visitor: &Visitor) -> SettingsService<'s> {
        SettingsService { since: self.revision(), ..site.settings_service(visitor) }
    }

    /// The revision at which it was read.
    pub(super) fn revision(&self) -> Option<i64> {
        self.0.as_ref().map(|(_, revision)| *revision)
    }
}

/// A JSON answer with status 201.
pub(super) fn created<T: Serialize>(body: T) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}
