//! E-mail by SMTP: plain text, one mail to all recipients. <https://www.rfc-editor.org/rfc/rfc5321>, and for what mails of machines hold
//! <https://www.rfc-editor.org/rfc/rfc3834>.
//!
//! `smtps://` is TLS from the first byte; `smtp://` must turn to TLS (STARTTLS) before anything is said, but on this machine. `Message-ID` comes
//! from the notice, so that a double is known for one; `References` from the incident, so that its mails form a thread.

use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailboxes, Message as Mail, SinglePart};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters, TlsParametersBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use tokio::task::spawn_blocking;
use url::{Host, Url};

use super::Delivered;
use crate::model::Delivery;
use crate::notify::answer::quoted;
use crate::notify::call::Call;
use crate::notify::send::AGENT;
use crate::notify::text;
use crate::notify::veil::decoded;

const SUBJECT: usize = 200;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let refused = |words: String| Delivery::Refused { words };
    let mail = mail(call).map_err(|wrong| refused(format!("the mail cannot be made: {wrong}")))?;
    let server = Server::read(call.value("url")).ok_or_else(|| refused("its address is no smtp:// or smtps:// one".into()))?;
    if let Ok(url) = Url::parse(call.value("url")) {
        call.sender.may_reach(&url)?;
    }
    let roots = call.sender.extra_roots().to_vec();
    // Reading what the machine trusts is no work for a thread that others need.
    let transport = spawn_blocking(move || {
        let roots = roots.into_iter().map(|root| Certificate::from_der(root.to_vec())).collect::<Result<Vec<_>, _>>()?;
        server.transport(roots)
    });
    let try_again = |words: String| Delivery::TryAgain { words: quoted(words.as_bytes(), &call.veil), after: None };
    let transport = match transport.await {
        Ok(Ok(transport)) => transport.timeout(Some(call.sender.limit())).build::<Tokio1Executor>(),
        Ok(Err(wrong)) => return Err(try_again(wrong.to_string())),
        Err(wrong) => return Err(try_again(wrong.to_string())),
    };
    Ok(match call.sender.clock().timeout(call.sender.limit(), send(transport, mail)).await {
        Ok(Ok(words)) => Delivery::Taken(quoted(words.as_bytes(), &call.veil)),
        Ok(Err(wrong)) => {
            let words = quoted(wrong.to_string().as_bytes(), &call.veil);
            // Whatever is permanent by the server's word, and a server that offers no way in that we know.
            if wrong.is_permanent() || wrong.is_client() { Delivery::Refused { words } } else { try_again(words) }
        }
        Err(elapsed) => try_again(elapsed.to_string()),
    })
}

async fn send(transport: AsyncSmtpTransport<Tokio1Executor>, mail: Mail) -> Result<String, lettre::transport::smtp::Error> {
    let response = transport.send(mail).await?;
    let words = response.message().collect::<Vec<_>>().join(" ");
    Ok(format!("{} {words}", response.code()))
}

fn mail(call: &Call<'_>) -> Result<Mail, Box<dyn std::error::Error + Send + Sync>> {
    let message = call.message();
    let from: Mailboxes = call.value("from").parse()?;
    let to: Mailboxes = call.value("to").parse()?;
    let from = from.into_single().ok_or(AddressError::MissingParts)?;
    let domain = from.email.domain().to_owned();
    let mut mail = Mail::builder()
        .date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(message.at.ms().unsigned_abs()))
        .from(from)
        .subject(text::cut(&text::line(&message.title), SUBJECT))
        .message_id(Some(format!("<{}@{domain}>", call.id())))
        .user_agent(AGENT.into())
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    for recipient in to {
        mail = mail.to(recipient);
    }
    if call.incident().is_some() {
        // No mail has this id: it is the root that all mails of the incident share, whichever of them comes first.
        let root = format!("<{}@{domain}>", call.key());
        mail = mail.in_reply_to(root.clone()).references(root);
    }
    Ok(mail.singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(call.text_with_link()))?)
}

/// When the conversation turns to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// From the first byte.
    Whole,
    /// By STARTTLS, before anything that matters is said; not at all where the server has none.
    Upgraded,
    /// Never: it does not leave this machine.
    None,
}

/// A mail server, as its address says it.
struct Server {
    host: String,
    port: u16,
    cover: Cover,
    user: Option<Credentials>,
}

impl Server {
    fn read(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok()?;
        // Of a protocol that is not the web's, an IPv4 address is read as a name.
        let name = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let is_here = match url.host()? {
            Host::Ipv6(ip) => ip.is_loopback(),
            _ => name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        };
        let (cover, usual) = match (url.scheme(), is_here) {
            ("smtps", _) => (Cover::Whole, 465),
            ("smtp", false) => (Cover::Upgraded, 587),
            ("smtp", true) => (Cover::None, 25),
            _ => return None,
        };
        let port = url.port().unwrap_or(usual);
        let user =
            (!url.username().is_empty()).then(|| Credentials::new(decoded(url.username()), decoded(url.password().unwrap_or_default())));
        Some(Self { host: name, port, cover, user })
    }

    fn transport(self, roots: Vec<Certificate>) -> Result<AsyncSmtpTransportBuilder, lettre::transport::smtp::Error> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.clone()).port(self.port);
        let parameters = || {
            let trusting = TlsParameters::builder(self.host.clone());
            roots.into_iter().fold(trusting, TlsParametersBuilder::add_root_certificate).build()
        };
        let tls = match self.cover {
            Cover::Whole => Tls::Wrapper(parameters()?),
            Cover::Upgraded => Tls::Required(parameters()?),
            Cover::None => Tls::None,
        };
        let builder = builder.tls(tls);
        Ok(match self.user {
            Some(user) => builder.credentials(user),
            None => builder,
        })
    }
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
}
