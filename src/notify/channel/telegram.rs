//! A Telegram bot, `sendMessage`: <https://core.telegram.org/bots/api#sendmessage>. The token is part of the path. Errors are
//! `{"ok":false,"error_code","description","parameters"}`: 401 and 404 mean a wrong token, 403 that the bot was
//! removed, 400 an unknown chat; `retry_after` is the wait in seconds, `migrate_to_chat_id` the new chat.

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
    let (words, quotes) = quotes(&text::cut(words.trim(), TEXT));
    // No parse mode: nothing in the text is interpreted as markup.
    let mut body = json!({
        "chat_id": call.value("chat"),
        "text": words,
        "entities": quotes,
        "link_preview_options": {"is_disabled": true},
    });
    if let Ok(thread) = call.value("thread").trim().parse::<u64>() {
        body["message_thread_id"] = thread.into();
    }
    let answer = call.post(&call.at(&format!("/bot{}/sendMessage", call.value("token"))), &body).await?;
    let reply = answer.json();
    let parameter = |key: &str| reply.pointer(&format!("/parameters/{key}")).cloned().unwrap_or_default();
    if let Some(chat) = parameter("migrate_to_chat_id").as_i64() {
        return Ok(Delivery::Rejected { words: format!("the group has become a supergroup: set chat to {chat} ({})", answer.words) });
    }
    if answer.status.is_success() && reply.get("ok") == Some(&Value::Bool(false)) {
        return Ok(answer.try_again());
    }
    Ok(match answer.by_telegram().unwrap_or_else(|| answer.settle_unless_page_or_key()) {
        Delivery::TryAgain { words, after } => {
            Delivery::TryAgain { words, after: parameter("retry_after").as_f64().and_then(wait).or(after) }
        }
        other => other,
    })
}

/// Turns backticks into `code` entities, in which Telegram makes no links, mentions or commands.
fn quotes(text: &str) -> (String, Vec<Value>) {
    let parts: Vec<&str> = text.split('`').collect();
    let (mut plain, mut entities, mut offset) = (String::with_capacity(text.len()), Vec::new(), 0);
    for (at, part) in parts.iter().enumerate() {
        let length = part.encode_utf16().count();
        let is_quote = at % 2 == 1;
        if is_quote && at + 1 == parts.len() {
            // The closing backtick was cut off.
            plain.push('`');
            offset += 1;
        } else if is_quote && length > 0 {
            entities.push(json!({"type": "code", "offset": offset, "length": length}));
        }
        plain.push_str(part);
        offset += length;
    }
    (plain, entities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_entities_counted_in_units_of_utf_16() {
        let code = |offset: usize, length: usize| json!({"type": "code", "offset": offset, "length": length});
        for (text, plain, entities) in [
            ("no quote", "no quote", vec![]),
            ("🦔 `@a 🦔` and `b`", "🦔 @a 🦔 and b", vec![code(3, 5), code(13, 1)]),
            ("cut `off", "cut `off", vec![]),
            ("`` a `b` `", " a b `", vec![code(3, 1)]),
        ] {
            assert_eq!(quotes(text), (plain.to_owned(), entities), "{text}");
        }
    }
}
