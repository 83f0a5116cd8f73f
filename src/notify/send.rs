//! The sender: one HTTP client for all channels, with proxies and timeouts, without redirects.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, NoProxy, Proxy, Response, redirect};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use url::Url;
use uuid::Uuid;

use super::answer::{Answer, READ, quoted};
use super::call::Call;
use super::channel;
use super::here::is_here;
use super::markup::Markup;
use super::redactor::Redactor;
use crate::clock::Clock;
use crate::message::{Rendered, linked, rendered};
use crate::model::{ChannelSpec, Delivery, Message, ProjectName, Proxies, innermost};

/// Time limit for the body: the status has already decided.
const BODY: Duration = Duration::from_secs(5);

const SETTLED: usize = 1000;

pub(super) const AGENT: &str = concat!("heartbeat/", env!("CARGO_PKG_VERSION"));

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

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// Names the setting; the value is not quoted, as it may hold a password.
    #[error("{0} is not a valid proxy URL: give `http://host:port` or `https://host:port`")]
    Proxy(&'static str),
    #[error("the private CA certificate cannot be used: {0}")]
    Root(String),
}

#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The notification's: the same for each try, so that a receiver can drop duplicates.
    pub id: Uuid,
    pub message: &'a Message,
}

pub struct Sender {
    clock: Clock,
    settings: SenderSettings,
    /// Created on first use: it reads the trusted certificates from disk.
    client: OnceCell<Client>,
    /// The last errors of each channel's templates, to log each once.
    wrong_templates: Mutex<HashMap<ProjectName, Vec<String>>>,
    /// Recipients that need no further try, by message.
    settled: Mutex<HashMap<Uuid, Vec<String>>>,
    /// Ids of threads created by name, by channel and name.
    threads: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("settings", &self.settings).finish_non_exhaustive()
    }
}

pub(super) struct Ask {
    method: http::Method,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub(super) fn new(method: http::Method, url: &str) -> Self {
        Self { method, url: url.trim().to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn get(url: &str) -> Self {
        Self::new(http::Method::GET, url)
    }

    pub(super) fn post(url: &str) -> Self {
        Self::new(http::Method::POST, url)
    }

    pub(super) fn header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn json(self, body: &impl Serialize) -> Self {
        // Cannot fail: all keys are text.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.json_bytes(body)
    }

    pub(super) fn json_bytes(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.header(CONTENT_TYPE, "application/json".into())
    }
}

impl Sender {
    pub fn new(clock: Clock, settings: &SenderSettings) -> Result<Self, SenderError> {
        proxies(&settings.proxies)?;
        roots(&settings.extra_roots)?;
        Ok(Self {
            clock,
            settings: settings.clone(),
            client: OnceCell::new(),
            wrong_templates: Mutex::default(),
            settled: Mutex::default(),
            threads: Mutex::default(),
        })
    }

    pub async fn deliver(&self, channel: &ChannelSpec, letter: &Letter<'_>) -> Delivery {
        let linked = self.settings.public_url.as_ref().map(|public| linked(letter.message, public));
        let message = self.render(channel, linked.unwrap_or_else(|| letter.message.clone())).await;
        let letter = &Letter { message: &message, ..*letter };
        let call = Call { sender: self, channel, letter, now: self.clock.now(), redactor: Redactor::over(channel) };
        channel::deliver(&call).await
    }

    /// Renders the channel's templates with the markup of its service. Logs new errors in them.
    async fn render(&self, channel: &ChannelSpec, message: Message) -> Message {
        let markup = channel::markup(channel.kind);
        let (title, body, ours) = (channel.title.clone(), channel.body.clone(), message.clone());
        let own = title.is_some() || body.is_some();
        let render = move || rendered(title.as_deref(), body.as_deref(), &message, markup.writer());
        let rendered = if own { spawn_blocking(render).await } else { Ok(render()) };
        let Rendered { mut message, wrong } = rendered.unwrap_or_else(|_| rendered_by_default(&ours, markup));
        if markup == Markup::Teams {
            message.title = if channel.title.is_none() { ours.title } else { message.title };
            message.text = if channel.body.is_none() { ours.text } else { message.text };
        }
        let logged = self.wrong_templates.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.name.clone(), wrong.clone());
        if logged.unwrap_or_default() != wrong {
            for error in wrong {
                tracing::error!(channel = %channel.name, "{error}");
            }
        }
        message
    }

    pub(super) fn settled_recipients(&self, letter: Uuid) -> Vec<String> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).get(&letter).cloned().unwrap_or_default()
    }

    pub(super) fn note_recipients(&self, letter: Uuid, recipients: impl Iterator<Item = String>) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        // Most of these messages have failed by now.
        if settled.len() >= SETTLED {
            settled.clear();
        }
        settled.entry(letter).or_default().extend(recipients);
    }

    pub(super) fn forget_recipients(&self, letter: Uuid) {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).remove(&letter);
    }

    /// The thread created for this channel and name. In memory: after a restart a second one of that name is created.
    pub(super) fn thread(&self, of: &str) -> Option<String> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).get(of).cloned()
    }

    pub(super) fn note_thread(&self, of: String, id: Option<String>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        match id {
            Some(id) => drop(threads.insert(of, id)),
            None => drop(threads.remove(&of)),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn limit(&self) -> Duration {
        self.clock.in_real(self.settings.limit)
    }

    /// In fast time no real incidents happen: nothing leaves this machine.
    pub(super) fn may_reach(&self, url: &Url) -> Result<(), Delivery> {
        if is_here(url) || !self.clock.is_fast() {
            return Ok(());
        }
        Err(Delivery::Unfit { words: "not sent: the clock runs fast, and the address is not on this machine".into() })
    }

    pub(super) fn extra_roots(&self) -> &[CertificateDer<'static>] {
        &self.settings.extra_roots
    }

    /// Sends a request and reads the answer; the error is the result without an answer.
    pub(super) async fn ask(&self, ask: Ask, redactor: &Redactor) -> Result<Answer, Delivery> {
        let asked = self.clock.timeout(self.limit(), self.exchange(ask, redactor)).await;
        let mut response = asked.unwrap_or_else(|elapsed| Err(Delivery::TryAgain { words: elapsed.to_string(), after: None }))?;
        let mut body = Vec::new();
        // A body that breaks off or never ends is ignored: the status has arrived.
        let reading = async {
            while let Ok(Some(bytes)) = response.chunk().await {
                body.extend_from_slice(&bytes[..bytes.len().min(READ - body.len())]);
                if body.len() == READ {
                    break;
                }
            }
        };
        let _ = self.clock.timeout(self.clock.in_real(BODY), reading).await;
        Ok(Answer::new(response.status(), response.headers().clone(), body, self.clock.now(), redactor))
    }

    async fn exchange(&self, ask: Ask, redactor: &Redactor) -> Result<Response, Delivery> {
        let try_again = |words: String| Delivery::TryAgain { words: quoted(words.as_bytes(), redactor), after: None };
        let rejected = |words: &str| Delivery::Rejected { words: words.into() };
        let client = self.client().await.map_err(try_again)?;
        let url = Url::parse(&ask.url).map_err(|_| rejected("the URL is not valid"))?;
        self.may_reach(&url)?;
        let mut headers = HeaderMap::new();
        for (name, value) in ask.headers {
            let mut value =
                HeaderValue::try_from(value).map_err(|_| rejected("the key holds characters that are not allowed in a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let request = client.request(ask.method, url).headers(headers).body(ask.body);
        request.send().await.map_err(|wrong| try_again(no_answer(wrong)))
    }

    /// The shared HTTP client: proxies, trusted certificates, no redirects.
    pub async fn client(&self) -> Result<&Client, String> {
        let build = || async {
            let settings = self.settings.clone();
            let made = spawn_blocking(move || client(&settings)).await;
            made.unwrap_or_else(|wrong| Err(wrong.to_string()))
        };
        self.client.get_or_try_init(build).await
    }
}

fn rendered_by_default(message: &Message, markup: Markup) -> Rendered {
    rendered(None, None, message, markup.writer())
}

fn client(settings: &SenderSettings) -> Result<Client, String> {
    let builder = || -> Result<reqwest::ClientBuilder, SenderError> {
        let plain = Client::builder()
            .user_agent(AGENT)
            .redirect(redirect::Policy::none())
            .referer(false)
            // Messages are rare: the server would have closed an idle connection.
            .pool_max_idle_per_host(0)
            // The environment is read by the settings.
            .no_proxy();
        Ok(proxies(&settings.proxies)?.into_iter().fold(plain, reqwest::ClientBuilder::proxy))
    };
    let trusting = |only: bool| {
        let (builder, roots) =
            (builder().map_err(|wrong| wrong.to_string())?, roots(&settings.extra_roots).map_err(|wrong| wrong.to_string())?);
        let builder = if only { builder.tls_certs_only(roots) } else { builder.tls_certs_merge(roots) };
        builder.build().map_err(no_answer)
    };
    // On a machine without trusted certificates, `http://` still works.
    trusting(false).or_else(|wrong| trusting(true).map_err(|_| wrong))
}

fn proxies(settings: &Proxies) -> Result<Vec<Proxy>, SenderError> {
    let none = settings.none.as_deref().and_then(NoProxy::from_string);
    let one = |name, address: &Option<String>, make: fn(&str) -> reqwest::Result<Proxy>| {
        let made = address.as_deref().filter(|address| !address.trim().is_empty()).map(|address| make(address.trim()));
        made.transpose().map(|made| made.map(|proxy| proxy.no_proxy(none.clone()))).map_err(|_| SenderError::Proxy(name))
    };
    let named = [
        one("HTTP_PROXY", &settings.http, |address| Proxy::http(address))?,
        one("HTTPS_PROXY", &settings.https, |address| Proxy::https(address))?,
        one("ALL_PROXY", &settings.all, |address| Proxy::all(address))?,
    ];
    Ok(named.into_iter().flatten().collect())
}

fn roots(certificates: &[CertificateDer<'static>]) -> Result<Vec<Certificate>, SenderError> {
    let mut probe = rustls::RootCertStore::empty();
    let read = |certificate: &CertificateDer<'static>| {
        probe.add(certificate.clone()).map_err(|wrong| SenderError::Root(wrong.to_string()))?;
        Certificate::from_der(certificate).map_err(|_| SenderError::Root("it is not a certificate".into()))
    };
    certificates.iter().map(read).collect()
}

/// Where it failed, and the innermost reason. Never the URL, which may be a secret.
fn no_answer(wrong: reqwest::Error) -> String {
    let wrong = wrong.without_url();
    let at = if wrong.is_connect() { "no connection" } else { "no answer" };
    format!("{at}: {}", innermost(&wrong))
}
