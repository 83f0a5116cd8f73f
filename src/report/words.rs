//! Names and words that everything shown has in common.

use crate::model::{Channel, Evidence, EvidenceOf, Notification, Project, ResponseExcerpt, RouteId};

/// Headers that are others each time, whoever answers.
const PASSING: [&str; 3] = ["date", "cf-ray", "retry-after"];

/// What a failure left, in one line.
#[must_use]
pub fn proof(evidence: &Evidence) -> String {
    match &evidence.of {
        EvidenceOf::Rejected { excerpt, .. } => answered(excerpt, |_| true),
        EvidenceOf::Unreachable { at, words, .. } => format!("unreachable at {at}: {words}"),
        EvidenceOf::Lost { read_back } => format!("not there at {read_back}"),
        EvidenceOf::Unverified(failure) => format!("could not look: {failure}"),
    }
}

/// What a failure left, without what is another each time: so the same answer is known as the same.
#[must_use]
pub fn answer(evidence: &Evidence) -> String {
    match &evidence.of {
        EvidenceOf::Rejected { excerpt, .. } => answered(excerpt, |name| !PASSING.contains(&name.to_ascii_lowercase().as_str())),
        EvidenceOf::Lost { .. } => "accepted, looked for, and not there".to_owned(),
        EvidenceOf::Unreachable { .. } | EvidenceOf::Unverified(_) => proof(evidence),
    }
}

fn answered(excerpt: &ResponseExcerpt, is_told: impl Fn(&str) -> bool) -> String {
    let headers = excerpt.headers.iter().filter(|(name, _)| is_told(name));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    let headers = if headers.is_empty() { String::new() } else { format!(" [{}]", headers.join("; ")) };
    format!("{}{headers}", excerpt.said())
}

/// What a project calls one of its routes; `?` when it has none of that number.
#[must_use]
pub fn route_name(project: &Project, id: RouteId) -> &str {
    project.routes.iter().find(|route| route.id == id).map_or("?", |route| route.spec.name.as_str())
}

/// What the notification's channel is called, of those on record; its number, when it is none of them.
#[must_use]
pub fn channel_name(notification: &Notification, channels: &[Channel]) -> String {
    let Some(channel) = channels.iter().find(|channel| channel.id == notification.channel) else {
        return format!("channel {}", notification.channel.0);
    };
    let of_app = if channel.of_app.is_some() { "webhooks of " } else { "" };
    format!("{of_app}{}{}", channel.spec.name, if channel.removed { " (removed)" } else { "" })
}
