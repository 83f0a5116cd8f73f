//! `heartbeat audit-log`: who changed what.

use super::{Home, TWO};

/// What is listed, without the times.
fn told(home: &Home, arguments: &[&str]) -> String {
    let ran = home.run(&[&["audit-log"], arguments].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = ran.out.lines().map(|line| line.get(21..).unwrap_or(line)).collect::<Vec<_>>();
    lines.join("\n") + &ran.err
}

#[test]
fn who_changed_something_is_listed_with_what_it_was() {
    let home = Home::new().with("USER", "ann");
    home.file("two.toml", TWO);
    for arguments in [
        &["apply", "two.toml"][..],
        &["apps", "install", "ingestion-alert", "--project", "blog", "--set", "webHookUrlTriggered=https://example.com/hunter2"],
        &["apps", "disable", "heartbeat", "--project", "shop", "--dry-run"],
        &["apps", "disable", "heartbeat", "--project", "shop"],
        &["apps", "disable", "heartbeat", "--project", "shop"],
        &["apps", "uninstall", "ingestion-alert", "--project", "blog"],
        &["channels", "add", "ops", "--kind", "slack", "--set", "url=https://hooks.slack.com/services/hunter2"],
        &["channels", "set", "ops", "--set", "url=https://hooks.slack.com/services/hunter3", "--severity", "critical"],
        &["maintenance", "add", "night", "--weekly", "sun 02:00-04:00"],
        &["projects", "set-key", "shop", "--personal-api-key", "phx_hunter4"],
        &["projects", "remove", "blog"],
    ] {
        assert_eq!(home.run(arguments).code, 0, "{arguments:?}");
    }
    insta::assert_snapshot!(told(&home, &[]), @r"
    WHO                      WHAT                               CHANGE
    ann on the command line  project blog                       removed
    ann on the command line  project shop                       personal_api_key changed
    ann on the command line  maintenance window night           added
    ann on the command line  channel ops                        severity info -> critical; url changed
    ann on the command line  channel ops                        added
    ann on the command line  app ingestion-alert, project blog  uninstalled
    ann on the command line  app heartbeat, project shop        disabled
    ann on the command line  app ingestion-alert, project blog  installed, enabled; webHookUrlTriggered none -> https://example.com/***
    file two.toml            project blog                       added
    file two.toml            project shop                       added
    ");
    insta::assert_snapshot!(told(&home, &["--project", "blog"]), @r"
    WHO                      WHAT                               CHANGE
    ann on the command line  project blog                       removed
    ann on the command line  app ingestion-alert, project blog  uninstalled
    ann on the command line  app ingestion-alert, project blog  installed, enabled; webHookUrlTriggered none -> https://example.com/***
    file two.toml            project blog                       added
    ");
    let all = home.run(&["audit-log", "--json"]);
    assert!(!all.out.contains("hunter"), "{all:?}");
    assert_eq!(all.json()["next"], serde_json::json!(null));
}

#[test]
fn programs_read_on_where_they_stopped() {
    let home = Home::with_two();
    let first = home.run(&["audit-log", "--json", "--limit", "1"]).json();
    let newest = &first["items"][0];
    assert_eq!(
        (&newest["who"], &newest["subject"], &newest["project"], &newest["words"]),
        (&"file two.toml".into(), &"project blog".into(), &"blog".into(), &"added".into())
    );
    let next = first["next"].as_str().unwrap().to_owned();
    let rest = home.run(&["audit-log", "--json", "--before", &next]).json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["subject"]), (1, &"project shop".into()));
    assert!(rest["next"].is_null());
}

#[test]
fn a_project_that_cannot_be_is_reported() {
    insta::assert_snapshot!(Home::new().run(&["audit-log", "--project", "my shop"]).shown(), @r"
    exit 2
    --- err
    error: --project `my shop` may only contain letters (a-z, A-Z), digits, `-`, `_` and `.`
    ");
}
