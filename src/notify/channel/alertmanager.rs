//! Prometheus Alertmanager: `POST /api/v2/alerts`, <https://prometheus.io/docs/alerting/latest/alerts_api/>. It answers 200 with nothing.
//!
//! Alertmanager knows an alert by its labels, so they are the same in every message of an incident: `alertname`, `project`, `incident_kind` and
//! `incident`. Severity may change while an incident is open and therefore is no label: were it one, the lighter alert would be told to be
//! over just when things got worse. It is an annotation; routes go by `alertname`, `incident_kind` or
//! the channel's own `labels`, which may set one severity for all. While open, an alert ends ten minutes after it
//! was last sent, and is sent again before; resolved, it ended when the incident did. A channel that does not deliver is an alert of the same
//! kind. That Heartbeat was down is not sent again, and ends by itself after a day.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use super::Delivered;
use crate::model::{Message, NotificationKind};
use crate::notify::call::Call;
use crate::notify::send::Ask;
use crate::notify::{facts, text};

/// How long an alert lasts that is not sent again.
const LASTS: Duration = Duration::from_mins(10);
/// The same of one that nobody sends again.
const LASTS_ALONE: Duration = Duration::from_hours(24);

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let starts = call.incident().map_or(message.at, |incident| incident.opened);
    let ends = match (message.kind, call.incident()) {
        // It drops the end of what it never saw firing, and tells nobody of what is over before it has grouped it. So this fires for a while.
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
            "blind" => ("HeartbeatBlind", "blind"),
            "quiet" => ("PostHogQuiet", "quiet"),
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
    // A user's own, for the routes that there are. What is not well formed is refused before it is saved.
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
