//! `heartbeat import`: PostHog's own two apps, as its API gave them.

use super::Home;

const MASK: &str = "**************** POSTHOG SECRET FIELD ****************";

/// Both apps and another, as PostHog gives them.
fn both() -> String {
    serde_json::json!({"count": 3, "next": null, "previous": null, "results": [
        {"id": 11, "plugin": 7, "enabled": true, "order": 1, "team_id": 2, "error": null,
         "config": {"events": "heartbeat + heartbeat_api", "host": "https://t.example.com", "project_api_key": "phc_a"}},
        {"id": 12, "plugin": 8, "enabled": true, "order": 2, "team_id": 2, "error": null, "config": {
            "timeRange": 45, "webHookUrlTriggered": "https://hooks.example.com/hunter2", "webHookUrlResolved": null,
            "posthogApiKey": MASK, "posthogHost": "https://app.posthog.com"}},
        {"id": 13, "plugin": 9, "enabled": false, "config": {"bucket": "x", "secretKey": MASK}},
    ]})
    .to_string()
}

#[test]
fn a_wrong_file_gets_one_clear_error() {
    let home = Home::new();
    let twice = r#"[{"plugin": 3, "config": {"timeRange": "30"}}, {"plugin": 4, "config": {"timeRange": "15"}}]"#;
    let others = r#"{"results": [{"plugin": 9, "config": {"bucket": "hunter2", "region": "x"}}, {"config": {}}]}"#;
    let texts = ["", "<html>", "{}", "{\"results\": []}", "[1, 2]", "{\"detail\": \"Not found.\"}", others, twice];
    let mut told = texts
        .map(|text| {
            home.file("apps.json", text);
            home.run(&["import", "apps.json"]).shown()
        })
        .to_vec();
    told.extend(
        [&["import", "none.json"][..], &["import", "."], &["import", "apps.json", "--project", "no shop"]]
            .map(|arguments| home.run(arguments).shown()),
    );
    let told = told.join("\n");
    assert!(!told.contains("hunter2") && told.matches("exit 2").count() == 11, "{told}");
    insta::assert_snapshot!("files that cannot be imported", told);
    assert!(!home.path("data").exists());
}

#[test]
fn what_is_missing_or_wrong_is_reported_at_once() {
    let home = Home::new();
    let config = serde_json::json!([
        {"plugin": 7, "config": {"events": "heartbeat", "host": {"a": 1}, "project_api_key": MASK}},
        {"plugin": 8, "config": {"timeRange": [30], "webHookUrlTriggered": MASK, "webHookUrlResolved": "***", "posthogApiKey": MASK}},
    ]);
    home.file("apps.json", &config.to_string());
    let many = home.run(&["import", "apps.json", "--set", "hunter2", "--set", "bucket=hunter2", "--set-env", "posthogApiKey=NOT_SET"]);
    home.file("apps.json", &both().replace("heartbeat + heartbeat_api", "heartbeat + signup").replace("45", "\"a day\""));
    let wrong = home.run(&["import", "apps.json", "--set", "posthogApiKey=phx_hunter2", "--set", "events=hartbeat"]);
    home.file("apps.json", &both());
    home.file("two.toml", super::TWO);
    assert_eq!(home.run(&["apply", "two.toml"]).code, 0);
    let set = ["import", "apps.json", "--set", "posthogApiKey=phx_hunter2", "--project", "blog"];
    let other_token = home.run(&set);
    let host_stays = home.run(&[&set[..], &["--host", "us"]].concat());
    home.file("apps.json", r#"[{"plugin": 8, "config": {"timeRange": "30"}}]"#);
    let no_host = home.run(&["import", "apps.json"]);
    let no_token = home.run(&["import", "apps.json", "--host", "us"]);
    let all = [&many, &wrong, &other_token, &host_stays, &no_host, &no_token];
    let told = all.map(super::Ran::shown).join("\n");
    assert!(!told.contains("hunter2") && all.iter().all(|ran| ran.code == 2), "{told}");
    insta::assert_snapshot!("imports that cannot be", told);
}

#[test]
fn both_apps_are_set_up_on_one_new_project() {
    let home = Home::new();
    home.file("apps.json", &both());
    home.file("key", "phx_hunter2\n");
    let import = ["import", "apps.json", "--set-file", "posthogApiKey=key"];
    let dry = home.run(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(home.stored(), "");
    let other = ["import", "apps.json", "--project", "other", "--personal-api-key-file", "key", "--dry-run"];
    let reader = home.run(&other);
    let done = home.run(&import);
    let again = home.run(&import);
    let shared = home.run(&other);
    assert!(shared.code == 2 && shared.err.contains("with the same token"), "{shared:?}");
    assert!(reader.code == 0 && !reader.err.contains("posthogApiKey"), "another key reads: {reader:?}");
    let told = [&dry, &done, &again].map(super::Ran::shown).join("\n");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!("both apps imported", told);
    insta::assert_snapshot!("both apps stored", home.stored());
    assert!(home.run(&["export", "--with-secrets"]).out.contains("https://hooks.example.com/hunter2"));
}

#[test]
fn a_known_project_gets_the_apps_and_keeps_the_rest() {
    let home = Home::with_two();
    home.file("apps.json", &both().replace("phc_a", ""));
    let ran = home.run(&["import", "apps.json", "--project", "shop", "--set", "posthogApiKey=", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let fields: Vec<_> = ran.json()["changes"].as_array().unwrap().iter().map(|change| change["field"].clone()).collect();
    assert!(fields.contains(&"heartbeat.host".into()), "{ran:?}");
    assert!(home.stored().contains("heartbeat_proxy"), "its own route stays");
    assert!(!ran.shown().contains("hunter2"), "{ran:?}");
}
