//! Asked for what cannot be done: exit 2 and one sentence.

use clap::CommandFactory as _;

use super::Home;

#[test]
fn flags_that_are_none_are_reported() {
    let home = Home::new();
    insta::assert_snapshot!(home.run(&["aply"]).shown(), @r"
    exit 2
    --- err
    error: unrecognized subcommand 'aply'

      tip: a similar subcommand exists: 'apply'

    Usage: heartbeat [OPTIONS] [COMMAND]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(home.run(&["apply"]).shown(), @r"
    exit 2
    --- err
    error: the following required arguments were not provided:
      <FILE>

    Usage: heartbeat apply <FILE>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(home.run(&["apply", "x.toml", "--prun"]).shown(), @r"
    exit 2
    --- err
    error: unexpected argument '--prun' found

      tip: a similar argument exists: '--prune'

    Usage: heartbeat apply --prune <FILE>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(home.run(&["-q", "-v", "projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: the argument '--quiet' cannot be used with '--verbose...'

    Usage: heartbeat --quiet

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(home.run(&["--color", "red", "projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: invalid value 'red' for '--color <WHEN>'
      [possible values: auto, always, never]

    For more information, try '--help'.
    ");
}

#[test]
fn a_database_that_is_none_is_reported() {
    let home = Home::new();
    insta::assert_snapshot!(home.run(&["--database", "x.db", "projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: command line: --database `x.db` does not say which kind of database; did you mean `sqlite:x.db`?
    ");
    insta::assert_snapshot!(home.run(&["--database", "mysql://me:hunter2@db/x", "projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: command line: --database `mysql:` is not a supported database; give `sqlite:PATH` or `postgres://...`
    ");
    let home = home.with("DATABASE_URL", "sqlite:");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: environment: DATABASE_URL `sqlite:` names no file; give `sqlite:PATH`
    ");
}

#[test]
fn a_store_that_cannot_be_opened_is_reported() {
    let home = Home::new();
    home.file("file", "");
    insta::assert_snapshot!(home.run(&["--database", "sqlite:file/x.db", "projects", "list"]).shown(), @r"
    exit 1
    --- err
    error: there is no database at file/x.db; `heartbeat projects add` or `heartbeat run` creates it, or name another with --database or DATABASE_URL
    ");
    let adds = [
        "--database",
        "sqlite:file/x.db",
        "projects",
        "add",
        "shop",
        "--host",
        "us",
        "--token",
        "phc_a",
        "--no-personal-api-key",
        "--no-check",
    ];
    insta::assert_snapshot!(home.run(&adds).shown(), @r"
    exit 1
    --- err
    error: the directory file cannot be created: File exists (os error 17)
    ");
    let home = home.with("HEARTBEAT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    home.file("text.db", "this is no database, it is a text of some length ".repeat(100).as_str());
    insta::assert_snapshot!(home.run(&["--database", "sqlite:text.db", "projects", "list"]).shown(), @r"
    exit 1
    --- err
    error: the database sqlite:text.db cannot be opened: text.db is not an SQLite database: give another file, or move this one away
    ");
    let home = Home::with_two().with("HEARTBEAT_KEY", "hunter2");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: environment: HEARTBEAT_KEY cannot be used: the value contains no encryption key: it must be 32 bytes in base64, as printed by `openssl rand -base64 32`
    ");
}

#[test]
fn another_key_does_not_open_the_store() {
    let home = Home::with_two().with("HEARTBEAT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r"
    exit 1
    --- err
    error: the personal API key of project shop cannot be decrypted with this encryption key: use the key of this database (heartbeat.key beside it, or HEARTBEAT_KEY); if that is lost, `heartbeat projects remove shop` and add it again
    ");
}

#[test]
fn nothing_is_encrypted_with_another_key_and_what_does_not_open_can_be_removed() {
    let home = Home::with_two();
    assert_eq!(home.run(&["channels", "add", "ops", "--kind", "webhook", "--set", "url=https://hooks.example.com/hunter2"]).code, 0);
    let home = home.with("HEARTBEAT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    home.file("more.toml", "[[project]]\nname = \"more\"\nhost = \"us\"\ntoken = \"phc_more\"\npersonal_api_key = \"phx_more\"\n");
    let add = ["channels", "add", "new", "--kind", "webhook", "--set", "url=https://hooks.example.com/new"];
    let with_key = ["projects", "add", "new", "--host", "us", "--token", "phc_new", "--personal-api-key-file", "phx", "--no-check"];
    home.file("phx", "phx_new");
    let lines: [&[&str]; 5] = [
        &add,
        &with_key,
        &["projects", "set-key", "blog", "--personal-api-key-file", "phx"],
        &["apply", "more.toml"],
        &["run", "--config", "more.toml"],
    ];
    for line in lines {
        let ran = home.run(line);
        assert_eq!(ran.code, 1, "{line:?}: {ran:?}");
        let said = ran.err.lines().last().unwrap();
        assert!(said.contains("cannot be decrypted with") && said.contains("remove "), "{line:?}: {ran:?}");
    }
    insta::assert_snapshot!(home.run(&add).shown(), @r"
    exit 1
    --- err
    error: nothing is encrypted with this encryption key, because the personal API key of project shop cannot be decrypted with it: use the key of this database (heartbeat.key beside it, or HEARTBEAT_KEY); if that is lost, `heartbeat projects remove shop` first
    ");
    // What holds no secret is set up as ever.
    assert_eq!(home.run(&["projects", "add", "bare", "--host", "us", "--token", "phc_b", "--no-personal-api-key", "--no-check"]).code, 0);
    assert_eq!(home.run(&["projects", "remove", "shop"]).code, 0);
    let ran = home.run(&add);
    assert!(ran.code == 1 && ran.err.contains("`heartbeat channels remove ops` first"), "{ran:?}");
    assert_eq!(home.run(&["channels", "remove", "ops"]).code, 0);
    for line in [&add[..], &with_key, &["channels", "list"], &["export"]] {
        assert_eq!(home.run(line).code, 0, "{line:?}");
    }
}

#[test]
fn a_settings_file_that_is_not_there_is_reported_by_every_command() {
    let home = Home::new();
    insta::assert_snapshot!(home.run(&["--config", "none.toml", "projects", "list"]).shown(), @r"
    exit 2
    --- err
    error: none.toml: there is no such file; `heartbeat config example` prints one to start from
    ");
    insta::assert_snapshot!(home.run(&["apply", "none.toml"]).shown(), @r"
    exit 2
    --- err
    error: none.toml: there is no such file; `heartbeat config example` prints one to start from
    ");
}

#[test]
fn a_log_filter_that_is_none_is_reported() {
    let home = Home::new().with("HEARTBEAT_LOG", "heartbeat=louder");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r#"
    exit 2
    --- err
    error: HEARTBEAT_LOG (or RUST_LOG) `heartbeat=louder`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5; use a filter such as `info` or `warn,heartbeat=debug`
    "#);
}

/// What nests deeper than a stack is no file of ours: one sentence, and no crash.
#[test]
fn files_that_nest_deeply_are_rejected() {
    const DEEP: usize = 100_000;
    let home = Home::new();
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
    for (name, text) in [
        ("lists.toml", format!("a = {}", nested("[", "]"))),
        ("tables.toml", format!("a = {}", nested("{a=", "}"))),
        ("keys.toml", format!("a{} = 1", ".a".repeat(DEEP))),
        ("sections.toml", format!("[a{}]\nb = 1", ".a".repeat(DEEP))),
        ("many.toml", format!("[[a{}]]\nb = 1", ".a".repeat(DEEP))),
    ] {
        home.file(name, &text);
        let ran = home.run(&["config", "check", name]);
        assert!(ran.code == 2 && ran.err.contains("is not TOML") && ran.err.len() < 300, "{name}: {ran:?}");
    }
    for (name, text) in [("lists.json", nested("[", "]")), ("objects.json", nested("{\"a\":", "}"))] {
        home.file(name, &text);
        let ran = home.run(&["import", name]);
        assert!(ran.code == 2 && ran.err.contains("is not JSON"), "{name}: {ran:?}");
    }
    let cron = format!("0 0 {}1 * *", "1,".repeat(DEEP / 4));
    for (flag, text) in [("--cron", cron), ("--weekly", format!("{}sun 01:00-02:00", "sun,".repeat(DEEP / 4)))] {
        let ran = home.run(&["maintenance", "add", "night", flag, &text, "--for", "1h"]);
        assert!(ran.code == 2 && ran.err.len() < 600, "{flag}: {}", ran.err.chars().take(300).collect::<String>());
    }
}

#[test]
fn in_json_every_line_of_standard_error_is_json() {
    let home = Home::with_two();
    for arguments in [
        &["aply", "--log-format", "json"][..],
        &["--log-format=json", "apply"],
        &["--log-format", "json", "status", "shpo"],
        &["--log-format", "json", "--database", "x.db", "status"],
        &["--log-format", "json", "--color", "always", "apply", "none.toml"],
        &["--log-format", "json", "incidents", "list", "--open"],
        &["--log-format", "json", "projects", "remove", "shop", "--dry-run"],
        &["--log-format", "json", "-vv", "channels", "test", "ops"],
    ] {
        let ran = home.run(arguments);
        assert!(!ran.err.is_empty(), "{arguments:?}");
        for line in ran.err.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{arguments:?}: no JSON: {line}"));
            assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
            let words = line["message"].as_str().unwrap();
            assert!(!words.contains('\u{1b}') && !words.starts_with("error"), "{line}");
        }
        let failed = ran.err.lines().any(|line| line.contains("\"level\":\"ERROR\""));
        assert_eq!(failed, ran.code != 0, "{arguments:?}: {ran:?}");
    }
}

#[test]
fn thousands_of_projects_that_are_not_there_are_reported_in_few_words() {
    let home = Home::with_two();
    let names = (0..2000).map(|at| format!("p{at}")).collect::<Vec<_>>();
    let projects = names.iter().flat_map(|name| ["--project", name.as_str()]).collect::<Vec<_>>();
    for add in [
        &["channels", "add", "ops", "--kind", "webhook", "--set", "url=https://hooks.example.com/x"][..],
        &["maintenance", "add", "night", "--weekly", "sun 02:00-04:00"],
    ] {
        let ran = home.run(&[add, projects.as_slice()].concat());
        assert!(ran.code == 2 && ran.err.contains("there is no project `p9`") && ran.err.contains("... and 1,990 more"), "{ran:?}");
        assert!(ran.err.len() < 2000, "{} bytes", ran.err.len());
    }
    let listed = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    home.file("window.toml", &format!("[[maintenance]]\nname = \"night\"\nprojects = [{listed}]\nweekly = \"sun 02:00-04:00\"\n"));
    let ran = home.run(&["apply", "window.toml"]);
    assert!(ran.code == 0 && ran.err.contains("maintenance night: ... and 1,990 more") && ran.err.len() < 2000, "{ran:?}");
}

#[test]
fn what_means_nothing_at_zero_is_rejected_with_its_bounds() {
    let home = Home::with_two();
    for (line, says) in [
        (&["notifications", "--limit", "0"][..], "`0` must be a whole number from 1"),
        (&["audit-log", "--limit", "0"], "`0` must be a whole number from 1"),
        (&["audit-log", "--before", "0"], "`0` must be a whole number from 1"),
        (&["incidents", "show", "0"], "`0` must be a whole number from 1"),
        (&["incidents", "show", "abc"], "`abc` must be a whole number from 1"),
        (&["incidents", "ack", "0"], "`0` must be a whole number from 1"),
        (&["incidents", "--since", "0s"], "`0s` must be between 1s and 3660d"),
        (&["incidents", "list", "--since", "0s"], "`0s` must be between 1s and 3660d"),
        (&["incidents", "snooze", "1", "--for", "0s"], "`0s` must be between 1s and 30d"),
        (&["beats", "--since", "0s"], "`0s` must be between 1s and 3660d"),
        (&["demo", "--for", "0s"], "`0s` must be between 1s and 3660d"),
        (&["check", "--project-id", "0", "--host", "us", "--token", "phc_a"], "`0` must be a whole number from 1"),
        (&["channels", "set", "ops", "--at-once", "0"], "`0` must be a whole number from 1"),
        (&["tokens", "add", "dbt", "--for", "0s"], "`0s` must be between 1m"),
        (&["rules", "replay", "--project", "shop", "--since", "0s"], "`0s` must be between"),
        (&["run", "--speed", "0"], "a number from 1"),
    ] {
        let ran = home.run(line);
        assert!(ran.code == 2 && ran.err.contains(says), "{line:?}: {ran:?}");
    }
}

#[test]
fn a_negative_time_or_number_is_answered_with_what_it_must_be() {
    let home = Home::with_two();
    for (line, says) in [
        (&["incidents", "--since", "-1h"][..], "`-1h` is not a positive duration"),
        (&["incidents", "list", "--since", "-1h"], "`-1h` is not a positive duration"),
        (&["incidents", "snooze", "1", "--for", "-1h"], "`-1h` is not a positive duration"),
        (&["incidents", "show", "-1"], "`-1` must be a whole number from 1"),
        (&["incidents", "ack", "-1"], "`-1` must be a whole number from 1"),
        (&["beats", "--since", "-2m"], "`-2m` is not a positive duration"),
        (&["demo", "--for", "-1h"], "`-1h` is not a positive duration"),
        (&["demo", "--speed", "-2"], "a number from 1"),
        (&["run", "--speed", "-2"], "a number from 1"),
        (&["check", "--wait", "-1s"], "`-1s` is not a positive duration"),
        (&["check", "--project-id", "-7"], "`-7` must be a whole number from 1"),
        (&["wait-complete", "--timeout", "-1h"], "`-1h` is not a positive duration"),
        (&["wait-complete", "--at-least", "-1h"], "`-1h` is not a time"),
        (&["status", "--at", "-1h"], "`-1h` is not a time"),
        (&["status", "--speed", "-1"], "a number from 1"),
        (&["rules", "replay", "--project", "shop", "--since", "-1d"], "`-1d` is not a positive duration"),
        (&["rules", "replay", "--project", "shop", "--until", "-1d"], "`-1d` is not a time"),
        (&["notifications", "--limit", "-1"], "`-1` must be a whole number from 1"),
        (&["audit-log", "--limit", "-1"], "`-1` must be a whole number from 1"),
        (&["audit-log", "--before", "-1"], "`-1` must be a whole number from 1"),
        (&["channels", "set", "ops", "--at-once", "-1"], "`-1` must be a whole number from 1"),
        (&["projects", "add", "x", "--host", "us", "--project-id", "-7"], "--project-id"),
        (&["maintenance", "add", "night", "--now", "--for", "-2h"], "`-2h` is not a positive duration"),
        (&["maintenance", "add", "night", "--from", "-2h", "--for", "2h"], "`-2h` is not a time"),
        (&["maintenance", "add", "night", "--now", "--to", "-2h"], "`-2h` is not a time"),
        (&["tokens", "add", "dbt", "--for", "-1d"], "`-1d` is not a positive duration"),
    ] {
        let ran = home.run(line);
        assert!(ran.code == 2 && ran.err.contains(says) && !ran.err.contains("unexpected argument"), "{line:?}: {ran:?}");
    }
}

/// Clap would call it an unknown flag.
#[test]
fn every_flag_for_a_time_or_a_number_reads_a_negative_one() {
    fn walk(command: &clap::Command, wrong: &mut Vec<String>) {
        let is_number = |name: &clap::builder::Str| ["TIME", "TIMES", "COUNT", "NUMBER", "SPEED"].contains(&name.as_str());
        let takes_one = |argument: &&clap::Arg| argument.get_value_names().unwrap_or_default().iter().any(is_number);
        let unread = command.get_arguments().filter(takes_one);
        let unread = unread.filter(|argument| !argument.is_allow_hyphen_values_set() && !argument.is_allow_negative_numbers_set());
        wrong.extend(unread.map(|argument| format!("{} {argument}", command.get_name())));
        command.get_subcommands().for_each(|below| walk(below, wrong));
    }
    let mut command = heartbeat::cli::Cli::command();
    command.build();
    let mut wrong = Vec::new();
    walk(&command, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_flag_that_is_none_may_be_meant_as_a_field() {
    let home = Home::with_two();
    for (line, tip) in [
        (&["projects", "set", "shop", "--late-after", "3m"][..], Some("to set a field, use '--set late_after=VALUE'")),
        (&["channels", "add", "ops", "--kind", "slack", "--url=https://hooks.example.com/hunter2"], Some("'--set url=VALUE'")),
        (&["apps", "configure", "ingestion-alert", "--project", "shop", "--watch", "any"], Some("'--set watch=VALUE'")),
        (&["projects", "set", "shop", "--tags", "eu"], Some("a similar argument exists: '--tag'")),
        (&["projects", "remove", "shop", "--zzz"], None),
    ] {
        let ran = home.run(line);
        assert!(ran.code == 2 && ran.err.contains("unexpected argument") && !ran.err.contains("as a value"), "{line:?}: {ran:?}");
        assert!(tip.map_or(!ran.err.contains("tip:"), |tip| ran.err.contains(tip)), "{line:?}: {ran:?}");
        assert!(!ran.err.contains("hunter2"), "{line:?}: {ran:?}");
    }
}
