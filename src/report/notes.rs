//! Notes beside the verdict: quota, dropped events, query budget, missing scopes of the key.

use super::Report;
use crate::judge::diagnosis::{Way, unreadable};
use crate::message;
use crate::model::{KeyScopes, Parts, Timestamp, TokenStatus};

/// One sentence each, most important first.
#[must_use]
pub fn notes(report: &Report) -> Vec<String> {
    let Some(readback) = &report.readback else { return Vec::new() };
    let findings = &readback.findings;
    let mut notes = Vec::new();
    if let Some(filter) = findings.filter.as_ref().filter(|_| readback.token.is_some_and(|word| word.token_status == TokenStatus::Filtered))
    {
        let quoted = if filter.excerpt.is_empty() { String::new() } else { format!(" (`{}`)", filter.excerpt) };
        notes.push(format!("{}{quoted}", filter.says));
    }
    if !findings.parts_down().is_empty() {
        notes.push(format!("PostHog reports that {}", findings.parts_down()));
    }
    if let Some((quota, says)) = findings.quota.and_then(|quota| Some((quota, quota.says()?))) {
        if quota.limited {
            notes.push(format!("events are dropped because of the quota: {says}"));
        } else if quota.is_near() {
            notes.push(format!("the quota is nearly used up: {says}; raise the billing limit before events are dropped"));
        }
    }
    if findings.cost.is_short(report.project.spec.timing.readback_interval)
        && let Some(left) = findings.cost.queries_left()
    {
        notes.push(format!(
            "the hourly budget of PostHog's API allows only {left} more queries: raise readback_interval, shorten Ingestion Alert's \
             time range, or let it watch named events"
        ));
    }
    notes.extend(findings.key.as_ref().and_then(KeyScopes::missing_says));
    notes.iter().map(|note| message::sentence(note)).collect()
}

/// What Ingestion Alert saw in the newest read-back; `None` while it is not enabled.
#[must_use]
pub fn watched(report: &Report) -> Option<String> {
    let app = report.project.spec.alert()?;
    let minutes = app.time_range.as_secs() / 60;
    let says = match report.readback.as_ref().map(|readback| &readback.result) {
        None => "no read-back yet".to_owned(),
        Some(Err(failure)) => {
            let down = report.readback.as_ref().map_or_else(Parts::default, |readback| readback.findings.parts_down());
            unreadable(&Way::to_host(&report.project.spec), failure, down).summary
        }
        Some(Ok(traffic)) if traffic.watched == 0 => format!("no event in the last {minutes} minutes"),
        Some(Ok(traffic)) => {
            let newest =
                traffic.watched_newest.map_or_else(String::new, |at: Timestamp| format!(", the newest at {} UTC", at.time_of_day()));
            format!(
                "{} in the last {minutes} minutes{newest}",
                if traffic.watched == 1 { "1 event".to_owned() } else { format!("{} events", traffic.watched) }
            )
        }
    };
    Some(says)
}
