//! Errors of requests. Pages render them as pages (`pages/error.rs`), the API as `application/problem+json` (`api/problem.rs`).

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::config::{Problem, Problems};
use crate::liveness::LogThrottle;
use crate::model::{Invalid, ProjectName};
use crate::settings::{ChangeError, Clash};
use crate::store::StoreError;

/// Contains no secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum WebError {
    #[error("log in first")]
    LoginNeeded,
    #[error("you cannot change anything: your role is viewer, and this needs the role editor")]
    ReadOnly,
    /// Not addressed to this server, or not sent by one of its pages.
    #[error("{0}")]
    Forged(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit(Problems),
    /// Of a request to the API.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    UnknownParameters(Problems),
    #[error("{0}")]
    Malformed(String),
    #[error("this address does not accept this method; the header `Allow` lists those that it accepts")]
    Method,
    #[error("Heartbeat had an internal error; its log has the details")]
    Fault,
    #[error("{0}")]
    Conflict(String),
    /// `If-Match` does not match.
    #[error("{0}")]
    Stale(String),
    #[error("too many attempts; wait {} s", .0.as_secs().max(1))]
    TooOften(Duration),
    #[error("{0}")]
    Busy(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WebError {
    /// `says` continues a sentence that starts with the name of the field.
    pub(super) fn unfit(field: &str, says: impl Display) -> Self {
        Problem::of(field, Invalid::unquoted(says.to_string())).into()
    }

    pub(super) fn unfit_whole(field: &str, says: impl Display) -> Self {
        Problem::whole(field, says).into()
    }

    /// `name` comes from the address, so it is shortened and escaped.
    pub(super) fn no(what: &str, name: &str) -> Self {
        Self::NotFound(format!("there is no {what} `{}`", name.chars().take(80).collect::<String>().escape_debug()))
    }

    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::LoginNeeded => StatusCode::UNAUTHORIZED,
            Self::ReadOnly | Self::Forged(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Malformed(_) | Self::UnknownParameters(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Stale(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::LoginNeeded => "Login required",
            Self::ReadOnly => "Editor role required",
            Self::Forged(_) => "Request blocked",
            Self::NotFound(_) => "Page not found",
            Self::Unfit(_) => "Invalid input",
            Self::Malformed(_) | Self::UnknownParameters(_) => "Invalid request",
            Self::Method => "Method not allowed",
            Self::Fault => "Internal error",
            Self::Conflict(_) => "Conflict",
            Self::Stale(_) => "Changed by someone else",
            Self::TooOften(_) => "Too many requests",
            Self::Busy(_) => "Server busy",
            Self::Store(_) => "Store unavailable",
        }
    }
}

/// The name of a `what` in an address. An invalid name is reported as not found.
pub(super) fn named(what: &str, text: &str) -> Result<ProjectName, WebError> {
    ProjectName::parse(text).map_err(|_| WebError::no(what, text))
}

impl From<ChangeError> for WebError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Wrong(problems) => Self::Unfit(problems),
            ChangeError::Absent { .. } | ChangeError::NoIncident(_) => Self::NotFound(error.to_string()),
            ChangeError::Clash(Clash::Changed) => Self::Stale(error.to_string()),
            ChangeError::Clash(clash) => Self::Conflict(clash.to_string()),
            ChangeError::Store(error) => Self::Store(error),
        }
    }
}

impl From<Problem> for WebError {
    fn from(problem: Problem) -> Self {
        Self::Unfit(problem.into())
    }
}

impl From<Problems> for WebError {
    fn from(problems: Problems) -> Self {
        Self::Unfit(problems)
    }
}

/// Response extension with the error, which a middleware renders for pages or for the API.
#[derive(Clone)]
pub(super) struct Unrendered(pub(super) Arc<WebError>);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        static LOGGED: LogThrottle = LogThrottle::new();
        if let Self::Store(error) = &self
            && LOGGED.is_due()
        {
            tracing::error!(%error, "the store failed while a request was answered");
        }
        let mut response = self.status().into_response();
        if let Self::TooOften(wait) = &self {
            let seconds = wait.as_secs().max(1);
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response.extensions_mut().insert(Unrendered(Arc::new(self)));
        response
    }
}
