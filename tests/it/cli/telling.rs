//! `heartbeat channels`: added, tried, mended, taken away; and what is wrong with what is asked for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use heartbeat::message;
use heartbeat::model::{Notification, NotificationKind, NotificationState, ProjectName, Stopped, Timestamp};
use heartbeat::store::{self, ChannelNews, SecretCipher};

use super::Home;

/// A receiver that answers each request with the next of these statuses, the last for ever, and remembers what came.
struct Receiver {
    at: SocketAddr,
    came: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let came = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&came);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut line, mut length) = (String::new(), 0);
                while stream.read_line(&mut line).unwrap_or(0) > 2 {
                    if let Some(given) = line.to_lowercase().strip_prefix("content-length:") {
                        length = given.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let status = statuses[kept.lock().unwrap().len().min(statuses.len() - 1)];
                kept.lock().unwrap().push(String::from_utf8(body).unwrap());
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { at, came }
    }

    fn url(&self) -> String {
        format!("http://{}/hunter2", self.at)
    }

    fn came(&self) -> Vec<String> {
        self.came.lock().unwrap().clone()
    }
}

/// Adds a webhook channel, and gives what was shown.
fn add(home: &Home, name: &str, url: &str, arguments: &[&str]) -> String {
    home.file("url", &format!("{url}\n"));
    home.run(&[&["channels", "add", name, "--kind", "webhook", "--set-file", "url=url"], arguments].concat()).shown()
}

#[test]
fn everything_wrong_is_reported_at_once_and_no_value_is_quoted() {
    let home = Home::with_two();
    let add = |arguments: &[&str]| home.run(&[&["channels", "add"], arguments].concat());
    home.file("hook", "hooks.example.com/hunter2");
    let wrong = [
        add(&["my ops", "--kind", "slak"]),
        add(&["ops", "--kind", "Slack"]),
        add(&["ops", "--kind", "carrier-pigeon"]),
        add(&["ops", "--kind", "slack"]),
        add(&["ops", "--kind", "get-pair"]),
        add(&["ops", "--kind", "webhook", "--set-file", "url=hook", "--set", "secret=hunter2", "--set", "ulr=hunter2", "--set", "hunter2"]),
        add(&[
            "ops",
            "--kind",
            "slack",
            "--set-env",
            "url=SLACK_URL",
            "--set-file",
            "url=none",
            "--severity",
            "bad",
            "--project",
            "no shop",
        ]),
        add(&["ops", "--kind", "command", "--set", "command=/bin/true", "--title", "{{ titel }}", "--body", "{{", "--project", "shpo"]),
        add(&["ops", "--kind", "command", "--set", "command=/bin/true", "--project", "shpo", "--project", "news"]),
        add(&["ops", "--kind", "command", "--set", "command=/bin/true", "--at-once", "0"]),
        home.run(&["channels", "kinds", "mail"]),
        home.run(&["channels", "set", "ops"]),
        home.run(&["channels", "test", "ops"]),
        home.run(&["channels", "resend", "ops"]),
        home.run(&["channels", "show", "webhooks of shop"]),
        home.run(&["channels", "remove", "ops"]),
    ];
    let shown = wrong.iter().map(super::Ran::shown).collect::<Vec<_>>().join("\n");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(wrong.iter().all(|ran| ran.code == 2), "{shown}");
    insta::assert_snapshot!("channels that cannot be", shown);
    assert_eq!(home.run(&["channels", "--json"]).json(), serde_json::json!({"items": [], "next": null}));
}

#[test]
fn wrong_flags_make_no_database() {
    let home = Home::new();
    assert_eq!(home.run(&["channels", "add", "ops", "--kind", "slack"]).code, 2);
    assert!(!home.path("data").exists());
}

#[test]
fn kinds_list_their_fields() {
    let home = Home::new();
    insta::assert_snapshot!("channels kinds", home.run(&["channels", "kinds"]).shown());
    let ntfy = home.run(&["channels", "kinds", "ntfy", "--json"]).json();
    assert_eq!(
        ntfy["items"][0]["fields"][1],
        serde_json::json!({
            "key": "token", "label": "Token", "hint": "An access token (tk_...), if the topic needs one", "default": "", "required": false,
            "secret": true, "choices": [], "others": false
        })
    );
}

#[test]
fn a_channel_lives_through_its_states() {
    let home = Home::with_two();
    let channels = |arguments: &[&str]| home.run(&[&["channels"], arguments].concat()).shown();
    let told = [
        channels(&[]),
        add(&home, "ops", "https://hooks.example.com/hunter2", &["--project", "shop", "--severity", "warning", "--title", "{{ title }}!"]),
        add(&home, "ops", "https://hooks.example.com/hunter2", &[]),
        add(&home, "later", "https://hooks.example.com/hunter3", &["--disabled", "--dry-run"]),
        channels(&["list"]),
        channels(&["show", "ops"]),
        channels(&["set", "ops", "--severity", "critical", "--title", "", "--all-projects", "--at-once", "9"]),
        channels(&["set", "ops", "--set", "url=https://hooks.example.com/hunter4"]),
        channels(&["set", "ops"]),
        channels(&["disable", "ops"]),
        channels(&["list"]),
        channels(&["resend", "ops"]),
        channels(&["enable", "ops", "--json"]),
        channels(&["remove", "ops", "--dry-run"]),
        channels(&["remove", "ops"]),
    ]
    .join("\n");
    assert!(!told.contains("hunter"), "{told}");
    insta::assert_snapshot!("a channel lives", told);
}

#[test]
fn json_holds_no_secret() {
    let home = Home::with_two();
    let secret = "secret=whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==";
    add(&home, "ops", "https://hooks.example.com/hunter2", &["--set", secret]);
    let [list, show] = [&["channels", "--json"][..], &["channels", "show", "ops", "--json"]].map(|arguments| home.run(arguments));
    assert!(!format!("{}{}", list.out, show.out).contains("hunter2") && !show.out.contains("aHVudGVy"), "{show:?}");
    assert_eq!(
        list.json()["items"][0],
        serde_json::json!({
            "name": "ops", "kind": "webhook", "of_app": false, "projects": [], "severity": "info", "at_once": 5, "enabled": true,
            "title": null, "body": null, "fields": {}, "secrets": {"url": "https://hooks.example.com/***", "secret": "***"},
            "state": "never_used", "stopped_since": null, "stopped_words": null, "last_accepted": null, "queued": 0, "failed": 0
        })
    );
    assert_eq!(show.json(), list.json()["items"][0]);
}

#[test]
fn a_test_sends_marked_samples_and_prints_the_answers() {
    let home = Home::with_two();
    let receiver = Receiver::answering(&[200]);
    add(&home, "ops", &receiver.url(), &["--project", "shop", "--title", "Attention: {{ title }}"]);
    let ran = home.run(&["channels", "test", "ops"]);
    let told = ran.shown().replace(&receiver.at.to_string(), "RECEIVER");
    assert!(ran.code == 0 && !told.contains("hunter2"), "{told}");
    insta::assert_snapshot!("a test is taken", told);
    let came: Vec<serde_json::Value> = receiver.came().iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let text = serde_json::to_string(&came).unwrap();
    assert_eq!(came.len(), 3, "{text}");
    assert!(came.iter().all(|body| body["title"].as_str().unwrap().starts_with("Attention: [test] ")), "{text}");
    assert!(came.iter().zip(["opened", "reminder", "resolved"]).all(|(body, kind)| body.to_string().contains(kind)), "{text}");
}

#[test]
fn a_test_that_is_not_taken_fails() {
    let home = Home::with_two();
    let receiver = Receiver::answering(&[200, 500]);
    add(&home, "ops", &receiver.url(), &[]);
    let ran = home.run(&["channels", "test", "ops", "--kind", "resolved", "--kind", "opened", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let deliveries = ran.json()["deliveries"].clone();
    let brief: Vec<_> = deliveries
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].clone(), one["accepted"].clone(), one["will_retry"].clone()))
        .collect();
    assert_eq!(brief, [("opened".into(), true.into(), false.into()), ("resolved".into(), false.into(), true.into())]);
    assert_eq!((receiver.came().len(), &ran.json()["requeued"]), (2, &serde_json::Value::Null));
    assert!(!ran.out.contains("hunter2"), "{ran:?}");
}

/// What a delivery leaves: the channel stopped, one notification queued and two failed.
fn stop(home: &Home) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cipher = SecretCipher::from_key_file(&home.path("h.key")).unwrap();
        let store = store::open(&format!("sqlite:{}", home.path("h.db").display()), cipher).await.unwrap();
        let channel = store.channels().await.unwrap().into_iter().find(|channel| channel.of_app.is_none()).unwrap().id;
        let at = Timestamp::parse("2026-11-23T14:02:00Z").unwrap();
        let message = message::sample(NotificationKind::Returned, &ProjectName::parse("shop").unwrap(), at);
        let queued: Vec<Notification> = (0..3).map(|number| Notification::queued(channel, None, "x", number, message.clone())).collect();
        store.owe(&queued).await.unwrap();
        let failed: Vec<Notification> = queued[1..]
            .iter()
            .map(|notification| Notification { state: NotificationState::Failed, ended: Some(at), ..notification.clone() })
            .collect();
        let stopped = Stopped { at, words: "404 `no_service`".into(), retried: false };
        store.mark(&failed, &[ChannelNews::Stopped(channel, stopped)], &[]).await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_channel_that_does_not_deliver_is_shown_and_mended() {
    let home = Home::new().with("DATABASE_URL", "sqlite:h.db");
    home.file("two.toml", super::TWO);
    assert_eq!(home.run(&["apply", "two.toml"]).code, 0);
    let receiver = Receiver::answering(&[200]);
    add(&home, "ops", &receiver.url(), &[]);
    let webhook = ["--set", "webHookUrlTriggered=https://hooks.example.com/hunter2"];
    assert_eq!(home.run(&[&["apps", "install", "ingestion-alert", "--project", "shop"], &webhook[..]].concat()).code, 0);
    stop(&home);
    let status = home.run(&["status"]).out;
    assert!(status.contains("channel ops has not delivered since 2026-11-23T14:02:00.000Z: 404 `no_service`"), "{status}");
    let one = home.run(&["channels", "test", "ops", "--kind", "opened", "--json"]);
    assert_eq!(one.json()["requeued"], serde_json::Value::Null, "one sample of three revives nothing");
    let mut told = vec![
        home.run(&["channels"]).shown(),
        home.run(&["channels", "show", "ops"]).shown(),
        home.run(&["channels", "show", "webhooks of shop"]).shown(),
        home.run(&["channels", "remove", "ops", "--dry-run"]).shown(),
        home.run(&["channels", "test", "ops"]).shown(),
        home.run(&["channels"]).shown(),
    ];
    stop(&home);
    told.push(home.run(&["channels", "resend", "ops", "--json"]).shown());
    told.push(home.run(&["channels", "remove", "ops"]).shown());
    let told = told.join("\n").replace(&receiver.at.to_string(), "RECEIVER");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!("a channel that does not deliver", told);
}
