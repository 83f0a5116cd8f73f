//! An incoming webhook of a Google Chat space: <https://developers.google.com/workspace/chat/quickstart/webhooks>. All messages of an
//! incident go to one thread.

use serde_json::json;

use super::Delivered;
use crate::notify::call::Call;
use crate::notify::markup::Markup;
use crate::notify::{facts, text};

/// Fits in a message's 32,000 bytes with the facts, even if each byte is escaped:
/// <https://developers.google.com/workspace/chat/create-messages>.
const TITLE: usize = 500;
const TEXT: usize = 4_000;
const VALUE: usize = 200;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let title = text::cut_bytes(&text::line(&message.title), TITLE);
    let mut widgets = vec![json!({"textParagraph": {"text": paragraph(&text::cut_bytes(&message.text, TEXT))}})];
    widgets.extend(facts::few(message).into_iter().map(
        |(label, value)| json!({"decoratedText": {"topLabel": label, "text": Markup::Entities.escape(&text::cut_bytes(&value, VALUE))}}),
    ));
    if let Some(page) = call.page() {
        widgets.push(json!({"buttonList": {"buttons": [{"text": "Open the incident", "onClick": {"openLink": {"url": page}}}]}}));
    }
    let body = json!({
        "fallbackText": title,
        "cardsV2": [{"cardId": call.id(), "card": {"header": {"title": title}, "sections": [{"widgets": widgets}]}}],
        "thread": {"threadKey": call.key()},
    });
    let answer = call.post(&in_thread(call.value("url")), &body).await?;
    Ok(answer.settle_unless_page())
}

/// A card interprets HTML: <https://developers.google.com/workspace/chat/format-messages#card-formatting>. Everything is escaped, so a user's own
/// template holds text only.
fn paragraph(text: &str) -> String {
    Markup::Entities.escape(text).replace('\n', "<br>")
}

/// Without this parameter `threadKey` is ignored:
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>.
fn in_thread(url: &str) -> String {
    const OPTION: &str = "messageReplyOption";
    if url.contains(OPTION) {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{OPTION}=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
}
