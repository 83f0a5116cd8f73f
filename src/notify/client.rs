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
use super::here::is_here;
use super::redactor::Redactor;
use crate::clock::Clock;
use crate::model::{Delivery, NetworkError, Proxies, innermost};

/// Time limit for the body: the status has already decided.
const BODY: Duration = Duration::from_secs(5);

pub(super) const AGENT: &str = concat!("heartbeat/", env!("CARGO_PKG_VERSION"));

/// The network: which way requests take, whom they trust, and how long they may take.
#[derive(Debug, Clone)]
pub(super) struct Network {
    pub(super) proxies: Proxies,
    pub(super) extra_roots: Vec<CertificateDer<'static>>,
    pub(super) limit: Duration,
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

pub(super) struct HttpClient {
    clock: Clock,
    network: Network,
    /// Created on first use: it reads the trusted certificates from disk.
    client: OnceCell<Client>,
}

impl HttpClient {
    pub(super) fn new(clock: Clock, network: Network) -> Result<Self, NetworkError> {
        proxies(&network.proxies)?;
        roots(&network.extra_roots)?;
        Ok(Self { clock, network, client: OnceCell::new() })
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn limit(&self) -> Duration {
        self.clock.in_real(self.network.limit)
    }

    /// In fast time no real incidents happen: nothing leaves this machine.
    pub(super) fn may_reach(&self, url: &Url) -> Result<(), Delivery> {
        if is_here(url) || !self.clock.is_fast() {
            return Ok(());
        }
        Err(Delivery::Unfit { words: "not sent: the clock runs fast, and the address is not on this machine".into() })
    }

    pub(super) fn extra_roots(&self) -> &[CertificateDer<'static>] {
        &self.network.extra_roots
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

    pub(super) async fn client(&self) -> Result<&Client, String> {
        let build = || async {
            let network = self.network.clone();
            let made = spawn_blocking(move || client(&network)).await;
            made.unwrap_or_else(|wrong| Err(wrong.to_string()))
        };
        self.client.get_or_try_init(build).await
    }
}

fn client(network: &Network) -> Result<Client, String> {
    let builder = || -> Result<reqwest::ClientBuilder, NetworkError> {
        let plain = Client::builder()
            .user_agent(AGENT)
            .redirect(redirect::Policy::none())
            .referer(false)
            // Messages are rare: the server would have closed an idle connection.
            .pool_max_idle_per_host(0)
            // The environment is read by the settings.
            .no_proxy();
        Ok(proxies(&network.proxies)?.into_iter().fold(plain, reqwest::ClientBuilder::proxy))
    };
    let trusting = |only: bool| {
        let (builder, roots) =
            (builder().map_err(|wrong| wrong.to_string())?, roots(&network.extra_roots).map_err(|wrong| wrong.to_string())?);
        let builder = if only { builder.tls_certs_only(roots) } else { builder.tls_certs_merge(roots) };
        builder.build().map_err(no_answer)
    };
    // On a machine without trusted certificates, `http://` still works.
    trusting(false).or_else(|wrong| trusting(true).map_err(|_| wrong))
}

fn proxies(settings: &Proxies) -> Result<Vec<Proxy>, NetworkError> {
    let none = settings.none.as_deref().and_then(NoProxy::from_string);
    let one = |name, address: &Option<String>, make: fn(&str) -> reqwest::Result<Proxy>| {
        let made = address.as_deref().filter(|address| !address.trim().is_empty()).map(|address| make(address.trim()));
        made.transpose().map(|made| made.map(|proxy| proxy.no_proxy(none.clone()))).map_err(|_| NetworkError::Proxy(name))
    };
    let named = [
        one("HTTP_PROXY", &settings.http, |address| Proxy::http(address))?,
        one("HTTPS_PROXY", &settings.https, |address| Proxy::https(address))?,
        one("ALL_PROXY", &settings.all, |address| Proxy::all(address))?,
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
