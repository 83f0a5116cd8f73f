//! Commands that read make nothing: a mistyped path is an error, and not a new database.

use std::fs;

use super::Home;
use super::help::commands;

/// Everything that needs a database and sets up nothing by itself.
const COMMANDS: [&[&str]; 20] = [
    &["status"],
    &["projects"],
    &["projects", "remove", "shop"],
    &["apps", "list"],
    &["apps", "install", "heartbeat", "--project", "shop"],
    &["rules", "show", "--project", "shop"],
    &["beats", "--project", "shop"],
    &["incidents"],
    &["incidents", "show", "1"],
    &["incidents", "ack", "1"],
    &["channels"],
    &["channels", "show", "ops"],
    &["channels", "test", "ops"],
    &["channels", "disable", "ops"],
    &["notifications"],
    &["maintenance"],
    &["users"],
    &["tokens"],
    &["audit-log"],
    &["export"],
];

#[test]
fn a_command_that_reads_makes_no_directory_no_database_and_no_key() {
    let home = Home::new();
    for command in COMMANDS {
        let ran = home.run(command);
        assert_eq!(ran.code, 1, "{command:?}: {ran:?}");
        let says =
            "there is no database at HOME/data/posthog-heartbeat/heartbeat.db; `heartbeat projects add` or `heartbeat run` creates it";
        assert!(ran.err.contains(says), "{command:?}: {ran:?}");
        assert!(!home.path("data").exists(), "{command:?}");
        let elsewhere = [command, &["--database", "sqlite:new/typo.db"]].concat();
        assert!(home.run(&elsewhere).err.contains("there is no database at new/typo.db"), "{elsewhere:?}");
        assert!(!home.path("new").exists(), "{elsewhere:?}");
    }
}

#[test]
fn a_key_that_is_gone_is_not_made_anew_by_a_command_that_reads() {
    let home = Home::with_two();
    let key = home.path("data/posthog-heartbeat/heartbeat.key");
    fs::remove_file(&key).unwrap();
    let ran = home.run(&["projects"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("the key file HOME/data/posthog-heartbeat/heartbeat.key does not exist"), "{ran:?}");
    assert!(!key.exists());
}

/// With a second key, what is encrypted would open with neither.
#[test]
fn a_key_that_is_gone_is_not_made_anew_by_a_command_that_writes() {
    let home = Home::with_two();
    assert_eq!(home.run(&["channels", "add", "ops", "--kind", "webhook", "--set", "url=https://example.com/hook"]).code, 0);
    let key = home.path("data/posthog-heartbeat/heartbeat.key");
    let kept = home.path("kept.key");
    fs::rename(&key, &kept).unwrap();
    for command in [
        &["channels", "add", "more", "--kind", "webhook", "--set", "url=https://example.com/hook"][..],
        &["maintenance", "add", "night", "--weekly", "sun 01:00-02:00"],
        &["apply", "two.toml"],
        &["run", "--listen", "off"],
    ] {
        let ran = home.run(command);
        assert!(ran.code == 1 && ran.err.contains("put it back, or name it with HEARTBEAT_KEY_FILE"), "{command:?}: {ran:?}");
        assert!(!key.exists(), "{command:?}");
    }
    fs::rename(&kept, &key).unwrap();
    assert_eq!(home.run(&["channels", "show", "ops"]).code, 0);
}

/// What gives a list.
const LISTS: [&[&str]; 13] = [
    &["status"],
    &["projects", "list"],
    &["apps", "search"],
    &["apps", "list"],
    &["beats", "--project", "shop"],
    &["incidents", "list"],
    &["channels", "kinds"],
    &["channels", "list"],
    &["notifications"],
    &["maintenance", "list"],
    &["status-pages", "list"],
    &["users", "list"],
    &["tokens", "list"],
];

/// What gives a part of a list at a time.
const PARTS: [&[&str]; 1] = [&["audit-log"]];

/// What gives one thing, or what it did.
const ONE: [&str; 38] = [
    "bench",
    "check",
    "sandbox",
    "wait-complete",
    "apply",
    "import",
    "config check",
    "projects add",
    "projects set",
    "projects set-key",
    "projects remove",
    "apps install",
    "apps configure",
    "apps enable",
    "apps disable",
    "apps uninstall",
    "rules show",
    "rules set",
    "rules replay",
    "incidents show",
    "incidents ack",
    "incidents unack",
    "incidents snooze",
    "channels add",
    "channels set",
    "channels show",
    "channels test",
    "channels resend",
    "channels enable",
    "channels disable",
    "channels remove",
    "maintenance add",
    "maintenance remove",
    "status-pages add",
    "status-pages set",
    "status-pages remove",
    "users invite",
    "tokens add",
];

#[test]
fn every_list_for_programs_has_the_envelope_that_lists_of_the_api_have() {
    let home = Home::with_two();
    home.run(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00"]);
    for list in LISTS.iter().chain(&PARTS) {
        let shown = home.run(&[list, &["--json"][..]].concat()).json();
        let names = shown.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(names, ["items", "next"], "{list:?}");
        assert!(shown["items"].is_array() && shown["next"].is_null(), "{list:?}: {shown}");
    }
    let called = |words: &[&str]| words.iter().take_while(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
    let known = LISTS.iter().chain(&PARTS).map(|words| called(words)).chain(ONE.map(str::to_owned)).collect::<Vec<_>>();
    for (words, command) in commands() {
        let speaks = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
        // `heartbeat projects` is `heartbeat projects list`.
        let is_short = command.get_subcommands().any(|inner| inner.get_name() == "list");
        assert!(!speaks || is_short || known.contains(&words.join(" ")), "`{}` is neither a list nor one thing here", words.join(" "));
    }
}
