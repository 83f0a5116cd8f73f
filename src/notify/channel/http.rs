//! A request of the user's own design: method, headers, and a body that is a template over the facts of the message. The answer means what it
//! means for a webhook. `webhook-id` is the notification's, the same in each try.

use http::{HeaderName, Method};
use tokio::task::spawn_blocking;

use super::Delivered;
use crate::message::Payload;
use crate::model::{Delivery, Message, headers};
use crate::notify::call::Call;
use crate::notify::client::Ask;
use crate::notify::text;

/// Leaves room in a rendered body, even if each byte is escaped.
const TITLE: usize = 500;
const TEXT: usize = 4_000;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let rejected = |words: &str| Delivery::Rejected { words: words.into() };
    let method = Method::from_bytes(call.value("method").as_bytes()).map_err(|_| rejected("`method` is not valid"))?;
    let own = headers(call.value("headers")).map_err(|_| rejected("`headers` are not valid"))?;
    let content_type = call.value("content_type");
    let ask = Ask::new(method, call.value("url")).body(content_type, body(call, content_type).await?);
    let mut ask = ask.header(HeaderName::from_static("webhook-id"), call.id().to_string());
    for (name, value) in own {
        let name = HeaderName::try_from(name).map_err(|_| rejected("`headers` are not valid"))?;
        ask = ask.header(name, value.to_owned());
    }
    Ok(call.ask(ask).await?.settle_unless_html())
}

/// A template that was checked before can still fail for an unusual message. No other body can be assumed to be understood.
async fn body(call: &Call<'_>, content_type: &str) -> Result<Vec<u8>, Delivery> {
    let (template, content_type) = (call.value("payload").to_owned(), content_type.to_owned());
    let message = Message {
        title: text::cut_bytes(&text::line(&call.message().title), TITLE),
        text: text::cut_bytes(&call.message().text, TEXT),
        ..call.message().clone()
    };
    match spawn_blocking(move || Payload::new(&template, &content_type).render(&message)).await {
        Ok(Ok(body)) => Ok(body.into_bytes()),
        Ok(Err(wrong)) => Err(Delivery::Unfit { words: format!("`payload` {wrong}") }),
        Err(wrong) => Err(Delivery::TryAgain { words: format!("`payload` cannot be rendered: {wrong}"), after: None }),
    }
}
