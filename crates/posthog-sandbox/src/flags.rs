//! Feature flags and remote configuration. Unlike capture v0, they tell whether a token is known.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::body::{self, Encoding};
use super::denial::Denial;
use super::instance::Instance;
use super::project::Project;

/// `POST /flags/?v=2` and `POST /decide/?v=3`: always without flags; 401 for an unknown token.
pub(super) async fn evaluate(State(instance): State<Instance>, request: Request) -> Response {
    let Ok(body) = body::read(request.into_body()).await else {
        return Denial::of_flags(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "Request body is too large.").into_response();
    };
    let unpacked = if body::is_gzip(&body) { body::unpack(&body, Encoding::Gzip).ok() } else { Some(body.to_vec()) };
    let Some(request) = unpacked.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) else {
        return Denial::of_flags(StatusCode::BAD_REQUEST, "malformed_data", "Malformed request data.").into_response();
    };
    let token = ["token", "api_key", "$token"].iter().find_map(|name| request.get(name)?.as_str()).map(str::trim);
    match token.and_then(Project::of_token) {
        Some(_) if !instance.faults().capture.unknown_token => {
            Json(json!({"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": false})).into_response()
        }
        _ => Denial::of_flags(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "Project API key invalid. You can find your project API key in your PostHog project settings.",
        )
        .into_response(),
    }
}

/// `GET /array/{token}/config.js`: the configuration of posthog-js; 404 for an unknown token.
pub(super) async fn config(State(instance): State<Instance>, Path(token): Path<String>) -> Response {
    let known = Project::of_token(&token).filter(|_| !instance.faults().capture.unknown_token);
    let Some(Project { token, .. }) = known else { return StatusCode::NOT_FOUND.into_response() };
    let config = json!({"token": token, "supportedCompression": ["gzip", "gzip-js"], "hasFeatureFlags": false});
    let script = format!("(function() {{ window._POSTHOG_REMOTE_CONFIG = {{'{token}': {{config: {config}, siteApps: []}}}}; }})();");
    ([(header::CONTENT_TYPE, "application/javascript")], script).into_response()
}
