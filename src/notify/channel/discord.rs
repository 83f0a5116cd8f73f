//! A Discord webhook: <https://discord.com/developers/docs/resources/webhook#execute-webhook>; limits:
//! <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>;
//! 429: <https://discord.com/developers/docs/topics/rate-limits>.
//! A forum accepts messages only in threads. A thread that is set by name is created with the first message; later ones go to it.

use serde_json::{Value, json};
use url::Url;

use super::Delivered;
use crate::model::Delivery;
use crate::notify::answer::{Answer, wait};
use crate::notify::call::Call;
use crate::notify::markup::Markup;
use crate::notify::{facts, text};

const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const VALUE: usize = 200;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let fields: Vec<_> = facts::few(message)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| json!({"name": name, "value": text::cut(&Markup::Markdown.escape(&value), VALUE), "inline": true}))
        .collect();
    let mut body = json!({
        "embeds": [{
            "title": text::cut(&text::line(&message.title), TITLE),
            "description": text::cut(&message.text, DESCRIPTION),
            "color": facts::colour(message),
            "timestamp": message.at,
            "fields": fields,
        }],
        // Quoted text must not mention users.
        "allowed_mentions": {"parse": []},
    });
    if let Some(page) = call.page() {
        body["embeds"][0]["url"] = page.into();
    }
    let thread = call.value("thread").trim();
    if thread.is_empty() || is_id(thread) {
        return Ok(settled(call.post(&confirmed(call.value("url"), thread), &body).await?));
    }
    in_named_thread(call, thread, body).await
}

/// To the thread of this name: created earlier, or new.
async fn in_named_thread(call: &Call<'_>, name: &str, mut body: Value) -> Delivered {
    let url = call.value("url");
    let of = format!("{url} {name}");
    if let Some(id) = call.memory.thread(&of) {
        match settled(call.post(&confirmed(url, &id), &body).await?) {
            Delivery::Rejected { .. } => call.memory.note_thread(of.clone(), None),
            other => return Ok(other),
        }
    }
    body["thread_name"] = name.into();
    let answer = call.post(&confirmed(url, ""), &body).await?;
    let created = answer.json().get("channel_id").and_then(Value::as_str).filter(|id| is_id(id)).map(str::to_owned);
    let delivery = settled(answer);
    if matches!(delivery, Delivery::Accepted(_)) {
        call.memory.note_thread(of, created);
    }
    Ok(delivery)
}

fn settled(answer: Answer) -> Delivery {
    let retry_after = answer.json().get("retry_after").and_then(Value::as_f64).and_then(wait);
    match answer.by_discord().unwrap_or_else(|| answer.settle_unless_page()) {
        // The body is more precise than the header, which has whole seconds.
        Delivery::TryAgain { words, after } => Delivery::TryAgain { words, after: retry_after.or(after) },
        other => other,
    }
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Adds the thread, and `wait`: without it Discord also answers 204 to a message that it then drops.
fn confirmed(address: &str, thread: &str) -> String {
    let Ok(mut url) = Url::parse(address.trim()) else { return address.to_owned() };
    let thread = thread.trim();
    let is_replaced = |key: &str| key == "wait" || (key == "thread_id" && !thread.is_empty());
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| !is_replaced(key)).map(|(key, value)| (key.into(), value.into())).collect();
    let ours = [("thread_id", thread), ("wait", "true")].into_iter().filter(|(_, value)| !value.is_empty());
    url.query_pairs_mut().clear().extend_pairs(others).extend_pairs(ours);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discord_is_asked_to_confirm_and_a_thread_stays_named() {
        assert_eq!(confirmed("https://discord.com/api/webhooks/1/t", ""), "https://discord.com/api/webhooks/1/t?wait=true");
        assert_eq!(
            confirmed("https://discord.com/api/webhooks/1/t?wait=false&thread_id=2", ""),
            "https://discord.com/api/webhooks/1/t?thread_id=2&wait=true"
        );
        assert_eq!(
            confirmed("https://discord.com/api/webhooks/1/t?thread_id=2", "3"),
            "https://discord.com/api/webhooks/1/t?thread_id=3&wait=true"
        );
    }
}
