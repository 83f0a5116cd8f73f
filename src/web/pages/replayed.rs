//! What came of a trial of rules, drawn over history: as it was above, as it would be below.

use std::time::Duration;

use crate::message;
use crate::model::{Incident, RuleKind, Timestamp, span};
use crate::settings::replay::{Replay, Sums};
use crate::web::when::When;

/// How wide the picture is, in units of its own.
const WIDTH: u128 = 1000;
/// The shortest incident is still to be seen.
const THINNEST: u128 = 3;

/// A trial, drawn.
pub(super) struct Drawn {
    pub(super) from: When,
    pub(super) to: When,
    /// The picture in words.
    pub(super) label: String,
    pub(super) was: Vec<Bar>,
    pub(super) would: Vec<Bar>,
    /// Each incident that would have opened.
    pub(super) rows: Vec<Row>,
    /// Each that really did.
    pub(super) old_rows: Vec<Row>,
    /// Each incident kind with anything in it: as it would be, and as it was.
    pub(super) sums: Vec<(&'static str, String, String)>,
    /// What history cannot tell.
    pub(super) notes: Vec<String>,
}

/// An incident in the picture.
pub(super) struct Bar {
    pub(super) x: u128,
    pub(super) width: u128,
    pub(super) title: String,
}

/// An incident in the table.
pub(super) struct Row {
    /// Its number, where it is on record.
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
        let watched = "Looks on record counted what was watched then: what they would have counted of something else is not known.";
        let count = |many: usize| if many == 1 { "1 incident".to_owned() } else { format!("{many} incidents") };
        Self {
            from: When::minute(replayed.from, now),
            to: When::minute(replayed.to, now),
            label: format!("As it was: {}. As it would be: {}.", count(replayed.recorded.len()), count(replayed.found.len())),
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
    let opened = incident.opened.to_string();
    let opened = opened.get(..16).unwrap_or_default().replace('T', " ");
    let title = format!("{opened} UTC, {}: {}", span(replayed.lasted(incident)), incident.cause.summary);
    Bar { x, width, title }
}
