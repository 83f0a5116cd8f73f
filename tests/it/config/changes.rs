//! What must change is said line by line, and nothing else.

use heartbeat::config::{Change, Entity, Exported, changes, to_toml};
use heartbeat::model::{ChannelSpec, ProjectSpec, Window};

use super::{File, environment};

fn read(text: &str) -> Vec<ProjectSpec> {
    let settings = File::of(text).load(&environment()).unwrap();
    settings.projects.into_iter().map(|desired| desired.spec).collect()
}

fn told<T: Entity>(now: &[T], desired: &[T]) -> String {
    changes(now, desired).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
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
    ~ project shop: token phc_a -> phc_aa
    ~ project shop: personal_api_key changed
    ~ project shop: project_id none -> 3
    ~ project shop: api_host none -> us
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
    assert_eq!(changes(&now, &read(&to_toml(Exported { projects: &now, ..Exported::default() }, true))), []);
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
fn an_app_that_is_uninstalled_is_reported_with_its_settings() {
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

/// The projects of a file whose one project has this Ingestion Alert.
fn alert(lines: &str) -> Vec<ProjectSpec> {
    read(&format!("[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n[project.ingestion_alert]\n{lines}\n"))
}

#[test]
fn an_alerts_settings_are_compared_with_their_defaults() {
    let set = "timeRange = 5\nlost = false\nwebHookUrlTriggered = \"https://example.com/hunter2\"\nposthogApiKey = \"phx_hunter2\"\nposthogHost = \"eu\"";
    let (usual, set) = (alert(""), alert(set));
    insta::assert_snapshot!(told(&usual, &set), @r"
    ~ project shop: ingestion_alert.timeRange 30 -> 5
    ~ project shop: ingestion_alert.webHookUrlTriggered none -> https://example.com/***
    ~ project shop: ingestion_alert.posthogApiKey none -> phx_***
    ~ project shop: ingestion_alert.posthogHost the project's API -> eu
    ~ project shop: ingestion_alert.lost on -> off
    ");
    insta::assert_snapshot!(told(&set, &alert("enabled = false\nwebHookUrlTriggered = \"https://example.com/hunter3\"")), @r"
    ~ project shop: ingestion_alert enabled -> disabled
    ~ project shop: ingestion_alert.timeRange 5 -> 30
    ~ project shop: ingestion_alert.webHookUrlTriggered changed
    ~ project shop: ingestion_alert.posthogApiKey phx_*** -> none
    ~ project shop: ingestion_alert.posthogHost eu -> the project's API
    ~ project shop: ingestion_alert.lost off -> on
    ");
    let none = vec![ProjectSpec { ingestion_alert: None, ..usual[0].clone() }];
    assert_eq!(told(&none, &usual), "~ project shop: ingestion_alert none -> enabled");
    insta::assert_snapshot!(told(&set, &none), @r"
    ~ project shop: ingestion_alert enabled -> none
    ~ project shop: ingestion_alert.timeRange 5 -> none
    ~ project shop: ingestion_alert.webHookUrlTriggered https://example.com/*** -> none
    ~ project shop: ingestion_alert.posthogApiKey phx_*** -> none
    ~ project shop: ingestion_alert.posthogHost eu -> none
    ~ project shop: ingestion_alert.lost off -> none
    ");
    assert!(!format!("{:?}", changes(&usual, &set)).contains("hunter"));
}

fn channels(text: &str) -> Vec<ChannelSpec> {
    File::of(text).load(&environment()).unwrap().channels.into_iter().map(|desired| desired.spec).collect()
}

#[test]
fn channels_are_compared_without_their_secrets() {
    let ops = "[[channel]]\nname = \"ops\"\nkind = \"pagerduty\"\nrouting_key = \"hunter2\"\n";
    let night = "[[channel]]\nname = \"night\"\nkind = \"ntfy\"\nurl = \"https://ntfy.sh/hunter2\"\n";
    let now = channels(&format!("{ops}{night}"));
    let changed = format!(
        "{}url = \"https://pd.example.com\"\nenabled = false\nprojects = [\"shop\", \"blog\"]\nseverity = \"warning\"\nat_once = 1\ntitle = \"{{{{ title }}}}\"\nbody = \"One\\nTwo\"\n",
        ops.replace("hunter2", "hunter3")
    );
    let new = "[[channel]]\nname = \"log\"\nkind = \"command\"\ncommand = \"/usr/bin/logger\"\n";
    insta::assert_snapshot!(told(&now, &channels(&format!("{changed}{new}"))), @r"
    ~ channel ops: enabled true -> false
    ~ channel ops: severity info -> warning
    ~ channel ops: projects all -> shop, blog
    ~ channel ops: at_once 5 -> 1
    ~ channel ops: title none -> `{{ title }}`
    ~ channel ops: body none -> `One\nTwo`
    ~ channel ops: routing_key changed
    ~ channel ops: url https://events.pagerduty.com -> https://pd.example.com
    + channel log
    - channel night
    ");
    let other = "[[channel]]\nname = \"night\"\nkind = \"alertmanager\"\nurl = \"http://me:hunter2@am:9093\"\n";
    insta::assert_snapshot!(told(&now[1..], &channels(other)), @r"
    ~ channel night: kind ntfy -> alertmanager
    ~ channel night: url https://ntfy.sh/*** -> http://***@am:9093
    ");
    insta::assert_snapshot!(told(&channels(other), &channels(&other.replace("hunter2", "hunter3"))), @r"
    ~ channel night: url changed
    ");
    assert_eq!(changes(&now, &channels(&to_toml(Exported { channels: &now, ..Exported::default() }, true))), []);
}

fn windows(text: &str) -> Vec<Window> {
    File::of(text).load(&environment()).unwrap().windows.into_iter().map(|desired| desired.spec).collect()
}

#[test]
fn maintenance_windows_are_compared() {
    let night = "[[maintenance]]\nname = \"night\"\nweekly = \"sun 02:00-04:00\"\n";
    let moving = "[[maintenance]]\nname = \"move\"\nfrom = 2026-12-01T02:00:00Z\nto = 2026-12-01T04:00:00Z\n";
    let now = windows(&format!("{night}{moving}"));
    insta::assert_snapshot!(told(&now, &windows(&night.replace("sun 02:00-04:00\"", "sat,sun 02:00-05:00\"\nprojects = [\"shop\"]"))), @r"
    ~ maintenance night: projects all -> shop
    ~ maintenance night: weekly sun 02:00-04:00 -> sat,sun 02:00-05:00
    - maintenance move
    ");
    insta::assert_snapshot!(told(&now[1..], &windows(&night.replace("night", "move"))), @r"
    ~ maintenance move: weekly none -> sun 02:00-04:00
    ~ maintenance move: from 2026-12-01T02:00:00.000Z -> none
    ~ maintenance move: to 2026-12-01T04:00:00.000Z -> none
    ");
    assert_eq!(changes(&now, &windows(&to_toml(Exported { windows: &now, ..Exported::default() }, false))), []);
}
