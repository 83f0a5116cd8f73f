//! ntfy, hosted or self-hosted: <https://docs.ntfy.sh/publish/#publish-as-json>. JSON goes to the server's root and names the topic, the
//! last segment of the URL's path. A message of more than 4096 bytes would become an attachment.

use http::header::AUTHORIZATION;
use serde_json::json;
use url::Url;

use super::Delivered;
use crate::model::Delivery;
use crate::notify::call::Call;
use crate::notify::client::Ask;
use crate::notify::facts::Tone;
use crate::notify::redactor::decoded;
use crate::notify::{facts, text};

const TITLE: usize = 250;
const MESSAGE: usize = 4096;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let Some((root, topic)) = root_and_topic(call.value("url")) else {
        return Err(Delivery::Rejected { words: "the URL does not end in a topic".into() });
    };
    // Priority from 1 to 5, and a tag that ntfy shows as an emoji.
    let (priority, picture) = match facts::tone(message) {
        Tone::Resolved => (3, "white_check_mark"),
        Tone::Critical => (5, "rotating_light"),
        Tone::Warning => (4, "warning"),
        Tone::Info => (3, "information_source"),
    };
    let mut tags = vec![picture];
    if !message.project.is_empty() {
        tags.push(&message.project);
    }
    let mut body = json!({
        "topic": topic,
        "title": text::cut_bytes(&text::line(&message.title), TITLE),
        "message": text::cut_bytes(&message.text, MESSAGE),
        "priority": priority,
        "tags": tags,
    });
    if let Some(page) = call.page() {
        body["click"] = page.into();
    }
    let mut ask = Ask::post(&root);
    let token = call.value("token");
    if !token.is_empty() {
        ask = ask.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    Ok(call.ask(ask.json(&body)).await?.settle_unless_page())
}

fn root_and_topic(address: &str) -> Option<(String, String)> {
    let mut url = Url::parse(address.trim()).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty();
    let topic = decoded(url.path_segments()?.next_back()?);
    url.path_segments_mut().ok()?.pop().push("");
    (!topic.is_empty()).then(|| (url.to_string(), topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_last_part_of_the_path() {
        for (address, root, topic) in [
            ("https://ntfy.sh/my-topic", "https://ntfy.sh/", "my-topic"),
            ("https://ntfy.sh/my-topic/", "https://ntfy.sh/", "my-topic"),
            ("https://me:pw@example.com:8443/push/my%2Dtopic?auth=x", "https://me:pw@example.com:8443/push/?auth=x", "my-topic"),
        ] {
            assert_eq!(root_and_topic(address), Some((root.to_owned(), topic.to_owned())), "{address}");
        }
        for address in ["https://ntfy.sh", "https://ntfy.sh/", "my-topic"] {
            assert_eq!(root_and_topic(address), None, "{address}");
        }
    }
}
