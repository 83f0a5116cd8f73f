//! A Mattermost incoming webhook: <https://developers.mattermost.com/integrate/webhooks/incoming/>, with a message attachment:
//! <https://developers.mattermost.com/integrate/reference/message-attachments/>.

use serde_json::json;

use super::Delivered;
use super::slack::attachment;
use crate::notify::call::Call;
use crate::notify::markup::Markup;
use crate::notify::text;

const TITLE: usize = 1_000;
/// A post has at most 16,383 characters.
const TEXT: usize = 7_000;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let title = without_mentions(&text::cut(&text::line(&message.title), TITLE));
    let words = without_mentions(&text::cut(&message.text, TEXT));
    let attachment = attachment(call, &title, &words, |value| without_mentions(&Markup::Markdown.escape(value)));
    let answer = call.post(call.value("url"), &json!({"text": title, "attachments": [attachment]})).await?;
    Ok(answer.settle_unless_page())
}

/// A backslash hides `@channel` from readers, but not from the server, which notifies everyone:
/// <https://github.com/mattermost/mattermost/blob/master/server/public/shared/markdown/inlines.go>. A mention in a user's own template has none.
fn without_mentions(text: &str) -> String {
    text.replace("\\@", "@\u{2060}")
}
