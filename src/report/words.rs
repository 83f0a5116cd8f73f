//! Texts that several reports share.

use crate::model::{Channel, Evidence, EvidenceOf, Notification, Project, ResponseExcerpt, RouteId};

/// Headers that differ in every response.
const PASSING: [&str; 3] = ["date", "cf-ray", "retry-after"];

#[must_use]
pub fn proof(evidence: &Evidence) -> String {
    match &evidence.of {
        EvidenceOf::Rejected { excerpt, .. } => answered(excerpt, |_| true),
        EvidenceOf::Unreachable { at, words, .. } => format!("unreachable at {at}: {words}"),
        EvidenceOf::Lost { read_back } => format!("not seen at {read_back}"),
        EvidenceOf::Unverified(failure) => format!("read-back failed: {failure}"),
    }
}

/// The same without the varying parts, so that equal responses have equal texts.
#[must_use]
pub fn answer(evidence: &Evidence) -> String {
    match &evidence.of {
        EvidenceOf::Rejected { excerpt, .. } => answered(excerpt, |name| !PASSING.contains(&name.to_ascii_lowercase().as_str())),
        EvidenceOf::Lost { .. } => "accepted, and not seen by the read-backs".to_owned(),
        EvidenceOf::Unreachable { .. } | EvidenceOf::Unverified(_) => proof(evidence),
    }
}

fn answered(excerpt: &ResponseExcerpt, is_listed: impl Fn(&str) -> bool) -> String {
    let headers = excerpt.headers.iter().filter(|(name, _)| is_listed(name));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    let headers = if headers.is_empty() { String::new() } else { format!(" [{}]", headers.join("; ")) };
    format!("{}{headers}", excerpt.said())
}

/// The name of a route; `?` if the project has no such route.
#[must_use]
pub fn route_name(project: &Project, id: RouteId) -> &str {
    project.routes.iter().find(|route| route.id == id).map_or("?", |route| route.spec.name.as_str())
}

/// The name of the notification's channel, or its id if it is not among `channels`.
#[must_use]
pub fn channel_name(notification: &Notification, channels: &[Channel]) -> String {
    let Some(channel) = channels.iter().find(|channel| channel.id == notification.channel) else {
        return format!("channel {}", notification.channel.0);
    };
    format!("{}{}", channel.called(), if channel.removed { " (removed)" } else { "" })
}
