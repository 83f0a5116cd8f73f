//! The facts of a message as labels and values, for services with fields; and its colour.

use std::time::Duration;

use crate::model::{Message, NotificationKind, duration};

pub(super) type Fact = (&'static str, String);

pub(super) fn few(message: &Message) -> Vec<Fact> {
    let mut facts = Vec::new();
    if !message.project.is_empty() {
        facts.push(("Project", message.project.clone()));
    }
    facts.push(("Severity", message.severity.clone()));
    if let Some(incident) = &message.incident {
        facts.push(("Incident", format!("#{}", incident.id)));
        facts.push(("Cause", incident.cause_code.clone()));
        let label = if incident.closed.is_some() { "Lasted" } else { "Since" };
        let lasted = duration::show(Duration::from_secs(incident.lasted_ms / 1000));
        facts.push((label, if incident.closed.is_some() { lasted } else { incident.opened.to_string() }));
    }
    facts
}

/// All facts under machine-readable names; unknown ones are left out.
pub(super) fn all(message: &Message) -> Vec<Fact> {
    let mut facts = vec![
        ("kind", message.kind.to_string()),
        ("project", message.project.clone()),
        ("severity", message.severity.clone()),
        ("text", message.text.clone()),
    ];
    if let Some(incident) = &message.incident {
        let time = |at: Option<crate::model::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        facts.extend([
            ("incident", incident.id.to_string()),
            ("incident_kind", incident.incident_kind.clone()),
            ("rules", incident.rules.join(", ")),
            ("cause_code", incident.cause_code.clone()),
            ("cause", incident.cause.clone()),
            ("address", incident.diagnosis.address.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("advice", incident.diagnosis.advice.clone().unwrap_or_default()),
            ("url", incident.url.clone().unwrap_or_default()),
            ("opened", incident.opened.to_string()),
            ("closed", time(incident.closed)),
            ("ended_because", incident.ended_because.clone().unwrap_or_default()),
            ("lasted", duration::show(Duration::from_secs(incident.lasted_ms / 1000))),
            ("first_bad", time(incident.first_bad)),
            ("last_good", time(incident.last_good)),
            ("beats_sent", incident.beats_sent.to_string()),
            ("beats_late", incident.beats_late.to_string()),
            ("beats_missing", incident.beats_missing.to_string()),
            ("beats_lost", incident.beats_lost.to_string()),
            ("beats_rejected", incident.beats_rejected.to_string()),
            ("beats_duplicated", incident.beats_duplicated.to_string()),
        ]);
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

pub(super) fn colour(message: &Message) -> u32 {
    match (message.kind, message.severity.as_str()) {
        (NotificationKind::Resolved | NotificationKind::ChannelResolved, _) => 0x002E_7D32,
        (_, "critical") => 0x00C6_2828,
        (_, "warning") => 0x00F9_A825,
        _ => 0x0015_65C0,
    }
}
