//! Quoting an answer for the person who must find out: status, the headers that tell who answered, the first words.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, SERVER, WWW_AUTHENTICATE};

use super::client::Place;
use super::wire::{Ask, Heard};
use crate::model::{PersonalKey, Quote, Timestamp};

/// As much of a body is quoted, in bytes.
const WORDS: usize = 300;
/// As much of a header is quoted, in bytes.
const HEADER: usize = 200;
/// Words are looked for in so much of a body.
const LOOKED_AT: usize = 64 * 1024;

/// Those headers that tell who answered.
const TELLING: [HeaderName; 6] = [SERVER, HeaderName::from_static("cf-ray"), http::header::DATE, LOCATION, RETRY_AFTER, CONTENT_TYPE];

/// Quotes an answer. `secret` is what was sent with the request: a proxy's error page may echo it.
pub(super) fn quote(heard: &Heard, secret: Option<&PersonalKey>) -> Quote {
    let headers = TELLING
        .iter()
        .filter_map(|name| heard.headers.get(name).map(|value| (name.as_str().to_owned(), value)))
        .map(|(name, value)| (name, printable(value.as_bytes(), HEADER, secret)))
        .collect();
    Quote { status: heard.status.as_u16(), headers, words: printable(&heard.body, WORDS, secret) }
}

/// Bytes as one printable line of at most `most` bytes, without the secret.
pub(super) fn printable(bytes: &[u8], most: usize, secret: Option<&PersonalKey>) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let text = match secret {
        Some(key) => text.replace(key.expose(), "phx_***"),
        None => text.into_owned(),
    };
    let mut line = String::with_capacity(text.len().min(most));
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()) {
        let space = usize::from(!line.is_empty());
        let room = most.saturating_sub(line.len() + space);
        if room == 0 {
            break;
        }
        line.push_str(&" "[..space]);
        line.push_str(&word[..word.floor_char_boundary(room)]);
        if word.len() > room {
            break;
        }
    }
    line
}

/// Whether a web page answered: PostHog's own answers are JSON or plain text.
pub(super) fn is_html(heard: &Heard) -> bool {
    let kind = heard.headers.get(CONTENT_TYPE).map_or(&b""[..], http::HeaderValue::as_bytes);
    let says_so = kind.len() >= 9 && kind[..9].eq_ignore_ascii_case(b"text/html");
    says_so || heard.body.trim_ascii_start().first() == Some(&b'<')
}

/// Whether somebody between asks for a login of its own.
pub(super) fn asks_for_a_login(heard: &Heard) -> bool {
    let schemes = ["basic", "digest", "negotiate", "ntlm"];
    heard.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let scheme = value.split(' ').next().unwrap_or_default();
        schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

/// How long the answer asks us to wait: seconds, or a date.
pub(super) fn retry_after(heard: &Heard) -> Option<Duration> {
    let text = heard.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|at| at.since(heard.at)),
    }
}

/// What the answer's `Date` says, when it says anything.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(http::header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_ms(at.as_millisecond()))
}

/// What to make of a redirect, in words. It is not followed: what PostHog's own libraries send would be lost here.
pub(super) fn redirect_words(place: &Place, ask: &Ask, heard: &Heard) -> String {
    let status = heard.status.as_u16();
    let asked = place.address(&ask.path);
    let Some(target) = heard.headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return format!("answers {status} without saying where to");
    };
    let to = match url::Url::parse(&asked).and_then(|base| base.join(target)) {
        Ok(to) => to.to_string(),
        Err(_) => target.to_owned(),
    };
    let shown = printable(to.as_bytes(), HEADER, None);
    let bare = |address: &str| address.trim_end_matches('/').to_owned();
    let path = ask.path.as_str();
    if bare(&to) == bare(&asked) {
        return format!(
            "answers {status} to `{shown}`: what stands before PostHog takes this path only in the other form of its trailing slash; \
             let it pass both unchanged (Next.js: skipTrailingSlashRedirect)"
        );
    }
    match bare(&to).strip_suffix(path.trim_end_matches('/')) {
        Some(host) => format!("answers {status} to `{shown}`: set the host to `{}`", printable(host.as_bytes(), HEADER, None)),
        None => format!("answers {status} to `{shown}`"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_came_is_quoted_on_one_line_within_its_bound(bytes: Vec<u8>, most in 0..100_usize) {
            let line = printable(&bytes, most, None);
            prop_assert!(line.len() <= most);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!line.contains("  "));
        }

        #[test]
        fn a_key_is_never_quoted_wherever_it_stands(before in "[a-z <>]{0,40}", after in "[a-z <>]{0,40}", most in 0..100_usize) {
            let key = PersonalKey::parse("phx_secret").unwrap();
            let line = printable(format!("{before}phx_secret{after}").as_bytes(), most, Some(&key));
            prop_assert!(!line.contains("phx_s"));
        }
    }
}
