//! A Slack incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; the coloured bar:
//! <https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>.
//! Legacy attachments, because Mattermost and Rocket.Chat read them as well.

use serde_json::json;

use super::Delivered;
use crate::notify::call::Call;
use crate::notify::markup::Markup;
use crate::notify::{facts, text};

const TITLE: usize = 1000;
const TEXT: usize = 3000;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let words = text::cut(&message.text, TEXT);
    let fields: Vec<_> = facts::few(message)
        .into_iter()
        .map(|(title, value)| json!({"title": title, "value": Markup::Entities.escape(&value), "short": true}))
        .collect();
    let mut body = json!({
        "text": text::cut(&text::line(&message.title), TITLE),
        "mrkdwn": false,
        // Quoted text never becomes a link or a mention.
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "attachments": [{
            "color": format!("#{:06X}", facts::colour(message)),
            "fallback": words,
            "text": words,
            "fields": fields,
            "mrkdwn_in": [],
            // Slack shows the time in the footer, and its SDK requires one.
            "footer": "Heartbeat",
            "ts": message.at.ms().div_euclid(1000),
        }],
    });
    if let Some(page) = call.page() {
        body["attachments"][0]["title"] = "Open the incident".into();
        body["attachments"][0]["title_link"] = page.into();
    }
    let answer = call.post(call.value("url"), &body).await?;
    Ok(answer.by_slack().unwrap_or_else(|| answer.settle_unless_page_or_key()))
}
