//! No secret of a channel gets out of a running service: not into its log at the finest level, its database, or what commands show of it.

use heartbeat::clock::Clock;
use heartbeat::sandbox::PERSONAL_KEY;
use serde_json::{Value, json};

use super::{Said, Workdir, eventually, speed};
use crate::sandbox::Running;
use crate::support::scripted::{Server, answer};

const SPEED: u32 = 60;

/// A channel of each kind that has a secret, all at `BASE`, and the app's own pair; and what of them nobody may see.
const SETTINGS: &str = r#"
[project.ingestion_alert]
capture_open_after = 1
capture_close_after = 1
webHookUrlTriggered = "BASE/on/N33dle-app-on"
webHookUrlResolved = "BASE/off/N33dle-app-off"

[service]
dead_man_url = "BASE/ping/N33dle-dead-man"

[[channel]]
name = "hook"
kind = "webhook"
url = "BASE/hooks/N33dle-hook?k=N33dle-query"
secret = "whsec_TjMzZGxlTjMzZGxlTjMzZGxlTjMzZGxlTjMz"

[[channel]]
name = "slack"
kind = "slack"
url = "BASE/services/T0/B0/N33dle-slack"

[[channel]]
name = "discord"
kind = "discord"
url = "BASE/api/webhooks/77/N33dle-discord"

[[channel]]
name = "teams"
kind = "teams"
url = "BASE/workflows/invoke?sig=N33dle%2Fteams"

[[channel]]
name = "pager"
kind = "pagerduty"
url = "BASE"
routing_key = "N33dle-pager"

[[channel]]
name = "genie"
kind = "opsgenie"
url = "BASE"
api_key = "N33dle-genie"

[[channel]]
name = "alerts"
kind = "alertmanager"
url = "BASE/am"
username = "me"
password = "N33dle-alerts"

[[channel]]
name = "mail"
kind = "email"
url = "smtp://me:N33dle-mail@MAIL"
from = "a@example.com"
to = "b@example.com"

[[channel]]
name = "push"
kind = "ntfy"
url = "BASE/N33dle-topic"
token = "tk_N33dle"

[[channel]]
name = "bot"
kind = "telegram"
url = "BASE"
token = "77:N33dle-bot"
chat = "-100"
"#;

/// Also as they stand in a header (`me:N33dle-alerts`, and for the signing secret the bytes behind it) or escaped.
const SECRETS: [&str; 5] = ["N33dle", "N33d%6Ce", "TjMzZGxl", "bWU6TjMzZGxlLWFsZXJ0cw", PERSONAL_KEY];

fn holds_none(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        let at = bytes.windows(secret.len()).position(|window| window == secret.as_bytes());
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
            panic!("{what} holds {secret}: {}", String::from_utf8_lossy(around));
        }
    }
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}

/// A service that repeats all that it was asked, and takes it, fails, or wants none of it.
async fn echo() -> Server {
    Server::start(|number, request| {
        let said = format!("{} {}", request.head, String::from_utf8_lossy(&request.body));
        answer(["200 OK", "503 Service Unavailable", "404 Not Found"][number % 3], "", &said)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_a_channel_gets_out() {
    let (sandbox, server) = (Running::start(Clock::fast(speed(SPEED))).await, echo().await);
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let workdir = Workdir::new().with("HEARTBEAT_LOG", "trace");
    workdir.settings(&sandbox.url, &SETTINGS.replace("BASE", &server.base()).replace("MAIL", &nobody.to_string()));
    let (times, database) = (SPEED.to_string(), ["--database", "sqlite:heartbeat.db"]);
    let start = ["run", "--config", "heartbeat.toml", "--log-format", "json", "--speed", &times];
    let mut service = workdir.start(&[&start, &database[..]].concat());
    service.err.wait_for("beating").await;
    sandbox.faults(json!({"capture": {"status": 503}})).await;
    let notifications = async || workdir.run(&[&["notifications", "--json", "--limit", "10000"], &database[..]].concat()).await;
    // Each kind was tried, and something came of it: taken, tried again, or stopped.
    let channels = async || workdir.run(&[&["channels", "list", "--json"], &database[..]].concat()).await;
    let last = Said::default();
    eventually(
        "every channel was tried",
        || last.text(),
        async || {
            let (notifications, channels) = (notifications().await.json(), channels().await.json());
            let said = |name: &Value| {
                all(&notifications["items"]).any(|notification| notification["channel"] == *name && notification["said"].is_string())
            };
            let untried: Vec<&Value> = all(&channels["items"]).map(|channel| &channel["name"]).filter(|name| !said(name)).collect();
            *last.0.lock().unwrap() = format!("{untried:?} {notifications:#}").into_bytes();
            all(&channels["items"]).count() == 11 && untried.is_empty()
        },
    )
    .await;
    sandbox.sandbox.clear_faults();
    service.err.wait_for("closed: ").await;
    service.signal("HUP");
    service.err.wait_for("settings reloaded").await;
    for file in ["heartbeat.db", "heartbeat.db-wal"] {
        if let Ok(bytes) = std::fs::read(workdir.path(file)) {
            holds_none(file, &bytes);
        }
    }
    let commands: [&[&str]; 9] = [
        &["notifications"],
        &["notifications", "--json"],
        &["channels", "list"],
        &["channels", "list", "--json"],
        &["channels", "show", "hook"],
        &["channels", "show", "bot", "--json"],
        &["channels", "test", "hook", "--json"],
        &["incidents", "show", "1"],
        &["export"],
    ];
    for command in commands {
        let ended = workdir.run(&[command, &database[..]].concat()).await;
        assert!(ended.code() < 2, "{command:?}: {ended:?}");
        holds_none(&format!("{command:?}"), format!("{}{}", ended.out, ended.err).as_bytes());
    }
    service.signal("TERM");
    let ended = service.end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.err.lines().all(|line| line.starts_with('{')), "every line is JSON");
    holds_none("standard output", ended.out.as_bytes());
    holds_none("standard error", ended.err.as_bytes());
    holds_none("heartbeat.db", &std::fs::read(workdir.path("heartbeat.db")).unwrap());
    // It was there to be seen, were it not hidden.
    let exported = workdir.run(&[&["export", "--with-secrets"], &database[..]].concat()).await;
    assert!(exported.out.matches("N33dle").count() >= 10, "{exported:?}");
}
