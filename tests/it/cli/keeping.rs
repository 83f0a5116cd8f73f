//! Ingestion Alert, channels and maintenance windows, kept: put once, exported, configured, taken away.

use super::{Home, TWO};

/// Everything that a file can say beside [`TWO`].
const BESIDE: &str = r#"
[[project]]
name = "news"
host = "us"
token = "phc_news"
personal_api_key = "phx_hunter2"

[project.heartbeat]

[project.ingestion_alert]
timeRange = 15
watch = "signup, purchase"
lost = false
webHookUrlTriggered = "https://example.com/triggered?key=hunter2"

[[channel]]
name = "ops"
kind = "webhook"
projects = ["news"]
severity = "warning"
url = "https://example.com/hunter2"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

[[channel]]
name = "mail"
kind = "email"
url = "smtps://me:hunter2@mail.example.com:465"
from = "heartbeat@example.com"
to = "ops@example.com"
body = "One\nTwo"

[[maintenance]]
name = "night"
projects = ["news"]
weekly = "sun 23:00-01:00"
timezone = "Europe/Berlin"

[[maintenance]]
name = "move"
from = 2026-12-01T02:00:00Z
to = 2026-12-01T04:00:00Z
"#;

fn home() -> Home {
    let home = Home::new();
    home.file("all.toml", &format!("{TWO}{BESIDE}"));
    let ran = home.run(&["apply", "all.toml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    home
}

#[test]
fn what_is_put_twice_changes_nothing_the_second_time() {
    let home = home();
    for arguments in [&["apply", "all.toml"][..], &["apply", "all.toml", "--prune"]] {
        assert_eq!(home.run(arguments).shown(), "exit 0\n--- err\nNothing to change.\n");
    }
}

#[test]
fn an_export_shows_all_of_it_and_no_secret() {
    let home = home();
    let export = home.run(&["export"]).out;
    let beside = export.split_once("[[channel]]").unwrap().1;
    insta::assert_snapshot!(format!("[[channel]]{beside}"), @r#"
    [[channel]]
    name = "mail"
    kind = "email"
    enabled = true
    severity = "info"
    at_once = 5
    body = """
    One
    Two"""
    # url is a secret and is left out; applying this file keeps the stored one (see --with-secrets)
    from = "heartbeat@example.com"
    to = "ops@example.com"

    [[channel]]
    name = "ops"
    kind = "webhook"
    enabled = true
    severity = "warning"
    projects = ["news"]
    at_once = 5
    # url is a secret and is left out; applying this file keeps the stored one (see --with-secrets)
    # secret is a secret and is left out; applying this file keeps the stored one (see --with-secrets)

    [[maintenance]]
    name = "move"
    from = "2026-12-01T02:00:00.000Z"
    to = "2026-12-01T04:00:00.000Z"

    [[maintenance]]
    name = "night"
    projects = ["news"]
    weekly = "sun 23:00-01:00"
    timezone = "Europe/Berlin"
    "#);
    let app = export.split_once("[project.ingestion_alert]").unwrap().1.split_once("\n\n").unwrap().0;
    insta::assert_snapshot!(app, @r#"
    enabled = true
    timeRange = 15
    # webHookUrlTriggered is a secret and is left out; applying this file keeps the stored one (see --with-secrets)
    watch = "signup, purchase"
    lost = "off"
    "#);
    assert!(!export.contains("hunter2"));
    assert_eq!(home.run(&["export", "-o", "out.toml"]).err, "Wrote 3 projects, 2 channels, 2 maintenance windows to out.toml.\n");
    assert!(!home.run(&["export", "--project", "news"]).out.contains("[[channel]]"));
}

#[test]
fn an_export_applied_changes_nothing_here_and_is_whole_elsewhere() {
    let home = home();
    for arguments in [&["export", "-o", "again.toml"][..], &["export", "--with-secrets", "-o", "again.toml"]] {
        assert_eq!(home.run(arguments).code, 0);
        assert_eq!(home.run(&["apply", "again.toml", "--prune"]).shown(), "exit 0\n--- err\nNothing to change.\n");
    }
    let export = home.run(&["export", "--with-secrets"]).out;
    assert!(export.matches("hunter2").count() >= 5, "{export}");
    let elsewhere = Home::new();
    assert_eq!(elsewhere.run_with_input(&["apply", "-"], &export).code, 0);
    assert_eq!(elsewhere.run(&["export", "--with-secrets"]).out, export);
}

#[test]
fn what_changed_is_shown_without_the_secrets() {
    let home = home();
    let next = BESIDE
        .replace("severity = \"warning\"", "severity = \"critical\"")
        .replace("example.com/hunter2", "example.com/hunter3")
        .replace("timeRange = 15", "timeRange = 20")
        .replace("key=hunter2", "key=hunter3")
        .replace("23:00-01:00", "23:00-02:00");
    home.file("next.toml", &format!("{TWO}{next}"));
    insta::assert_snapshot!(home.run(&["apply", "next.toml"]).shown(), @r"
    exit 0
    --- out
    ~ project news: ingestion_alert.timeRange 15 -> 20
    ~ project news: ingestion_alert.webHookUrlTriggered changed
    ~ channel ops: severity warning -> critical
    ~ channel ops: url changed
    ~ maintenance night: weekly sun 23:00-01:00 -> sun 23:00-02:00
    ");
    assert_eq!(home.run(&["apply", "next.toml"]).err, "Nothing to change.\n");
}

#[test]
fn what_the_file_does_not_name_stays_unless_pruned() {
    let home = home();
    home.file("two.toml", TWO);
    insta::assert_snapshot!(home.run(&["apply", "two.toml"]).shown(), @r"
    exit 0
    --- err
    = project news is not in the file and is kept (--prune removes it)
    = channel mail is not in the file and is kept (--prune removes it)
    = channel ops is not in the file and is kept (--prune removes it)
    = maintenance move is not in the file and is kept (--prune removes it)
    = maintenance night is not in the file and is kept (--prune removes it)
    Nothing to change.
    ");
    insta::assert_snapshot!(home.run(&["apply", "two.toml", "--prune"]).shown(), @r"
    exit 0
    --- out
    - project news
    - channel mail
    - channel ops
    - maintenance move
    - maintenance night
    ");
    let export = home.run(&["export"]).out;
    assert!(!export.contains("[[channel]]") && !export.contains("[[maintenance]]") && !export.contains("news"));
}

#[test]
fn secrets_that_the_file_leaves_out_stay_and_empty_ones_go() {
    let home = home();
    let is_secret =
        |line: &&str| ["url =", "secret =", "webHookUrlTriggered =", "personal_api_key ="].iter().any(|key| line.starts_with(key));
    let without = |text: &str| text.lines().filter(|line| !is_secret(line)).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    home.file("left-out.toml", &without(&format!("{TWO}{BESIDE}")));
    assert_eq!(home.run(&["apply", "left-out.toml"]).shown(), "exit 0\n--- err\nNothing to change.\n");

    let removed = BESIDE
        .replace("\"https://example.com/triggered?key=hunter2\"", "\"\"")
        .replace("\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"", "\"\"");
    home.file("removed.toml", &format!("{TWO}{removed}"));
    insta::assert_snapshot!(home.run(&["apply", "removed.toml"]).shown(), @r"
    exit 0
    --- out
    ~ project news: ingestion_alert.webHookUrlTriggered https://example.com/*** -> none
    ~ channel ops: secret *** -> none
    ");
}

#[test]
fn a_file_with_channels_alone_leaves_the_projects() {
    let home = home();
    let channels = BESIDE.split_once("[[channel]]").unwrap().1.replace("severity = \"warning\"\n", "");
    home.file("channels.toml", &format!("[[channel]]{channels}"));
    let ran = home.run(&["apply", "channels.toml", "-q"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "~ channel ops: severity warning -> info\n"));
    assert!(home.stored().contains("phc_news"));
}

#[test]
fn the_alert_lives_through_its_states() {
    let home = Home::with_two();
    home.file("hook", "https://example.com/hunter2\n");
    let alert = |command: &str, arguments: &[&str]| {
        home.run(&[&["apps", command, "ingestion-alert", "--project", "shop"], arguments].concat()).shown()
    };
    insta::assert_snapshot!(alert("install", &["--set", "timeRange=15", "--set-file", "webHookUrlTriggered=hook"]), @r"
    exit 0
    --- out
    ~ project shop: ingestion_alert none -> enabled
    ~ project shop: ingestion_alert.timeRange none -> 15
    ~ project shop: ingestion_alert.webHookUrlTriggered none -> https://example.com/***
    ");
    insta::assert_snapshot!(alert("install", &[]), @r"
    exit 2
    --- err
    error: ingestion-alert is already installed on project shop; change it with `apps configure`
    ");
    insta::assert_snapshot!(alert("configure", &["--set", "timeRange=", "--set", "quiet=on"]), @r"
    exit 0
    --- out
    ~ project shop: ingestion_alert.timeRange 15 -> 30
    ~ project shop: ingestion_alert.quiet off -> on
    ");
    let shown = alert("configure", &[]);
    assert!(
        shown.contains("timeRange = 30\n")
            && shown.contains("quiet = on\n")
            && shown.contains("webHookUrlTriggered = https://example.com/***\n")
    );
    insta::assert_snapshot!(home.run(&["apps", "list"]).shown(), @r"
    exit 0
    --- out
    PROJECT  APP              STATE    ROUTES
    shop     heartbeat        enabled  heartbeat + heartbeat_api + proxy
    shop     ingestion-alert  enabled
    ");
    let listed = home.run(&["apps", "list", "--json"]).json();
    assert_eq!(listed["items"][1]["app"], "ingestion-alert");
    assert_eq!(listed["items"][1]["routes"], serde_json::json!([]));
    assert_eq!(listed["items"][1]["settings"]["quiet"], "on");
    assert_eq!(listed["items"][1]["settings"]["timeRange"], serde_json::Value::Null);
    assert_eq!(listed["items"][1]["secrets"]["webHookUrlTriggered"], "https://example.com/***");
    assert_eq!(home.run(&["apps", "configure", "ingestion-alert", "--project", "shop", "--json"]).json(), listed["items"][1]);
    assert_eq!(alert("disable", &[]), "exit 0\n--- out\n~ project shop: ingestion_alert enabled -> disabled\n");
    assert_eq!(alert("disable", &[]), "exit 0\n--- err\nNothing to change.\n");
    assert_eq!(alert("enable", &[]), "exit 0\n--- out\n~ project shop: ingestion_alert disabled -> enabled\n");
    assert!(!home.stored().contains("[[channel]]"), "the app's own pair of webhooks is no channel of the user's");
    insta::assert_snapshot!(alert("uninstall", &[]), @r"
    exit 0
    --- out
    ~ project shop: ingestion_alert enabled -> none
    ~ project shop: ingestion_alert.webHookUrlTriggered https://example.com/*** -> none
    ~ project shop: ingestion_alert.quiet on -> none
    ");
}
