//! The architecture is a test: which room may name which, where SQL may stand, how large a file may grow.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may name. A room that is not here may not exist.
const ROOMS: [(&str, &[&str]); 21] = [
    ("model", &[]),
    ("clock", &["model"]),
    ("judge", &["model"]),
    ("message", &["model"]),
    ("config", &["model", "message"]),
    ("store", &["model"]),
    ("vitals", &["model", "clock"]),
    ("posthog", &["model", "clock"]),
    ("pulse", &["model", "clock", "store", "vitals", "posthog"]),
    ("verify", &["model", "clock", "store", "vitals", "posthog", "judge", "message"]),
    ("notify", &["model", "clock", "store", "vitals", "message"]),
    ("keep", &["model", "clock", "store", "vitals"]),
    ("check", &["model", "clock", "posthog", "judge"]),
    ("report", &["model", "store", "judge", "message"]),
    ("edit", &["model", "config", "store", "judge", "message", "notify"]),
    ("access", &["model", "clock", "store"]),
    ("web", &["model", "clock", "config", "store", "vitals", "posthog", "judge", "report", "check", "message", "notify", "edit", "access"]),
    ("sandbox", &["clock"]),
    ("lifecycle", &["clock"]),
    (
        "app",
        &[
            "model",
            "clock",
            "config",
            "store",
            "vitals",
            "posthog",
            "pulse",
            "verify",
            "notify",
            "message",
            "keep",
            "sandbox",
            "lifecycle",
            "access",
            "web",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "access",
            "edit",
            "config",
            "message",
            "notify",
            "sandbox",
            "model",
            "clock",
            "check",
            "report",
            "judge",
            "store",
            "lifecycle",
        ],
    ),
];

/// No file is longer than this, tests in it not counted: beyond, look for the second idea.
const MAX_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The code before the unit tests, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every room that `code` names as `crate::room` or in `crate::{room, ...}`.
fn named_in(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let end = list.find(|letter| {
                    depth += i32::from(letter == '{') - i32::from(letter == '}');
                    depth < 0
                });
                let mut depth = 0;
                let outer: String = list[..end.unwrap()]
                    .chars()
                    .filter(|letter| {
                        depth += i32::from(*letter == '{');
                        let keep = depth == 0;
                        depth -= i32::from(*letter == '}');
                        keep
                    })
                    .collect();
                named.extend(outer.split(',').map(|item| item.trim().split("::").next().unwrap().to_owned()));
            }
            None => named.push(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()),
        }
    }
    named
}

#[test]
fn every_room_names_only_the_rooms_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if ["main", "lib"].contains(&room.as_str()) {
            continue;
        }
        let Some(may_name) = allowed.get(room.as_str()) else {
            wrong.push(format!("{}: the room `{room}` is not in the table", path.display()));
            continue;
        };
        for named in named_in(&code_of(&text)) {
            if named != room && !may_name.contains(&named.as_str()) && !named.is_empty() {
                wrong.push(format!("{}: `{room}` names `{named}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_names_sees_every_way_to_write_them() {
    let code = "use crate::{clock::Clock, model::{A, B}, store};\nlet x = crate::judge::y();";
    assert_eq!(named_in(code), ["clock", "model", "store", "judge"]);
}

#[test]
fn sql_stands_in_the_store_alone() {
    let statements = ["INSERT INTO", "DELETE FROM", "CREATE TABLE", "UPDATE "];
    for (path, text) in sources() {
        // PostHog's side of the wire has a database of its own, and questions to PostHog are HogQL.
        if ["store", "sandbox"].contains(&room_of(&path).as_str()) {
            continue;
        }
        for statement in statements {
            assert!(!code_of(&text).contains(statement), "{} holds `{statement}`", path.display());
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    for (path, text) in sources() {
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines: look for the second idea", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    for (path, text) in sources() {
        assert!(!text.contains("#[allow") && !text.contains("#![allow"), "{} silences a lint", path.display());
    }
}
