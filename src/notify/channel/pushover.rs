//! Pushover: <https://pushover.net/api>.

use serde_json::json;

use super::Delivered;
use crate::notify::call::Call;
use crate::notify::facts::Tone;
use crate::notify::{facts, text};

const TITLE: usize = 250;
const TEXT: usize = 1_024;
const URL: usize = 512;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    // 1 bypasses quiet hours, -1 makes no sound.
    let priority = match facts::tone(message) {
        Tone::Resolved | Tone::Info => -1,
        Tone::Critical => 1,
        Tone::Warning => 0,
    };
    let mut body = json!({
        "token": call.value("token"),
        "user": call.value("user"),
        "title": text::cut(&text::line(&message.title), TITLE),
        "message": text::cut(&message.text, TEXT),
        "priority": priority,
        "timestamp": message.at.ms().div_euclid(1000),
    });
    if let Some(device) = Some(call.value("device")).filter(|device| !device.is_empty()) {
        body["device"] = device.into();
    }
    if let Some(page) = call.page().filter(|page| page.len() <= URL) {
        body["url"] = page.into();
        body["url_title"] = "Open the incident".into();
    }
    let answer = call.post(&call.at("/1/messages.json"), &body).await?;
    Ok(answer.settle_unless_page_or_key())
}
