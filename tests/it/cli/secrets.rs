//! A secret comes out of no command, on no way, and rests in no file but where it was put.

use std::fmt::Write as _;
use std::fs;

use heartbeat::model::{ChannelKind, Takes};

use super::{Home, TWO};

const SECRET: &str = "hunter2";

#[test]
fn no_command_and_no_error_shows_a_secret() {
    let home = Home::with_two();
    let key = format!("phx_{SECRET}");
    home.file("bad.toml", &TWO.replace("phc_shop", &key).replace("eu", &key).replace("[[project]]", "[project]"));
    home.file("torn.toml", &format!("[[project]]\npersonal_api_key = \"{key}\ntoken = {key}\n"));
    home.file("key", &key);
    let set = format!("project_api_key={key}");
    let named = format!("{key}=1");
    let database = format!("postgres://me:{SECRET}@127.0.0.1:1/x");
    let hook_alone = format!("https://hooks.example.com/{SECRET}");
    let hook = format!("webHookUrlTriggered={hook_alone}");
    let hook_torn = format!("webHookUrlResolved=hooks.example.com/{SECRET}");
    let api_key = format!("posthogApiKey={key}");
    home.file("channels.toml", &channels());
    let lines: &[&[&str]] = &[
        &["apply", "two.toml"],
        &["apply", "two.toml", "-vv"],
        &["apply", "two.toml", "--json", "-vv", "--log-format", "json"],
        &["apply", "bad.toml"],
        &["apply", "torn.toml"],
        &["apply", &key],
        &["config", "check", "bad.toml"],
        &["config", "check", "bad.toml", "--json"],
        &["config", "check", "torn.toml", "--json"],
        &["config", "check", "two.toml"],
        &["export"],
        &["export", "-vv"],
        &["export", "--project", &key],
        &["projects", "list"],
        &["projects", "list", "--json"],
        &["projects", "add", &key],
        &["projects", "add", "new", "--host", &key, "--token", "phc_a"],
        &["projects", "add", "new", "--host", "us", "--token", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", "--personal-api-ky", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", "--personal-api-key", &key, "-vv"],
        &["projects", "set-key", "new", "--personal-api-key-file", "key", "--json"],
        &["projects", "set-key", &key, "--no-personal-api-key"],
        &["apps", "install", &key, "--project", "blog"],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &set],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &named],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &key],
        &["apps", "configure", "heartbeat", "--project", "shop"],
        &["apps", "search", &key],
        &["apps", "install", "ingestion-alert", "--project", "shop", "--set", &hook, "--set", &api_key],
        &["apps", "install", "ingestion-alert", "--project", "shop", "--set", &hook_alone],
        &["apps", "install", "ingestion-alert", "--project", "shop", "--set", &hook_torn, "--json", "-vv"],
        &["apps", "install", "ingestion-alert", "--project", "shop", "--set-file", "webHookUrlResolved=key"],
        &["apps", "configure", "ingestion-alert", "--project", "shop", "--json"],
        &["apps", "list", "--json"],
        &["apply", "channels.toml", "-vv", "--log-format", "json"],
        &["apply", "channels.toml", "--json"],
        &["config", "check", "channels.toml"],
        &["export"],
        &["--database", &database, "projects", "list"],
        &["--database", &key, "projects", "list"],
        &["--config", &key, "projects", "list"],
        &["completions", &key],
        &["--color", &key],
        &[&key],
    ];
    for line in lines {
        let ran = home.run(line);
        assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET), "{line:?}: {ran:?}");
    }
    assert_eq!(home.run(&["apply", "channels.toml"]).code, 0, "the file is a right one");
}

/// A file with every kind of channel, a secret in each of its secret fields.
fn channels() -> String {
    let mut file = format!("[service]\ndead_man_url = \"https://hc-ping.com/{SECRET}\"\n{TWO}");
    for kind in ChannelKind::ALL {
        let _ = writeln!(file, "[[channel]]\nname = \"{kind}\"\nkind = \"{kind}\"");
        for field in kind.fields() {
            let value = match field.takes {
                Takes::Text => SECRET.to_owned(),
                Takes::SmtpUrl => format!("smtp://me:{SECRET}@mail.example.com"),
                Takes::SigningSecret => "whsec_hunter2hunter2hunter2hunter2hunt".to_owned(),
                Takes::Addresses => "ops@example.com".to_owned(),
                Takes::CommandLine => "/bin/true".to_owned(),
                Takes::HostName => "monitor.example.com".to_owned(),
                Takes::Number | Takes::Thread => "7".to_owned(),
                Takes::Labels => "team=data".to_owned(),
                Takes::OneOf(choices) => choices[0].to_owned(),
                Takes::Headers => format!("X-Key: {SECRET}"),
                Takes::Payload => "{}".to_owned(),
                _ => format!("https://example.com/{SECRET}"),
            };
            let value = if field.secret { value } else { value.replace(SECRET, "x") };
            let _ = writeln!(file, "{} = \"{value}\"", field.key);
        }
    }
    file
}

#[test]
fn a_secret_rests_encrypted() {
    let home = Home::with_two();
    let files = fs::read_dir(home.path("data/posthog-heartbeat")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", file.display());
    }
}

#[test]
fn the_test_above_would_find_one() {
    let ran = Home::with_two().run(&["export", "--with-secrets"]);
    assert!(ran.out.contains(SECRET));
}
