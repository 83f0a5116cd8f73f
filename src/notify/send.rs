//! The sender: renders a message for a channel, and sends it there.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use reqwest::Client;
use tokio::task::spawn_blocking;

use super::answer::Answer;
use super::call::{Call, Letter};
use super::channel;
use super::client::{Ask, HttpClient, SenderSettings};
use super::markup::Markup;
use super::memory::{Memory, lock};
use super::redactor::Redactor;
use crate::clock::Clock;
use crate::message::{Rendered, linked, rendered};
use crate::model::{ChannelSpec, Delivery, Message, NetworkError, ProjectName};

pub struct Sender {
    client: HttpClient,
    memory: Memory,
    /// The last errors of each channel's templates, to log each once.
    wrong_templates: Mutex<HashMap<ProjectName, Vec<String>>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("public_url", &self.client.settings().public_url).finish_non_exhaustive()
    }
}

impl Sender {
    pub fn new(clock: Clock, settings: &SenderSettings) -> Result<Self, NetworkError> {
        let client = HttpClient::new(clock, settings.clone())?;
        Ok(Self { client, memory: Memory::default(), wrong_templates: Mutex::default() })
    }

    pub async fn deliver(&self, channel: &ChannelSpec, letter: &Letter<'_>) -> Delivery {
        let linked = self.client.settings().public_url.as_ref().map(|public| linked(letter.message, public));
        let message = self.render(channel, linked.unwrap_or_else(|| letter.message.clone())).await;
        let letter = &Letter { message: &message, ..*letter };
        let (client, memory) = (&self.client, &self.memory);
        let call = Call { client, memory, channel, letter, now: client.clock().now(), redactor: Redactor::over(channel) };
        channel::deliver(&call).await
    }

    /// The shared HTTP client: proxies, trusted certificates, no redirects.
    pub async fn client(&self) -> Result<&Client, NetworkError> {
        self.client.client().await
    }

    pub(super) async fn ask(&self, ask: Ask, redactor: &Redactor) -> Result<Answer, Delivery> {
        self.client.ask(ask, redactor).await
    }

    /// Renders the channel's templates with the markup of its service. Logs new errors in them.
    async fn render(&self, channel: &ChannelSpec, message: Message) -> Message {
        let markup = channel::markup(channel.kind);
        let escape = move |text: &str| markup.escape(text);
        let (title, body, ours) = (channel.title.clone(), channel.body.clone(), message.clone());
        let own = title.is_some() || body.is_some();
        let render = move || rendered(title.as_deref(), body.as_deref(), &message, escape);
        let done = if own { spawn_blocking(render).await } else { Ok(render()) };
        let Rendered { mut message, wrong } = done.unwrap_or_else(|_| rendered(None, None, &ours, escape));
        if markup == Markup::Teams {
            message.title = if channel.title.is_none() { ours.title } else { message.title };
            message.text = if channel.body.is_none() { ours.text } else { message.text };
        }
        let logged = lock(&self.wrong_templates).insert(channel.name.clone(), wrong.clone());
        if logged.unwrap_or_default() != wrong {
            for error in wrong {
                tracing::error!(channel = %channel.name, "{error}");
            }
        }
        message
    }
}
