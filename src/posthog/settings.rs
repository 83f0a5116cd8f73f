//! What the way to PostHog depends on beside its address: proxies, and a private certificate authority.

use std::fmt;

use rustls::pki_types::CertificateDer;

/// How to reach the network.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The proxies between.
    pub proxies: Proxies,
    /// Certificates of a private authority, trusted beside those of the machine.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// The proxies, as the environment's variables name them. They hold for every address that [`Proxies::none`] does not
/// name, loopback included, as curl has it.
#[derive(Clone, Default)]
pub struct Proxies {
    /// `HTTP_PROXY`: for `http://` addresses.
    pub http: Option<String>,
    /// `HTTPS_PROXY`: for `https://` addresses.
    pub https: Option<String>,
    /// `ALL_PROXY`: where neither of them is set.
    pub all: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks that are reached directly.
    pub none: Option<String>,
}

/// Says which are set, and never to what: a proxy's address may hold a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| if value.is_some() { "set" } else { "not set" };
        f.debug_struct("Proxies")
            .field("http", &said(&self.http))
            .field("https", &said(&self.https))
            .field("all", &said(&self.all))
            .field("none", &self.none)
            .finish()
    }
}

/// Settings that no client can be made from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A proxy's address that is none. It is not quoted: it may hold a password.
    #[error(
        "{0} is not the address of a proxy that can be used: give `http://host:port` or `https://host:port`, with `user:password@` before the host if it asks for them"
    )]
    Proxy(&'static str),
    /// A private authority's certificate that cannot be read.
    #[error("the private CA certificate cannot be used: {0}")]
    Root(String),
}
