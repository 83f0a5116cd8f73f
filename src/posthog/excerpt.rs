//! Quotes an answer: status, headers that show who answered, and the beginning of the body.

use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE};

use super::answerer::answerer;
use super::printable::printable;
use super::wire::Heard;
use crate::model::{PersonalKey, ResponseExcerpt, Timestamp, http_date};

const WORDS: usize = 300;
const HEADER: usize = 200;

const TELLING: [HeaderName; 11] = [
    SERVER,
    VIA,
    HeaderName::from_static("x-powered-by"),
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("cf-ray"),
    DATE,
    LOCATION,
    RETRY_AFTER,
    CONTENT_TYPE,
    WWW_AUTHENTICATE,
    ALLOW,
];

/// Quotes an answer. Of a web page only title and text, never markup; never a body that cannot be decoded. `secret` was sent with the
/// request: a proxy's error page may echo it.
pub(super) fn excerpt(heard: &Heard, secret: Option<&PersonalKey>) -> ResponseExcerpt {
    let headers = TELLING
        .iter()
        .filter_map(|name| heard.headers.get(name).map(|value| (name.as_str().to_owned(), value)))
        .map(|(name, value)| (name, printable(value.as_bytes(), HEADER, secret)))
        .collect();
    let found = answerer(heard, secret);
    let words = match (&found.page, &heard.encoded) {
        (Some(page), _) => {
            let title =
                page.title.as_deref().filter(|title| !page.text.starts_with(title)).map_or_else(String::new, |title| format!("{title}: "));
            printable(format!("{title}{}", page.text).trim_end_matches(": ").as_bytes(), WORDS, secret)
        }
        (None, Some(encoding)) if heard.body.is_empty() => format!("a body encoded as {}", printable(encoding.as_bytes(), 20, None)),
        _ if is_binary(&heard.body) => "a body that is not text".to_owned(),
        _ => printable(&heard.body, WORDS, secret),
    };
    ResponseExcerpt {
        status: heard.status.as_u16(),
        headers,
        words,
        by: found.by,
        did: found.did,
        signs: found.signs,
        at: None,
        obstacle: found.obstacle,
    }
}

/// Whether a body is binary: an image, or compressed without a header.
fn is_binary(body: &[u8]) -> bool {
    let beginning = &body[..body.len().min(512)];
    let text = String::from_utf8_lossy(beginning);
    let strange = text.chars().filter(|letter| *letter == '\u{fffd}' || (letter.is_control() && !letter.is_whitespace())).count();
    // A character may be cut at the end.
    strange > 1 + text.chars().count() / 20
}

pub(super) fn retry_after(heard: &Heard) -> Option<Duration> {
    let text = heard.header(RETRY_AFTER)?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|at| at.since(heard.at)),
    }
}

pub(super) fn date(heard: &Heard) -> Option<Timestamp> {
    http_date(heard.header(DATE)?)
}
