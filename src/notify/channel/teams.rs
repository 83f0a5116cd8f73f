//! A Microsoft Teams workflow with the trigger "When a webhook request is received": an adaptive card.
//! <https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook>; cards and the limit of 28 KB:
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>. It answers 202.

use http::StatusCode;
use serde_json::{Value, json};

use super::Delivered;
use crate::notify::call::Call;
use crate::notify::facts::Tone;
use crate::notify::{facts, text};

/// Fits in 28 KB with the facts, even if each byte is escaped.
const TITLE: usize = 500;
const TEXT: usize = 10_000;
const VALUE: usize = 200;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let colour = match facts::tone(message) {
        Tone::Resolved => "Good",
        Tone::Critical => "Attention",
        Tone::Warning => "Warning",
        Tone::Info => "Accent",
    };
    let title = text::cut_bytes(&text::line(&message.title), TITLE);
    let text = text::cut_bytes(&message.text, TEXT);
    // A text block has no line breaks except those of Markdown: one block per line.
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let has_own = (call.channel.title.is_some(), call.channel.body.is_some());
    let mut body = vec![block(&title, has_own.0, &json!({"weight": "Bolder", "size": "Medium", "color": colour}))];
    body.extend(lines.take(MOST_LINES).map(|line| block(line, has_own.1, &json!({"spacing": "Small"}))));
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
    let answer = call.post(call.value("url"), &message).await?;
    Ok(match behind(&answer.body) {
        Some(status) if answer.status.is_success() => answer.settle_as(status),
        _ => answer.settle_unless_page(),
    })
}

/// The status that Teams gave to the connector or workflow, which itself answers 200 with a text such as `Webhook message
/// delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId ...`.
/// <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#rate-limiting-for-connectors>
fn behind(body: &[u8]) -> Option<StatusCode> {
    let body = String::from_utf8_lossy(body).to_lowercase();
    // A workflow may answer with the message itself, which may quote a server.
    if !["message delivery failed", "teams endpoint returned"].iter().any(|words| body.contains(words)) {
        return None;
    }
    if let Some((_, rest)) = body.split_once("http error ") {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return digits.parse().ok().and_then(|number| StatusCode::from_u16(number).ok()).filter(|status| !status.is_success());
    }
    // Without a number: a retry may help.
    Some(StatusCode::BAD_GATEWAY)
}

const MOST_LINES: usize = 60;

/// A paragraph. Only a user's own template may hold Markdown.
fn block(text: &str, is_own: bool, style: &Value) -> Value {
    let mut block = if is_own {
        json!({"type": "TextBlock", "text": text, "wrap": true})
    } else {
        json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]})
    };
    for (name, value) in style.as_object().into_iter().flatten() {
        let of_run = !is_own && name != "spacing";
        let place = if of_run { &mut block["inlines"][0][name] } else { &mut block[name] };
        *place = value.clone();
    }
    block
}
