//! A service's answer, and its meaning by status alone, without codes of the service.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use super::redactor::Redactor;
use crate::model::{Delivery, Timestamp, http_date, is_markup, legible};

/// Bytes of a body that are quoted.
const WORDS: usize = 200;
/// Bytes of a body that are searched for HTML.
const BEGIN: usize = 1024;
/// Bytes of a body that are read.
pub(super) const READ: usize = 64 * 1024;

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) at: Timestamp,
    /// Status and beginning of the body, redacted.
    pub(super) words: String,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>, at: Timestamp, redactor: &Redactor) -> Self {
        let mut words = status.as_u16().to_string();
        if let Some(reason) = status.canonical_reason() {
            words = format!("{words} {reason}");
        }
        let text = quoted(&body, redactor);
        if !text.is_empty() {
            words = format!("{words}: {text}");
        }
        Self { status, headers, body, at, words }
    }

    /// By its status alone. A generic receiver may answer with any body.
    pub(super) fn settle(self) -> Delivery {
        match self.status.as_u16() {
            200..=299 => Delivery::Accepted(self.words),
            // Redirects are not followed: the request may hold a key.
            300..=399 => {
                Delivery::Rejected { words: format!("{} to {}, which is not followed: set the address itself", self.status, self.target()) }
            }
            // A proxy, a timeout, a limit or a broken service: not a fault of the channel.
            407 | 408 | 425 | 429 | 500..=599 => self.try_again(),
            // Wrong key, wrong address, or no permission.
            401 | 402 | 403 | 404 | 405 | 410 => Delivery::Rejected { words: self.words },
            _ => Delivery::Unfit { words: self.words },
        }
    }

    /// For services that answer 400 or 422 also to a wrong key: better a stopped channel with a reason than
    /// messages that are lost one by one.
    pub(super) fn settle_unless_page_or_key(self) -> Delivery {
        match self.status.as_u16() {
            400 | 422 => Delivery::Rejected { words: self.words },
            _ => self.settle_unless_page(),
        }
    }

    /// For services that never answer with a web page: such an answer comes from something in between.
    pub(super) fn settle_unless_page(self) -> Delivery {
        if self.status.is_success() && self.is_page() {
            let words = format!("a web page answered instead of the service: probably a login page or a proxy in between ({})", self.words);
            return Delivery::TryAgain { words, after: None };
        }
        self.settle()
    }

    /// With the status of a service behind the one that answered.
    pub(super) fn settle_as(self, status: StatusCode) -> Delivery {
        Self { status, ..self }.settle()
    }

    /// For a user's own receiver, which may answer with anything except a web page: that is a login page or a placeholder.
    pub(super) fn settle_unless_html(self) -> Delivery {
        if self.status.is_success() && !self.is_html() { self.settle() } else { self.settle_unless_page() }
    }

    pub(super) fn try_again(self) -> Delivery {
        Delivery::TryAgain { after: self.retry_after(), words: self.words }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// By its body: Slack sends its plain `ok` with the type HTML.
    fn is_page(&self) -> bool {
        is_markup(&self.body)
    }

    /// By its type and its body: some services answer in XML.
    fn is_html(&self) -> bool {
        let is_typed = self.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().windows(4).any(|part| part == b"html"));
        let begin = String::from_utf8_lossy(&self.body[..self.body.len().min(BEGIN)]).to_lowercase();
        self.is_page() && (is_typed || ["<!doctype html", "<html"].iter().any(|mark| begin.contains(mark)))
    }

    fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return wait(seconds);
        }
        http_date(text).map(|until| until.since(self.at))
    }

    /// Scheme and host of `Location`: the path may hold a secret.
    fn target(&self) -> String {
        let target = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        match target.map(Url::parse) {
            Some(Ok(url)) if url.has_host() => format!("{}/***", url.origin().ascii_serialization()),
            Some(_) => "another path of the same host".into(),
            None => "nowhere".into(),
        }
    }
}

pub(super) fn wait(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

pub(super) fn quoted(bytes: &[u8], redactor: &Redactor) -> String {
    let text = redactor.clear(&String::from_utf8_lossy(bytes));
    super::text::cut_bytes(&legible(&text), WORDS)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: &str = "2026-11-23T14:32:00Z";

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let at = Timestamp::parse(NOW).unwrap();
        Answer::new(StatusCode::from_u16(status).unwrap(), headers, body.into(), at, &Redactor::default())
    }

    fn after(value: &'static str) -> Option<Duration> {
        match answer(429, &[("retry-after", value)], "").settle() {
            Delivery::TryAgain { after, .. } => after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn how_long_to_wait_is_read_in_seconds_and_as_a_date() {
        assert_eq!(after("120"), Some(Duration::from_mins(2)));
        assert_eq!(after("Mon, 23 Nov 2026 14:33:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(after("Mon, 23 Nov 2026 14:31:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["soon", "-1", "NaN", "1e300", ""] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_status_says_whether_trying_again_can_help() {
        for status in [200, 201, 202, 204] {
            assert!(matches!(answer(status, &[], "").settle(), Delivery::Accepted(_)), "{status}");
        }
        for status in [407, 408, 425, 429, 500, 502, 503, 504, 522] {
            assert!(matches!(answer(status, &[], "").settle(), Delivery::TryAgain { .. }), "{status}");
        }
        for status in [301, 302, 308, 401, 403, 404, 405, 410] {
            assert!(matches!(answer(status, &[], "").settle(), Delivery::Rejected { .. }), "{status}");
        }
        for status in [400, 409, 413, 415, 422] {
            assert!(matches!(answer(status, &[], "").settle(), Delivery::Unfit { .. }), "{status}");
        }
        for status in [400, 422] {
            assert!(matches!(answer(status, &[], "").settle_unless_page_or_key(), Delivery::Rejected { .. }), "{status}");
        }
    }

    #[test]
    fn a_redirect_says_where_to_without_its_path() {
        let words = |location: &'static str| match answer(302, &[("location", location)], "").settle() {
            Delivery::Rejected { words } => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words("https://u:p@login.example.com/next?token=abc"),
            "302 Found to https://login.example.com/***, which is not followed: set the address itself"
        );
        assert_eq!(words("/signin?token=abc"), "302 Found to another path of the same host, which is not followed: set the address itself");
    }

    #[test]
    fn a_web_page_is_not_the_service() {
        for body in ["<html>", "\n <!doctype html>", "\u{feff}<!DOCTYPE html>"] {
            let Delivery::TryAgain { words, .. } = answer(200, &[], body).settle_unless_page() else {
                panic!("{body} is taken as the service")
            };
            assert!(words.contains("a login page or a proxy"), "{words}");
            assert!(matches!(answer(200, &[], body).settle(), Delivery::Accepted(_)));
        }
        let accepted = answer(200, &[("content-type", "text/html")], "ok").settle_unless_page();
        assert!(matches!(accepted, Delivery::Accepted(_)), "{accepted:?}");
    }

    #[test]
    fn words_are_short_and_printable() {
        let answer = answer(400, &[], &format!("invalid\u{1b}[31m\n\n{}", "x".repeat(1000)));
        assert!(answer.words.starts_with("400 Bad Request: invalid [31m xxx"), "{}", answer.words);
        assert!(answer.words.len() < 230 && answer.words.ends_with('…'));
    }
}
