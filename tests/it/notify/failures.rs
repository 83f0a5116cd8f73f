//! What goes wrong on the way: each service's ways to reject, and the network's.

use std::time::Duration;

use heartbeat::model::{ChannelKind, Delivery, NetworkError, NotificationKind, Proxies};
use heartbeat::notify::{Sender, SenderSettings};

use super::bed::{BY_HTTP, channel, channel_at, deliver, message, nobody, sender, sender_with, words};
use crate::support::scripted::{Act, Server, always, answer, eventually, ok};

/// What comes of one opened message where the service answers this.
async fn outcome(sender: &Sender, kind: ChannelKind, status: &'static str, headers: &'static str, body: &'static str) -> Delivery {
    let server = always(move || answer(status, headers, body)).await;
    let (channel, _) = channel_at(kind, &server.base());
    let delivery = deliver(sender, &channel, &message(NotificationKind::Opened)).await;
    assert_eq!(server.requests().len(), 1, "{kind} asks once and follows nothing");
    delivery
}

#[tokio::test]
async fn a_throttled_message_waits_as_long_as_the_service_asks() {
    let sender = sender().0;
    for kind in BY_HTTP {
        for (header, seconds) in [("retry-after: 120\r\n", 120), ("retry-after: Mon, 23 Nov 2026 15:11:07 GMT\r\n", 59)] {
            let Delivery::TryAgain { words, after } = outcome(&sender, kind, "429 Too Many Requests", header, "slow down").await else {
                panic!("{kind} gives up")
            };
            assert_eq!(after.map(|after| after.as_secs()), Some(seconds), "{kind}");
            assert_eq!(words, "429 Too Many Requests: slow down");
        }
    }
}

#[tokio::test]
async fn a_failing_service_is_asked_again() {
    let sender = sender().0;
    for kind in BY_HTTP {
        for status in ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "408 Request Timeout"] {
            let delivery = outcome(&sender, kind, status, "", "<html>oops</html>").await;
            assert!(matches!(&delivery, Delivery::TryAgain { after: None, .. }), "{kind}: {delivery:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_or_address_stops_the_channel_in_the_services_own_words() {
    let sender = sender().0;
    for kind in BY_HTTP {
        for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"] {
            let delivery = outcome(&sender, kind, status, "", "no such").await;
            assert_eq!(delivery, Delivery::Rejected { words: format!("{status}: no such") }, "{kind}");
        }
    }
    // These say so with the status that others have for a message they do not like.
    for kind in [ChannelKind::Slack, ChannelKind::PagerDuty, ChannelKind::Opsgenie, ChannelKind::Telegram] {
        for status in ["400 Bad Request", "422 Unprocessable Entity"] {
            let delivery = outcome(&sender, kind, status, "", "no such").await;
            assert_eq!(delivery, Delivery::Rejected { words: format!("{status}: no such") }, "{kind}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_not_liked_costs_that_message_alone() {
    let sender = sender().0;
    for kind in BY_HTTP {
        for status in ["413 Payload Too Large", "415 Unsupported Media Type"] {
            let delivery = outcome(&sender, kind, status, "", "too much").await;
            assert_eq!(delivery, Delivery::Unfit { words: format!("{status}: too much") }, "{kind}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let sender = sender().0;
    for kind in BY_HTTP {
        let delivery = outcome(&sender, kind, "302 Found", "location: https://login.example.com/next?secret=1\r\n", "").await;
        assert!(matches!(delivery, Delivery::Rejected { .. }), "{kind}: {delivery:?}");
        assert!(words(&delivery).contains("https://login.example.com/***") && !words(&delivery).contains("secret"), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_login_page_is_not_taken_for_the_service() {
    let sender = sender().0;
    for kind in BY_HTTP {
        let delivery = outcome(&sender, kind, "200 OK", "content-type: text/html\r\n", "<!DOCTYPE html><title>Sign in</title>").await;
        if kind == ChannelKind::GetPair {
            // What the user's own address shows to others is unknown.
            assert!(matches!(delivery, Delivery::Accepted(_)), "{kind}: {delivery:?}");
        } else {
            assert!(matches!(delivery, Delivery::TryAgain { .. }), "{kind}: {delivery:?}");
            assert!(words(&delivery).contains("a web page answered"), "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn a_receiver_of_ones_own_may_answer_in_xml_and_not_with_a_page() {
    let sender = sender().0;
    let page = "content-type: text/html; charset=utf-8\r\n";
    for (headers, body, is_accepted) in [
        ("content-type: application/xml\r\n", "<?xml version=\"1.0\"?><Response/>", true),
        (page, "ok", true),
        (page, "<h1>This domain is for sale</h1>", false),
        ("", "\n<!doctype HTML>", false),
        ("content-type: text/xml\r\n", "<?xml version=\"1.0\"?><!DOCTYPE html><html xmlns=\"x\">", false),
    ] {
        let delivery = outcome(&sender, ChannelKind::Webhook, "200 OK", headers, body).await;
        assert_eq!(matches!(delivery, Delivery::Accepted(_)), is_accepted, "{headers}{body}: {delivery:?}");
        assert_eq!(matches!(delivery, Delivery::TryAgain { .. }), !is_accepted, "{headers}{body}: {delivery:?}");
    }
}

#[tokio::test]
async fn teams_says_200_also_where_it_failed_behind() {
    let sender = sender().0;
    let failed = |status: u16| {
        format!("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} with ContextId x")
    };
    let teams = async |body: String| outcome(&sender, ChannelKind::Teams, "200 OK", "", Box::leak(body.into_boxed_str())).await;
    assert_eq!(teams("1".into()).await, Delivery::Accepted("200 OK: 1".into()));
    // A workflow that answers with what it was sent has accepted it, whatever that quotes.
    let echo = r#"{"type": "message", "text": "capture rejects events: `HTTP error 404`"}"#;
    assert!(matches!(teams(echo.into()).await, Delivery::Accepted(_)));
    for status in [429, 503] {
        assert!(matches!(teams(failed(status)).await, Delivery::TryAgain { .. }), "{status}");
    }
    assert!(matches!(teams("Webhook message delivery failed.".into()).await, Delivery::TryAgain { .. }));
    for status in [400, 413] {
        assert!(matches!(teams(failed(status)).await, Delivery::Unfit { .. }), "{status}");
    }
    let gone = teams(failed(410)).await;
    assert!(matches!(&gone, Delivery::Rejected { words } if words.contains("HTTP error 410")), "{gone:?}");
}

#[tokio::test]
async fn who_says_200_and_drips_its_words_took_the_message() {
    for kind in BY_HTTP {
        let server = always(|| Act::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nwel".into())).await;
        let (channel, _) = channel_at(kind, &server.base());
        // The head is waited for as long as it takes; what follows it is not.
        let (sender, hand) = sender_with(&SenderSettings { limit: Duration::from_hours(24 * 365), ..SenderSettings::default() });
        let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NotificationKind::Opened)).await });
        eventually(|| {
            hand.advance(Duration::from_secs(1));
            delivery.is_finished()
        })
        .await;
        let delivery = delivery.await.unwrap();
        assert!(matches!(&delivery, Delivery::Accepted(words) if words.starts_with("200 OK")), "{kind}: {delivery:?}");
    }
}

#[tokio::test]
async fn the_services_own_codes_say_whose_fault_it_is_and_are_named() {
    let sender = sender().0;
    for (kind, status, body, is_rejected, meaning) in [
        (
            ChannelKind::Discord,
            "400 Bad Request",
            r#"{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}"#,
            true,
            "set `thread` to a name, to create a thread",
        ),
        (ChannelKind::Discord, "400 Bad Request", r#"{"code": 50035}"#, false, "is not valid"),
        (ChannelKind::Discord, "404 Not Found", r#"{"code": 10015}"#, true, "was deleted"),
        (ChannelKind::Slack, "400 Bad Request", "invalid_payload", false, "the message is not valid"),
        (ChannelKind::Slack, "410 Gone", "channel_is_archived", true, "is archived"),
        (ChannelKind::Telegram, "400 Bad Request", r#"{"ok":false,"description":"Bad Request: message is too long"}"#, false, "too long"),
        (
            ChannelKind::Telegram,
            "400 Bad Request",
            r#"{"ok":false,"description":"Bad Request: message thread not found"}"#,
            true,
            "the chat has no topic",
        ),
        (ChannelKind::PagerDuty, "400 Bad Request", r#"{"status":"invalid event","errors":["'payload.summary' is missing"]}"#, false, ""),
        (
            ChannelKind::PagerDuty,
            "400 Bad Request",
            r#"{"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]}"#,
            true,
            "",
        ),
    ] {
        let delivery = outcome(&sender, kind, status, "", body).await;
        assert_eq!(matches!(delivery, Delivery::Rejected { .. }), is_rejected, "{kind} {body}: {delivery:?}");
        assert_eq!(matches!(delivery, Delivery::Unfit { .. }), !is_rejected, "{kind} {body}: {delivery:?}");
        assert!(words(&delivery).contains(meaning), "{delivery:?}");
    }
    // A word of the channel's says nothing while the service itself fails.
    assert!(matches!(outcome(&sender, ChannelKind::Slack, "503 Service Unavailable", "", "no_service").await, Delivery::TryAgain { .. }));
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_limit() {
    for kind in BY_HTTP {
        let server = always(|| Act::Silence).await;
        let (channel, _) = channel_at(kind, &server.base());
        let (sender, hand) = sender();
        let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NotificationKind::Opened)).await });
        server.wait_for(1).await;
        hand.advance(Duration::from_secs(19));
        tokio::task::yield_now().await;
        assert!(!delivery.is_finished());
        hand.advance(Duration::from_secs(1));
        assert_eq!(delivery.await.unwrap(), Delivery::TryAgain { words: "no answer within 20s".into(), after: None }, "{kind}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_refused_is_tried_again() {
    for kind in BY_HTTP {
        let server = always(|| Act::Reset).await;
        let (channel, _) = channel_at(kind, &server.base());
        let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
        assert!(matches!(delivery, Delivery::TryAgain { .. }), "{kind}: {delivery:?}");
        assert!(words(&delivery).starts_with("no answer: "), "{delivery:?}");
    }
    let (channel, _) = channel_at(ChannelKind::Slack, &format!("http://{}", nobody().await));
    let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    assert!(
        matches!(delivery, Delivery::TryAgain { .. }) && words(&delivery).starts_with("no connection: Connection refused"),
        "{delivery:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let (server, certificate) = Server::start_tls(|_, _| ok()).await;
    let (channel, _) = channel_at(ChannelKind::Webhook, &server.tls_base());
    let message = message(NotificationKind::Opened);
    let delivery = deliver(&sender().0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }), "{delivery:?}");
    assert!(words(&delivery).contains("certificate"), "{delivery:?}");
    assert!(server.requests().is_empty());

    let trusting = SenderSettings { extra_roots: vec![certificate], ..SenderSettings::default() };
    let delivery = deliver(&sender_with(&trusting).0, &channel, &message).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
}

#[tokio::test]
async fn discord_says_more_exactly_how_long_to_wait() {
    let sender = sender().0;
    let body = r#"{"message":"You are being rate limited.","retry_after":1.337,"global":false}"#;
    let Delivery::TryAgain { after, .. } =
        outcome(&sender, ChannelKind::Discord, "429 Too Many Requests", "retry-after: 2\r\n", body).await
    else {
        panic!("discord gives up")
    };
    assert_eq!(after, Some(Duration::from_millis(1337)));
}

#[tokio::test]
async fn telegram_has_its_own_words() {
    let sender = sender().0;
    let body = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}"#;
    let Delivery::TryAgain { after, .. } = outcome(&sender, ChannelKind::Telegram, "429 Too Many Requests", "", body).await else {
        panic!("telegram gives up")
    };
    assert_eq!(after, Some(Duration::from_secs(35)));

    let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234}}"#;
    let delivery = outcome(&sender, ChannelKind::Telegram, "400 Bad Request", "", body).await;
    assert!(matches!(delivery, Delivery::Rejected { .. }) && words(&delivery).contains("set chat to -1001234"), "{delivery:?}");

    let delivery = outcome(&sender, ChannelKind::Telegram, "200 OK", "", r#"{"ok":false,"description":"?"}"#).await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }), "{delivery:?}");
}

#[tokio::test]
async fn opsgenie_that_fails_between_two_steps_is_asked_for_both_again() {
    let server = Server::start(|number, _| if number == 0 { answer("500 Internal Server Error", "", "") } else { ok() }).await;
    let (channel, _) = channel_at(ChannelKind::Opsgenie, &server.base());
    let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Escalated)).await;
    assert!(matches!(delivery, Delivery::TryAgain { .. }), "{delivery:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_used_where_one_is_set_and_passed_where_it_is_excepted() {
    let proxy = always(ok).await;
    let channel = channel(ChannelKind::Webhook, &[("url", "http://hooks.example.com/in")]);
    for proxies in [
        Proxies { http: Some(proxy.base()), ..Proxies::default() },
        Proxies { all: Some(proxy.base()), none: Some("other.example.com".into()), ..Proxies::default() },
    ] {
        let settings = SenderSettings { proxies, ..SenderSettings::default() };
        let delivery = deliver(&sender_with(&settings).0, &channel, &message(NotificationKind::Opened)).await;
        assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    }
    assert_eq!(
        proxy.requests().iter().map(|request| request.line().to_owned()).collect::<Vec<_>>(),
        ["POST http://hooks.example.com/in HTTP/1.1"; 2]
    );

    let server = always(ok).await;
    let (direct, _) = channel_at(ChannelKind::Webhook, &server.base());
    let none = Proxies { all: Some(proxy.base()), none: Some("127.0.0.1".into()), ..Proxies::default() };
    let settings = SenderSettings { proxies: none, ..SenderSettings::default() };
    deliver(&sender_with(&settings).0, &direct, &message(NotificationKind::Opened)).await;
    assert_eq!((server.requests().len(), proxy.requests().len()), (1, 2));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_said_without_their_secret() {
    let clock = heartbeat::clock::Clock::system();
    let proxies = Proxies { https: Some("http://user:Pr0xyPassword@:0:0".into()), ..Proxies::default() };
    let wrong = Sender::new(clock.clone(), &SenderSettings { proxies, ..SenderSettings::default() }).unwrap_err();
    assert_eq!(wrong, NetworkError::Proxy("HTTPS_PROXY"));
    assert!(!wrong.to_string().contains("Pr0xyPassword"));
    let roots = SenderSettings { extra_roots: vec![vec![1, 2, 3].into()], ..SenderSettings::default() };
    assert!(matches!(Sender::new(clock, &roots).unwrap_err(), NetworkError::Root(_)));
}

/// An answer that nests deeper than a stack costs one message at the most.
#[tokio::test]
async fn an_answer_that_nests_deeply_is_an_answer_like_another() {
    let sender = sender().0;
    for kind in BY_HTTP {
        for (open, close) in [("[", "]"), ("{\"ok\":", "}")] {
            for (status, is_accepted) in [("200 OK", None), ("400 Bad Request", Some(false)), ("503 Service Unavailable", Some(false))] {
                let body = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
                let server = always(move || answer(status, "content-type: application/json\r\n", &body)).await;
                let (channel, _) = channel_at(kind, &server.base());
                let delivery = deliver(&sender, &channel, &message(NotificationKind::Opened)).await;
                let taken = matches!(delivery, Delivery::Accepted(_));
                assert!(is_accepted.is_none_or(|is| is == taken), "{kind} {status}: {delivery:?}");
            }
        }
    }
}
