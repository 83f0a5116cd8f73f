//! The result of a rules trial on history: the recorded incidents above, those with the tried rules below.

use std::time::Duration;

use crate::message;
use crate::model::{Incident, RuleKind, Timestamp, span};
use crate::settings::replay::{Replay, Sums};
use crate::web::when::When;

/// In units of the SVG view box.
const WIDTH: u128 = 1000;
/// Keeps the shortest incident visible.
const THINNEST: u128 = 3;

pub(super) struct Drawn {
    pub(super) from: When,
    pub(super) to: When,
    pub(super) label: String,
    pub(super) was: Vec<Bar>,
    pub(super) would: Vec<Bar>,
    /// Incidents with the tried rules.
    pub(super) rows: Vec<Row>,
    /// Recorded incidents.
    pub(super) old_rows: Vec<Row>,
    /// Per incident kind: totals with the tried rules, and recorded totals.
    pub(super) sums: Vec<(&'static str, String, String)>,
    /// Limits of the replay.
    pub(super) notes: Vec<String>,
}

pub(super) struct Bar {
    pub(super) x: u128,
    pub(super) width: u128,
    pub(super) title: String,
}

pub(super) struct Row {
    /// None: not recorded.
    pub(super) id: Option<i64>,
    pub(super) opened: When,
    pub(super) lasted: String,
    pub(super) is_open: bool,
    pub(super) incident_kind: &'static str,
    pub(super) severity: &'static str,
    pub(super) rules: String,
    pub(super) cause: String,
}

impl Drawn {
    pub(super) fn of(replayed: &Replay, is_watch_another: bool, now: Timestamp) -> Self {
        let sums = replayed.sums().into_iter().filter(|sums| (sums.found.count, sums.recorded.count) != (0, 0));
        let sums =
            sums.map(|Sums { incident_kind, found, recorded }| (incident_kind.name(), found.words(), recorded.words())).collect::<Vec<_>>();
        let row = |incident: &Incident, rules: &[RuleKind]| Row {
            id: incident.id.map(|id| id.0),
            opened: When::minute(incident.opened, now),
            lasted: span(replayed.lasted(incident)),
            is_open: incident.is_open(),
            incident_kind: incident.incident_kind.name(),
            severity: incident.severity.name(),
            rules: rules.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(", "),
            cause: message::sentence(&incident.cause.summary),
        };
        let watched = "Recorded read-backs counted the events that were watched at that time. Their counts of other events are unknown.";
        let count = |many: usize| if many == 1 { "1 incident".to_owned() } else { format!("{many} incidents") };
        Self {
            from: When::minute(replayed.from, now),
            to: When::minute(replayed.to, now),
            label: format!("Recorded: {}. With these rules: {}.", count(replayed.recorded.len()), count(replayed.found.len())),
            was: replayed.recorded.iter().map(|incident| bar(replayed, incident)).collect(),
            would: replayed.found.iter().map(|found| bar(replayed, &found.incident)).collect(),
            rows: replayed.found.iter().map(|found| row(&found.incident, &found.rules)).collect(),
            old_rows: replayed.recorded.iter().rev().map(|incident| row(incident, &incident.rules)).collect(),
            sums,
            notes: is_watch_another.then(|| watched.to_owned()).into_iter().chain(replayed.notes()).collect(),
        }
    }
}

fn bar(replayed: &Replay, incident: &Incident) -> Bar {
    let all = replayed.to.since(replayed.from).as_millis().max(1);
    let units = |lasted: Duration| lasted.as_millis() * WIDTH / all;
    let width = units(replayed.lasted(incident)).max(THINNEST);
    let x = units(incident.opened.since(replayed.from)).min(WIDTH - width.min(WIDTH));
    let title = format!("{} UTC, {}: {}", incident.opened.date_and_minute(), span(replayed.lasted(incident)), incident.cause.summary);
    Bar { x, width, title }
}
