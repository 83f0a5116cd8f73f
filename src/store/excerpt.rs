//! Excerpts of responses as JSON text. JSON escapes zero bytes, which text columns of PostgreSQL do not accept.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::ResponseExcerpt;

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(flatten)]
    excerpt: Cow<'a, ResponseExcerpt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

/// With the note of a failed read-back.
pub(super) fn write(excerpt: &ResponseExcerpt, note: Option<&str>) -> String {
    // Numbers, strings and lists of them always serialize.
    serde_json::to_string(&Written { excerpt: Cow::Borrowed(excerpt), note: note.map(Cow::Borrowed) }).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Option<(ResponseExcerpt, Option<String>)> {
    let Written { excerpt, note } = serde_json::from_str(text).ok()?;
    Some((excerpt.into_owned(), note.map(Cow::into_owned)))
}
