//! A Slack incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; the coloured bar:
//! <https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>.
//! Legacy attachments, because Mattermost and Rocket.Chat read them as well.

use serde_json::{Value, json};

use super::Delivered;
use crate::notify::call::Call;
use crate::notify::markup::Markup;
use crate::notify::{facts, text};

const TITLE: usize = 1000;
const TEXT: usize = 3000;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let words = text::cut(&message.text, TEXT);
    let mut attachment = attachment(call, &words, &words, |value| Markup::Entities.escape(value));
    attachment["mrkdwn_in"] = json!([]);
    // Slack shows the time in the footer, and its SDK requires one.
    attachment["footer"] = "Heartbeat".into();
    attachment["ts"] = message.at.ms().div_euclid(1000).into();
    let body = json!({
        "text": text::cut(&text::line(&message.title), TITLE),
        "mrkdwn": false,
        // Quoted text never becomes a link or a mention.
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "attachments": [attachment],
    });
    let answer = call.post(call.value("url"), &body).await?;
    Ok(answer.by_slack().unwrap_or_else(|| answer.settle_unless_page_or_key()))
}

/// The text with a coloured bar, the facts and a link to the incident. `escape` escapes the facts.
pub(super) fn attachment(call: &Call<'_>, fallback: &str, words: &str, escape: impl Fn(&str) -> String) -> Value {
    let facts = facts::few(call.message()).into_iter();
    let fields: Vec<Value> = facts.map(|(title, value)| json!({"title": title, "value": escape(&value), "short": true})).collect();
    let colour = format!("#{:06X}", facts::colour(call.message()));
    let mut attachment = json!({"color": colour, "fallback": fallback, "text": words, "fields": fields});
    if let Some(page) = call.page() {
        attachment["title"] = "Open the incident".into();
        attachment["title_link"] = page.into();
    }
    attachment
}
