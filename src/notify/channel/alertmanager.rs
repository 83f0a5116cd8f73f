//! Prometheus Alertmanager, `POST /api/v2/alerts`: <https://prometheus.io/docs/alerting/latest/alerts_api/>. It answers 200, empty.
//! Severity is an annotation, not a label: labels identify an alert, and an escalation would resolve the old one. See `docs/alerts.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::Delivered;
use crate::model::{IncidentKind, Message, NotificationKind};
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

fn labels<'c>(call: &Call<'c>) -> BTreeMap<&'c str, String> {
    let message = call.message();
    let kind = call.incident().map_or("heartbeat", |incident| &incident.incident_kind);
    let name = match IncidentKind::named(kind) {
        Some(IncidentKind::Ingestion) => "PostHogIngestion",
        Some(IncidentKind::Monitoring) => "HeartbeatMonitoring",
        Some(IncidentKind::Traffic) => "PostHogTraffic",
        None => "Heartbeat",
    };
    let mut labels = BTreeMap::from([("alertname", name.to_owned()), ("incident_kind", kind.to_owned()), ("incident", call.key())]);
    if !message.project.is_empty() {
        labels.insert("project", message.project.clone());
    }
    if message.test {
        labels.insert("test", "true".to_owned());
    }
    if let Some(channel) = &message.channel {
        labels.insert("channel", channel.name.clone());
    }
    // A user's own labels, for existing routes. They are validated before they are stored.
    let own = crate::model::labels(call.value("labels")).unwrap_or_default();
    labels.extend(own.into_iter().map(|(name, value)| (name, value.to_owned())));
    labels
}

fn annotations(message: &Message) -> Value {
    let mut annotations = facts::all(message);
    // The last three are labels.
    for name in ["text", "project", "incident_kind", "incident"] {
        annotations.remove(name);
    }
    annotations.extend([("summary", text::line(&message.title)), ("description", message.text.clone())]);
    json!(annotations)
}
