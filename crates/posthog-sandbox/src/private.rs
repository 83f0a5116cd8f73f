//! The private API: authentication, and what it returns about projects, the key and its owner.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::denial::Denial;
use super::instance::Instance;
use super::keys::{Key, SECRET_KEY};
use super::project::{ORGANIZATION_ID, PROJECTS, Project};

const USER_UUID: &str = "0195d3a0-0000-7000-8000-000000000003";

/// Accepts every personal API key, whatever its scopes.
fn authenticate(instance: &Instance, headers: &HeaderMap) -> Result<&'static Key, Denial> {
    let authorization = headers.get(header::AUTHORIZATION).ok_or_else(Denial::no_key)?.to_str().unwrap_or_default();
    let (scheme, value) = authorization.split_once(' ').ok_or_else(Denial::no_key)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denial::no_key());
    }
    let value = value.trim();
    if value == SECRET_KEY {
        return Err(Denial::forbidden("This action does not support project secret API key access"));
    }
    // PostHog treats an unknown project secret key like a missing key.
    if value.starts_with("phs_") {
        return Err(Denial::no_key());
    }
    let broken = instance.faults().query.status == Some(StatusCode::UNAUTHORIZED.as_u16());
    Key::of(value).filter(|_| !broken).ok_or_else(Denial::bad_key)
}

/// For addresses without a project: a key that is limited to projects is rejected.
fn admit(instance: &Instance, headers: &HeaderMap, scope: &str) -> Result<(), Denial> {
    let key = authenticate(instance, headers)?;
    if key.is_limited() {
        return Err(Denial::forbidden("API keys with scoped projects are only supported on project-based endpoints."));
    }
    if key.has(scope) { Ok(()) } else { Err(Denial::no_scope(scope)) }
}

/// For addresses of a project. Checks in PostHog's order: project, access to the project, scope.
pub(super) fn admit_to(named: &str, instance: &Instance, headers: &HeaderMap, scope: &str) -> Result<&'static Project, Denial> {
    let key = authenticate(instance, headers)?;
    let project = Project::of_address(named).ok_or_else(Denial::no_project)?;
    if !key.reaches(project.id) {
        return Err(Denial::forbidden(format!("API key does not have access to the requested project: ID {}.", project.id)));
    }
    if key.has(scope) { Ok(project) } else { Err(Denial::no_scope(scope)) }
}

pub(super) async fn projects(State(instance): State<Instance>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    admit(&instance, &headers, "project:read")?;
    let results = PROJECTS.iter().map(Project::as_json).collect::<Vec<_>>();
    Ok(Json(json!({"count": results.len(), "next": null, "previous": null, "results": results})))
}

pub(super) async fn project(
    State(instance): State<Instance>,
    Path(named): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Denial> {
    Ok(Json(admit_to(&named, &instance, &headers, "project:read")?.as_json()))
}

/// `GET /api/personal_api_keys/@current/`: needs no scope. Old releases do not have it.
pub(super) async fn key(State(instance): State<Instance>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    let key = authenticate(&instance, &headers)?;
    if instance.faults().instance.is_old() {
        return Err(Denial::no_endpoint());
    }
    Ok(Json(key.as_json(instance.now())))
}

/// `GET /api/users/@me/`: also accepts keys that are limited to projects.
pub(super) async fn me(State(instance): State<Instance>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    let key = authenticate(&instance, &headers)?;
    if !key.has("user:read") {
        return Err(Denial::no_scope("user:read"));
    }
    Ok(Json(json!({
        "id": 1,
        "uuid": USER_UUID,
        "distinct_id": USER_UUID,
        "first_name": "Sandbox",
        "last_name": "",
        "email": "sandbox@localhost",
        "organization": {"id": ORGANIZATION_ID, "name": "Sandbox"},
        "team": PROJECTS[0].as_json(),
    })))
}

pub(super) async fn nowhere() -> Denial {
    Denial::no_endpoint()
}

pub(super) async fn no_method(method: Method) -> Denial {
    Denial::no_method(&method)
}

/// Adds `WWW-Authenticate` to every 401, with the metadata address of PostHog's OAuth server. Old releases send `Bearer` alone.
pub(super) async fn challenge(State(instance): State<Instance>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        let current = format!("Bearer resource_metadata=\"http://{host}/.well-known/oauth-protected-resource\"");
        let challenge = if instance.faults().instance.is_old() { "Bearer".to_owned() } else { current };
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    response
}

/// For addresses that old releases do not have.
pub(super) fn only_current(instance: &Instance, answer: impl IntoResponse) -> Result<Response, Denial> {
    if instance.faults().instance.is_old() { Err(Denial::no_endpoint()) } else { Ok(answer.into_response()) }
}
