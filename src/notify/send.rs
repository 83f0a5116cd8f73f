//! The sender: renders a message for a channel, and sends it there.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Client;
use rustls::pki_types::CertificateDer;
use tokio::task::spawn_blocking;
use url::Url;

use super::answer::Answer;
use super::call::{Call, Letter};
use super::channel;
use super::client::{Ask, HttpClient, Network};
use super::markup::Markup;
use super::memory::{Memory, lock};
use super::redactor::Redactor;
use crate::clock::Clock;
use crate::message::{Rendered, linked, rendered};
use crate::model::{ChannelSpec, Delivery, Message, NetworkError, ProjectName, Proxies};

#[derive(Debug, Clone)]
pub struct SenderSettings {
    /// Not used for mail and commands.
    pub proxies: Proxies,
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Time limit for an answer; its body gets 5 seconds more.
    pub limit: Duration,
    /// The public URL of the pages: messages about an incident link to it.
    pub public_url: Option<Url>,
}

impl Default for SenderSettings {
    fn default() -> Self {
        Self { proxies: Proxies::default(), extra_roots: Vec::new(), limit: Duration::from_secs(20), public_url: None }
    }
}

pub struct Sender {
    clock: Clock,
    client: HttpClient,
    public_url: Option<Url>,
    memory: Memory,
    /// The last errors of each channel's templates, to log each once.
    wrong_templates: Mutex<HashMap<ProjectName, Vec<String>>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl Sender {
    pub fn new(clock: Clock, settings: &SenderSettings) -> Result<Self, NetworkError> {
        let SenderSettings { proxies, extra_roots, limit, public_url } = settings.clone();
        let client = HttpClient::new(clock.clone(), Network { proxies, extra_roots, limit })?;
        Ok(Self { clock, client, public_url, memory: Memory::default(), wrong_templates: Mutex::default() })
    }

    pub async fn deliver(&self, channel: &ChannelSpec, letter: &Letter<'_>) -> Delivery {
        let linked = self.public_url.as_ref().map(|public| linked(letter.message, public));
        let message = self.render(channel, linked.unwrap_or_else(|| letter.message.clone())).await;
        let letter = &Letter { message: &message, ..*letter };
        let (client, memory) = (&self.client, &self.memory);
        let call = Call { client, memory, channel, letter, now: self.clock.now(), redactor: Redactor::over(channel) };
        channel::deliver(&call).await
    }

    /// The shared HTTP client: proxies, trusted certificates, no redirects.
    pub async fn client(&self) -> Result<&Client, String> {
        self.client.client().await
    }

    pub(super) async fn ask(&self, ask: Ask, redactor: &Redactor) -> Result<Answer, Delivery> {
        self.client.ask(ask, redactor).await
    }

    /// Renders the channel's templates with the markup of its service. Logs new errors in them.
    async fn render(&self, channel: &ChannelSpec, message: Message) -> Message {
        let markup = channel::markup(channel.kind);
        let (title, body, ours) = (channel.title.clone(), channel.body.clone(), message.clone());
        let own = title.is_some() || body.is_some();
        let render = move || rendered(title.as_deref(), body.as_deref(), &message, markup.writer());
        let done = if own { spawn_blocking(render).await } else { Ok(render()) };
        let Rendered { mut message, wrong } = done.unwrap_or_else(|_| rendered(None, None, &ours, markup.writer()));
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
