//! Quotes of answers as JSON text: zero bytes and whatever else a stranger's answer holds are escaped in it, which PostgreSQL's text
//! columns ask for.

use serde::{Deserialize, Serialize};

use crate::model::{AnsweredBy, Did, Obstacle, Phase, Quote, Signs};

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
}

/// A quote as text.
pub(super) fn write(quote: &Quote) -> String {
    let Quote { status, headers, words, by, did, signs, at, obstacle } = quote.clone();
    // Numbers, strings and lists of them cannot fail to be JSON.
    serde_json::to_string(&Written { status, headers, words, by, did, signs, at, obstacle }).unwrap_or_default()
}

/// Reads [`write`] back; none when the text is not such.
pub(super) fn read(text: &str) -> Option<Quote> {
    let Written { status, headers, words, by, did, signs, at, obstacle } = serde_json::from_str(text).ok()?;
    Some(Quote { status, headers, words, by, did, signs, at, obstacle })
}
