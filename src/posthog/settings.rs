//! Settings of the network: proxies and a private certificate authority.

use rustls::pki_types::CertificateDer;

use crate::model::Proxies;

#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub proxies: Proxies,
    pub extra_roots: Vec<CertificateDer<'static>>,
}
