//! What a service answered, and what it means where the service has no words of its own.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use super::redactor::Redactor;
use crate::model::{Delivery, Timestamp, legible};

/// As much of a body is quoted, in bytes.
const WORDS: usize = 200;
/// So far into a body a page says that it is one, in bytes.
const BEGIN: usize = 1024;
/// As much of a body is read, in bytes.
pub(super) const READ: usize = 64 * 1024;

/// An answer, as far as it was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// When it came.
    pub(super) at: Timestamp,
    /// Status and first words, without secrets.
    pub(super) words: String,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>, at: Timestamp, redactor: &Redactor) -> Self {
        let mut words = status.as_u16().to_string();
        if let Some(reason) = status.canonical_reason() {
            words = format!("{words} {reason}");
        }
        let said = quoted(&body, redactor);
        if !said.is_empty() {
            words = format!("{words}: {said}");
        }
        Self { status, headers, body, at, words }
    }

    /// What it means by its status alone. A receiver that is nobody's in particular may say whatever it likes with it.
    pub(super) fn settle(self) -> Delivery {
        match self.status.as_u16() {
            200..=299 => Delivery::Accepted(self.words),
            // Not followed: what is sent there was meant for here, and may be a key.
            300..=399 => {
                Delivery::Rejected { words: format!("{} to {}, which is not followed: set the address itself", self.status, self.target()) }
            }
            // The proxy between, time that ran out, too much at once, and whatever is broken there: none of it is the channel's fault.
            407 | 408 | 425 | 429 | 500..=599 => self.try_again(),
            // The key, the address, or the right to either.
            401 | 402 | 403 | 404 | 405 | 410 => Delivery::Rejected { words: self.words },
            _ => Delivery::Unfit { words: self.words },
        }
    }

    /// The same of a service that answers 400 or 422 to a wrong key as well: better a channel that stands still and says so than one that
    /// loses each message by itself.
    pub(super) fn settle_unless_page_or_key(self) -> Delivery {
        match self.status.as_u16() {
            400 | 422 => Delivery::Rejected { words: self.words },
            _ => self.settle_unless_page(),
        }
    }

    /// The same of a service that never answers with a web page: where one comes, somebody else spoke.
    pub(super) fn settle_unless_page(self) -> Delivery {
        if self.status.is_success() && self.is_page() {
            let words = format!("a web page answered, and not the service: a login page or a proxy is between ({})", self.words);
            return Delivery::TryAgain { words, after: None };
        }
        self.settle()
    }

    /// What it means where it is the answer of somebody behind the one that was asked, who said this status.
    pub(super) fn settle_as(self, status: StatusCode) -> Delivery {
        Self { status, ..self }.settle()
    }

    /// What it means of somebody's own receiver, which may say what it likes but a page for people: that is a login, or what stands where nobody
    /// is any more.
    pub(super) fn settle_unless_html(self) -> Delivery {
        if self.status.is_success() && !self.is_html() { self.settle() } else { self.settle_unless_page() }
    }

    /// Not taken, and trying again can help.
    pub(super) fn try_again(self) -> Delivery {
        Delivery::TryAgain { after: self.retry_after(), words: self.words }
    }

    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// By its body: Slack calls its plain `ok` HTML.
    fn is_page(&self) -> bool {
        let body = self.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.body);
        body.trim_ascii_start().first() == Some(&b'<')
    }

    /// By its type and its body: some answer in XML.
    fn is_html(&self) -> bool {
        let is_typed = self.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().windows(4).any(|part| part == b"html"));
        let begin = String::from_utf8_lossy(&self.body[..self.body.len().min(BEGIN)]).to_lowercase();
        self.is_page() && (is_typed || ["<!doctype html", "<html"].iter().any(|mark| begin.contains(mark)))
    }

    /// How long the answer asks us to wait: seconds, or a date.
    fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return wait(seconds);
        }
        let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Timestamp::from_ms(until.as_millisecond()).since(self.at))
    }

    /// Where it sends us, by protocol and host alone.
    fn target(&self) -> String {
        let target = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        match target.map(Url::parse) {
            Some(Ok(url)) if url.has_host() => format!("{}/***", url.origin().ascii_serialization()),
            Some(_) => "another path there".into(),
            None => "nowhere".into(),
        }
    }
}

/// So many seconds, as a service says them: whole or not. None where that is no time to wait.
pub(super) fn wait(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// Bytes as one printable line, without secrets and within bounds.
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
        assert_eq!(words("/signin?token=abc"), "302 Found to another path there, which is not followed: set the address itself");
    }

    #[test]
    fn a_web_page_is_not_the_service() {
        for body in ["<html>", "\n <!doctype html>", "\u{feff}<!DOCTYPE html>"] {
            let Delivery::TryAgain { words, .. } = answer(200, &[], body).settle_unless_page() else {
                panic!("{body} is taken for the service")
            };
            assert!(words.contains("a login page or a proxy"), "{words}");
            assert!(matches!(answer(200, &[], body).settle(), Delivery::Accepted(_)));
        }
        // As Slack has it.
        let taken = answer(200, &[("content-type", "text/html")], "ok").settle_unless_page();
        assert!(matches!(taken, Delivery::Accepted(_)), "{taken:?}");
    }

    #[test]
    fn words_are_short_and_printable() {
        let answer = answer(400, &[], &format!("invalid\u{1b}[31m\n\n{}", "x".repeat(1000)));
        assert!(answer.words.starts_with("400 Bad Request: invalid [31m xxx"), "{}", answer.words);
        assert!(answer.words.len() < 230 && answer.words.ends_with('…'));
    }
}
