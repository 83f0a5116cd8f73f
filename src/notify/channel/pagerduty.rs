//! PagerDuty Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>; without paging:
//! <https://developer.pagerduty.com/docs/send-change-event>. It answers 202; 400 `invalid event` also to a wrong key.
//! Opened, escalated and reminder trigger; resolved resolves. A repeated trigger does not page again. Downtime and digest are changes.

use serde_json::{Value, json};

use super::Delivered;
use crate::model::{Message, NotificationKind};
use crate::notify::call::Call;
use crate::notify::{facts, text};

const SUMMARY: usize = 1024;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let routing_key = call.value("routing_key");
    let (path, mut body) = match message.kind {
        NotificationKind::Opened | NotificationKind::Escalated | NotificationKind::Reminder | NotificationKind::ChannelStopped => (
            "/v2/enqueue",
            json!({
                "routing_key": routing_key,
                "event_action": "trigger",
                "dedup_key": call.key(),
                "client": "Heartbeat",
                "payload": payload(message),
            }),
        ),
        NotificationKind::Resolved | NotificationKind::ChannelResolved => (
            "/v2/enqueue",
            json!({"routing_key": routing_key, "event_action": "resolve", "dedup_key": call.key(), "payload": payload(message)}),
        ),
        NotificationKind::Returned | NotificationKind::Digest => {
            let payload = json!({
                "summary": summary(message),
                "source": source(message),
                "timestamp": message.at,
                "custom_details": facts::all(message),
            });
            ("/v2/change/enqueue", json!({"routing_key": routing_key, "payload": payload}))
        }
    };
    if let Some(page) = call.page() {
        body["links"] = json!([{"href": page, "text": "The incident in Heartbeat"}]);
        if body.get("client").is_some() {
            body["client_url"] = page.into();
        }
    }
    let answer = call.post(&call.at(path), &body).await?;
    Ok(answer.by_pagerduty().unwrap_or_else(|| answer.settle_unless_page_or_key()))
}

fn payload(message: &Message) -> Value {
    json!({
        "summary": summary(message),
        "source": source(message),
        "severity": message.severity,
        "timestamp": message.at,
        "component": "PostHog",
        "group": source(message),
        "class": message.incident.as_ref().map_or(message.kind.name(), |incident| &incident.cause_code),
        "custom_details": facts::all(message),
    })
}

fn summary(message: &Message) -> String {
    text::cut(&text::line(&message.title), SUMMARY)
}

fn source(message: &Message) -> &str {
    if message.project.is_empty() { "heartbeat" } else { &message.project }
}
