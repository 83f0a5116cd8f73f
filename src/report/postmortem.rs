//! What is to be written after an incident, begun from what is on record: Markdown to copy, with room for what only people know.
//!
//! Every word that somebody else may have written is escaped, so that it stands there as it was and means nothing to whoever draws the text.

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

/// So many different answers are quoted at most.
const QUOTED: usize = 20;

/// An incident with all that belongs to it.
#[derive(Debug, Clone)]
pub struct IncidentStory {
    /// The incident.
    pub incident: Incident,
    /// Its timeline, oldest first.
    pub timeline: Vec<Entry>,
    /// What the failures of its minutes left, oldest first; of ingestion alone.
    pub evidence: Vec<Evidence>,
    /// What was told of it, oldest first.
    pub notifications: Vec<Notification>,
}

/// Reads what belongs to an incident. `project` is the one that it is of, if that is still there.
///
/// # Errors
/// When the store cannot be read.
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
        // Of one that lasts for weeks its first day tells what there is to tell.
        store.evidence(&routes, from, to.min(from.plus(24 * 60))).await?
    };
    Ok(IncidentStory { incident, timeline, evidence, notifications })
}

/// The text, as of `now`.
#[must_use]
pub fn postmortem(story: &IncidentStory, project: Option<&Project>, channels: &[Channel], now: Timestamp) -> String {
    let IncidentStory { incident, timeline, evidence, notifications } = story;
    // It is called by what was wrong, also once it is over.
    let message = message::of_incident(NotificationKind::Opened, incident, None, now);
    let title = message.title.split_once("] ").map_or(message.title.as_str(), |(_, title)| title);
    let number = incident.id.map_or_else(String::new, |id| format!("Incident {}: ", id.0));
    let mut text = format!("# {number}{}\n\n", escaped(title));

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
        item(&mut text, "Nothing is on record.");
    }
    for entry in timeline {
        item(&mut text, &format!("{}, {}: {}", second(entry.at), entry.kind.name(), entry.words));
    }
    if !evidence.is_empty() {
        text.push_str("\n## Evidence\n\n");
        for line in quoted(evidence, project) {
            item(&mut text, &line);
        }
    }
    text.push_str("\n## How it was told\n\n");
    for line in told(incident, notifications, channels) {
        item(&mut text, &line);
    }
    text.push_str("\n## What we learned\n\n\n## What we do\n\n");
    text
}

fn facts(text: &mut String, incident: &Incident, now: Timestamp) {
    let lasted = span(incident.lasted(now));
    let minute = |minute: Minute| format!("{} UTC", minute_of(minute.start()));
    let over = incident.closed.map_or_else(
        || format!("not over at {} UTC, after {lasted}", second(now)),
        |closed| format!("{} UTC, after {lasted}", second(closed)),
    );
    let rules = incident.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rows = [
        ("Project", Some(incident.project_name.to_string())),
        ("Kind", Some(format!("{}, {}", incident.incident_kind, incident.severity))),
        ("First bad minute", incident.first_bad.map(minute)),
        ("Last good minute", incident.last_good.map(minute)),
        ("Opened", Some(format!("{} UTC", second(incident.opened)))),
        ("Noticed after", incident.first_bad.map(|_| span(incident.noticed_after()))),
        ("Over", Some(over)),
        ("Ended because", incident.ended_because.map(|because| incident.why_ended().unwrap_or_else(|| because.to_string()))),
        ("Rules", Some(rules)),
        ("In hand", incident.acknowledged.as_ref().map(|word| format!("{}, since {} UTC", word.by, second(word.at)))),
    ];
    text.push_str("| | |\n| --- | --- |\n");
    for (name, value) in rows {
        if let Some(value) = value {
            // Into a text nothing fails to be written.
            let _ = writeln!(text, "| {name} | {} |", escaped(&value));
        }
    }
}

/// What became of the data, a line each.
fn impact(incident: &Incident) -> Vec<String> {
    let Tally { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, .. } = incident.tally;
    let mut lines = Vec::new();
    if incident.incident_kind == IncidentKind::Monitoring {
        lines.extend(message::kind_of_failure(incident).map(str::to_owned));
    }
    if sent > 0 {
        lines.push(format!("Beats sent in its minutes: {sent}"));
    }
    let counts = [
        (arrived, "arrived in time"),
        (late, "arrived late"),
        (lost, "lost"),
        (missing.saturating_sub(lost), "still missing"),
        (rejected, "refused by capture"),
        (unreachable, "not answered by capture"),
        (unverified, "that nobody could look for"),
        (duplicated, "stored twice"),
    ];
    lines.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    lines.push(if incident.is_open() {
        "What becomes of the data is not known yet: it is not over.".to_owned()
    } else {
        sentence(&judge::ending(incident))
    });
    lines
}

/// What failures left: the same answer is one line, however often it came.
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
            1 => format!("{}, {route}: {words}", minute_of(first)),
            _ => format!("{} to {}, {route}, {count} times: {words}", minute_of(first), minute_of(last)),
        })
        .collect();
    if more > 0 {
        lines.push(format!("and {more} other answers"));
    }
    lines
}

/// To whom it was told, and how long that took.
fn told(incident: &Incident, notifications: &[Notification], channels: &[Channel]) -> Vec<String> {
    let line = |notification: &Notification| {
        let (kind, channel) = (notification.message.kind, channel_name(notification, channels));
        // Of its end counts how soon it was told after that.
        let since = if kind == NotificationKind::Resolved { incident.closed.unwrap_or(incident.opened) } else { incident.opened };
        let than = if kind == NotificationKind::Resolved { "was over" } else { "opened" };
        match (notification.state, notification.ended) {
            (NotificationState::Sent, Some(ended)) => {
                format!("{}, {kind}, to {channel}: taken {} after it {than}", second(ended), span(ended.since(since)))
            }
            (NotificationState::Sent, None) => format!("{kind}, to {channel}: taken"),
            (NotificationState::Failed, _) => {
                let said = notification.said.as_ref().map_or_else(String::new, |said| format!(", which said: {said}"));
                format!("{kind}, to {channel}: not delivered after {} tries{said}", notification.tries)
            }
            (NotificationState::Queued, _) => format!("{kind}, to {channel}: not delivered yet"),
            (NotificationState::Superseded, _) => format!("{kind}, to {channel}: not needed, since a newer message said more"),
        }
    };
    let lines: Vec<String> = notifications.iter().map(line).collect();
    match (lines.is_empty(), incident.announced) {
        (false, _) => lines,
        (true, None) => vec!["Nobody was told that it opened: it was silenced".to_owned()],
        (true, Some(_)) => vec!["There was no channel to tell it to".to_owned()],
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

/// Words as they are, whatever draws them: on one line, and without a meaning in Markdown or HTML.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len() + 8);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut before = None;
    let mut rest = words.chars().peekable();
    while let Some(letter) = rest.next() {
        let is_first = before.is_none();
        let means = match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#' | '@' | '$' => true,
            // What looks like an address is made a link by some.
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

/// `2026-11-23 14:02`
fn minute_of(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

/// `2026-11-23 14:02:07`
fn second(at: Timestamp) -> String {
    at.to_string().get(..19).unwrap_or_default().replace('T', " ")
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
