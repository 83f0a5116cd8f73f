//! Mail, against a small mail server of the tests' own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, NoticeKind};
use heartbeat::notify::SenderSettings;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::bed::{ID, KEY, channel, deliver, message, sender, sender_with, words};
use crate::support::scripted::{acceptor, eventually};

/// What a mail server heard: its commands, and the mails.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl Heard {
    fn commands(&self) -> Vec<String> {
        self.0.lock().unwrap().0.clone()
    }

    fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }
}

/// A mail server that takes everything but commands that begin with `but`, to which it answers `with`; to `SILENT` nothing.
async fn server(tls: Option<TlsAcceptor>, but: &'static str, with: &'static str) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let ours = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (heard, tls) = (ours.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => converse(stream, heard, but, with).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => converse(stream, heard, but, with).await,
                        Err(_) => None,
                    },
                }
            });
        }
    });
    (port, heard)
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, heard: Heard, but: &str, with: &str) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com ESMTP\r\n").await.ok()?;
    stream.flush().await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.0.lock().unwrap().0.push(line.clone());
        let command = line.split(' ').next().unwrap_or_default();
        let said = match command {
            _ if !but.is_empty() && line.starts_with(but) => {
                if with == "SILENT" {
                    std::future::pending::<()>().await;
                }
                with.replace("LINE", &line)
            }
            "EHLO" => "250-mail.example.com\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN".to_owned(),
            "AUTH" => "235 2.7.0 welcome".to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                stream.flush().await.ok()?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut mail).await.ok()?;
                }
                heard.0.lock().unwrap().1.push(mail);
                "250 2.0.0 queued as 12345".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{said}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

fn mail_to(url: &str) -> ChannelSpec {
    channel(
        ChannelKind::Email,
        &[("url", url), ("from", "Heartbeat <heartbeat@example.com>"), ("to", "a@example.org, Bee <b@example.org>")],
    )
}

fn headers(mail: &str) -> Vec<(String, String)> {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    head.lines().map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

fn header(mail: &str, name: &str) -> Option<String> {
    headers(mail).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[tokio::test]
async fn a_mail_is_sent_to_all_recipients_in_one_thread_an_incident() {
    let (port, heard) = server(None, "", "").await;
    let channel = mail_to(&format!("smtp://me%40example.com:Sm%2Ftp-Passw0rd@127.0.0.1:{port}"));
    let public_url = Some("https://heartbeat.example.com".parse().unwrap());
    let (sender, _) = sender_with(&SenderSettings { public_url, ..SenderSettings::default() });
    for notice in [NoticeKind::Opened, NoticeKind::Resolved, NoticeKind::Returned] {
        let delivery = deliver(&sender, &channel, &message(notice)).await;
        assert_eq!(delivery, Delivery::Taken("250 2.0.0 queued as 12345".into()));
    }
    let commands = heard.commands();
    let login = STANDARD.encode("\0me@example.com\0Sm/tp-Passw0rd");
    for expected in [format!("AUTH PLAIN {login}"), "RCPT TO:<a@example.org>".into(), "RCPT TO:<b@example.org>".into()] {
        assert_eq!(commands.iter().filter(|command| **command == expected).count(), 3, "{expected}: {commands:?}");
    }
    let mails = heard.mails();
    for mail in &mails {
        assert_eq!(header(mail, "message-id"), Some(format!("<{ID}@example.com>")));
        assert_eq!(header(mail, "auto-submitted").as_deref(), Some("auto-generated"));
        assert_eq!(header(mail, "date").as_deref(), Some("Mon, 23 Nov 2026 15:10:00 +0000"));
        assert_eq!(header(mail, "from").as_deref(), Some("Heartbeat <heartbeat@example.com>"));
        assert!(header(mail, "content-type").unwrap().starts_with("text/plain"));
    }
    let thread = Some(format!("<{KEY}@example.com>"));
    for mail in &mails[..2] {
        assert_eq!((header(mail, "references"), header(mail, "in-reply-to")), (thread.clone(), thread.clone()));
    }
    assert_eq!(header(&mails[2], "references"), None);
    let links = |mail: &str| mail.contains("https://heartbeat.example.com/incidents/7");
    assert_eq!(mails.iter().map(|mail| links(mail)).collect::<Vec<_>>(), [true, true, false]);
}

#[tokio::test]
async fn a_title_cannot_add_a_header() {
    let (port, heard) = server(None, "", "").await;
    let mut message = message(NoticeKind::Opened);
    message.title = "all well\r\nBcc: mallory@example.net\r\n\r\nhello".into();
    deliver(&sender().0, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message).await;
    let mail = heard.mails().remove(0);
    assert_eq!(header(&mail, "bcc"), None);
    assert_eq!(header(&mail, "subject").as_deref(), Some("all well Bcc: mallory@example.net hello"));
    assert!(!heard.commands().iter().any(|command| command.contains("mallory")), "{:?}", heard.commands());
}

#[tokio::test]
async fn what_the_mail_server_refuses_for_good_stops_the_channel_and_the_rest_is_tried_again() {
    for (but, with, is_refused) in [
        ("AUTH", "535 5.7.8 bad credentials: LINE", true),
        ("MAIL", "550 5.7.1 sender not allowed", true),
        ("RCPT", "550 5.1.1 no such user", true),
        ("RCPT", "451 4.7.1 greylisted", false),
        ("MAIL", "452 4.3.1 no space left", false),
        ("AUTH", "454 4.7.0 later", false),
        ("EHLO", "421 4.3.2 going down", false),
        ("EHLO", "250 mail.example.com", true),
    ] {
        let (port, _) = server(None, but, with).await;
        let channel = mail_to(&format!("smtp://me:Sm%2Ftp-Passw0rd@127.0.0.1:{port}"));
        let delivery = deliver(&sender().0, &channel, &message(NoticeKind::Opened)).await;
        assert_eq!(matches!(delivery, Delivery::Refused { .. }), is_refused, "{but} {with}: {delivery:?}");
        assert_eq!(matches!(delivery, Delivery::TryAgain { .. }), !is_refused, "{but} {with}: {delivery:?}");
        let shown = format!("{delivery:?} {channel:?}");
        for secret in ["Sm/tp-Passw0rd", "Sm%2Ftp-Passw0rd", &STANDARD.encode("\0me\0Sm/tp-Passw0rd")] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_is_not_waited_for() {
    let (port, heard) = server(None, "MAIL", "SILENT").await;
    let (sender, hand) = sender();
    let channel = mail_to(&format!("smtp://127.0.0.1:{port}"));
    let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NoticeKind::Opened)).await });
    eventually(|| heard.commands().iter().any(|command| command.starts_with("MAIL"))).await;
    hand.advance(Duration::from_secs(20));
    assert_eq!(delivery.await.unwrap(), Delivery::TryAgain { words: "no answer within 20s".into(), after: None });
}

#[tokio::test]
async fn mail_over_tls_goes_only_to_whom_somebody_vouches_for() {
    let (acceptor, certificate) = acceptor(&[]);
    let (port, heard) = server(Some(acceptor), "", "").await;
    let channel = mail_to(&format!("smtps://me:Passw0rd@localhost:{port}"));
    let message = message(NoticeKind::Opened);
    let delivery = deliver(&sender().0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }) && words(&delivery).contains("certificate"), "{delivery:?}");
    assert!(heard.commands().is_empty());

    let trusting = SenderSettings { extra_roots: vec![certificate], ..SenderSettings::default() };
    let delivery = deliver(&sender_with(&trusting).0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::Taken(_)), "{delivery:?}");
    assert_eq!(heard.mails().len(), 1);
}
