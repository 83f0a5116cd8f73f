//! `heartbeat config`: settings checked without a store.

use super::{Home, TWO};

#[test]
fn what_is_right_is_counted() {
    let home = Home::new();
    home.file("two.toml", TWO);
    insta::assert_snapshot!(home.run(&["config", "check", "two.toml"]).shown(), @r"
    exit 0
    --- out
    ok two.toml: 2 projects; 3 routes: 4,320 events a day, 129,600 in 30 days
    --- err
    project blog: Heartbeat is not installed; a section [project.heartbeat] installs it
    project blog: gives no personal API key; unless the store has one, arrival is not checked
    ");
    assert!(!home.path("data").exists(), "a check makes no database");
}

#[test]
fn what_is_wrong_is_all_told() {
    let home = Home::new();
    home.file("bad.toml", "[[project]]\nname = \"shop\"\nhots = \"us\"\ntoken = \"phx_hunter2\"\n");
    insta::assert_snapshot!(home.run(&["config", "check", "bad.toml"]).shown(), @r#"
    exit 2
    --- err
    error: the settings have 3 problems:
      bad.toml:1: project "shop": host is missing; give `host = "us"`
      bad.toml:3: project "shop": hots is not a setting here; did you mean `host`?
      bad.toml:4: project "shop": token is a personal API key (phx_...); here belongs the project token (phc_...), from Settings > Project > General
    "#);
    insta::assert_snapshot!(home.run(&["config", "check", "bad.toml", "--json"]).shown(), @r#"
    exit 2
    --- out
    {
      "ok": false,
      "projects": [],
      "channels": [],
      "maintenance": [],
      "problems": [
        "bad.toml:1: project \"shop\": host is missing; give `host = \"us\"`",
        "bad.toml:3: project \"shop\": hots is not a setting here; did you mean `host`?",
        "bad.toml:4: project \"shop\": token is a personal API key (phx_...); here belongs the project token (phc_...), from Settings > Project > General"
      ]
    }
    "#);
}

#[test]
fn the_example_passes_its_own_check_once_its_token_is_a_real_one() {
    let home = Home::new();
    let example = home.run(&["config", "example"]).out;
    assert_eq!(example, heartbeat::config::EXAMPLE);
    let ran = home.run_with_input(&["config", "check", "-"], &example);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("token is the placeholder of an example; put your own there"), "{ran:?}");
    let ran = home.run_with_input(&["config", "check", "-"], &example.replace("phc_your_project_token", "phc_a"));
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_environment_is_checked_where_there_is_no_file() {
    let home = Home::new().with("POSTHOG_HOST", "us").with("POSTHOG_PROJECT_API_KEY", "phc_a").with("POSTHOG_PERSONAL_API_KEY", "phx_b");
    insta::assert_snapshot!(home.run(&["config", "check"]).shown(), @r"
    exit 0
    --- out
    ok the environment: 1 project; 1 route: 1,440 events a day, 43,200 in 30 days
    ");
    let home = home.with("POSTHOG_PROJECT_API_KEY", "phx_hunter2");
    insta::assert_snapshot!(home.run(&["config", "check"]).shown(), @r"
    exit 2
    --- err
    error: environment: POSTHOG_PROJECT_API_KEY is a personal API key (phx_...); here belongs the project token (phc_...), from Settings > Project > General
    ");
}

#[test]
fn the_file_may_be_named_once_for_all_commands() {
    let home = Home::new().with("HEARTBEAT_CONFIG", "two.toml");
    home.file("two.toml", TWO);
    assert!(home.run(&["config", "check"]).out.contains("two.toml: 2 projects"));
}
