//! The real sender, for samples.

use uuid::Uuid;

use crate::app;
use crate::cli::global::Invocation;
use crate::config::Scope;
use crate::message::Template;
use crate::model::{ChannelSpec, Delivery, Message};
use crate::notify::{self, Letter};

/// Delivers as the service does.
pub(super) struct Sender(notify::Sender);

impl Sender {
    /// A sender that goes through the proxies of the settings.
    pub(super) fn of(invocation: &Invocation) -> anyhow::Result<Self> {
        let settings = invocation.settings(Scope::Service)?;
        Ok(Self(app::sender(&settings.proxies, invocation.clock.clone())?))
    }

    /// Tries once.
    pub(super) async fn deliver(&self, channel: &ChannelSpec, id: Uuid, message: &Message) -> Delivery {
        let message = dressed(channel, message.clone());
        self.0.deliver(channel, &Letter { id, message: &message }).await
    }
}

/// The message in the words of the channel's templates. One that was checked when it was saved does not fail.
fn dressed(channel: &ChannelSpec, message: Message) -> Message {
    let render = |template: &Option<String>| template.as_deref().and_then(|text| Template::parse(text).ok()?.render(&message).ok());
    let (title, text) = (render(&channel.title), render(&channel.body));
    Message { title: title.unwrap_or_else(|| message.title.clone()), text: text.unwrap_or_else(|| message.text.clone()), ..message }
}
