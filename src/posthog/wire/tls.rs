//! TLS with the certificates of this machine and of a private authority, with a full handshake on every dial, and clear errors.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::task::{JoinError, spawn_blocking};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Cut;
use super::exchange::{obstacle_here, obstacle_of_io};
use crate::model::{NetworkError, Obstacle, Phase};

/// Opens TLS connections. The trusted certificates are read on first use: with `http://` only,
/// a machine without certificates works, and the start is not delayed.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    extra_roots: Vec<CertificateDer<'static>>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, NetworkError> {
        let mut probe = rustls::RootCertStore::empty();
        for root in extra_roots {
            probe.add(root.clone()).map_err(|wrong| NetworkError::Root(wrong.to_string()))?;
        }
        Ok(Self { provider: Arc::new(aws_lc_rs::default_provider()), extra_roots: extra_roots.to_vec(), connector: OnceCell::new() })
    }

    /// Reads the trusted certificates, once. Separate from [`Tls::agree`], so that reading files does not count as
    /// handshake time and does not block other requests.
    pub(super) async fn prepare(&self) -> Result<&TlsConnector, Cut> {
        let build = || async {
            let (roots, provider) = (self.extra_roots.clone(), Arc::clone(&self.provider));
            spawn_blocking(move || connector(roots, provider)).await?.map_err(Unprepared::from)
        };
        // An error is not cached: this machine may have lacked descriptors for a moment.
        self.connector.get_or_try_init(build).await.map_err(|wrong: Unprepared| Cut::new(Phase::Tls, obstacle_here(), wrong.to_string()))
    }

    pub(super) async fn agree<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = self.prepare().await?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Cut::new(Phase::Tls, Obstacle::WrongName, format!("`{host}` is not a valid name for a certificate")))?;
        connector.connect(name, stream).await.map_err(|wrong| explain(host, &wrong))
    }
}

/// Why the trusted certificates could not be read.
#[derive(Debug, thiserror::Error)]
enum Unprepared {
    #[error(transparent)]
    Tls(#[from] Error),
    #[error(transparent)]
    Stopped(#[from] JoinError),
}

fn connector(extra_roots: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<TlsConnector, Error> {
    let verifier = Verifier::new_with_extra_roots(extra_roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Telling(verifier)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session skips the certificate: an expired one would go unnoticed, and the phase would look shorter
    // than for a new visitor.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Wraps the platform's verifier and accepts the same certificates. For an untrusted chain it also finds out why: the
/// certificate is self-signed, was sent without its issuer, or leads to an unknown authority.
#[derive(Debug)]
struct Telling(Verifier);

#[derive(Debug, thiserror::Error)]
#[error("the certificate's issuer is not trusted")]
struct Untrusted(Obstacle);

impl ServerCertVerifier for Telling {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        found.map_err(|wrong| match &wrong {
            // Each verifier has its own error for a certificate that is not a server's: one is a self-signed CA certificate.
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)) => {
                let untrusted = Untrusted(why_untrusted(end_entity, intermediates));
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
            }
            _ => wrong,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn why_untrusted(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Obstacle {
    let is_self_signed = webpki::EndEntityCert::try_from(end_entity).is_ok_and(|cert| cert.issuer() == cert.subject());
    match (is_self_signed, intermediates.is_empty()) {
        (true, _) => Obstacle::SelfSigned,
        (false, true) => Obstacle::IncompleteChain,
        (false, false) => Obstacle::PrivateAuthority,
    }
}

fn explain(host: &str, wrong: &std::io::Error) -> Cut {
    let error = wrong.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let (obstacle, words) = match error {
        Some(Error::InvalidCertificate(why)) => certificate(host, why),
        Some(Error::AlertReceived(alert)) => alerted(*alert),
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => {
            (Obstacle::NotTls, "the server does not speak TLS on this port: it answered with something else".to_owned())
        }
        Some(Error::PeerIncompatible(why)) => (Obstacle::OldTls, format!("no TLS version or cipher in common with the server ({why:?})")),
        _ => match wrong.kind() {
            std::io::ErrorKind::UnexpectedEof => (Obstacle::Closed, "the server closed the connection during the TLS handshake".to_owned()),
            std::io::ErrorKind::ConnectionReset => (Obstacle::Reset, "the server reset the connection during the TLS handshake".to_owned()),
            _ => (obstacle_of_io(wrong), wrong.to_string()),
        },
    };
    Cut::new(Phase::Tls, obstacle, words)
}

fn certificate(host: &str, why: &CertificateError) -> (Obstacle, String) {
    let obstacle = match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Obstacle::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Obstacle::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Obstacle::WrongName,
        CertificateError::Other(other) => other.0.downcast_ref::<Untrusted>().map_or(Obstacle::Other, |Untrusted(why)| *why),
        _ => Obstacle::Other,
    };
    let is = match obstacle {
        Obstacle::Expired => "has expired",
        Obstacle::NotYetValid => "is not valid yet",
        Obstacle::WrongName => return (obstacle, format!("the certificate is for another name than {host}")),
        Obstacle::SelfSigned => "is self-signed",
        Obstacle::IncompleteChain => "was sent without its issuer's certificate, and that issuer is not trusted here",
        Obstacle::PrivateAuthority => "is signed by an authority that this machine does not trust",
        _ => return (obstacle, format!("the certificate of {host} is not accepted: {why}")),
    };
    (obstacle, format!("the certificate of {host} {is}"))
}

fn alerted(alert: AlertDescription) -> (Obstacle, String) {
    let (obstacle, words) = match alert {
        AlertDescription::ProtocolVersion => (Obstacle::OldTls, "the server speaks no TLS version that is still in use (1.2 or 1.3)"),
        AlertDescription::CertificateRequired => (Obstacle::ClientCertificate, "the server requires a client certificate"),
        AlertDescription::UnrecognisedName => (Obstacle::WrongName, "the server does not know this host name"),
        other => return (Obstacle::Other, format!("the server rejected the TLS handshake: {other:?}")),
    };
    (obstacle, words.to_owned())
}
