//! A draft of a post-mortem in Markdown, from what is stored. Texts of other servers and of users are escaped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{answer, channel_name, route_name};
use crate::judge;
use crate::message::{self, sentence};
use crate::model::{
    Channel, Entry, Evidence, Incident, IncidentKind, Minute, Notification, NotificationKind, NotificationState, Project, RouteId, Tally,
    Timestamp, span,
};
use crate::store::{NotificationFilter, Store, StoreError};

const QUOTED: usize = 20;

#[derive(Debug, Clone)]
pub struct IncidentStory {
    pub incident: Incident,
    pub timeline: Vec<Entry>,
    /// Oldest first; only for ingestion incidents.
    pub evidence: Vec<Evidence>,
    pub notifications: Vec<Notification>,
}

/// `project` is the incident's project, if it still exists.
pub async fn incident_story(
    store: &Store,
    incident: Incident,
    project: Option<&Project>,
    now: Timestamp,
) -> Result<IncidentStory, StoreError> {
    let timeline = match incident.id {
        Some(id) => store.entries(id).await?,
        None => Vec::new(),
    };
    let mut notifications = match incident.id {
        Some(id) => store.notifications(&NotificationFilter { incident: Some(id), ..NotificationFilter::default() }).await?,
        None => Vec::new(),
    };
    notifications.reverse();
    let routes: Vec<RouteId> = project.iter().flat_map(|project| &project.routes).map(|route| route.id).collect();
    let (from, to) = incident.counted_minutes(now);
    let evidence = if routes.is_empty() || incident.incident_kind != IncidentKind::Ingestion {
        Vec::new()
    } else {
        // For an incident of several weeks, the first day is enough.
        store.evidence(&routes, from, to.min(from.plus(24 * 60))).await?
    };
    Ok(IncidentStory { incident, timeline, evidence, notifications })
}

#[must_use]
pub fn postmortem(story: &IncidentStory, project: Option<&Project>, channels: &[Channel], now: Timestamp) -> String {
    let IncidentStory { incident, timeline, evidence, notifications } = story;
    let number = incident.id.map_or_else(String::new, |id| format!("Incident {}: ", id.0));
    let mut text = format!("# {number}{}\n\n", escaped(&message::problem(incident)));

    facts(&mut text, incident, now);
    text.push_str("\n## What happened\n\n");
    paragraph(&mut text, &sentence(&incident.cause.summary));
    for line in message::help(&incident.cause, "What to do") {
        text.push('\n');
        paragraph(&mut text, &line);
    }
    text.push_str("\n## Impact\n\n");
    for line in impact(incident) {
        item(&mut text, &line);
    }
    text.push_str("\n## Timeline (UTC)\n\n");
    if timeline.is_empty() {
        item(&mut text, "No entries.");
    }
    for entry in timeline {
        item(&mut text, &format!("{}, {}: {}", entry.at.date_and_second(), entry.kind.name(), entry.words));
    }
    if !evidence.is_empty() {
        text.push_str("\n## Evidence\n\n");
        for line in quoted(evidence, project) {
            item(&mut text, &line);
        }
    }
    text.push_str("\n## Notifications\n\n");
    for line in notification_lines(incident, notifications, channels) {
        item(&mut text, &line);
    }
    text.push_str("\n## Lessons learned\n\n\n## Actions\n\n");
    text
}

fn facts(text: &mut String, incident: &Incident, now: Timestamp) {
    let lasted = span(incident.lasted(now));
    let minute = |minute: Minute| format!("{} UTC", minute.start().date_and_minute());
    let closed = incident.closed.map_or_else(
        || format!("still open at {} UTC, after {lasted}", now.date_and_second()),
        |closed| format!("{} UTC, after {lasted}", closed.date_and_second()),
    );
    let rules = incident.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rows = [
        ("Project", Some(incident.project_name.to_string())),
        ("Kind", Some(format!("{}, {}", incident.incident_kind, incident.severity))),
        ("First bad minute", incident.first_bad.map(minute)),
        ("Last good minute", incident.last_good.map(minute)),
        ("Opened", Some(format!("{} UTC", incident.opened.date_and_second()))),
        ("Noticed after", incident.first_bad.map(|_| span(incident.noticed_after()))),
        ("Closed", Some(closed)),
        ("End reason", incident.ended_because.map(|because| incident.why_ended().unwrap_or_else(|| because.to_string()))),
        ("Rules", Some(rules)),
        ("Acknowledged", incident.acknowledged.as_ref().map(|word| format!("{}, at {} UTC", word.by, word.at.date_and_second()))),
    ];
    text.push_str("| | |\n| --- | --- |\n");
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(text, "| {name} | {} |", escaped(&value));
        }
    }
}

fn impact(incident: &Incident) -> Vec<String> {
    let Tally { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, .. } = incident.tally;
    let mut lines = Vec::new();
    if incident.incident_kind == IncidentKind::Monitoring {
        lines.extend(message::kind_of_failure(incident).map(Cow::into_owned));
    }
    if sent > 0 {
        lines.push(format!("Beats sent during the incident: {sent}"));
    }
    let counts = [
        (arrived, "arrived in time"),
        (late, "arrived late"),
        (lost, "lost"),
        (missing.saturating_sub(lost), "still missing"),
        (rejected, "rejected by capture"),
        (unreachable, "not answered by capture"),
        (unverified, "unverified"),
        (duplicated, "with duplicates"),
    ];
    lines.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    lines.push(if incident.is_open() {
        "What happens to the data is not known yet: the incident is still open.".to_owned()
    } else {
        sentence(&judge::ending(incident))
    });
    lines
}

fn quoted(evidence: &[Evidence], project: Option<&Project>) -> Vec<String> {
    let mut found: BTreeMap<(String, String), (Timestamp, Timestamp, u32)> = BTreeMap::new();
    for one in evidence {
        let route = project.map_or("?", |project| route_name(project, one.route)).to_owned();
        let (_, last, count) = found.entry((route, answer(one))).or_insert((one.minute.start(), one.minute.start(), 0));
        *last = one.minute.start();
        *count += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, (first, ..))| *first);
    let more = found.len().saturating_sub(QUOTED);
    let mut lines: Vec<String> = found
        .into_iter()
        .take(QUOTED)
        .map(|((route, words), (first, last, count))| match count {
            1 => format!("{}, {route}: {words}", first.date_and_minute()),
            _ => format!("{} to {}, {route}, {count} times: {words}", first.date_and_minute(), last.date_and_minute()),
        })
        .collect();
    if more > 0 {
        lines.push(format!("and {more} other responses"));
    }
    lines
}

fn notification_lines(incident: &Incident, notifications: &[Notification], channels: &[Channel]) -> Vec<String> {
    let line = |notification: &Notification| {
        let (kind, channel) = (notification.message.kind, channel_name(notification, channels));
        // For a resolved notification, the time since the incident was resolved.
        let since = if kind == NotificationKind::Resolved { incident.closed.unwrap_or(incident.opened) } else { incident.opened };
        let than = if kind == NotificationKind::Resolved { "was closed" } else { "opened" };
        match (notification.state, notification.ended) {
            (NotificationState::Sent, Some(ended)) => {
                format!("{}, {kind}, to {channel}: accepted {} after it {than}", ended.date_and_second(), span(ended.since(since)))
            }
            (NotificationState::Sent, None) => format!("{kind}, to {channel}: accepted"),
            (NotificationState::Failed, _) => {
                let response = notification.said.as_ref().map_or_else(String::new, |response| format!(", last response: {response}"));
                format!("{kind}, to {channel}: not delivered after {} tries{response}", notification.tries)
            }
            (NotificationState::Queued, _) => format!("{kind}, to {channel}: not delivered yet"),
            (NotificationState::Superseded, _) => format!("{kind}, to {channel}: superseded by a newer notification"),
        }
    };
    let lines: Vec<String> = notifications.iter().map(line).collect();
    match (lines.is_empty(), incident.announced) {
        (false, _) => lines,
        (true, None) => vec!["No notification was sent when it opened: it was silenced".to_owned()],
        (true, Some(_)) => vec!["There was no channel to notify".to_owned()],
    }
}

fn paragraph(text: &mut String, words: &str) {
    text.push_str(&escaped(words));
    text.push('\n');
}

fn item(text: &mut String, words: &str) {
    text.push_str("- ");
    paragraph(text, words);
}

/// The words on one line, without a meaning in Markdown or HTML.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len() + 8);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut before = None;
    let mut rest = words.chars().peekable();
    while let Some(letter) = rest.next() {
        let is_first = before.is_none();
        let means = match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#' | '@' | '$' => true,
            // Some renderers turn an address into a link.
            ':' => rest.peek() == Some(&'/'),
            '.' => text.to_ascii_lowercase().ends_with("www") || text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty(),
            ')' => text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty(),
            '-' | '+' | '=' | '!' => is_first,
            _ => false,
        };
        if means {
            text.push('\\');
        }
        text.push(if letter.is_control() { '\u{fffd}' } else { letter });
        before = Some(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_means_nothing() {
        for (words, safe) in [
            ("plain words, 12.5 of them", "plain words, 12.5 of them"),
            ("**loud** [here](https://evil.example)", "\\*\\*loud\\*\\* \\[here\\](https\\://evil.example)"),
            ("<script>alert(1)</script> &amp;", "\\<script\\>alert(1)\\</script\\> \\&amp;"),
            ("a | b\n# c\n\n- d", "a \\| b \\# c - d"),
            ("- e", "\\- e"),
            ("1. f", "1\\. f"),
            ("12) g", "12\\) g"),
            ("503 `upstream`", "503 \\`upstream\\`"),
            ("see www.evil.example or a@b.example", "see www\\.evil.example or a\\@b.example"),
            ("bell \u{7} rings", "bell \u{fffd} rings"),
        ] {
            assert_eq!(escaped(words), safe);
        }
    }
}
