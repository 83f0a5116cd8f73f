//! The result of a replay: notes about missing history, and JSON.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::replay::{Found, Replay, Sum, Sums};
use crate::model::{Minute, Project, RuleKind, span};

impl Replay {
    /// One sentence for each limit of the recorded history.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let missing = self.without_history();
        if let Some((from, to)) = self.holes.first().filter(|_| !missing.is_zero()) {
            let all = self.to.since(self.from);
            let more = self.holes.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            notes.push(format!(
                "No records exist for {} of these {}: {} to {} UTC{more}. The rules ignore this time.",
                span(missing),
                span(all),
                from.start().date_and_minute(),
                to.start().date_and_minute()
            ));
        }
        let hour = Duration::from_hours(1);
        match self.readbacks_from {
            Some(first) if first.since(self.known_from()) < hour => {}
            Some(first) => notes.push(format!(
                "Read-backs are recorded from {} UTC. Before that, no_event, quiet and blind have no result.",
                first.date_and_minute()
            )),
            None if missing < self.to.since(self.from) => {
                notes.push("No read-back is recorded: no_event, quiet and blind have no result.".to_owned());
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

/// What the rules would have reported in a time range.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplayJson {
    /// Name of the project.
    pub project: String,
    /// Start of the time range (UTC).
    pub from: String,
    /// End of the time range (UTC).
    pub to: String,
    /// Whether Ingestion Alert is installed on the project.
    pub installed: bool,
    /// The incidents that would have opened, oldest first.
    pub incidents: Vec<FoundJson>,
    /// The totals of each incident kind.
    pub total: Vec<SumJson>,
    /// Time without records, in milliseconds.
    pub without_history_ms: u64,
    /// The time ranges without records.
    pub without_history: Vec<HoleJson>,
    /// Time of the first recorded read-back (UTC). Before it, `no_event`, `quiet` and `blind` have no result.
    pub readbacks_from: Option<String>,
}

/// An incident that would have opened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundJson {
    /// `ingestion`, `monitoring` or `traffic`.
    pub incident_kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// The rules that held it open.
    pub rules: Vec<&'static str>,
    /// When it would have opened (UTC).
    pub opened: String,
    /// When it would have been resolved (UTC); null if it would still be open.
    pub closed: Option<String>,
    /// Duration within the time range, in milliseconds.
    pub lasted_ms: u64,
    /// The first bad minute (UTC).
    pub first_bad: Option<String>,
    /// The last good minute before it (UTC).
    pub last_good: Option<String>,
    /// Where the pipeline was broken, as a code.
    pub cause_code: String,
    /// Where the pipeline was broken, as a sentence.
    pub cause: String,
}

/// Totals of one incident kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SumJson {
    /// `ingestion`, `monitoring` or `traffic`.
    pub incident_kind: &'static str,
    /// Number of incidents that would have opened.
    pub incidents: usize,
    /// Their total duration, in milliseconds.
    pub lasted_ms: u64,
    /// Number of incidents that really opened.
    pub recorded: usize,
    /// Their total duration, in milliseconds.
    pub recorded_lasted_ms: u64,
}

/// A time range without records.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoleJson {
    /// First minute (UTC).
    pub from: String,
    /// End of the range (UTC), exclusive.
    pub to: String,
}

impl ReplayJson {
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
