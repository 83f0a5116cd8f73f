//! Quotes of answers as JSON text: zero bytes and whatever else a stranger's answer holds are escaped in it, which PostgreSQL's text
//! columns ask for.

use serde::{Deserialize, Serialize};

use crate::model::{AnsweredBy, Did, Obstacle, Phase, ReadbackError, ResponseExcerpt, Signs};

/// What an earlier release did not write is unknown.
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

/// A quote as text.
pub(super) fn write(excerpt: &ResponseExcerpt) -> String {
    noted(excerpt, None)
}

/// A failure's quote, with our own words beside it, as text.
pub(super) fn write_failure(failure: &ReadbackError) -> String {
    noted(&failure.excerpt, failure.note.clone())
}

fn noted(excerpt: &ResponseExcerpt, note: Option<String>) -> String {
    let ResponseExcerpt { status, headers, words, by, did, signs, at, obstacle } = excerpt.clone();
    // Numbers, strings and lists of them cannot fail to be JSON.
    serde_json::to_string(&Written { status, headers, words, by, did, signs, at, obstacle, note }).unwrap_or_default()
}

/// Reads [`write`] and [`write_failure`] back: the quote, and our own words; none when the text is neither.
pub(super) fn read(text: &str) -> Option<(ResponseExcerpt, Option<String>)> {
    let Written { status, headers, words, by, did, signs, at, obstacle, note } = serde_json::from_str(text).ok()?;
    Some((ResponseExcerpt { status, headers, words, by, did, signs, at, obstacle }, note))
}
