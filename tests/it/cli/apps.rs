//! `heartbeat apps`: installed, configured, switched, taken off.

use super::Home;

const ON_BLOG: [&str; 3] = ["heartbeat", "--project", "blog"];

fn apps(home: &Home, command: &str, arguments: &[&str]) -> String {
    home.run(&[&["apps", command], &ON_BLOG[..], arguments].concat()).shown()
}

#[test]
fn an_app_lives_through_its_states() {
    let home = Home::with_two();
    insta::assert_snapshot!(apps(&home, "install", &["--set", "events=heartbeat + heartbeat_buffer"]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat none -> enabled
    ~ project blog: heartbeat.events none -> heartbeat + heartbeat_buffer
    --- err
    Heartbeat sends beats on 2 routes: 2,880 events a day, 86,400 in 30 days.
    ");
    insta::assert_snapshot!(apps(&home, "configure", &["--set", "host=https://t.example.com", "--set", "project_api_key=phc_blog"]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat.host none -> https://t.example.com
    ~ project blog: heartbeat.project_api_key none -> phc_blog
    --- err
    Heartbeat sends beats on 2 routes: 2,880 events a day, 86,400 in 30 days.
    ");
    insta::assert_snapshot!(apps(&home, "configure", &[]), @r"
    exit 0
    --- out
    events = heartbeat + heartbeat_buffer
        Events to be emitted
        `heartbeat` has a fixed distinct id and tests one partition of the queue; `heartbeat_buffer` has a new one each minute and tests all of them; `heartbeat_api` is sent to the host below: set your own reverse proxy there to test it too. Any of them, joined by ` + `.
        For example: heartbeat; heartbeat_api; heartbeat + heartbeat_api; heartbeat + heartbeat_buffer + heartbeat_api.
    host = https://t.example.com
        PostHog host with protocol (only for `heartbeat_api`)
        Where `heartbeat_api` is sent.
    project_api_key = phc_blog
        PostHog project API key (only for `heartbeat_api`)
        It must be the project's own token: an event in another project could not be read back.
    ");
    insta::assert_snapshot!(apps(&home, "configure", &["--set", "events=", "--set", "host="]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat.events heartbeat + heartbeat_buffer -> heartbeat
    ~ project blog: heartbeat.host https://t.example.com -> none
    --- err
    Heartbeat sends beats on 1 route: 1,440 events a day, 43,200 in 30 days.
    ");
    insta::assert_snapshot!(apps(&home, "disable", &[]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat enabled -> disabled
    ");
    insta::assert_snapshot!(apps(&home, "disable", &[]), @r"
    exit 0
    --- err
    Nothing to change.
    ");
    insta::assert_snapshot!(apps(&home, "enable", &[]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat disabled -> enabled
    --- err
    Heartbeat sends beats on 1 route: 1,440 events a day, 43,200 in 30 days.
    ");
    insta::assert_snapshot!(home.run(&["apps", "list"]).shown(), @r"
    exit 0
    --- out
    PROJECT  APP        STATE    ROUTES
    blog     heartbeat  enabled  heartbeat
    shop     heartbeat  enabled  heartbeat + heartbeat_api + proxy
    ");
    insta::assert_snapshot!(apps(&home, "uninstall", &[]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat enabled -> none
    ~ project blog: heartbeat.events heartbeat -> none
    ~ project blog: heartbeat.project_api_key phc_blog -> none
    ");
    insta::assert_snapshot!(apps(&home, "uninstall", &[]), @r"
    exit 2
    --- err
    error: heartbeat is not installed on project blog; install it with `apps install heartbeat --project blog`
    ");
}

#[test]
fn it_may_be_installed_at_rest() {
    let home = Home::with_two();
    insta::assert_snapshot!(apps(&home, "install", &["--disabled"]), @r"
    exit 0
    --- out
    ~ project blog: heartbeat none -> disabled
    ~ project blog: heartbeat.events none -> heartbeat
    ");
    insta::assert_snapshot!(apps(&home, "install", &[]), @r"
    exit 2
    --- err
    error: heartbeat is already installed on project blog; change it with `apps configure`
    ");
}

#[test]
fn one_wrong_setting_keeps_all_of_them_out() {
    let home = Home::with_two();
    let before = home.stored();
    insta::assert_snapshot!(
        apps(
            &home,
            "install",
            &["--set", "events=heartbeat_api", "--set", "host=nowhere", "--set", "project_api_key=phx_hunter2", "--set", "evnts=x", "--set", "enabled"]
        ),
        @r"
    exit 2
    --- err
    error: host `nowhere` has no protocol; did you mean `https://nowhere`?
    project_api_key is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    `evnts` is not a setting of heartbeat; did you mean `events`?
    --set must be FIELD=VALUE; the `=` is missing
    "
    );
    insta::assert_snapshot!(apps(&home, "install", &["--set", "project_api_key=phc_other"]), @r"
    exit 2
    --- err
    error: project_api_key is not the project's token: the event would go to another project and could not be read back; remove it
    ");
    assert_eq!(home.stored(), before);
}

#[test]
fn a_dry_run_installs_nothing() {
    let home = Home::with_two();
    let before = home.stored();
    assert!(apps(&home, "install", &["--dry-run"]).contains("heartbeat none -> enabled"));
    assert_eq!(home.stored(), before);
}

#[test]
fn what_is_not_there_is_reported_with_what_is() {
    let home = Home::with_two();
    insta::assert_snapshot!(home.run(&["apps", "install", "hartbeat", "--project", "blog"]).shown(), @r"
    exit 2
    --- err
    error: there is no app `hartbeat`; did you mean `heartbeat`?
    ");
    insta::assert_snapshot!(home.run(&["apps", "enable", "heartbeat", "--project", "bloog"]).shown(), @r"
    exit 2
    --- err
    error: there is no project `bloog`; did you mean `blog`?
    ");
    insta::assert_snapshot!(home.run(&["apps", "enable", "heartbeat", "--project", "x"]).shown(), @r"
    exit 2
    --- err
    error: there is no project `x`; there are blog, shop
    ");
    insta::assert_snapshot!(Home::without_projects().run(&["apps", "enable", "heartbeat", "--project", "x"]).shown(), @r"
    exit 2
    --- err
    error: there is no project `x`; add one with `heartbeat projects add` or `heartbeat apply`
    ");
    insta::assert_snapshot!(Home::without_projects().run(&["apps", "list"]).shown(), @r"
    exit 0
    --- err
    No app is installed. Install one with `heartbeat apps install heartbeat --project NAME`.
    ");
}

#[test]
fn a_search_shows_the_settings_that_people_knew() {
    let home = Home::new();
    insta::assert_snapshot!("apps search", home.run(&["apps", "search", "PIPELINE"]).shown());
    insta::assert_snapshot!(home.run(&["apps", "search", "geoip"]).shown(), @r"
    exit 0
    --- err
    No app has `geoip` in its name or description.
    ");
    assert!(!home.path("data").exists(), "a search needs no store");
}

#[test]
fn programs_get_json() {
    let home = Home::with_two();
    insta::assert_snapshot!(serde_json::to_string(&home.run(&["apps", "list", "--json"]).json()).unwrap(), @r#"
    {"items":[{"app":"heartbeat","enabled":true,"events_a_day":4320,"project":"shop","routes":[{"distinct_id":"PostHog Heartbeat Plugin","endpoint":"v0","event":"heartbeat","host":null,"name":"heartbeat"},{"distinct_id":"PostHog Heartbeat Plugin","endpoint":"v0","event":"heartbeat_api","host":null,"name":"heartbeat_api"},{"distinct_id":"PostHog Heartbeat Plugin","endpoint":"v0","event":"heartbeat_proxy","host":"https://t.example.com/ingest","name":"proxy"}],"secrets":{},"settings":{"events":"heartbeat + heartbeat_api","host":null,"project_api_key":null}}],"next":null}
    "#);
    assert_eq!(home.run(&["apps", "--json"]).out, home.run(&["apps", "list", "--json"]).out);
    let configured = home.run(&["apps", "configure", "heartbeat", "--project", "shop", "--json"]).json();
    assert_eq!(configured["settings"], serde_json::json!({"events": "heartbeat + heartbeat_api", "host": null, "project_api_key": null}));
    let found = home.run(&["apps", "search", "--json"]).json();
    let keys = found["items"][0]["settings"].as_array().unwrap().iter().map(|setting| setting["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys, ["events", "host", "project_api_key"]);
    assert_eq!(home.run(&["apps", "list", "--json", "--project", "blog"]).json()["items"], serde_json::json!([]));
}
