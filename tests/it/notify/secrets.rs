//! No secret of a channel is ever shown: not when the service repeats everything it was sent, not in Debug, not in a log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use heartbeat::model::{ChannelKind, NotificationKind, Proxies, SecretUrl};
use heartbeat::notify::{Method, Ping, PingState, SenderSettings};

use super::bed::{BY_HTTP, channel_at, deliver, message, nobody, sender, sender_with};
use crate::support::scripted::{Act, Server, answer};

/// Everything that was logged, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Hears what this thread logs until the guard is dropped.
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || log.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A service that repeats what it was asked: its path, in short and in full, its headers and its body.
async fn echo(status: &'static str, as_page: bool) -> Server {
    Server::start(move |_, request| {
        let path = request.line().split(' ').nth(1).unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let secrets: Vec<&str> = request.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("authorization")).collect();
        let page = if as_page { "<html>" } else { "" };
        let from = body.find("_key").or(body.find("topic")).unwrap_or(0);
        let said = format!("{page}{path} {} {}", secrets.join(" "), &body[from..]);
        answer(status, &format!("location: http://example.com{path}\r\n"), &said)
    })
    .await
}

#[tokio::test]
async fn a_service_that_repeats_everything_gives_nothing_away() {
    let log = Log::default();
    let _heard = log.listen();
    tracing::trace!("the log is heard");
    let sender = sender().0;
    for kind in BY_HTTP {
        for (status, as_page) in [
            ("200 OK", false),
            ("200 OK", true),
            ("302 Found", false),
            ("400 Bad Request", false),
            ("404 Not Found", false),
            ("429 Too Many Requests", false),
            ("500 Internal Server Error", true),
        ] {
            let server = echo(status, as_page).await;
            let (channel, secrets) = channel_at(kind, &server.base());
            for notification in [NotificationKind::Opened, NotificationKind::Resolved] {
                let delivery = deliver(&sender, &channel, &message(notification)).await;
                let shown = format!("{delivery:?} {channel:?} {sender:?} {}", log.text());
                for secret in &secrets {
                    assert!(!shown.contains(secret), "{kind} {status}: `{secret}` in {delivery:?} or the log");
                }
            }
            assert!(!server.requests().is_empty());
        }
    }
    assert!(log.text().contains("the log is heard"));
}

#[tokio::test]
async fn a_connection_that_fails_gives_nothing_away() {
    let log = Log::default();
    let _heard = log.listen();
    let sender = sender().0;
    for kind in BY_HTTP {
        let nobody = nobody().await;
        for base in [format!("http://{nobody}"), format!("https://{nobody}")] {
            let (channel, secrets) = channel_at(kind, &base);
            let delivery = deliver(&sender, &channel, &message(NotificationKind::Opened)).await;
            let reset = Server::start(|_, _| Act::Reset).await;
            let (other, _) = channel_at(kind, &reset.base());
            let broken = deliver(&sender, &other, &message(NotificationKind::Opened)).await;
            let shown = format!("{delivery:?} {broken:?} {}", log.text());
            for secret in &secrets {
                assert!(!shown.contains(secret), "{kind}: `{secret}` in {delivery:?}, {broken:?} or the log");
            }
        }
    }
}

#[tokio::test]
async fn a_ping_gives_its_address_away_to_nobody() {
    let log = Log::default();
    let _heard = log.listen();
    for status in ["200 OK", "404 Not Found", "500 Internal Server Error", "302 Found"] {
        let server = echo(status, false).await;
        let ping = Ping { url: SecretUrl::parse(&format!("{}/ping/5ecretUu1d", server.base())).unwrap(), method: Method::GET };
        let sender = sender().0;
        let delivery = ping.send(&sender, PingState::Fail).await;
        let shown = format!("{delivery:?} {ping:?} {}", log.text());
        assert!(!shown.contains("5ecretUu1d"), "{status}: {delivery:?}");
        assert!(server.requests()[0].line().contains("5ecretUu1d/fail"));
    }
}

#[tokio::test]
async fn a_proxys_password_is_shown_to_nobody() {
    let proxies = Proxies { http: Some(format!("http://me:Pr0xyPassword@{}", nobody().await)), ..Proxies::default() };
    let settings = SenderSettings { proxies, ..SenderSettings::default() };
    let sender = sender_with(&settings).0;
    let (channel, _) = channel_at(ChannelKind::Slack, "http://hooks.example.com");
    let delivery = deliver(&sender, &channel, &message(NotificationKind::Opened)).await;
    let shown = format!("{delivery:?} {sender:?} {settings:?}");
    assert!(!shown.contains("Pr0xyPassword") && !shown.contains("bWU6UHIweHlQYXNzd29yZA"), "{shown}");
}
