//! What the way to PostHog depends on beside its address: proxies, and a private certificate authority.

use rustls::pki_types::CertificateDer;

use crate::model::Proxies;

/// How to reach the network.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The proxies between.
    pub proxies: Proxies,
    /// Certificates of a private authority, trusted beside those of the machine.
    pub extra_roots: Vec<CertificateDer<'static>>,
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
