//! What a replay found, as it is told: what history cannot tell in words, and the whole for programs.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::replay::{Found, Replay, Sum, Sums};
use crate::model::{Minute, Project, RuleKind, Timestamp, span};

impl Replay {
    /// What the history cannot tell, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let missing = self.without_history();
        if let Some((from, to)) = self.holes.first().filter(|_| !missing.is_zero()) {
            let all = self.to.since(self.from);
            let more = self.holes.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            notes.push(format!(
                "Nothing is on record of {} of these {}: {} to {} UTC{more}. Of that time the rules say nothing.",
                span(missing),
                span(all),
                minute_of(from.start()),
                minute_of(to.start())
            ));
        }
        let hour = Duration::from_hours(1);
        match self.readbacks_from {
            Some(first) if first.since(self.known_from()) < hour => {}
            Some(first) => notes.push(format!(
                "Read-backs are on record from {} UTC on: before that no_event, quiet and blind say nothing.",
                minute_of(first)
            )),
            None if missing < self.to.since(self.from) => {
                notes.push("No read-back is on record: no_event, quiet and blind say nothing.".to_owned());
            }
            None => {}
        }
        notes
    }
}

impl Sum {
    /// `3 incidents, 42m 00s in all`
    #[must_use]
    pub fn words(self) -> String {
        match self.count {
            0 => "none".to_owned(),
            1 => format!("1 incident, {}", span(self.lasted)),
            many => format!("{many} incidents, {} in all", span(self.lasted)),
        }
    }
}

/// `2026-11-23 14:02`
fn minute_of(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

/// What the rules would have said of a span, for programs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplayJson {
    /// The project.
    pub project: String,
    /// From when on.
    pub from: String,
    /// Up to when.
    pub to: String,
    /// Whether Ingestion Alert is installed.
    pub installed: bool,
    /// The incidents that would have opened, oldest first.
    pub incidents: Vec<FoundJson>,
    /// A row for each incident kind.
    pub total: Vec<SumJson>,
    /// For how long nothing is on record.
    pub without_history_ms: u64,
    /// The stretches of which nothing is on record.
    pub without_history: Vec<HoleJson>,
    /// The first read-back on record: before it `no_event`, `quiet` and `blind` say nothing.
    pub readbacks_from: Option<String>,
}

/// An incident that would have opened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundJson {
    /// `ingestion`, `blind` or `quiet`.
    pub incident_kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// The rules that held it open.
    pub rules: Vec<&'static str>,
    /// When it would have opened.
    pub opened: String,
    /// When it would have been over; null while it would still be open.
    pub closed: Option<String>,
    /// How long it would have lasted within the span.
    pub lasted_ms: u64,
    /// The first minute of the trouble.
    pub first_bad: Option<String>,
    /// The last good minute before it.
    pub last_good: Option<String>,
    /// Where the way was broken, in a word for machines.
    pub cause_code: String,
    /// The same as a sentence.
    pub cause: String,
}

/// One incident kind, summed up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SumJson {
    /// The incident kind.
    pub incident_kind: &'static str,
    /// So many would have opened,
    pub incidents: usize,
    /// and lasted so long in all.
    pub lasted_ms: u64,
    /// So many really opened,
    pub recorded: usize,
    /// and lasted so long in all.
    pub recorded_lasted_ms: u64,
}

/// A stretch of which nothing is on record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoleJson {
    /// From this minute on.
    pub from: String,
    /// Up to and without this one.
    pub to: String,
}

impl ReplayJson {
    /// What was found of this project.
    #[must_use]
    pub fn of(project: &Project, replayed: &Replay) -> Self {
        let ms = |lasted: Duration| lasted.as_millis() as u64;
        let minute = |minute: Minute| minute.start().to_string();
        let found = |found: &Found| FoundJson {
            incident_kind: found.incident.incident_kind.name(),
            severity: found.incident.severity.name(),
            rules: found.rules.iter().copied().map(RuleKind::name).collect(),
            opened: found.incident.opened.to_string(),
            closed: found.incident.closed.map(|at| at.to_string()),
            lasted_ms: ms(replayed.lasted(&found.incident)),
            first_bad: found.incident.first_bad.map(minute),
            last_good: found.incident.last_good.map(minute),
            cause_code: found.incident.cause.code(),
            cause: found.incident.cause.summary.clone(),
        };
        let total = replayed.sums().map(|Sums { incident_kind, found, recorded }| SumJson {
            incident_kind: incident_kind.name(),
            incidents: found.count,
            lasted_ms: ms(found.lasted),
            recorded: recorded.count,
            recorded_lasted_ms: ms(recorded.lasted),
        });
        Self {
            project: project.spec.name.to_string(),
            from: replayed.from.to_string(),
            to: replayed.to.to_string(),
            installed: project.spec.ingestion_alert.is_some(),
            incidents: replayed.found.iter().map(found).collect(),
            total: total.into(),
            without_history_ms: ms(replayed.without_history()),
            without_history: replayed.holes.iter().map(|(from, to)| HoleJson { from: minute(*from), to: minute(*to) }).collect(),
            readbacks_from: replayed.readbacks_from.map(|at| at.to_string()),
        }
    }
}
