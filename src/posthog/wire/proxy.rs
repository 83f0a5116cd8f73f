//! Forward proxies: which one applies to a URL, and how to open a tunnel.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Cut, Origin};
use crate::model::{NetworkError, Obstacle, Phase, Proxies};

/// A proxy's answer to CONNECT is a few lines; more means something else answered.
const MOST_OF_A_HEAD: usize = 8 * 1024;

/// Which proxy applies to which URL, and which variable sets it.
pub(crate) struct Rules {
    matcher: Matcher,
    /// Whether `HTTP_PROXY` and `HTTPS_PROXY` are set; otherwise `ALL_PROXY` applies.
    own: (bool, bool),
}

#[derive(Debug)]
pub(crate) enum Way {
    Direct,
    /// The proxy sends the request: plain http.
    Forward(Proxy),
    /// The proxy only forwards bytes: https.
    Tunnel(Proxy),
}

/// Its `Display` shows no password.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(super) origin: Origin,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) variable: &'static str,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NoTunnel {
    #[error("it broke off: {0}")]
    BrokenOff(#[from] std::io::Error),
    #[error("it does not speak HTTP")]
    NotHttp,
    #[error("it opened no tunnel to {to}: `{answer}`")]
    Rejected { to: String, answer: String },
}

impl Rules {
    pub(crate) fn new(proxies: &Proxies) -> Result<Self, NetworkError> {
        let http = usable("HTTP_PROXY", proxies.http.as_deref())?;
        let https = usable("HTTPS_PROXY", proxies.https.as_deref())?;
        let all = usable("ALL_PROXY", proxies.all.as_deref())?;
        let none = proxies.none.clone().unwrap_or_default();
        if none.split(',').any(|entry| entry.trim() == "*") {
            // The matcher accepts `*` for every name, but not for an IP address.
            return Ok(Self { matcher: Matcher::builder().build(), own: (false, false) });
        }
        let own = (!http.is_empty(), !https.is_empty());
        Ok(Self { matcher: Matcher::builder().http(http).https(https).all(all).no(none).build(), own })
    }

    pub(super) fn way(&self, origin: &Origin) -> Way {
        let found = self.matcher.intercept(&origin.uri(http::uri::PathAndQuery::from_static("/")));
        let proxy = found.and_then(|found| {
            let authorization = found.basic_auth().cloned();
            let variable = match (origin.is_https(), self.own) {
                (true, (_, true)) => "HTTPS_PROXY",
                (false, (true, _)) => "HTTP_PROXY",
                _ => "ALL_PROXY",
            };
            Origin::of(found.uri()).map(|origin| Proxy { origin, authorization, variable })
        });
        match proxy {
            None => Way::Direct,
            Some(proxy) if origin.is_https() => Way::Tunnel(proxy),
            Some(proxy) => Way::Forward(proxy),
        }
    }
}

/// Validates a proxy's URL: the matcher silently ignores what it does not understand.
fn usable(variable: &'static str, written: Option<&str>) -> Result<String, NetworkError> {
    let written = written.map_or("", str::trim);
    if written.is_empty() {
        return Ok(String::new());
    }
    let whole = if written.contains("://") { written.to_owned() } else { format!("http://{written}") };
    let uri: Uri = whole.parse().map_err(|_| NetworkError::Proxy(variable))?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if is_http && uri.host().is_some_and(|host| !host.is_empty()) { Ok(whole) } else { Err(NetworkError::Proxy(variable)) }
}

impl Proxy {
    pub(super) fn cut(&self, obstacle: Obstacle, words: &str) -> Cut {
        Cut::new(Phase::ForwardProxy, obstacle, format!("the forward proxy {} (set by {}): {words}", self.origin, self.variable))
    }

    pub(super) async fn open_tunnel(&self, target: &Origin, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), NoTunnel> {
        let to = target.host_and_port();
        let mut ask = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            ask.extend_from_slice(b"Proxy-Authorization: ");
            ask.extend_from_slice(authorization.as_bytes());
            ask.extend_from_slice(b"\r\n");
        }
        ask.extend_from_slice(b"\r\n");
        stream.write_all(&ask).await?;
        let mut head = Vec::with_capacity(256);
        // Byte by byte, so that no byte of the TLS stream is consumed; once per dial.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > MOST_OF_A_HEAD {
                return Err(NoTunnel::NotHttp);
            }
            head.push(stream.read_u8().await?);
        }
        let first = String::from_utf8_lossy(&head);
        let first = first.lines().next().unwrap_or_default();
        match first.split(' ').nth(1) {
            Some(status) if status.starts_with('2') && first.starts_with("HTTP/1.") => Ok(()),
            _ => Err(NoTunnel::Rejected { to, answer: first.to_owned() }),
        }
    }
}
