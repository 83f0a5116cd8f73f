//! A Telegram bot: `sendMessage`, <https://core.telegram.org/bots/api#sendmessage>. The token stands in the path. It answers
//! `{"ok":true}`, or `{"ok":false,"error_code","description","parameters"}`: 401 and 404 are of the token, 403 of a bot that was
//! thrown out, 400 of a chat that there is not; `retry_after` says how long to wait, `migrate_to_chat_id` which chat it is now.

use serde_json::{Value, json};

use super::Delivered;
use crate::model::Delivery;
use crate::notify::answer::wait;
use crate::notify::call::Call;
use crate::notify::text;

const TEXT: usize = 4096;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let words = format!("{}\n\n{}", text::line(&message.title), call.text_with_link());
    // No parse mode: nothing in the words can be taken for markup.
    let body = json!({
        "chat_id": call.value("chat"),
        "text": text::cut(words.trim(), TEXT),
        "link_preview_options": {"is_disabled": true},
    });
    let answer = call.post(&call.at(&format!("/bot{}/sendMessage", call.value("token"))), &body).await?;
    let said = answer.json();
    let parameter = |key: &str| said.pointer(&format!("/parameters/{key}")).cloned().unwrap_or_default();
    if let Some(chat) = parameter("migrate_to_chat_id").as_i64() {
        return Ok(Delivery::Refused { words: format!("the group has become a supergroup: set chat to {chat} ({})", answer.words) });
    }
    if answer.status.is_success() && said.get("ok") == Some(&Value::Bool(false)) {
        return Ok(answer.try_again());
    }
    Ok(match answer.settle_unless_page_or_key() {
        Delivery::TryAgain { words, after } => {
            Delivery::TryAgain { words, after: parameter("retry_after").as_f64().and_then(wait).or(after) }
        }
        other => other,
    })
}
