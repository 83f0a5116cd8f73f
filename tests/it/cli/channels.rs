//! Channels and maintenance windows of a settings file, on their way into the store.

use super::{Home, TWO};
use crate::support::alertmanager::Alertmanager;

/// A channel and a window, beside [`TWO`].
const BESIDE: &str = r#"
[[channel]]
name = "ops"
kind = "slack"
projects = ["shop", "news"]
url = "https://hooks.slack.com/services/hunter2"

[[maintenance]]
name = "night"
projects = ["news"]
weekly = "sun 02:00-04:00"
"#;

#[test]
fn what_they_lack_keeps_everything_out() {
    let home = Home::new();
    home.file("lacking.toml", &format!("{TWO}{}", BESIDE.replace("url =", "#url =")));
    insta::assert_snapshot!(home.run(&["apply", "lacking.toml"]).shown(), @r"
    exit 2
    --- err
    error: channel ops: url is missing: The incoming webhook's address, https://hooks.slack.com/services/...
    ");
    insta::assert_snapshot!(home.run(&["config", "check", "lacking.toml"]).shown(), @r"
    exit 0
    --- out
    ok lacking.toml: 2 projects, 1 channel, 1 maintenance window; 3 routes: 4,320 events a day, 129,600 in 30 days
    --- err
    project blog: Heartbeat is not installed; add a section [project.heartbeat] to install it
    project blog: has no personal API key; unless the store has one, arrival is not checked
    channel ops: has no url; unless the store has it, the file cannot be applied
    ");
    assert_eq!(home.stored(), "");
}

#[test]
fn a_file_without_projects_prunes_none() {
    let home = Home::with_two();
    home.file("beside.toml", BESIDE);
    insta::assert_snapshot!(home.run(&["apply", "beside.toml", "--prune"]).shown(), @r"
    exit 2
    --- err
    error: beside.toml defines no project, and --prune would remove all stored projects
    ");
    assert!(home.stored().contains("blog"));
}

#[test]
fn they_are_put_after_the_projects_and_strange_projects_are_reported() {
    let home = Home::new();
    home.file("all.toml", &format!("{TWO}{BESIDE}"));
    insta::assert_snapshot!(home.run(&["apply", "all.toml", "--dry-run"]).shown(), @r"
    exit 0
    --- out
    + project shop
    + project blog
    + channel ops
    + maintenance night
    --- err
    channel ops: there is no project `news`; there are blog, shop
    maintenance night: there is no project `news`; there are blog, shop
    Dry run: nothing was changed.
    ");
    insta::assert_snapshot!(serde_json::to_string(&home.run(&["apply", "all.toml", "--dry-run", "--json", "-q"]).json()).unwrap(), @r#"
    {"changes":[{"change":"added","field":null,"kind":"project","name":"shop","new":null,"old":null,"project":"shop"},{"change":"added","field":null,"kind":"project","name":"blog","new":null,"old":null,"project":"blog"},{"change":"added","field":null,"kind":"channel","name":"ops","new":null,"old":null,"project":null},{"change":"added","field":null,"kind":"maintenance","name":"night","new":null,"old":null,"project":null}],"dry_run":true}
    "#);
}

#[test]
fn a_check_counts_them() {
    let home = Home::new();
    home.file("all.toml", &format!("{TWO}{BESIDE}"));
    insta::assert_snapshot!(home.run(&["config", "check", "all.toml", "-q"]).shown(), @r"
    exit 0
    --- out
    ok all.toml: 2 projects, 1 channel, 1 maintenance window; 3 routes: 4,320 events a day, 129,600 in 30 days
    ");
    insta::assert_snapshot!(serde_json::to_string(&home.run(&["config", "check", "all.toml", "--json"]).json()).unwrap(), @r#"
    {"channels":["ops"],"maintenance":["night"],"ok":true,"problems":[],"projects":["shop","blog"],"status_pages":[]}
    "#);
}

#[test]
fn a_projects_alert_is_checked_for_what_it_cannot_see() {
    let home = Home::new();
    home.file("alert.toml", "[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n[project.ingestion_alert]\n");
    insta::assert_snapshot!(home.run(&["config", "check", "alert.toml"]).shown(), @r"
    exit 0
    --- out
    ok alert.toml: 1 project; 0 routes: 0 events a day, 0 in 30 days
    --- err
    project shop: Heartbeat is not installed, so a project without traffic looks like a broken one
    project shop: has no personal API key; unless the store has one, arrival is not checked
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_reaches_a_real_alertmanager() {
    let alertmanager = Alertmanager::start("", &[]).await;
    let tried = tokio::task::block_in_place(|| {
        let home = Home::with_two();
        let url = format!("url={}/api/v2/alerts", alertmanager.address);
        let added = home.run(&["channels", "add", "am", "--kind", "alertmanager", "--set", &url, "--set", "labels=team=data"]);
        assert_eq!(added.code, 0, "{added:?}");
        home.run(&["channels", "test", "am", "--kind", "opened"])
    });
    assert_eq!(tried.code, 0, "{tried:?}");
    let told = alertmanager.until_told(|told| told.status == "firing").await;
    assert_eq!((&told.labels["test"], &told.labels["team"]), (&"true".into(), &"data".into()), "{told:?}");
}
