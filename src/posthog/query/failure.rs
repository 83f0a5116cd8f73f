//! Maps failures of the private API to [`ReadbackErrorKind`], by status and by PostHog's code.

use http::StatusCode;
use serde_json::Value;

use super::answer::Fault;
use crate::model::{AnsweredBy, PersonalKey, ReadbackError, ReadbackErrorKind, ResponseExcerpt};
use crate::posthog::answerer::{asks_for_a_login, is_html};
use crate::posthog::excerpt::{excerpt, retry_after};
use crate::posthog::printable::printable;
use crate::posthog::wire::{Cut, Heard};

pub(super) const WORDS: usize = 300;

/// PostHog's codes for a query that exceeds its limits.
const TOO_MUCH: [&str; 3] = ["clickhouse_memory_limit_exceeded", "memory_limit_exceeded", "too_many_bytes"];

/// An error in PostHog's shape: `{"type", "code", "detail", "attr"}`.
pub(super) struct ApiError {
    body: Option<Value>,
}

impl ApiError {
    pub(super) fn of(heard: &Heard) -> Self {
        Self { body: if heard.status.is_success() || is_html(heard) { None } else { serde_json::from_slice(&heard.body).ok() } }
    }

    fn word(&self, name: &str) -> &str {
        self.body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn detail(&self) -> Option<&str> {
        Some(self.word("detail")).filter(|detail| !detail.is_empty())
    }

    fn code(&self) -> &str {
        self.word("code")
    }
}

pub(super) fn kind(heard: &Heard, error: &ApiError) -> Option<ReadbackErrorKind> {
    let status = heard.status.as_u16();
    Some(match status {
        _ if TOO_MUCH.contains(&error.code()) => ReadbackErrorKind::TooExpensive,
        429 if error.code() == "api_queries_budget_exceeded" => ReadbackErrorKind::BudgetUsedUp,
        429 => ReadbackErrorKind::Throttled,
        402 if error.detail().is_some() => ReadbackErrorKind::QueryQuota,
        503 if error.code() == "database_unavailable" => ReadbackErrorKind::DatabaseUnavailable,
        // A 504 of an intermediary has no `detail`.
        504 | 512 | 513 if error.detail().is_some() => ReadbackErrorKind::TooExpensive,
        408 | 500..=599 => ReadbackErrorKind::Broken,
        _ if is_html(heard) || asks_for_a_login(heard) => ReadbackErrorKind::NotPostHog,
        200..=299 => return None,
        400 | 413 | 414 | 422 => ReadbackErrorKind::QueryRejected,
        401 if error.detail().is_some_and(|detail| detail.contains("credentials were not provided")) => ReadbackErrorKind::KeyNotReceived,
        401 => ReadbackErrorKind::KeyWrong,
        403 => ReadbackErrorKind::KeyForbidden,
        404 => ReadbackErrorKind::NoSuchProject,
        _ => ReadbackErrorKind::NotPostHog,
    })
}

pub(super) fn printed(text: &str, most: usize) -> String {
    printable(text.as_bytes(), most, None)
}

/// Quotes `words` (PostHog's detail), or else the body. Both may echo the key.
pub(super) fn failure(kind: ReadbackErrorKind, heard: &Heard, key: &PersonalKey, words: Option<&str>) -> ReadbackError {
    let answered = excerpt(heard, Some(key));
    let excerpt = match words {
        Some(words) => ResponseExcerpt { words: printable(words.as_bytes(), WORDS, Some(key)), ..answered },
        None => answered,
    };
    let asked = matches!(heard.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    ReadbackError { retry_after: if asked { retry_after(heard) } else { None }, ..ReadbackError::quoting(kind, excerpt) }
}

/// An answer without the expected content: what is wrong, and its beginning.
pub(super) fn strange(fault: Fault, heard: &Heard, key: &PersonalKey) -> ReadbackError {
    ReadbackError { note: fault.note, ..failure(fault.kind, heard, key, fault.said.as_deref()) }
}

pub(super) fn unreachable(cut: &Cut) -> ReadbackError {
    let excerpt = ResponseExcerpt {
        words: cut.words.clone(),
        at: Some(cut.at),
        obstacle: cut.obstacle,
        by: AnsweredBy::Nobody,
        ..ResponseExcerpt::default()
    };
    ReadbackError::quoting(ReadbackErrorKind::Unreachable, excerpt)
}
