//! The HTTP client of all channels: asks and reads the answer, with proxies and timeouts, without redirects. It knows no channels.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, NoProxy, Proxy, Response, redirect};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use url::Url;

use super::answer::{Answer, READ, quoted};
use super::redactor::Redactor;
use crate::clock::Clock;
use crate::model::{Delivery, NetworkError, Proxies, innermost, is_loopback};

/// Time limit for the body: the status has already decided.
const BODY: Duration = Duration::from_secs(5);

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

    pub(super) fn json_bytes(self, body: Vec<u8>) -> Self {
        self.body("application/json", body)
    }

    pub(super) fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header(CONTENT_TYPE, content_type.to_owned())
    }
}

pub(super) struct HttpClient {
    clock: Clock,
    settings: SenderSettings,
    /// Created on first use: it reads the trusted certificates from disk.
    client: OnceCell<Client>,
}

impl HttpClient {
    pub(super) fn new(clock: Clock, settings: SenderSettings) -> Result<Self, NetworkError> {
        proxies(&settings.proxies)?;
        roots(&settings.extra_roots)?;
        Ok(Self { clock, settings, client: OnceCell::new() })
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn limit(&self) -> Duration {
        self.clock.in_real(self.settings.limit)
    }

    /// In fast time no real incidents happen: nothing leaves this machine.
    pub(super) fn may_reach(&self, url: &Url) -> Result<(), Delivery> {
        if is_loopback(url) || !self.clock.is_fast() {
            return Ok(());
        }
        Err(Delivery::Unfit { words: "not sent: the clock runs fast, and the address is not on this machine".into() })
    }

    pub(super) fn settings(&self) -> &SenderSettings {
        &self.settings
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
        let client = self.client().await.map_err(|wrong| try_again(wrong.to_string()))?;
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

    pub(super) async fn client(&self) -> Result<&Client, NetworkError> {
        let build = || async {
            let settings = self.settings.clone();
            let made = spawn_blocking(move || client(&settings)).await;
            made.unwrap_or_else(|wrong| Err(NetworkError::Client(wrong.to_string())))
        };
        self.client.get_or_try_init(build).await
    }
}

fn client(settings: &SenderSettings) -> Result<Client, NetworkError> {
    let builder = || -> Result<reqwest::ClientBuilder, NetworkError> {
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
        let (builder, roots) = (builder()?, roots(&settings.extra_roots)?);
        let builder = if only { builder.tls_certs_only(roots) } else { builder.tls_certs_merge(roots) };
        builder.build().map_err(|wrong| NetworkError::Client(no_answer(wrong)))
    };
    // On a machine without trusted certificates, `http://` still works.
    trusting(false).or_else(|wrong| trusting(true).map_err(|_| wrong))
}

fn proxies(proxies: &Proxies) -> Result<Vec<Proxy>, NetworkError> {
    let none = proxies.none.as_deref().and_then(NoProxy::from_string);
    let one = |name, address: &Option<String>, make: fn(&str) -> reqwest::Result<Proxy>| {
        let made = address.as_deref().filter(|address| !address.trim().is_empty()).map(|address| make(address.trim()));
        made.transpose().map(|made| made.map(|proxy| proxy.no_proxy(none.clone()))).map_err(|_| NetworkError::Proxy(name))
    };
    let named = [
        one("HTTP_PROXY", &proxies.http, |address| Proxy::http(address))?,
        one("HTTPS_PROXY", &proxies.https, |address| Proxy::https(address))?,
        one("ALL_PROXY", &proxies.all, |address| Proxy::all(address))?,
    ];
    Ok(named.into_iter().flatten().collect())
}

fn roots(certificates: &[CertificateDer<'static>]) -> Result<Vec<Certificate>, NetworkError> {
    let mut probe = rustls::RootCertStore::empty();
    let read = |certificate: &CertificateDer<'static>| {
        probe.add(certificate.clone()).map_err(|wrong| NetworkError::Root(wrong.to_string()))?;
        Certificate::from_der(certificate).map_err(|_| NetworkError::Root("it is not a certificate".into()))
    };
    certificates.iter().map(read).collect()
}

/// Where it failed, and the innermost reason. Never the URL, which may be a secret.
fn no_answer(wrong: reqwest::Error) -> String {
    let wrong = wrong.without_url();
    let at = if wrong.is_connect() { "no connection" } else { "no answer" };
    format!("{at}: {}", innermost(&wrong))
}
