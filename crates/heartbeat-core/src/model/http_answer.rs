//! Parts of an HTTP answer that are read alike from every server.

use super::Timestamp;

/// The time in a header such as `Date` or `Retry-After`.
#[must_use]
pub fn http_date(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_ms(at.as_millisecond()))
}

/// Whether the body is HTML or XML, by its first character.
#[must_use]
pub fn is_markup(body: &[u8]) -> bool {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    body.trim_ascii_start().first() == Some(&b'<')
}
