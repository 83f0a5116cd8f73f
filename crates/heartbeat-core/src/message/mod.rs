//! The texts of every message, the same for all channels. A [`Message`] is made from facts (an incident, what happened to it); a user's own title and
//! text are templates over the same facts ([`Template`]). This module knows nothing about channels or delivery times.

mod about;
mod bounds;
mod digest;
mod incident;
mod payload;
mod sample;
mod template;
mod withdrawn;

pub use about::{Mended, channel_resolved, channel_stopped, jumped, returned};
pub use digest::digest;
pub use incident::{facts, help, kind_of_failure, linked, merged, of_incident, problem, summary};
pub use payload::Payload;
pub use sample::{sample, samples};
pub use template::{Escape, Rendered, Template, TemplateError, rendered};
pub use withdrawn::withdrawn;

use crate::model::{Incident, Message, NotificationKind, Severity, Timestamp, capital};

/// The version of the message's JSON.
const VERSION: u8 = 1;

/// A message that is not about a single incident.
fn without_incident(kind: NotificationKind, severity: Severity, title: String, text: String, at: Timestamp) -> Message {
    Message {
        version: VERSION,
        kind,
        test: false,
        merged: false,
        at,
        title,
        text,
        project: String::new(),
        severity: severity.to_string(),
        incident: None,
        channel: None,
    }
}

/// `14:02 UTC`; with the date, if that is not the date of `now`.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_string(), now.to_string());
    let (day, time) = (at.get(..10).unwrap_or(&at), at.get(11..16).unwrap_or_default());
    if now.starts_with(day) { format!("{time} UTC") } else { format!("{day} {time} UTC") }
}

/// A sentence from a text that begins in lower case and has no full stop.
#[must_use]
pub fn sentence(words: &str) -> String {
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{end}", capital(words))
}

/// The text in brackets before a title.
fn mark(kind: NotificationKind, incident: &Incident) -> &'static str {
    match kind {
        NotificationKind::Resolved if incident.has_recovered() => "resolved",
        NotificationKind::Resolved => "closed",
        _ => incident.severity.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_names_its_day_only_where_it_is_another() {
        let at = |text| Timestamp::parse(text).unwrap();
        let now = at("2026-11-23T14:32:07Z");
        assert_eq!(moment(at("2026-11-23T09:05:59Z"), now), "09:05 UTC");
        assert_eq!(moment(at("2026-11-22T23:59:00Z"), now), "2026-11-22 23:59 UTC");
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(sentence("capture refuses: 503"), "Capture refuses: 503.");
        assert_eq!(sentence("is it?"), "Is it?");
        assert_eq!(sentence(""), ".");
    }
}
