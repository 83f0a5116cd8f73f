//! What can go wrong with a request. A handler says what; pages dress it as a page (`pages/trouble.rs`), the API as
//! `application/problem+json` (`api/problem.rs`).

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::config::{Problem, Problems};
use crate::liveness::LogThrottle;
use crate::model::ProjectName;
use crate::settings::{ChangeError, Clash};
use crate::store::StoreError;

/// What went wrong with a request. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum WebError {
    /// Nobody is logged in, or the token is none.
    #[error("log in first")]
    LoginNeeded,
    /// Whoever asks may read, and this writes.
    #[error("you may read here, and change nothing; ask somebody who may write")]
    ReadOnly,
    /// The request does not come from a page of ours.
    #[error("{0}")]
    Forged(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// What was sent cannot be: each problem tied to its field.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit(Problems),
    /// The request itself cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// What is there is not asked for in this way.
    #[error("this address does not take this method; the header `Allow` says which it takes")]
    Method,
    /// A fault of our own.
    #[error("Heartbeat met a fault of its own; the log says more")]
    Fault,
    /// It does not fit to what is.
    #[error("{0}")]
    Conflict(String),
    /// What was read before is not so any more (`If-Match`).
    #[error("{0}")]
    Stale(String),
    /// Too often.
    #[error("too many tries; wait {} s", .0.as_secs().max(1))]
    TooOften(Duration),
    /// There is no place left.
    #[error("{0}")]
    Busy(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WebError {
    /// One problem of one field: the rest of a sentence that begins with its name.
    pub(super) fn unfit(field: &str, says: impl Display) -> Self {
        Self::Unfit(Problem::of(field, says).into())
    }

    /// The same as a whole sentence.
    pub(super) fn unfit_whole(field: &str, says: impl Display) -> Self {
        Self::Unfit(Problem::whole(field, says).into())
    }

    /// There is no `what` of this name. The name is what stood in the address.
    pub(super) fn no(what: &str, name: &str) -> Self {
        Self::NotFound(format!("there is no {what} `{}`", name.chars().take(80).collect::<String>().escape_debug()))
    }

    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::LoginNeeded => StatusCode::UNAUTHORIZED,
            Self::ReadOnly | Self::Forged(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Stale(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// In a few words, the same for every trouble of its kind.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::LoginNeeded => "Log in",
            Self::ReadOnly => "You may only read",
            Self::Forged(_) => "Not from this page",
            Self::NotFound(_) => "Not here",
            Self::Unfit(_) => "Something does not fit",
            Self::Malformed(_) => "Not understood",
            Self::Method => "Method not allowed",
            Self::Fault => "Internal error",
            Self::Conflict(_) => "It does not fit to what is",
            Self::Stale(_) => "Somebody was faster",
            Self::TooOften(_) => "Too often",
            Self::Busy(_) => "Too much at once",
            Self::Store(_) => "The store is in trouble",
        }
    }
}

/// The name of a `what` that stands in an address. What can be none is the name of none.
pub(super) fn named(what: &str, text: &str) -> Result<ProjectName, WebError> {
    ProjectName::parse(text).map_err(|_| WebError::no(what, text))
}

/// What was not changed, and why.
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

impl From<Problems> for WebError {
    fn from(problems: Problems) -> Self {
        Self::Unfit(problems)
    }
}

/// What is dressed later: the response carries its trouble with it.
#[derive(Clone)]
pub(super) struct Unrendered(pub(super) Arc<WebError>);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        static SAID: LogThrottle = LogThrottle::new();
        if let Self::Store(error) = &self
            && SAID.is_due()
        {
            tracing::error!(%error, "a page could not be answered");
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
