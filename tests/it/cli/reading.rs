//! Commands that read make nothing: a mistyped path is an error, and not a new database.

use std::fs;

use super::Home;

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
    &["notices"],
    &["maintenance"],
    &["users"],
    &["tokens"],
    &["changes"],
    &["export"],
];

#[test]
fn a_command_that_reads_makes_no_directory_no_database_and_no_key() {
    let home = Home::new();
    for command in COMMANDS {
        let ran = home.run(command);
        assert_eq!(ran.code, 1, "{command:?}: {ran:?}");
        let says = "there is no database at HOME/data/posthog-heartbeat/heartbeat.db; `heartbeat projects add` or `heartbeat run` makes it";
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
    assert!(ran.err.contains("the key file HOME/data/posthog-heartbeat/heartbeat.key is not there"), "{ran:?}");
    assert!(!key.exists());
}
