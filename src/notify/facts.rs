//! The facts of a message as labels and values, for services with fields; and its colour.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{IncidentFacts, Message, Severity, Timestamp, duration};

pub(super) fn few(message: &Message) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !message.project.is_empty() {
        facts.push(("Project", message.project.clone()));
    }
    facts.push(("Severity", message.severity.clone()));
    if let Some(incident) = &message.incident {
        facts.push(("Incident", format!("#{}", incident.id)));
        facts.push(("Cause", incident.cause_code.clone()));
        facts.push(match incident.closed {
            Some(_) => ("Lasted", lasted(incident)),
            None => ("Since", incident.opened.to_string()),
        });
    }
    facts
}

/// All facts under machine-readable names; unknown ones are left out.
pub(super) fn all(message: &Message) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::from([
        ("kind", message.kind.to_string()),
        ("project", message.project.clone()),
        ("severity", message.severity.clone()),
        ("text", message.text.clone()),
    ]);
    if let Some(incident) = &message.incident {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
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
            ("lasted", lasted(incident)),
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
    facts.retain(|_, value| !value.is_empty());
    facts
}

fn lasted(incident: &IncidentFacts) -> String {
    duration::show(Duration::from_secs(incident.lasted_ms / 1000))
}

/// How loud a message is, and in which colour it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Resolved,
    Critical,
    Warning,
    Info,
}

pub(super) fn tone(message: &Message) -> Tone {
    match Severity::named(&message.severity) {
        _ if message.kind.is_resolved() => Tone::Resolved,
        Some(Severity::Critical) => Tone::Critical,
        Some(Severity::Warning) => Tone::Warning,
        Some(Severity::Info) | None => Tone::Info,
    }
}

pub(super) fn colour(message: &Message) -> u32 {
    match tone(message) {
        Tone::Resolved => 0x002E_7D32,
        Tone::Critical => 0x00C6_2828,
        Tone::Warning => 0x00F9_A825,
        Tone::Info => 0x0015_65C0,
    }
}
