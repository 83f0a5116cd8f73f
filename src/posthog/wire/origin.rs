//! An origin: scheme, host and port. What one connection leads to.

use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

/// Scheme, host and port of an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: Scheme,
    authority: Authority,
    port: u16,
}

impl Origin {
    /// The origin of an http(s) address; none when it is no such address.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let scheme = uri.scheme()?.clone();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?.clone();
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let port = authority.port_u16().unwrap_or(usual);
        Some(Self { scheme, authority, port })
    }

    /// Whether TLS is spoken.
    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host's name or address, without the brackets of IPv6.
    pub(super) fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, also where the address leaves it out.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `host:port` as CONNECT wants it, with the brackets of IPv6.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.authority.host(), self.port)
    }

    /// The `Host` header: `host`, or `host:port` where the port is written.
    pub(super) fn host_header(&self) -> HeaderValue {
        HeaderValue::from_str(self.authority.as_str()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The whole address of a path here.
    pub(crate) fn uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        // All three parts are there, and each was parsed: this cannot fail.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}
