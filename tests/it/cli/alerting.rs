//! Ingestion Alert on the command line: what is wrong with its settings, and what installing it would do.

use super::Home;

fn on(home: &Home, command: &str, project: &str, arguments: &[&str]) -> String {
    home.run(&[&["apps", command, "ingestion-alert", "--project", project], arguments].concat()).shown()
}

#[test]
fn wrong_settings_are_all_reported_and_none_is_quoted_that_may_be_a_secret() {
    let home = Home::with_two();
    home.file("empty", "\n");
    home.file("hook", "ftp://example.com/hunter2\n");
    let before = home.stored();
    insta::assert_snapshot!(on(&home, "install", "shop", &[
        "--set", "timeRange=30m",
        "--set", "timerange=30",
        "--set", "colour=red",
        "--set", "webHookUrlTriggered=example.com/hunter2",
        "--set", "posthogApiKey=phc_a",
        "--set", "https://example.com/hunter2",
        "--set", "https://example.com/hunter2?key=1",
        "--set", "lost_open_after=6 of 5",
        "--set-file", "webHookUrlResolved=hook",
        "--set-file", "webHookUrlResolved=empty",
        "--set-file", "webHookUrlResolved=none",
        "--set-file", "webHookUrlResolvd=hook",
        "--set-file", "webHookUrlResolved",
    ]), @r"
    exit 2
    --- err
    error: timeRange `30m` must be a whole number of minutes from 1 to 1440
    `timerange` is not a setting of ingestion-alert; did you mean `timeRange`?
    `colour` is not a setting of ingestion-alert; `heartbeat apps search ingestion-alert` lists them
    webHookUrlTriggered has no protocol; begin it with `https://`
    posthogApiKey is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    --set must be FIELD=VALUE; the `=` is missing
    (not shown) is not a setting of ingestion-alert; `heartbeat apps search ingestion-alert` lists them
    lost_open_after `6 of 5` must be written like `3 of 5`, with at most 60 results
    webHookUrlResolved is an address with `ftp`, but must be http or https
    --set-file webHookUrlResolved `empty` is empty; it must contain the key
    --set-file webHookUrlResolved `none` cannot be read: No such file or directory (os error 2)
    `webHookUrlResolvd` is not a setting of ingestion-alert; did you mean `webHookUrlResolved`?
    --set-file must be FIELD=FILE; the `=` is missing
    ");
    assert_eq!(home.stored(), before);
}

#[test]
fn what_is_not_installed_is_reported() {
    let home = Home::with_two();
    for command in ["configure", "enable", "disable", "uninstall"] {
        let told = on(&home, command, "shop", &[]);
        assert_eq!(
            told,
            "exit 2\n--- err\nerror: ingestion-alert is not installed on project shop; install it with `apps install ingestion-alert --project shop`\n"
        );
    }
    insta::assert_snapshot!(home.run(&["apps", "install", "ingestion-alarm", "--project", "shop"]).shown(), @r"
    exit 2
    --- err
    error: there is no app `ingestion-alarm`; did you mean `ingestion-alert`?
    ");
}

#[test]
fn installing_it_reports_what_differs_from_the_defaults() {
    let home = Home::with_two();
    home.file("hook", "https://example.com/hunter2\n");
    insta::assert_snapshot!(on(&home, "install", "shop", &[
        "--dry-run",
        "--set", "timeRange=15",
        "--set", "lag_above=90s",
        "--set", "quiet_reminders=",
        "--set", "posthogApiKey=phx_hunter2",
        "--set-file", "webHookUrlTriggered=hook",
    ]), @r"
    exit 0
    --- out
    ~ project shop: ingestion_alert none -> enabled
    ~ project shop: ingestion_alert.timeRange none -> 15
    ~ project shop: ingestion_alert.webHookUrlTriggered none -> https://example.com/***
    ~ project shop: ingestion_alert.posthogApiKey none -> phx_***
    ~ project shop: ingestion_alert.lag_above none -> 1m30s
    --- err
    Dry run: nothing was changed.
    ");
}

#[test]
fn what_it_cannot_see_is_reported() {
    let home = Home::with_two();
    insta::assert_snapshot!(on(&home, "install", "blog", &["--dry-run"]), @r"
    exit 0
    --- out
    ~ project blog: ingestion_alert none -> enabled
    --- err
    Dry run: nothing was changed.
    There is no personal API key (neither of the project nor posthogApiKey), so arrival cannot be checked and only the rule `capture` works.
    Heartbeat sends no beats for project blog, so no fault can be detected. Install it with `heartbeat apps install heartbeat --project blog`.
    ");
    insta::assert_snapshot!(on(&home, "install", "blog", &["--dry-run", "--set", "posthogApiKey=phx_hunter2"]), @r"
    exit 0
    --- out
    ~ project blog: ingestion_alert none -> enabled
    ~ project blog: ingestion_alert.posthogApiKey none -> phx_***
    --- err
    Dry run: nothing was changed.
    Heartbeat sends no beats for project blog, so a project without traffic looks like a broken one. Install it with `heartbeat apps install heartbeat --project blog`.
    ");
    insta::assert_snapshot!(on(&home, "install", "blog", &["--dry-run", "--disabled"]), @r"
    exit 0
    --- out
    ~ project blog: ingestion_alert none -> disabled
    --- err
    Dry run: nothing was changed.
    ");
}

#[test]
fn a_search_shows_its_settings() {
    insta::assert_snapshot!("apps search ingestion-alert", Home::new().run(&["apps", "search", "ingestion-alert"]).shown());
}
