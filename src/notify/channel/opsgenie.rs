//! Opsgenie Alert API: <https://docs.opsgenie.com/docs/alert-api>. It answers 202 first; 401 and 403 concern the key, 422 the message.
//!
//! The alias is the incident's key. Opened creates the alert; escalated also raises its priority; a reminder adds a note; resolved closes.
//! Messages about Heartbeat itself are alerts to close by hand, with priority P5, which does not page, except for a stopped channel.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::Delivered;
use crate::model::{Delivery, Message, NotificationKind};
use crate::notify::call::Call;
use crate::notify::client::Ask;
use crate::notify::{facts, text};

const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;
const NOTE: usize = 25_000;
/// All details together: 8000.
const DETAIL: usize = 400;
const ENTITY: usize = 512;
const TAG: usize = 50;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let note = json!({"note": text::cut(&message.text, NOTE), "source": "heartbeat", "user": "Heartbeat"});
    match message.kind {
        NotificationKind::Reminder => ask(call, Method::POST, &of_alias(call, "notes"), &note).await,
        NotificationKind::Resolved | NotificationKind::ChannelResolved => ask(call, Method::POST, &of_alias(call, "close"), &note).await,
        NotificationKind::Escalated => match ask(call, Method::POST, "/v2/alerts", &alert(call)).await? {
            Delivery::Accepted(_) => ask(call, Method::PUT, &of_alias(call, "priority"), &json!({"priority": priority(message)})).await,
            other => Ok(other),
        },
        NotificationKind::Opened | NotificationKind::Returned | NotificationKind::ChannelStopped | NotificationKind::Digest => {
            ask(call, Method::POST, "/v2/alerts", &alert(call)).await
        }
    }
}

async fn ask(call: &Call<'_>, method: Method, path: &str, body: &Value) -> Delivered {
    let ask = Ask::new(method, &call.at(path)).header(AUTHORIZATION, format!("GenieKey {}", call.value("api_key")));
    Ok(call.ask(ask.json(body)).await?.settle_unless_page_or_key())
}

fn of_alias(call: &Call<'_>, what: &str) -> String {
    format!("/v2/alerts/{}/{what}?identifierType=alias", call.key())
}

fn alert(call: &Call<'_>) -> Value {
    let message = call.message();
    let mut details = facts::all(message);
    details.remove("text");
    for value in details.values_mut() {
        *value = text::cut(value, DETAIL);
    }
    // Only what does not change while the alert is open: tags are set once.
    let about = message.incident.as_ref().map_or(message.kind.name(), |incident| &incident.incident_kind);
    let tags = ["heartbeat".to_owned(), text::cut(about, TAG)];
    let entity = if message.project.is_empty() { "heartbeat" } else { &message.project };
    json!({
        "message": text::cut(&text::line(&message.title), MESSAGE),
        "alias": call.key(),
        "description": text::cut(&message.text, DESCRIPTION),
        "priority": priority(message),
        "source": "heartbeat",
        "entity": text::cut(entity, ENTITY),
        "tags": tags,
        "details": details,
    })
}

fn priority(message: &Message) -> &'static str {
    match (message.kind, message.severity.as_str()) {
        (NotificationKind::Returned | NotificationKind::Digest, _) => "P5",
        (_, "critical") => "P1",
        (_, "warning") => "P3",
        _ => "P5",
    }
}
