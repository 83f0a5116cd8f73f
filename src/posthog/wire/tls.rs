//! TLS: the machine's own trust and a private authority's, agreed on afresh at every dial.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::posthog::SettingsError;

/// Makes TLS connections. What it trusts is read from the machine when the first is made: where only `http://` is spoken,
/// a machine without certificates is no trouble, and a start costs no reading.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    extra_roots: Vec<CertificateDer<'static>>,
    connector: OnceCell<Result<TlsConnector, String>>,
}

impl Tls {
    /// With these certificates trusted beside the machine's own.
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, SettingsError> {
        let mut probe = rustls::RootCertStore::empty();
        for root in extra_roots {
            probe.add(root.clone()).map_err(|wrong| SettingsError::Root(wrong.to_string()))?;
        }
        Ok(Self { provider: Arc::new(aws_lc_rs::default_provider()), extra_roots: extra_roots.to_vec(), connector: OnceCell::new() })
    }

    /// Reads what the machine trusts, once. Apart from [`Tls::agree`], so that the files are not read in the time that a
    /// handshake is said to take, nor on a thread that other requests need.
    pub(super) async fn prepare(&self) -> Result<&TlsConnector, String> {
        let build = || async {
            let (roots, provider) = (self.extra_roots.clone(), Arc::clone(&self.provider));
            spawn_blocking(move || connector(roots, provider)).await.unwrap_or_else(|wrong| Err(wrong.to_string()))
        };
        self.connector.get_or_init(build).await.as_ref().map_err(Clone::clone)
    }

    /// Agrees on TLS with `host` over `stream`.
    pub(super) async fn agree<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = self.prepare().await?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("`{host}` is no name that a certificate can hold"))?;
        connector.connect(name, stream).await.map_err(|wrong| wrong.to_string())
    }
}

fn connector(extra_roots: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<TlsConnector, String> {
    let in_words = |wrong: rustls::Error| wrong.to_string();
    let verifier = Verifier::new_with_extra_roots(extra_roots, Arc::clone(&provider)).map_err(in_words)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(in_words)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session skips the certificate: one that has expired would go unnoticed, and the phase would look shorter
    // than it is for a new visitor.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}
