//! A Microsoft Teams workflow that starts when a webhook request is received: an adaptive card in a message.
//! <https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook> and, for cards and the 28 KB,
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>. It answers 202.

use serde_json::{Value, json};

use super::Delivered;
use crate::model::NoticeKind;
use crate::notify::call::Call;
use crate::notify::{facts, text};

/// What is left of 28 KB for the words when each byte of them is escaped, and the facts beside them.
const TITLE: usize = 500;
const TEXT: usize = 10_000;
const VALUE: usize = 200;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let colour = match (message.kind, message.severity.as_str()) {
        (NoticeKind::Resolved, _) => "Good",
        (_, "critical") => "Attention",
        (_, "warning") => "Warning",
        _ => "Accent",
    };
    let title = text::cut_bytes(&text::line(&message.title), TITLE);
    let text = text::cut_bytes(&message.text, TEXT);
    // A block has no line breaks but those of Markdown, and `text` is lines: a block for each.
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut body = vec![json!({"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "color": colour, "wrap": true})];
    body.extend(lines.take(MOST_LINES).map(|line| json!({"type": "TextBlock", "text": line, "wrap": true, "spacing": "Small"})));
    let facts: Vec<Value> =
        facts::few(message).into_iter().map(|(title, value)| json!({"title": title, "value": text::cut_bytes(&value, VALUE)})).collect();
    body.push(json!({"type": "FactSet", "facts": facts}));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    });
    if let Some(page) = call.page() {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Open the incident", "url": page}]);
    }
    let message = json!({
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card}],
    });
    Ok(call.post(call.value("url"), &message).await?.settle_unless_page())
}

/// More would not fit with their own overhead.
const MOST_LINES: usize = 60;
