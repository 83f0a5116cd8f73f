//! One SMTP transaction: <https://www.rfc-editor.org/rfc/rfc5321>. A rejected recipient does not keep the mail from the others.
//! `smtps://` uses TLS from the first byte; `smtp://` requires STARTTLS, except on this machine.

use std::fs;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use rustls::pki_types::CertificateDer;
use tokio::task::spawn_blocking;
use url::{Host, Url};

use super::redactor::decoded;
use crate::clock::{Clock, Elapsed};
use crate::model::{Takes, is_loopback};

const FAREWELL: Duration = Duration::from_secs(2);
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    Whole,
    Upgraded,
    /// STARTTLS if the server offers it: the mail does not leave this machine.
    Offered,
    /// No TLS: the mail does not leave this machine.
    None,
}

pub(super) struct Server {
    host: String,
    port: u16,
    cover: Cover,
    user: Option<Credentials>,
}

pub(super) struct Envelope<'m> {
    pub(super) hello: String,
    pub(super) from: Address,
    pub(super) to: Vec<Address>,
    pub(super) mail: &'m [u8],
}

#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) accepted: Option<(Vec<Address>, String)>,
    /// Permanently rejected recipients, with the server's reply.
    pub(super) rejected: Vec<(Address, String)>,
    /// Temporarily rejected recipients, with the server's reply.
    pub(super) later: Vec<(Address, String)>,
}

#[derive(Debug)]
pub(super) enum Broken {
    Later(String),
    Channel(String),
    Message(String),
}

impl From<Error> for Broken {
    fn from(wrong: Error) -> Self {
        let words = wrong.to_string();
        // A permanent error of the server, or no supported login mechanism.
        if wrong.is_permanent() || wrong.is_client() { Self::Channel(words) } else { Self::Later(words) }
    }
}

impl Server {
    pub(super) fn read(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok()?;
        let name = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let (cover, usual) = match (url.scheme(), is_loopback(&url)) {
            ("smtps", _) => (Cover::Whole, 465),
            ("smtp", false) => (Cover::Upgraded, 587),
            ("smtp", true) if url.port() == Some(587) => (Cover::Offered, 587),
            ("smtp", true) => (Cover::None, 25),
            _ => return None,
        };
        let port = url.port().unwrap_or(usual);
        let user =
            (!url.username().is_empty()).then(|| Credentials::new(decoded(url.username()), decoded(url.password().unwrap_or_default())));
        Some(Self { host: name, port, cover, user })
    }

    /// Sends a mail within `limit`. Trusts `roots` in addition to the certificates of this machine.
    pub(super) async fn send(
        &self,
        envelope: Envelope<'_>,
        roots: &[CertificateDer<'static>],
        (clock, limit): (&Clock, Duration),
    ) -> Result<Outcome, Broken> {
        if self.cover != Cover::Whole && self.port == 465 {
            return Err(Broken::Channel(Takes::TLS_PORT.into()));
        }
        let begun = clock.monotonic();
        let hello = ClientId::Domain(envelope.hello);
        let silence = |elapsed: Elapsed| {
            let plain = if self.cover == Cover::Whole { "" } else { "; if the server uses TLS from the first byte, write smtps://" };
            Broken::Later(format!("{elapsed}{plain}"))
        };
        let mut line = clock.timeout(limit, self.connect(&hello, roots)).await.map_err(silence)??;
        let left = limit.saturating_sub(clock.monotonic().saturating_sub(begun));
        let talk = self.converse(&mut line, &envelope.from, envelope.to, envelope.mail);
        let outcome = clock.timeout(left, talk).await.unwrap_or_else(|elapsed| Err(Broken::Later(elapsed.to_string())));
        // The result is final even if `QUIT` fails.
        if outcome.is_ok() {
            let _ = clock.timeout(clock.in_real(FAREWELL), line.abort()).await;
        }
        outcome
    }

    async fn connect(&self, hello: &ClientId, roots: &[CertificateDer<'static>]) -> Result<AsyncSmtpConnection, Broken> {
        let tls = if self.cover == Cover::None { None } else { Some(self.parameters(roots).await?) };
        let whole = if self.cover == Cover::Whole { tls.clone() } else { None };
        let connected = AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), None, hello, whole, None).await;
        let mut line = connected.map_err(|wrong| {
            let is_plain = self.cover == Cover::Whole && speaks_plain(&wrong);
            match wrong.into() {
                Broken::Later(words) if is_plain => Broken::Channel(format!(
                    "the server does not use TLS from the first byte on this port: write smtp:// for STARTTLS ({words})"
                )),
                other => other,
            }
        })?;
        let turns = self.cover == Cover::Upgraded || (self.cover == Cover::Offered && line.can_starttls());
        if let Some(tls) = tls.filter(|_| turns) {
            line.starttls(tls, hello).await?;
        }
        Ok(line)
    }

    async fn converse(&self, line: &mut AsyncSmtpConnection, from: &Address, to: Vec<Address>, mail: &[u8]) -> Result<Outcome, Broken> {
        if let Some(user) = &self.user {
            line.auth(&[Mechanism::Plain, Mechanism::Login], user).await?;
        }
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let parameters = if is_ascii(from) && to.iter().all(is_ascii) {
            Vec::new()
        } else if line.server_info().supports_feature(Extension::SmtpUtfEight) {
            vec![MailParameter::SmtpUtfEight]
        } else {
            return Err(Broken::Channel("the server accepts only ASCII before the @ of an address".into()));
        };
        line.command(Mail::new(Some(from.clone()), parameters)).await?;
        let (mut accepted, mut outcome) = (Vec::new(), Outcome::default());
        for one in to {
            match line.command(Rcpt::new(one.clone(), Vec::new())).await {
                Ok(_) => accepted.push(one),
                Err(wrong) if wrong.is_permanent() => outcome.rejected.push((one, wrong.to_string())),
                // 421: the server closes the connection.
                Err(wrong) if wrong.is_transient() && wrong.status().is_none_or(|code| u16::from(code) != 421) => {
                    outcome.later.push((one, wrong.to_string()));
                }
                Err(wrong) => return Err(wrong.into()),
            }
        }
        if accepted.is_empty() {
            return Ok(outcome);
        }
        let offered = async {
            line.command(Data).await?;
            line.message(mail).await
        };
        // Sender and recipients were accepted: a rejection now is about the content.
        let response = offered.await.map_err(|wrong| match wrong.into() {
            Broken::Channel(words) => Broken::Message(words),
            other => other,
        })?;
        let words = format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "));
        Ok(Outcome { accepted: Some((accepted, words)), ..outcome })
    }

    /// Reads the trusted certificates from disk, on a blocking thread.
    async fn parameters(&self, roots: &[CertificateDer<'static>]) -> Result<TlsParameters, Broken> {
        let (host, roots) = (self.host.clone(), roots.to_vec());
        let made = spawn_blocking(move || {
            let roots = roots.into_iter().map(|root| Certificate::from_der(root.to_vec())).collect::<Result<Vec<_>, _>>()?;
            roots.into_iter().fold(TlsParameters::builder(host), TlsParametersBuilder::add_root_certificate).build()
        });
        made.await.map_err(|wrong| Broken::Later(wrong.to_string()))?.map_err(|wrong| Broken::Later(wrong.to_string()))
    }
}

/// Whether the server answered the TLS handshake with something other than TLS.
fn speaks_plain(wrong: &Error) -> bool {
    let mut reason = std::error::Error::source(wrong);
    while let Some(inner) = reason {
        let tls = inner.downcast_ref::<rustls::Error>().or_else(|| {
            inner.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>())
        });
        if matches!(tls, Some(rustls::Error::InvalidMessage(_))) {
            return true;
        }
        reason = inner.source();
    }
    false
}

/// The name for `EHLO`: this machine's, if fully qualified; many servers reject a short name.
pub(super) async fn host_name() -> Option<String> {
    let read = spawn_blocking(|| fs::read_to_string(HOST_NAME)).await;
    let name = read.ok()?.ok()?.trim().to_lowercase();
    let is_whole = name.contains('.') && matches!(Host::parse(&name), Ok(Host::Domain(_)));
    (is_whole && name != "localhost.localdomain").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mail_that_stays_on_this_machine_goes_without_tls() {
        for (address, host, port, cover) in [
            ("smtps://u:p@mail.example.com", "mail.example.com", 465, Cover::Whole),
            ("smtps://localhost", "localhost", 465, Cover::Whole),
            ("smtp://mail.example.com", "mail.example.com", 587, Cover::Upgraded),
            ("smtp://mail.example.com:2525", "mail.example.com", 2525, Cover::Upgraded),
            ("smtp://127.0.0.1.example.com", "127.0.0.1.example.com", 587, Cover::Upgraded),
            ("smtp://[2001:db8::1]", "2001:db8::1", 587, Cover::Upgraded),
            ("smtp://localhost", "localhost", 25, Cover::None),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Cover::None),
            ("smtp://[::1]:1025", "::1", 1025, Cover::None),
            ("smtp://localhost:587", "localhost", 587, Cover::Offered),
        ] {
            let read = Server::read(address).unwrap();
            assert_eq!((read.host.as_str(), read.port, read.cover), (host, port, cover), "{address}");
        }
        for address in ["http://mail.example.com", "mail.example.com", "smtp://", ""] {
            assert!(Server::read(address).is_none(), "{address}");
        }
    }

    #[test]
    fn user_and_password_are_read_from_the_address() {
        let read = Server::read("smtps://me%40example.com:p%2Fw%20d@mail.example.com").unwrap();
        assert_eq!(read.user, Some(Credentials::new("me@example.com".into(), "p/w d".into())));
        assert_eq!(Server::read("smtps://mail.example.com").unwrap().user, None);
    }

    #[tokio::test]
    async fn a_port_that_speaks_tls_alone_is_not_spoken_to_in_plain() {
        let address: Address = "a@example.com".parse().unwrap();
        let envelope = Envelope { hello: "example.com".into(), from: address.clone(), to: vec![address], mail: b"" };
        let (clock, _hand) = Clock::hand(crate::model::Timestamp::from_ms(0));
        let sent = Server::read("smtp://127.0.0.1:465").unwrap().send(envelope, &[], (&clock, Duration::from_secs(20))).await;
        assert!(matches!(sent, Err(Broken::Channel(words)) if words.contains("smtps://")));
    }
}
