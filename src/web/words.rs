//! Formats of figures in pages and of minutes in addresses.

use std::time::Duration;

use url::form_urlencoded::Serializer;

use super::error::WebError;
use super::when::moment;
use crate::model::{Minute, Outcome, ProjectName, span};

pub(super) use super::when::date;
pub(super) use crate::model::thousands;

/// For example `99.93 %`. Rounded down: only a full share is `100 %`.
pub(super) fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).floor() as u64;
    match hundredths % 100 {
        0 => format!("{} %", hundredths / 100),
        rest => format!("{}.{rest:02} %", hundredths / 100),
    }
}

pub(super) fn maybe_percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

pub(super) fn maybe_span(wait: Option<Duration>) -> String {
    wait.map_or_else(|| "–".to_owned(), span)
}

/// For example `2026-11-23T15:10Z`.
pub(super) fn minute_mark(minute: Minute) -> String {
    format!("{}Z", minute.start().date_and_minute().replace(' ', "T"))
}

/// Accepts any RFC 3339 time that is a whole minute, and the value of a form field (`2026-11-23T15:10`, UTC).
pub(super) fn minute_marked(text: &str) -> Option<Minute> {
    let at = moment(text).ok()?;
    (at == at.minute().start()).then(|| at.minute())
}

/// The index of a minute. The bounds keep the minute within the range of a timestamp.
pub(super) fn minute_numbered(text: &str) -> Option<Minute> {
    text.parse().ok().filter(|index| (0..1_000_000_000).contains(index)).map(Minute::from_index)
}

pub(super) fn beat_page(project: &ProjectName, route: &str, minute: Minute) -> String {
    format!("/projects/{project}/beats/{route}/{}", minute_mark(minute))
}

/// `?name=value`, without the pairs that have no value.
pub(super) fn query<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    format!("?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

pub(super) fn minute_asked(name: &str, text: &str) -> Result<Minute, WebError> {
    let wrong = || WebError::unfit(name, format!("`{}` is not a minute; use the format `2026-11-23T15:10Z`", short(text)));
    minute_marked(text.trim()).ok_or_else(wrong)
}

pub(super) fn outcome_asked(name: &str, text: &str) -> Result<Outcome, WebError> {
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.name() == text);
    let all = Outcome::ALL.map(Outcome::name).join(", ");
    found.ok_or_else(|| WebError::unfit(name, format!("`{}` is not an outcome; use one of {all}", short(text))))
}

/// User input, shortened and escaped for an error message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_never_rounded_up_to_it() {
        for (share, says) in [(1.0, "100 %"), (0.999_99, "99.99 %"), (0.5, "50 %"), (0.0, "0 %"), (0.9905, "99.05 %")] {
            assert_eq!(percent(share), says);
        }
    }

    #[test]
    fn a_minute_is_read_as_it_is_written() {
        let minute = Minute::from_index(29_698_560);
        assert_eq!(minute_mark(minute), "2026-06-20T00:00Z");
        for text in ["2026-06-20T00:00Z", "2026-06-20T00:00:00.000Z", "2026-06-20T00:00", "2026-06-20T02:00:00+02:00"] {
            assert_eq!(minute_marked(text), Some(minute), "{text}");
        }
        for wrong in ["", "Z", "2026-06-20", "2026-06-20T00:00:07Z", "2026-06-20T00:61Z", "now", "-9999-01-01T00:00Z ".trim()] {
            assert_eq!(minute_marked(wrong), None, "{wrong}");
        }
    }
}
