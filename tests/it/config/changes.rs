//! What must change is said line by line, and nothing else.

use heartbeat::config::{Change, changes, to_toml};
use heartbeat::model::ProjectSpec;

use super::{File, environment};

fn read(text: &str) -> Vec<ProjectSpec> {
    let settings = File::of(text).load(&environment()).unwrap();
    settings.projects.into_iter().map(|wanted| wanted.spec).collect()
}

fn told(now: &[ProjectSpec], wanted: &[ProjectSpec]) -> String {
    changes(now, wanted).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

const NOW: &str = r#"
[[project]]
name = "shop"
host = "us"
token = "phc_a"
personal_api_key = "phx_hunter2"
[project.heartbeat]
[[project.heartbeat.route]]
name = "old"
event = "heartbeat_old"
[[project.heartbeat.route]]
name = "proxy"
event = "heartbeat_proxy"

[[project]]
name = "gone"
host = "us"
token = "phc_b"
"#;

const WANTED: &str = r#"
[[project]]
name = "new"
host = "eu"
token = "phc_c"

[[project]]
name = "shop"
host = "us"
api_host = "us"
token = "phc_aa"
personal_api_key = "phx_hunter3"
project_id = 3
late_after = "5m"
[project.heartbeat]
enabled = false
events = "heartbeat + heartbeat_api"
[[project.heartbeat.route]]
name = "proxy"
event = "heartbeat_proxy"
host = "https://t.example.com"
"#;

#[test]
fn every_difference_is_a_line() {
    insta::assert_snapshot!(told(&read(NOW), &read(WANTED)), @r"
    + project new
    ~ project shop: api_host none -> us
    ~ project shop: token phc_a -> phc_aa
    ~ project shop: personal_api_key changed
    ~ project shop: project_id none -> 3
    ~ project shop: late_after 2m -> 5m
    ~ project shop: heartbeat enabled -> disabled
    ~ project shop: heartbeat.events heartbeat -> heartbeat + heartbeat_api
    ~ project shop: heartbeat.route.proxy.host none -> https://t.example.com
    ~ project shop: heartbeat.route.old.event heartbeat_old -> none
    ~ project shop: heartbeat.route.old.endpoint v0 -> none
    ~ project shop: heartbeat.route.old.distinct_id PostHog Heartbeat Plugin -> none
    - project gone
    ");
}

#[test]
fn what_is_the_same_is_no_change() {
    let now = read(NOW);
    assert_eq!(changes(&now, &read(&to_toml(&now, &[], &[], true))), []);
}

#[test]
fn a_key_that_comes_changes_or_goes_is_never_shown() {
    let with = read(NOW);
    let without = read(&NOW.replace("phx_hunter2", ""));
    let other = read(&NOW.replace("phx_hunter2", "phx_hunter3"));
    assert_eq!(told(&without, &with), "~ project shop: personal_api_key none -> phx_***");
    assert_eq!(told(&with, &without), "~ project shop: personal_api_key phx_*** -> none");
    assert_eq!(told(&with, &other), "~ project shop: personal_api_key changed");
    assert!(!format!("{:?}", changes(&with, &other)).contains("hunter"));
}

#[test]
fn an_app_that_is_taken_off_is_told_with_its_settings() {
    let now = read(NOW);
    let mut without = now.clone();
    without[0].heartbeat = None;
    assert!(changes(&now, &without).iter().all(|change| matches!(change, Change::Changed { new: None, .. })));
    insta::assert_snapshot!(told(&now, &without), @r"
    ~ project shop: heartbeat enabled -> none
    ~ project shop: heartbeat.events heartbeat -> none
    ~ project shop: heartbeat.route.old.event heartbeat_old -> none
    ~ project shop: heartbeat.route.old.endpoint v0 -> none
    ~ project shop: heartbeat.route.old.distinct_id PostHog Heartbeat Plugin -> none
    ~ project shop: heartbeat.route.proxy.event heartbeat_proxy -> none
    ~ project shop: heartbeat.route.proxy.endpoint v0 -> none
    ~ project shop: heartbeat.route.proxy.distinct_id PostHog Heartbeat Plugin -> none
    ");
}

#[test]
fn the_order_of_routes_and_projects_is_no_change() {
    let now = read(NOW);
    let mut turned = now.clone();
    turned.reverse();
    turned[1].heartbeat.as_mut().unwrap().routes.reverse();
    assert_eq!(changes(&now, &turned), []);
}
