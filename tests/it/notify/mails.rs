//! Mail, against a small mail server of the tests' own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heartbeat::clock::{Clock, Speed};
use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, NotificationKind};
use heartbeat::notify::{Letter, Sender, SenderSettings};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::bed::{ID, KEY, channel, deliver, message, sender, sender_with, words};
use crate::support::scripted::{acceptor, eventually};

/// What a mail server heard: its commands, and the mails.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl Heard {
    fn commands(&self) -> Vec<String> {
        self.0.lock().unwrap().0.clone()
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }
}

/// A mail server that takes everything but commands that begin with `but`, to which it answers `with`; to `SILENT` nothing.
pub(crate) async fn server(tls: Option<TlsAcceptor>, but: &'static str, with: &'static str) -> (u16, Heard) {
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
    let greeting = if but == "GREETING" { with } else { "220 mail.example.com ESMTP" };
    stream.write_all(format!("{greeting}\r\n").as_bytes()).await.ok()?;
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
                if but == "CONTENT" {
                    with.to_owned()
                } else {
                    heard.0.lock().unwrap().1.push(mail);
                    "250 2.0.0 queued as 12345".to_owned()
                }
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

#[tokio::test]
async fn in_fast_time_mail_goes_to_this_machine_alone() {
    let (port, heard) = server(None, "", "").await;
    let fast = Sender::new(Clock::fast(Speed::parse("2").unwrap()), &SenderSettings::default()).unwrap();
    let delivery = deliver(&fast, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message(NotificationKind::Opened)).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    assert_eq!(heard.mails().len(), 1);
    for host in ["mail.example.com", "127.0.0.1.example.com"] {
        let delivery = deliver(&fast, &mail_to(&format!("smtp://{host}:{port}")), &message(NotificationKind::Opened)).await;
        assert!(matches!(&delivery, Delivery::Unfit { words } if words.contains("the clock runs fast")), "{host}: {delivery:?}");
    }
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
    for notification in [NotificationKind::Opened, NotificationKind::Resolved, NotificationKind::Returned] {
        let delivery = deliver(&sender, &channel, &message(notification)).await;
        assert_eq!(delivery, Delivery::Accepted("250 2.0.0 queued as 12345".into()));
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
        assert_eq!(header(mail, "content-type"), Some(format!("multipart/alternative; boundary=\"{ID}\"")));
        assert_eq!(header(mail, "list-id").as_deref(), Some("Heartbeat <ops.heartbeat.example.com>"));
        assert_eq!(header(mail, "x-auto-response-suppress").as_deref(), Some("All"));
        for part in ["Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8", "&lt;b&gt;."] {
            assert!(mail.contains(part), "{part}: {mail}");
        }
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
    let mut message = message(NotificationKind::Opened);
    message.title = "all well\r\nBcc: mallory@example.net\r\n\r\nhello".into();
    deliver(&sender().0, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message).await;
    let mail = heard.mails().remove(0);
    assert_eq!(header(&mail, "bcc"), None);
    assert_eq!(header(&mail, "subject").as_deref(), Some("all well Bcc: mallory@example.net hello"));
    assert!(!heard.commands().iter().any(|command| command.contains("mallory")), "{:?}", heard.commands());
}

#[tokio::test]
async fn what_the_mail_server_rejects_for_good_stops_the_channel_and_the_rest_is_tried_again() {
    for (but, with, is_rejected) in [
        ("AUTH", "535 5.7.8 bad credentials: LINE", true),
        ("MAIL", "550 5.7.1 sender not allowed", true),
        ("RCPT", "550 5.1.1 no such user", true),
        ("RCPT", "451 4.7.1 greylisted", false),
        ("MAIL", "452 4.3.1 no space left", false),
        ("AUTH", "454 4.7.0 later", false),
        ("EHLO", "421 4.3.2 going down", false),
        ("GREETING", "421 4.3.2 too many connections", false),
        ("GREETING", "554 5.7.1 you are not welcome", true),
        ("EHLO", "250 mail.example.com", true),
    ] {
        let (port, _) = server(None, but, with).await;
        let channel = mail_to(&format!("smtp://me:Sm%2Ftp-Passw0rd@127.0.0.1:{port}"));
        let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
        assert_eq!(matches!(delivery, Delivery::Rejected { .. }), is_rejected, "{but} {with}: {delivery:?}");
        assert_eq!(matches!(delivery, Delivery::TryAgain { .. }), !is_rejected, "{but} {with}: {delivery:?}");
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
    let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NotificationKind::Opened)).await });
    eventually(|| heard.commands().iter().any(|command| command.starts_with("MAIL"))).await;
    hand.advance(Duration::from_secs(20));
    assert_eq!(delivery.await.unwrap(), Delivery::TryAgain { words: "no answer within 20s".into(), after: None });
}

#[tokio::test]
async fn mail_over_tls_goes_only_to_a_server_with_a_trusted_certificate() {
    let (acceptor, certificate) = acceptor(&[]);
    let (port, heard) = server(Some(acceptor), "", "").await;
    let channel = mail_to(&format!("smtps://me:Passw0rd@localhost:{port}"));
    let message = message(NotificationKind::Opened);
    let delivery = deliver(&sender().0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }) && words(&delivery).contains("certificate"), "{delivery:?}");
    assert!(heard.commands().is_empty());

    let trusting = SenderSettings { extra_roots: vec![certificate], ..SenderSettings::default() };
    let delivery = deliver(&sender_with(&trusting).0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    assert_eq!(heard.mails().len(), 1);
}

/// The addresses that the server was asked for, in this order.
pub(crate) fn asked_for(heard: &Heard) -> Vec<String> {
    heard.commands().iter().filter_map(|command| Some(command.strip_prefix("RCPT TO:<")?.trim_end_matches('>').to_owned())).collect()
}

#[tokio::test]
async fn a_rejected_recipient_does_not_keep_a_mail_from_the_others() {
    let (port, heard) = server(None, "RCPT TO:<a@", "550 5.1.1 no such user").await;
    let delivery = deliver(&sender().0, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message(NotificationKind::Opened)).await;
    let Delivery::Accepted(words) = &delivery else { panic!("{delivery:?}") };
    assert!(words.starts_with("250 2.0.0 queued as 12345; rejected: a@example.org: ") && words.contains("no such user"), "{words}");
    assert_eq!(heard.mails().len(), 1);
}

#[tokio::test]
async fn who_is_put_off_is_asked_for_again_alone() {
    let (port, heard) = server(None, "RCPT TO:<b@", "452 4.2.2 mailbox full").await;
    let sender = sender().0;
    let channel = mail_to(&format!("smtp://127.0.0.1:{port}"));
    for (try_number, mails) in [(1, 1), (2, 1)] {
        let delivery = deliver(&sender, &channel, &message(NotificationKind::Opened)).await;
        let Delivery::Partly { words } = &delivery else { panic!("{delivery:?}") };
        assert!(words.contains("tried again: b@example.org: ") && words.contains("mailbox full"), "{words}");
        assert_eq!((heard.mails().len(), asked_for(&heard).len()), (mails, 1 + try_number), "the other has it");
    }
    // Another letter is for both.
    let other = Letter { id: uuid::Uuid::from_u128(7), message: &message(NotificationKind::Opened) };
    assert!(matches!(sender.deliver(&channel, &other).await, Delivery::Partly { .. }));
    assert_eq!(asked_for(&heard), ["a@example.org", "b@example.org", "b@example.org", "a@example.org", "b@example.org"]);
}

#[tokio::test]
async fn greylisting_of_all_is_waited_out() {
    let (port, heard) = server(None, "RCPT", "450 4.7.1 greylisted, come back").await;
    let delivery = deliver(&sender().0, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message(NotificationKind::Opened)).await;
    assert!(matches!(&delivery, Delivery::TryAgain { words, .. } if words.contains("come back")), "{delivery:?}");
    assert!(heard.mails().is_empty() && !heard.commands().contains(&"DATA".to_owned()));
}

#[tokio::test]
async fn what_is_rejected_for_what_it_says_costs_that_mail_alone() {
    for (but, with, is_unfit) in [
        ("CONTENT", "554 5.6.0 looks like spam", true),
        ("DATA", "554 5.5.1 no valid recipients", true),
        ("CONTENT", "451 4.3.0 try later", false),
    ] {
        let (port, _) = server(None, but, with).await;
        let delivery = deliver(&sender().0, &mail_to(&format!("smtp://127.0.0.1:{port}")), &message(NotificationKind::Opened)).await;
        assert_eq!(matches!(delivery, Delivery::Unfit { .. }), is_unfit, "{but} {with}: {delivery:?}");
        assert_eq!(matches!(delivery, Delivery::TryAgain { .. }), !is_unfit, "{but} {with}: {delivery:?}");
    }
}

#[tokio::test]
async fn the_mail_server_is_greeted_by_a_whole_name() {
    let (port, heard) = server(None, "", "").await;
    let mut channel = mail_to(&format!("smtp://127.0.0.1:{port}"));
    deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    channel.values.set("hello", "monitor.example.net");
    deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    let hellos: Vec<String> = heard.commands().into_iter().filter_map(|command| command.strip_prefix("EHLO ").map(str::to_owned)).collect();
    assert_eq!(hellos.len(), 2);
    assert!(hellos[0].contains('.') && hellos[1] == "monitor.example.net", "{hellos:?}");
}

#[tokio::test]
async fn names_with_commas_and_domains_of_other_letters_are_addresses() {
    let (port, heard) = server(None, "", "").await;
    let mut channel = mail_to(&format!("smtp://127.0.0.1:{port}"));
    channel.values.set("to", r#""Doe, Jane" <j@example.org>, Jörg <j@bücher.example>"#);
    assert_eq!(channel.problems(), []);
    let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    assert_eq!(asked_for(&heard), ["j@example.org", "j@xn--bcher-kva.example"]);
    // In words of their own (RFC 2047): no comma of a name is read for one between addresses.
    let to = "=?utf-8?b?RG9lLCBKYW5l?= <j@example.org>, =?utf-8?b?SsO2cmc=?= <j@xn--bcher-kva.example>";
    assert_eq!(header(&heard.mails()[0], "to").as_deref(), Some(to));
}

#[tokio::test]
async fn plain_text_and_tls_that_meet_say_which_protocol_to_write() {
    let (port, _) = server(None, "", "").await;
    let delivery = deliver(&sender().0, &mail_to(&format!("smtps://localhost:{port}")), &message(NotificationKind::Opened)).await;
    assert!(matches!(&delivery, Delivery::Rejected { words } if words.contains("write smtp://")), "{delivery:?}");

    // A client that waits for TLS says nothing to a server that waits for a greeting.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = mail_to(&format!("smtp://{}", listener.local_addr().unwrap()));
    let (sender, hand) = sender();
    let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NotificationKind::Opened)).await });
    let _silent = listener.accept().await.unwrap();
    hand.advance(Duration::from_secs(20));
    let delivery = delivery.await.unwrap();
    assert!(matches!(&delivery, Delivery::TryAgain { words, .. } if words.contains("write smtps://")), "{delivery:?}");
}
