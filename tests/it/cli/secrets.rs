//! A secret comes out of no command, on no way, and rests in no file but where it was put.

use std::fs;

use super::{Home, TWO};

const SECRET: &str = "hunter2";

#[test]
fn no_command_and_no_error_shows_a_secret() {
    let home = Home::with_two();
    let key = format!("phx_{SECRET}");
    home.file("bad.toml", &TWO.replace("phc_shop", &key).replace("eu", &key).replace("[[project]]", "[project]"));
    home.file("torn.toml", &format!("[[project]]\npersonal_api_key = \"{key}\ntoken = {key}\n"));
    home.file("key", &key);
    let set = format!("project_api_key={key}");
    let named = format!("{key}=1");
    let database = format!("postgres://me:{SECRET}@127.0.0.1:1/x");
    let lines: &[&[&str]] = &[
        &["apply", "two.toml"],
        &["apply", "two.toml", "-vv"],
        &["apply", "two.toml", "--json", "-vv", "--log-format", "json"],
        &["apply", "bad.toml"],
        &["apply", "torn.toml"],
        &["apply", &key],
        &["config", "check", "bad.toml"],
        &["config", "check", "bad.toml", "--json"],
        &["config", "check", "torn.toml", "--json"],
        &["config", "check", "two.toml"],
        &["export"],
        &["export", "-vv"],
        &["export", "--project", &key],
        &["projects", "list"],
        &["projects", "list", "--json"],
        &["projects", "add", &key],
        &["projects", "add", "new", "--host", &key, "--token", "phc_a"],
        &["projects", "add", "new", "--host", "us", "--token", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", "--personal-api-ky", &key],
        &["projects", "add", "new", "--host", "us", "--token", "phc_a", "--personal-api-key", &key, "-vv"],
        &["projects", "set-key", "new", "--personal-api-key-file", "key", "--json"],
        &["projects", "set-key", &key, "--no-personal-api-key"],
        &["apps", "install", &key, "--project", "blog"],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &set],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &named],
        &["apps", "install", "heartbeat", "--project", "blog", "--set", &key],
        &["apps", "configure", "heartbeat", "--project", "shop"],
        &["apps", "search", &key],
        &["--database", &database, "projects", "list"],
        &["--database", &key, "projects", "list"],
        &["--config", &key, "projects", "list"],
        &["completions", &key],
        &["--color", &key],
        &[&key],
    ];
    for line in lines {
        let ran = home.run(line);
        assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET), "{line:?}: {ran:?}");
    }
}

#[test]
fn a_secret_rests_sealed() {
    let home = Home::with_two();
    let files = fs::read_dir(home.path("data/posthog-heartbeat")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", file.display());
    }
}

#[test]
fn the_test_above_would_find_one() {
    let ran = Home::with_two().run(&["export", "--with-secrets"]);
    assert!(ran.out.contains(SECRET));
}
