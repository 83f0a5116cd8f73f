//! Settings of the network: proxies and a private certificate authority.

use rustls::pki_types::CertificateDer;

use crate::model::Proxies;

#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub proxies: Proxies,
    pub extra_roots: Vec<CertificateDer<'static>>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Names the variable; the value is not quoted, as it may hold a password.
    #[error(
        "{0} is not a valid proxy URL: give `http://host:port` or `https://host:port`, with `user:password@` before the host if the proxy requires them"
    )]
    Proxy(&'static str),
    #[error("the private CA certificate cannot be used: {0}")]
    Root(String),
}
