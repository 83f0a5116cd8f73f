//! `heartbeat maintenance`: windows without a file.

use super::Home;

/// After every window of these tests was added, whenever they run.
const THEN: [&str; 2] = ["--at", "2100-01-03T02:30:00Z"];

#[test]
fn everything_wrong_is_reported_at_once() {
    let home = Home::with_two();
    let add = |arguments: &[&str]| home.run(&[&["maintenance", "add"], arguments].concat());
    let wrong = [
        add(&["the night", "--project", "no shop"]),
        add(&["night", "--now"]),
        add(&["night", "--from", "tomorrow", "--to", "never"]),
        add(&["night", "--from", "2020-01-01T00:00:00Z", "--from", "x"]),
        add(&["night", "--now", "--for", "2h", "--project", "shpo"]),
        add(&["night", "--weekly", "sunday", "--timezone", "Mars"]),
        add(&["night", "--weekly", "sun 02:00-04:00", "--for", "2h"]),
        add(&["night", "--cron", "0 2 * *"]),
        add(&["night", "--cron", "0 2 * * *", "--for", "8d"]),
        home.run(&["maintenance", "remove", "night"]),
    ];
    let shown = wrong.iter().map(super::Ran::shown).collect::<Vec<_>>().join("\n");
    assert!(wrong.iter().all(|ran| ran.code == 2), "{shown}");
    insta::assert_snapshot!("windows that cannot be", shown);
    assert_eq!(home.run(&["maintenance", "--json"]).json(), serde_json::json!({"items": [], "next": null}));
}

#[test]
fn a_window_comes_and_goes() {
    let home = Home::with_two();
    let maintenance = |arguments: &[&str]| home.run(&[&["maintenance"], arguments].concat()).shown();
    let list = || maintenance(&[&["list"], &THEN[..]].concat());
    let told = [
        list(),
        maintenance(&["add", "night", "--weekly", "sun 02:00-04:00", "--project", "shop", "--project", "shop"]),
        maintenance(&["add", "night", "--now", "--for", "2h"]),
        maintenance(&["add", "move", "--from", "2100-01-04T00:00:00Z", "--for", "90m"]),
        maintenance(&["add", "early", "--cron", "0 2 * * *", "--for", "15m", "--timezone", "Europe/Berlin"]),
        maintenance(&["add", "past", "--from", "2099-12-31T00:00:00Z", "--to", "2099-12-31T01:00:00Z"]),
        list(),
        maintenance(&["remove", "nihgt"]),
        maintenance(&["remove", "night", "--json"]),
        maintenance(&["remove", "move"]),
    ];
    insta::assert_snapshot!("a window comes and goes", told.join("\n"));
    let of_none = maintenance(&["add", "none", "--now", "--for", "2h", "--project", ""]);
    assert!(of_none.starts_with("exit 2") && of_none.contains("--project <NAME>"), "an empty variable silences no project: {of_none}");
    let left = home.run(&[&["maintenance", "list", "--json"], &THEN[..]].concat()).json();
    assert_eq!(
        left["items"][0],
        serde_json::json!({
            "name": "early", "projects": [], "from": null, "to": null, "weekly": null, "timezone": "Europe/Berlin", "cron": "0 2 * * *", "lasts": "15m",
            "state": "scheduled", "open_until": null, "next_from": "2100-01-04T01:00:00.000Z"
        })
    );
}

#[test]
fn a_time_zone_stands_by_itself_however_it_was_written_and_what_has_no_end_says_so() {
    let home = Home::with_two();
    let add = |name, cron| home.run(&["maintenance", "add", name, "--cron", cron, "--for", "1h"]);
    assert_eq!(add("one", "0 2 * * SUN Europe/Berlin").code, 0);
    assert_eq!(add("all", "* * * * *").code, 0);
    let file = home.stored();
    assert!(file.contains("cron = \"0 2 * * SUN\"\ntimezone = \"Europe/Berlin\"\nlasts = \"1h\"\n"), "{file}");
    home.file("same.toml", &file);
    let applied = home.run(&["apply", "same.toml"]);
    assert!(applied.code == 0 && !applied.out.contains("maintenance"), "nothing is another by that: {applied:?}");
    let listed = home.run(&["maintenance", "list"]);
    assert!(listed.out.contains("open, no end"), "{listed:?}");
    let all = home.run(&["maintenance", "list", "--json"]).json()["items"][0].take();
    assert_eq!(
        [&all["state"], &all["open_until"], &all["next_from"]],
        [&"open".into(), &serde_json::Value::Null, &serde_json::Value::Null]
    );
}
