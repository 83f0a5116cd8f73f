//! Prometheus Alertmanager, `POST /api/v2/alerts`: <https://prometheus.io/docs/alerting/latest/alerts_api/>. It answers 200, empty.
//! Severity is an annotation, not a label: labels identify an alert, and an escalation would resolve the old one. See `docs/alerts.md`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use super::Delivered;
use crate::model::{Message, NotificationKind};
use crate::notify::call::Call;
use crate::notify::client::Ask;
use crate::notify::{facts, text};

/// How long an alert stays active without being sent again.
const LASTS: Duration = Duration::from_mins(10);
/// The same for alerts that are never repeated.
const LASTS_ALONE: Duration = Duration::from_hours(24);

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let starts = call.incident().map_or(message.at, |incident| incident.opened);
    let ends = match (message.kind, call.incident()) {
        // Alertmanager ignores the end of an alert that it never saw firing. So this one fires for a while.
        (NotificationKind::Resolved, Some(_)) if message.merged => call.now.plus(LASTS),
        (NotificationKind::Resolved, Some(incident)) => incident.closed.unwrap_or(message.at),
        (NotificationKind::ChannelResolved, _) => message.at,
        (NotificationKind::Returned | NotificationKind::Digest, _) => message.at.plus(LASTS_ALONE),
        _ => call.now.plus(LASTS),
    };
    let mut alert = json!({"labels": labels(call), "annotations": annotations(message), "startsAt": starts, "endsAt": ends});
    if let Some(page) = call.page() {
        alert["generatorURL"] = page.into();
    }
    let mut ask = Ask::post(&call.at("/api/v2/alerts"));
    let username = call.value("username");
    if !username.is_empty() {
        let user = STANDARD.encode(format!("{username}:{}", call.value("password")));
        ask = ask.header(AUTHORIZATION, format!("Basic {user}"));
    }
    Ok(call.ask(ask.json(&[alert])).await?.settle_unless_page())
}

fn labels(call: &Call<'_>) -> Map<String, Value> {
    let message = call.message();
    let (name, incident_kind) = match call.incident() {
        Some(incident) => match incident.incident_kind.as_str() {
            "ingestion" => ("PostHogIngestion", "ingestion"),
            "monitoring" => ("HeartbeatMonitoring", "monitoring"),
            "traffic" => ("PostHogTraffic", "traffic"),
            other => ("PostHogIncident", other),
        },
        None => ("Heartbeat", "heartbeat"),
    };
    let mut labels = Map::from_iter([
        ("alertname".to_owned(), name.into()),
        ("incident_kind".to_owned(), incident_kind.into()),
        ("incident".to_owned(), call.key().into()),
    ]);
    if !message.project.is_empty() {
        labels.insert("project".into(), message.project.clone().into());
    }
    if message.test {
        labels.insert("test".into(), "true".into());
    }
    if let Some(channel) = &message.channel {
        labels.insert("channel".into(), channel.name.clone().into());
    }
    // A user's own labels, for existing routes. They are validated before they are stored.
    for (name, value) in crate::model::labels(call.value("labels")).unwrap_or_default() {
        labels.insert(name.to_owned(), value.into());
    }
    labels
}

fn annotations(message: &Message) -> Map<String, Value> {
    let facts = facts::all(message).into_iter().filter(|(name, _)| !["text", "project", "incident_kind", "incident"].contains(name));
    let mut annotations: Map<String, Value> = facts.map(|(name, value)| (name.to_owned(), value.into())).collect();
    annotations.insert("summary".into(), text::line(&message.title).into());
    annotations.insert("description".into(), message.text.clone().into());
    annotations
}
