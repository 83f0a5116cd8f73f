//! Many messages in one: a hundred projects that fail at once are one piece of news.

use std::collections::BTreeSet;

use super::without_incident;
use crate::model::{Message, NotificationKind, Severity, Timestamp};

/// So many titles are told; the rest is counted.
const TITLES: usize = 30;

/// One message that tells of all these, gravest first.
#[must_use]
pub fn digest(messages: &[Message], at: Timestamp) -> Message {
    let gravity = |message: &Message| Severity::parse(&message.severity).unwrap_or(Severity::Warning);
    let is_over = |message: &Message| matches!(message.kind, NotificationKind::Resolved | NotificationKind::ChannelResolved);
    let is_open = |message: &&Message| !is_over(message);
    let severity = messages.iter().filter(is_open).map(gravity).max().unwrap_or(Severity::Info);
    let projects: BTreeSet<&str> = messages.iter().map(|message| message.project.as_str()).filter(|name| !name.is_empty()).collect();
    let resolved = messages.iter().filter(|message| is_over(message)).count();
    let mut sorted: Vec<&Message> = messages.iter().collect();
    sorted.sort_by_key(|message| (!is_open(message), std::cmp::Reverse(gravity(message))));
    let mut lines: Vec<String> = sorted.iter().take(TITLES).map(|message| message.title.clone()).collect();
    if sorted.len() > TITLES {
        lines.push(format!("... and {} more: heartbeat incidents", sorted.len() - TITLES));
    }
    let mark = if resolved == messages.len() { "resolved" } else { severity.name() };
    let over = match resolved {
        0 => String::new(),
        all if all == messages.len() => ", all of them over".into(),
        some => format!(", {some} of them over"),
    };
    let title = format!("[{mark}] {} about {}{over}", count(messages.len(), "message"), count(projects.len(), "project"));
    without_incident(NotificationKind::Digest, severity, title, lines.join("\n"), at)
}

/// `1 project`, `9 projects`.
fn count(of: usize, what: &str) -> String {
    if of == 1 { format!("1 {what}") } else { format!("{of} {what}s") }
}
