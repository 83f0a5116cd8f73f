//! What goes over the wire, as each service documents it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, Message, NotificationKind};
use heartbeat::notify::SenderSettings;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use super::bed::{BY_HTTP, ID, channel_at, deliver, message, sender, sender_with, words};
use crate::support::scripted::{Act, Request, Server, always, answer, ok};

/// A server that answers as the service does when it takes a message.
async fn service(kind: ChannelKind) -> Server {
    always(move || accepted(kind)).await
}

fn accepted(kind: ChannelKind) -> Act {
    match kind {
        ChannelKind::Slack => answer("200 OK", "content-type: text/html\r\n", "ok"),
        ChannelKind::Discord => answer("200 OK", "content-type: application/json\r\n", r#"{"id":"1","type":0}"#),
        ChannelKind::Teams => answer("202 Accepted", "", ""),
        ChannelKind::PagerDuty => answer(
            "202 Accepted",
            "content-type: application/json\r\n",
            r#"{"status":"success","message":"Event processed","dedup_key":"k"}"#,
        ),
        ChannelKind::Opsgenie => answer(
            "202 Accepted",
            "content-type: application/json\r\n",
            r#"{"result":"Request will be processed","took":0.1,"requestId":"r"}"#,
        ),
        ChannelKind::Alertmanager => answer("200 OK", "", ""),
        ChannelKind::Ntfy => answer("200 OK", "content-type: application/json\r\n", r#"{"id":"x","event":"message"}"#),
        ChannelKind::Telegram => answer("200 OK", "content-type: application/json\r\n", r#"{"ok":true,"result":{"message_id":1}}"#),
        ChannelKind::GoogleChat => answer("200 OK", "content-type: application/json\r\n", r#"{"name":"spaces/AAAA/messages/B"}"#),
        ChannelKind::Mattermost => answer("200 OK", "content-type: text/plain\r\n", "ok"),
        ChannelKind::Pushover => answer("200 OK", "content-type: application/json\r\n", r#"{"status":1,"request":"r"}"#),
        _ => ok(),
    }
}

/// Delivers one message and gives the requests that it made.
async fn sent(kind: ChannelKind, message: &Message) -> Vec<Request> {
    let server = service(kind).await;
    let (channel, _) = channel_at(kind, &server.base());
    let delivery = deliver(&sender().0, &channel, message).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{kind}: {delivery:?}");
    server.requests()
}

/// Request line, the headers that matter, and the body: without the server's port.
fn shown(request: &Request) -> String {
    let mut shown = format!("{}\n", request.line());
    for name in ["authorization", "content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"] {
        if let Some(value) = request.header(name) {
            shown.extend([name, ": ", value, "\n"]);
        }
    }
    if !request.body.is_empty() {
        shown += &serde_json::to_string_pretty(&request.json()).unwrap();
    }
    shown
}

#[tokio::test]
async fn each_service_gets_what_it_documents() {
    for kind in BY_HTTP {
        let mut all = Vec::new();
        for notification in [NotificationKind::Opened, NotificationKind::Resolved, NotificationKind::ChannelStopped] {
            all.push(format!("# {notification}"));
            all.extend(sent(kind, &message(notification)).await.iter().map(shown));
        }
        let shown = all.join("\n").replace(concat!("heartbeat/", env!("CARGO_PKG_VERSION")), "heartbeat/VERSION");
        insta::assert_snapshot!(kind.name(), shown);
    }
}

/// Where each service has its place for a link.
const LINKS: [(ChannelKind, &[&str]); 11] = [
    (ChannelKind::Webhook, &["/incident/url"]),
    (ChannelKind::Slack, &["/attachments/0/title_link"]),
    (ChannelKind::Discord, &["/embeds/0/url"]),
    (ChannelKind::Teams, &["/attachments/0/content/actions/0/url"]),
    (ChannelKind::PagerDuty, &["/client_url", "/links/0/href"]),
    (ChannelKind::Opsgenie, &["/details/url"]),
    (ChannelKind::Alertmanager, &["/0/generatorURL"]),
    (ChannelKind::Ntfy, &["/click"]),
    (ChannelKind::GoogleChat, &["/cardsV2/0/card/sections/0/widgets/6/buttonList/buttons/0/onClick/openLink/url"]),
    (ChannelKind::Mattermost, &["/attachments/0/title_link"]),
    (ChannelKind::Pushover, &["/url"]),
];

#[tokio::test]
async fn a_message_links_to_the_page_of_its_incident() {
    let public_url = Some("https://heartbeat.example.com".parse().unwrap());
    let (sender, _) = sender_with(&SenderSettings { public_url, ..SenderSettings::default() });
    let opened = message(NotificationKind::Opened);
    let page = format!("https://heartbeat.example.com/incidents/{}", opened.incident.as_ref().unwrap().id);
    let sample = Message { test: true, ..opened.clone() };
    for (message, page) in [(&opened, page.as_str()), (&sample, "https://heartbeat.example.com/incidents")] {
        for (kind, places) in LINKS {
            let server = service(kind).await;
            deliver(&sender, &channel_at(kind, &server.base()).0, message).await;
            let body = server.requests().remove(0).json();
            for place in places {
                assert_eq!(body.pointer(place), Some(&json!(page)), "{kind} {place}: {body}");
            }
        }
        let server = service(ChannelKind::Telegram).await;
        deliver(&sender, &channel_at(ChannelKind::Telegram, &server.base()).0, message).await;
        let body = server.requests().remove(0).json();
        assert!(body["text"].as_str().unwrap().ends_with(&format!("\n{page}")), "{body}");
    }
}

#[tokio::test]
async fn a_users_own_words_can_name_the_page() {
    let public_url = Some("https://heartbeat.example.com".parse().unwrap());
    let (sender, _) = sender_with(&SenderSettings { public_url, ..SenderSettings::default() });
    let server = service(ChannelKind::Ntfy).await;
    let (channel, _) = channel_at(ChannelKind::Ntfy, &server.base());
    let body = "{{ incident.diagnosis.place }}: {{ incident.diagnosis.advice }} {{ incident.url }}";
    let channel = ChannelSpec { body: Some(body.into()), ..channel };
    let message = message(NotificationKind::Opened);
    deliver(&sender, &channel, &message).await;
    let facts = message.incident.unwrap();
    let advice = facts.diagnosis.advice.unwrap();
    let said = format!("{}: {advice} https://heartbeat.example.com/incidents/{}", facts.diagnosis.place.name(), facts.id);
    assert_eq!(server.requests().remove(0).json()["message"], said);
}

#[tokio::test]
async fn a_webhook_can_be_verified_by_its_signature_and_is_the_message_itself() {
    for notification in NotificationKind::ALL {
        let message = message(notification);
        let request = sent(ChannelKind::Webhook, &message).await.remove(0);
        let (id, time) = (request.header("webhook-id").unwrap(), request.header("webhook-timestamp").unwrap());
        assert_eq!((id, time), (ID.to_string().as_str(), "1795446607"));
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update([id.as_bytes(), b".", time.as_bytes(), b".", &request.body].concat().as_slice());
        let signature = request.header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
        mac.verify_slice(&STANDARD.decode(signature).unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Message>(&request.body).unwrap(), message);
    }
}

#[tokio::test]
async fn a_request_of_ones_own_has_the_method_headers_and_body_that_are_set() {
    let server = service(ChannelKind::Http).await;
    let payload = r#"{"alert": "{{ project }}: {{ text }}", "id": {{ incident.id }}, "rules": {{ incident.rules }}}"#;
    let values =
        [("url", server.base()), ("method", "PUT".into()), ("headers", "X-Key: k\nX-Tags: a, b".into()), ("payload", payload.into())];
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let mut channel = super::bed::channel(ChannelKind::Http, &values);
    let message = Message { text: "says \"no\\\", {{ kind }}\n and more".into(), ..message(NotificationKind::Opened) };
    assert!(matches!(deliver(&sender().0, &channel, &message).await, Delivery::Accepted(_)));
    let request = server.requests().remove(0);
    assert_eq!(request.line(), "PUT / HTTP/1.1");
    assert_eq!((request.header("x-key"), request.header("x-tags")), (Some("k"), Some("a, b")));
    let expected = json!({"alert": format!("shop: {}", message.text), "id": 7, "rules": ["lost", "lag_above"]});
    assert_eq!((request.json(), request.header("content-type")), (expected, Some("application/json")));

    channel.values.set("content_type", "application/x-www-form-urlencoded");
    channel.values.set("payload", "To=7&Body={{ text }}");
    channel.body = Some("{{ project }} & more".into());
    deliver(&sender().0, &channel, &message).await;
    assert_eq!(server.requests()[1].body, b"To=7&Body=shop+%26+more");

    channel.values.set("content_type", "application/json");
    let delivery = deliver(&sender().0, &channel, &message).await;
    assert!(
        matches!(&delivery, Delivery::Unfit { words } if words.contains("`payload` renders to a text that is not JSON")),
        "{delivery:?}"
    );
    assert_eq!(server.requests().len(), 2, "nothing is sent that is not JSON");
}

#[tokio::test]
async fn while_one_secret_replaces_another_both_sign() {
    let server = service(ChannelKind::Webhook).await;
    let secrets = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let channel = super::bed::channel(ChannelKind::Webhook, &[("url", &server.base()), ("secret", secrets)]);
    deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    let request = server.requests().remove(0);
    let (id, time) = (request.header("webhook-id").unwrap(), request.header("webhook-timestamp").unwrap());
    let expected = secrets.split(' ').map(|secret| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update([id.as_bytes(), b".", time.as_bytes(), b".", &request.body].concat().as_slice());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    assert_eq!(request.header("webhook-signature"), Some(expected.collect::<Vec<_>>().join(" ").as_str()));
}

#[tokio::test]
async fn an_address_pasted_with_its_path_is_understood() {
    for (kind, values, line) in [
        (ChannelKind::Alertmanager, &[("url", "BASE/am/api/v2/alerts/")] as &[_], "POST /am/api/v2/alerts HTTP/1.1"),
        (ChannelKind::PagerDuty, &[("url", "BASE/v2/enqueue"), ("routing_key", "k")], "POST /v2/enqueue HTTP/1.1"),
        (ChannelKind::Opsgenie, &[("url", "BASE/v2/alerts"), ("api_key", "k")], "POST /v2/alerts HTTP/1.1"),
    ] {
        let server = service(kind).await;
        let values: Vec<(&str, String)> = values.iter().map(|(key, value)| (*key, value.replace("BASE", &server.base()))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        deliver(&sender().0, &super::bed::channel(kind, &values), &message(NotificationKind::Opened)).await;
        assert_eq!(server.requests()[0].line(), line);
    }
}

#[tokio::test]
async fn a_message_goes_to_the_thread_that_is_set() {
    for kind in [ChannelKind::Telegram, ChannelKind::Discord] {
        let server = service(kind).await;
        let (mut channel, _) = channel_at(kind, &server.base());
        channel.values.set("thread", "1234");
        deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
        let request = server.requests().remove(0);
        match kind {
            ChannelKind::Telegram => assert_eq!(request.json()["message_thread_id"], 1234),
            _ => assert!(request.line().contains("?thread_id=1234&wait=true "), "{}", request.line()),
        }
    }
}

#[tokio::test]
async fn a_thread_by_name_is_created_once_and_again_when_it_is_gone() {
    let (made, gone) = (r#"{"id": "5", "channel_id": "777"}"#, r#"{"message": "Unknown Channel", "code": 10003}"#);
    let server = Server::start(move |at, _| if at == 2 { answer("404 Not Found", "", gone) } else { answer("200 OK", "", made) }).await;
    let (mut channel, _) = channel_at(ChannelKind::Discord, &server.base());
    channel.values.set("thread", "alerts 24/7");
    assert_eq!(channel.problems(), []);
    let sender = sender().0;
    for notification in [NotificationKind::Opened, NotificationKind::Reminder, NotificationKind::Resolved] {
        let delivery = deliver(&sender, &channel, &message(notification)).await;
        assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    }
    let asked = server.requests().into_iter().map(|request| {
        let query = request.line().split(['?', ' ']).nth(2).unwrap().to_owned();
        (query, request.json()["thread_name"].as_str().map(str::to_owned))
    });
    let (named, in_thread) = (|| ("wait=true".to_owned(), Some("alerts 24/7".to_owned())), || ("thread_id=777&wait=true".to_owned(), None));
    assert_eq!(asked.collect::<Vec<_>>(), [named(), in_thread(), in_thread(), named()]);
}

#[tokio::test]
async fn an_alert_has_the_labels_that_a_user_set() {
    let server = service(ChannelKind::Alertmanager).await;
    let (mut channel, _) = channel_at(ChannelKind::Alertmanager, &server.base());
    channel.values.set("labels", "severity=critical, team=data");
    deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    let labels = server.requests()[0].json()[0]["labels"].clone();
    let expected = json!({
        "alertname": "PostHogIngestion", "incident_kind": "ingestion", "incident": super::bed::KEY, "project": "shop", "severity": "critical", "team": "data"
    });
    assert_eq!(labels, expected);
}

#[tokio::test]
async fn a_webhook_without_a_secret_is_not_signed() {
    let server = service(ChannelKind::Webhook).await;
    let channel = super::bed::channel(ChannelKind::Webhook, &[("url", &server.base())]);
    deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    let request = server.requests().remove(0);
    assert_eq!(request.header("webhook-signature"), None);
    assert!(request.header("webhook-id").is_some());
}

#[tokio::test]
async fn of_a_pair_the_right_address_is_called_with_nothing_in_it() {
    for (notification, line) in [
        (NotificationKind::Opened, Some("GET /on/Tr1ggerToken HTTP/1.1")),
        (NotificationKind::Resolved, Some("GET /off/Res0lveToken HTTP/1.1")),
        (NotificationKind::Escalated, None),
        (NotificationKind::Reminder, None),
        (NotificationKind::Returned, None),
    ] {
        let requests = sent(ChannelKind::GetPair, &message(notification)).await;
        assert_eq!(requests.iter().map(Request::line).collect::<Vec<_>>(), line.into_iter().collect::<Vec<_>>());
        assert!(requests.iter().all(|request| request.body.is_empty()));
    }
}

#[tokio::test]
async fn half_a_pair_is_enough() {
    let server = service(ChannelKind::GetPair).await;
    let channel = super::bed::channel(ChannelKind::GetPair, &[("resolved", &format!("{}/off", server.base()))]);
    let sender = sender().0;
    let opened = deliver(&sender, &channel, &message(NotificationKind::Opened)).await;
    assert_eq!(opened, Delivery::Accepted("not sent: no URL for opened, triggered is not set".into()));
    let mut merged = message(NotificationKind::Resolved);
    merged.merged = true;
    deliver(&sender, &channel, &merged).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_stored_template_out_of_bounds_gives_way_to_our_own_words() {
    let server = service(ChannelKind::Slack).await;
    let (mut channel, _) = channel_at(ChannelKind::Slack, &server.base());
    channel.title = Some("{{ kind }}!".into());
    channel.body = Some("{{ title }}".repeat(400));
    let message = Message { text: "Beats do not arrive.".into(), ..message(NotificationKind::Opened) };
    assert!(matches!(deliver(&sender().0, &channel, &message).await, Delivery::Accepted(_)));
    let sent = server.requests().remove(0).json();
    assert_eq!(sent["text"], "opened!");
    let says =
        "Beats do not arrive.\nThis channel's own body is not used: its template is 4400 bytes long, and must not be longer than 4096.";
    assert_eq!(sent["attachments"][0]["text"], says);
}

#[tokio::test]
async fn a_users_own_markup_is_kept_and_what_it_names_is_not_read_as_any() {
    for (kind, place, expected) in [
        (ChannelKind::Discord, "/embeds/0/title", "**\\*a\\* \\[x\\]\\(http\\://e.example\\) \\@here**"),
        (ChannelKind::Teams, "/attachments/0/content/body/0/text", "**\\*a\\* \\[x\\]\\(http\\://e.example\\) \\@here**"),
        (ChannelKind::Slack, "/text", "***a* [x](http://e.example) @here**"),
    ] {
        let server = service(kind).await;
        let (mut channel, _) = channel_at(kind, &server.base());
        channel.title = Some("**{{ title }}**".into());
        let message = Message { title: "*a* [x](http://e.example) @here".into(), ..message(NotificationKind::Opened) };
        deliver(&sender().0, &channel, &message).await;
        assert_eq!(server.requests().remove(0).json().pointer(place).unwrap(), expected, "{kind}");
    }
}

/// What a server might say, so that a message of ours holds it.
const NASTY: &str = "`no`\u{202e} [x](http://e.example) <http://e.example|x> @everyone <@123> <!channel> *a* _b_ ~c~ <b>&amp;</b>";

#[tokio::test]
async fn a_servers_words_become_neither_markup_nor_links_nor_mentions() {
    let message = Message { title: NASTY.into(), text: NASTY.into(), ..message(NotificationKind::Opened) };
    let markdown = "\\`no\\`\u{202e} \\[x\\]\\(http\\://e.example\\) \\<http\\://e.example\\|x\\> \\@everyone \\<\\@123\\> \\<!channel\\> \
                    \\*a\\* \\_b\\_ \\~c\\~ \\<b\\>&amp;\\</b\\>";
    let slack = "`no`\u{202e} [x](http://e.example) &lt;http://e.example|x&gt; @everyone &lt;@123&gt; &lt;!channel&gt; *a* _b_ ~c~ \
                 &lt;b&gt;&amp;amp;&lt;/b&gt;";
    for (kind, places, expected) in [
        (ChannelKind::Discord, ["/embeds/0/title", "/embeds/0/description"], markdown),
        (ChannelKind::Slack, ["/text", "/attachments/0/text"], slack),
        // Nothing there reads markup.
        (ChannelKind::Teams, ["/attachments/0/content/body/0/inlines/0/text", "/attachments/0/content/body/1/inlines/0/text"], NASTY),
        (ChannelKind::Ntfy, ["/title", "/message"], NASTY),
        (ChannelKind::Pushover, ["/title", "/message"], NASTY),
    ] {
        let body = sent(kind, &message).await.remove(0).json();
        for place in places {
            assert_eq!(body.pointer(place).unwrap(), expected, "{kind}");
        }
    }
    let slack = sent(ChannelKind::Slack, &message).await.remove(0).json();
    assert_eq!((&slack["parse"], &slack["mrkdwn"], &slack["attachments"][0]["mrkdwn_in"]), (&json!("none"), &json!(false), &json!([])));
    let teams = sent(ChannelKind::Teams, &message).await.remove(0).json();
    assert!(teams.pointer("/attachments/0/content/body/1/type").is_some_and(|of| of == "RichTextBlock"), "{teams}");
    let ntfy = sent(ChannelKind::Ntfy, &message).await.remove(0).json();
    assert_eq!(ntfy.get("markdown"), None);
    let telegram = sent(ChannelKind::Telegram, &message).await.remove(0).json();
    let text = telegram["text"].as_str().unwrap();
    assert!(text.starts_with("no\u{202e} [x]") && text.contains("@\u{2060}everyone <@\u{2060}123>"), "{text}");
    assert_eq!(telegram["entities"][0], json!({"type": "code", "offset": 0, "length": 2}));
}

#[tokio::test]
async fn google_chat_shows_text_as_it_is_and_keeps_an_incident_in_one_thread() {
    let opened = Message { title: NASTY.into(), text: format!("{NASTY}\nline 2"), ..message(NotificationKind::Opened) };
    let request = sent(ChannelKind::GoogleChat, &opened).await.remove(0);
    assert!(request.line().ends_with("&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD HTTP/1.1"), "{}", request.line());
    let card = request.json();
    let text = card.pointer("/cardsV2/0/card/sections/0/widgets/0/textParagraph/text").unwrap().as_str().unwrap();
    assert!(text.contains("&lt;b&gt;&amp;amp;&lt;/b&gt;<br>line 2") && !text.contains("<!channel>"), "{text}");
    assert_eq!(card.pointer("/cardsV2/0/card/header/title"), Some(&json!(NASTY)), "a header is plain text");
    let resolved = sent(ChannelKind::GoogleChat, &message(NotificationKind::Resolved)).await.remove(0).json();
    assert_eq!(card["thread"], resolved["thread"]);
}

#[tokio::test]
async fn pushover_is_loud_for_what_is_critical_and_quiet_when_it_is_resolved() {
    for (notification, severity, priority) in [
        (NotificationKind::Opened, "critical", 1),
        (NotificationKind::Opened, "warning", 0),
        (NotificationKind::Opened, "info", -1),
        (NotificationKind::Resolved, "critical", -1),
    ] {
        let message = Message { severity: severity.into(), ..message(notification) };
        assert_eq!(sent(ChannelKind::Pushover, &message).await.remove(0).json()["priority"], priority, "{notification} {severity}");
    }
}

#[tokio::test]
async fn mattermost_gets_no_mention_behind_a_backslash() {
    let message = Message { title: NASTY.into(), text: NASTY.into(), ..message(NotificationKind::Opened) };
    let body = sent(ChannelKind::Mattermost, &message).await.remove(0).json();
    for place in ["/text", "/attachments/0/text"] {
        let text = body.pointer(place).unwrap().as_str().unwrap();
        assert!(text.contains(" @\u{2060}everyone ") && text.contains("\\*a\\*") && !text.contains("\\@"), "{text}");
    }
}

#[tokio::test]
async fn words_call_nobody_by_accident() {
    let opened = message(NotificationKind::Opened);
    let slack = sent(ChannelKind::Slack, &opened).await.remove(0).json();
    assert_eq!(slack["text"], "[critical] shop: opened &lt;!channel&gt; &amp; @everyone *all*");
    assert_eq!(slack["mrkdwn"], false);
    assert!(slack["attachments"][0]["text"].as_str().unwrap().contains("&lt;b&gt;"));
    let discord = sent(ChannelKind::Discord, &opened).await.remove(0).json();
    assert_eq!(discord["allowed_mentions"], json!({"parse": []}));
    let telegram = sent(ChannelKind::Telegram, &opened).await.remove(0).json();
    assert_eq!(telegram.get("parse_mode"), None);
}

#[tokio::test]
async fn what_is_too_long_is_cut_to_what_the_service_takes() {
    let mut long = message(NotificationKind::Opened);
    long.title = "🦔\"".repeat(4000);
    long.text = "\u{e9}\"\n".repeat(20_000);
    long.project = "p".repeat(3000);
    let units = |value: &Value| value.as_str().unwrap().encode_utf16().count();
    let characters = |value: &Value| value.as_str().unwrap().chars().count();
    for kind in BY_HTTP {
        let Some(request) = sent(kind, &long).await.pop() else { panic!("{kind} sends nothing") };
        if kind == ChannelKind::GetPair {
            continue;
        }
        let body = request.json();
        match kind {
            ChannelKind::Slack => assert!(units(&body["attachments"][0]["text"]) <= 3000),
            ChannelKind::Discord => {
                let embed = &body["embeds"][0];
                assert!(units(&embed["title"]) <= 256 && units(&embed["description"]) <= 4096);
                let fields: usize =
                    embed["fields"].as_array().unwrap().iter().map(|field| units(&field["name"]) + units(&field["value"])).sum();
                assert!(units(&embed["title"]) + units(&embed["description"]) + fields <= 6000);
            }
            ChannelKind::Teams => assert!(request.body.len() <= 28 * 1024, "{}", request.body.len()),
            ChannelKind::PagerDuty => {
                assert!(characters(&body["payload"]["summary"]) <= 1024);
                assert!(request.body.len() <= 512 * 1024);
            }
            ChannelKind::Opsgenie => {
                assert!(characters(&body["message"]) <= 130 && characters(&body["description"]) <= 15_000);
                let details: usize = body["details"].as_object().unwrap().iter().map(|(key, value)| key.len() + characters(value)).sum();
                assert!(details <= 8000);
                assert!(characters(&body["entity"]) <= 512);
            }
            ChannelKind::Ntfy => assert!(body["message"].as_str().unwrap().len() <= 4096),
            ChannelKind::Telegram => assert!(units(&body["text"]) <= 4096),
            ChannelKind::Mattermost => assert!(characters(&body["text"]) + characters(&body["attachments"][0]["text"]) <= 16_383),
            ChannelKind::Pushover => assert!(characters(&body["title"]) <= 250 && characters(&body["message"]) <= 1024),
            ChannelKind::GoogleChat => assert!(request.body.len() <= 32_000, "{}", request.body.len()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_taken_message_says_what_was_answered() {
    let server = service(ChannelKind::PagerDuty).await;
    let (channel, _) = channel_at(ChannelKind::PagerDuty, &server.base());
    let delivery = deliver(&sender().0, &channel, &message(NotificationKind::Opened)).await;
    assert!(words(&delivery).starts_with("202 Accepted: {\"status\":\"success\""), "{delivery:?}");
}
