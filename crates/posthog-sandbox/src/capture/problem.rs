//! Error answers of capture v1.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::body::BadBody;

#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    tag: &'static str,
    description: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, tag: &'static str, description: impl Into<String>) -> Self {
        Self { status, tag, description: description.into() }
    }

    pub(super) fn bad(tag: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, tag, description)
    }

    pub(super) fn of_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("error");
        let (tag, description) = match status.as_u16() {
            401 => ("invalid_api_token", "The provided API token is not valid."),
            402 => {
                let description = "Billing quota exceeded. Events are being dropped. Upgrade your plan to resume ingestion.";
                ("billing_limit_exceeded", description)
            }
            408 => ("request_timeout", "request timed out"),
            413 => ("payload_too_large", reason),
            415 => ("unsupported_content_type", reason),
            429 => ("rate_limited", "Rate limit exceeded."),
            503 => ("service_unavailable", reason),
            504 => ("gateway_timeout", reason),
            500..=599 => ("internal_error", reason),
            _ => ("request_parsing_error", reason),
        };
        Self::new(status, tag, description)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let uri =
            if self.tag == "billing_limit_exceeded" { "https://posthog.com/docs/billing/limits" } else { "https://posthog.com/docs/api" };
        let body = json!({"error": self.tag, "error_description": self.description, "error_uri": uri});
        let mut response = (self.status, Json(body)).into_response();
        if self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<&BadBody> for Problem {
    fn from(bad: &BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", format!("payload too large: {bad}")),
            BadBody::Undecodable(_) => Self::bad("request_decoding_error", "Failed to decode request body."),
        }
    }
}
