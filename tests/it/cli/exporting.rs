//! `heartbeat export`: what it writes, `apply` reads back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::Home;

#[test]
fn an_export_shows_no_secret_unless_asked() {
    let home = Home::with_two();
    insta::assert_snapshot!(home.run(&["export"]).shown(), @r#"
    exit 0
    --- out
    [[project]]
    name = "blog"
    host = "eu"
    token = "phc_blog"
    late_after = "2m"
    lost_after = "15m"
    readback_interval = "1m"
    timeout = "20s"

    [[project]]
    name = "shop"
    host = "us"
    token = "phc_shop"
    # personal_api_key is a secret and is left out; applying this file keeps the stored one (see --with-secrets)
    late_after = "2m"
    lost_after = "15m"
    readback_interval = "1m"
    timeout = "20s"

    [project.heartbeat]
    enabled = true
    events = "heartbeat + heartbeat_api"

    [[project.heartbeat.route]]
    name = "proxy"
    event = "heartbeat_proxy"
    host = "https://t.example.com/ingest"
    endpoint = "v0"
    distinct_id = "PostHog Heartbeat Plugin"
    "#);
    assert!(home.run(&["export", "--with-secrets"]).out.contains("personal_api_key = \"phx_hunter2\""));
}

#[test]
fn an_export_applied_changes_nothing_here() {
    let home = Home::with_two();
    for arguments in [&["export", "-o", "again.toml"][..], &["export", "--with-secrets", "-o", "again.toml"]] {
        assert_eq!(home.run(arguments).code, 0);
        assert_eq!(home.run(&["apply", "again.toml", "--prune"]).shown(), "exit 0\n--- err\nNothing to change.\n");
    }
}

#[test]
fn an_export_with_secrets_is_whole_elsewhere() {
    let home = Home::with_two();
    let export = home.run(&["export", "--with-secrets"]).out;
    let elsewhere = Home::new();
    assert_eq!(elsewhere.run_with_input(&["apply", "-"], &export).code, 0);
    assert_eq!(elsewhere.run(&["export", "--with-secrets"]).out, export);
}

#[test]
fn a_file_is_for_its_owner_alone_also_where_one_was() {
    let home = Home::with_two();
    home.file("out.toml", "something old");
    fs::set_permissions(home.path("out.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(home.run(&["export", "--with-secrets", "--output", "out.toml"]).err, "Wrote 2 projects to out.toml.\n");
    assert_eq!(fs::metadata(home.path("out.toml")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(home.path("out.toml")).unwrap().contains("phx_hunter2"));
    assert!(!home.path("out.toml.new").exists());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let home = Home::with_two();
    insta::assert_snapshot!(home.run(&["export", "-o", "no/such/place.toml"]).shown(), @r"
    exit 1
    --- err
    error: no/such/place.toml could not be written: No such file or directory (os error 2)
    ");
}

#[test]
fn one_project_is_exported_alone() {
    let home = Home::with_two();
    let export = home.run(&["export", "--project", "blog"]).out;
    assert!(export.contains("blog") && !export.contains("shop"));
    insta::assert_snapshot!(home.run(&["export", "--project", "blogg"]).shown(), @r"
    exit 2
    --- err
    error: there is no project `blogg`; did you mean `blog`?
    ");
}
