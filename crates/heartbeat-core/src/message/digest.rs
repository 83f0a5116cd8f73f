//! Many messages in one: a hundred projects that fail at once make one message.

use std::collections::BTreeSet;

use super::without_incident;
use crate::model::{Message, NotificationKind, Severity, Timestamp, count};

/// How many titles are listed; the others are counted.
const TITLES: usize = 30;

/// One message for all these, most severe first.
#[must_use]
pub fn digest(messages: &[Message], at: Timestamp) -> Message {
    let severity_of = |message: &Message| Severity::parse(&message.severity).unwrap_or(Severity::Warning);
    let is_open = |message: &&Message| !message.kind.is_resolved();
    let severity = messages.iter().filter(is_open).map(severity_of).max().unwrap_or(Severity::Info);
    let projects: BTreeSet<&str> = messages.iter().map(|message| message.project.as_str()).filter(|name| !name.is_empty()).collect();
    let resolved = messages.iter().filter(|message| message.kind.is_resolved()).count();
    let mut sorted: Vec<&Message> = messages.iter().collect();
    sorted.sort_by_key(|message| (!is_open(message), std::cmp::Reverse(severity_of(message))));
    let mut lines: Vec<String> = sorted.iter().take(TITLES).map(|message| message.title.clone()).collect();
    if sorted.len() > TITLES {
        lines.push(format!("... and {} more: heartbeat incidents", sorted.len() - TITLES));
    }
    let mark = if resolved == messages.len() { "resolved" } else { severity.name() };
    let ended = match resolved {
        0 => String::new(),
        all if all == messages.len() => ", all of them resolved".into(),
        some => format!(", {some} of them resolved"),
    };
    let title = format!("[{mark}] {} about {}{ended}", count(messages.len(), "message"), count(projects.len(), "project"));
    without_incident(NotificationKind::Digest, severity, title, lines.join("\n"), at)
}
