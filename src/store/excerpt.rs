//! Excerpts of responses as JSON text. JSON escapes zero bytes, which text columns of PostgreSQL do not accept.

use serde::{Deserialize, Serialize};

use crate::model::{AnsweredBy, Did, Obstacle, Phase, ReadbackError, ResponseExcerpt, Signs};

/// Fields that an earlier release did not write have their defaults.
#[derive(Serialize, Deserialize)]
struct Written {
    status: u16,
    headers: Vec<(String, String)>,
    words: String,
    #[serde(default)]
    by: AnsweredBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    did: Option<Did>,
    #[serde(default)]
    signs: Signs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Phase>,
    #[serde(default)]
    obstacle: Obstacle,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

pub(super) fn write(excerpt: &ResponseExcerpt) -> String {
    noted(excerpt, None)
}

pub(super) fn write_failure(failure: &ReadbackError) -> String {
    noted(&failure.excerpt, failure.note.clone())
}

fn noted(excerpt: &ResponseExcerpt, note: Option<String>) -> String {
    let ResponseExcerpt { status, headers, words, by, did, signs, at, obstacle } = excerpt.clone();
    // Numbers, strings and lists of them always serialize.
    serde_json::to_string(&Written { status, headers, words, by, did, signs, at, obstacle, note }).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Option<(ResponseExcerpt, Option<String>)> {
    let Written { status, headers, words, by, did, signs, at, obstacle, note } = serde_json::from_str(text).ok()?;
    Some((ResponseExcerpt { status, headers, words, by, did, signs, at, obstacle }, note))
}
