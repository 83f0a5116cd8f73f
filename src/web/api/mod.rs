//! The JSON API, `/api/v1`: everything that the pages can do, described by OpenAPI 3.1 at `/api/openapi.json`. One file per resource.

#![expect(unused_qualifications, reason = "utoipa writes out the paths of what it describes")]

mod accounts;
mod app_record;
mod apps;
mod audit_log;
mod beats;
mod channels;
mod describe;
mod entity;
mod figures;
mod incidents;
mod maintenance;
mod notifications;
mod parameters;
mod problem;
mod projects;
mod rules;
mod shape;
mod status_pages;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Uri};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use super::error::WebError;
use super::etag::tag;
use super::site::Site;

pub(super) use problem::dress;

#[derive(OpenApi)]
#[openapi(
    info(title = "Heartbeat", description = "Everything that the pages of Heartbeat can do. Times are RFC 3339 in UTC; durations are milliseconds unless a name says otherwise. \
        A list has `items` and `next`: pass `next` as `after` to get the next part. Secrets can be set, but are never returned."),
    security(("token" = [])),
    components(schemas(problem::Problem)),
    modifiers(&Tokens)
)]
struct Description;

struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let mut scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let text =
            "An API token (hb_...), created under Settings or with `heartbeat tokens add`. A token with the role viewer can only GET";
        scheme.description = Some(text.to_owned());
        description.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

fn resources() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(projects::routes())
        .merge(accounts::routes())
        .merge(status_pages::routes())
        .merge(incidents::routes())
        .merge(maintenance::routes())
        .merge(rules::routes())
        .merge(apps::routes())
        .merge(app_record::routes())
        .merge(channels::routes())
        .merge(notifications::routes())
        .merge(audit_log::routes())
        .merge(figures::routes())
        .merge(beats::routes())
}

/// The OpenAPI 3.1 description as JSON, as committed in `docs/openapi.json`.
#[must_use]
pub fn description() -> String {
    let mut description = serde_json::to_value(resources().get_openapi()).unwrap_or_default();
    describe::complete(&mut description);
    serde_json::to_string_pretty(&description).unwrap_or_default() + "\n"
}

pub(super) fn routes() -> Router<Arc<Site>> {
    let described = get(async || ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], description()).into_response());
    let (router, _) = resources().split_for_parts();
    router
        .layer(from_fn(tag))
        .route("/api/openapi.json", described)
        .route(ROOT, any(nowhere))
        .route("/api/", any(nowhere))
        .route("/api/{*rest}", any(nowhere))
}

const ROOT: &str = "/api";

pub(super) fn is_api(uri: &Uri) -> bool {
    uri.path().strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn nowhere(uri: Uri) -> WebError {
    WebError::no("resource", uri.path())
}
