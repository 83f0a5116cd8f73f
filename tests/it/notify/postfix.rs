//! A real Postfix: what it takes, and what it delivers.

use heartbeat::clock::Clock;
use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, NotificationKind};
use heartbeat::notify::{Sender, SenderSettings};

use super::bed::{ID, KEY, channel, deliver, message, words};
use crate::support::postfix::Postfix;

fn mail_to(url: &str, to: &str) -> ChannelSpec {
    channel(
        ChannelKind::Email,
        &[("url", url), ("from", "Heartbeat <heartbeat@example.com>"), ("to", to), ("hello", "monitor.example.com")],
    )
}

fn sender(postfix: &Postfix) -> Sender {
    let settings = SenderSettings { extra_roots: vec![postfix.certificate.clone()], ..SenderSettings::default() };
    Sender::new(Clock::system(), &settings).unwrap()
}

#[tokio::test]
async fn one_recipient_that_is_rejected_keeps_the_mail_from_nobody_else() {
    let Some(postfix) = Postfix::start().await else { return };
    let channel = mail_to(&format!("smtp://{}", postfix.address), "nobody@example.org, a@example.org");
    let delivery = deliver(&sender(&postfix), &channel, &message(NotificationKind::Opened)).await;
    assert!(matches!(&delivery, Delivery::Accepted(words) if words.starts_with("250 2.0.0 Ok: queued as ")), "{delivery:?}");
    assert!(words(&delivery).contains("; rejected: nobody@example.org: ") && words(&delivery).contains("550"), "{delivery:?}");
    let mails = postfix.until_delivered(1).await;
    let mail = &mails[0];
    let (head, body) = mail.split_once("\n\n").unwrap();
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    for line in [
        "From: Heartbeat <heartbeat@example.com>",
        "To: nobody@example.org, a@example.org",
        "Subject: [critical] shop: opened <!channel> & @everyone *all*",
        &format!("Message-ID: <{ID}@example.com>"),
        &format!("References: <{KEY}@example.com>"),
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "List-Id: Heartbeat <ops.heartbeat.example.com>",
        "Delivered-To: a@example.org",
        "Return-Path: <heartbeat@example.com>",
    ] {
        assert!(head.lines().any(|known| known == line), "{line}\n{head}");
    }
    assert!(head.contains("Received: from monitor.example.com "), "{head}");
    let parts: Vec<&str> = body.split(&format!("--{ID}")).collect();
    assert_eq!(parts.len(), 4, "{body}");
    assert!(parts[1].contains("Content-Type: text/plain; charset=utf-8") && parts[2].contains("Content-Type: text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_server_that_offers_starttls_is_spoken_to_in_tls() {
    let Some(postfix) = Postfix::start().await else { return };
    // On this port it takes nothing in plain text.
    let channel = mail_to(&format!("smtp://{}:587", postfix.address), "a@example.org");
    let delivery = deliver(&sender(&postfix), &channel, &message(NotificationKind::Resolved)).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    let mails = postfix.until_delivered(1).await;
    assert!(mails[0].contains("with ESMTPS id "), "{}", mails[0]);
    // Its certificate is nobody's that anybody else would trust.
    let stranger = Sender::new(Clock::system(), &SenderSettings::default()).unwrap();
    let delivery = deliver(&stranger, &channel, &message(NotificationKind::Resolved)).await;
    assert!(matches!(&delivery, Delivery::TryAgain { .. } | Delivery::Rejected { .. }), "{delivery:?}");
    assert_eq!(postfix.mails().len(), 1);
}
