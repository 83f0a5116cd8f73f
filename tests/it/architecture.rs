//! The architecture is a test: which crate may depend on which, which room may name which, where SQL may stand, how large a file may grow.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate of the workspace.
struct Crate {
    name: &'static str,
    /// Where it lies, from the workspace's root.
    folder: &'static str,
    /// The crates of the workspace that it may depend on.
    depends_on: &'static [&'static str],
    /// The one room that it is; none where each of its modules is a room.
    room: Option<&'static str>,
}

/// Each crate. One that is not here may not exist.
const CRATES: [Crate; 4] = [
    Crate { name: "heartbeat-clock", folder: "crates/heartbeat-clock", depends_on: &[], room: None },
    Crate { name: "heartbeat-core", folder: "crates/heartbeat-core", depends_on: &["heartbeat-clock"], room: None },
    Crate { name: "posthog-sandbox", folder: "crates/posthog-sandbox", depends_on: &["heartbeat-clock"], room: Some("sandbox") },
    Crate { name: "posthog-heartbeat", folder: ".", depends_on: &["heartbeat-clock", "heartbeat-core", "posthog-sandbox"], room: None },
];

/// Each room, and the rooms that it may name. A room that is not here may not exist.
const ROOMS: [(&str, &[&str]); 22] = [
    ("time", &[]),
    ("clock", &["time"]),
    ("model", &["time"]),
    ("judge", &["model"]),
    ("message", &["model"]),
    ("config", &["model", "message"]),
    ("store", &["model"]),
    ("liveness", &["model", "clock"]),
    ("posthog", &["model", "clock"]),
    ("pulse", &["model", "clock", "store", "liveness", "posthog"]),
    ("verify", &["model", "clock", "store", "liveness", "posthog", "judge", "message"]),
    ("notify", &["model", "clock", "store", "liveness", "message"]),
    ("keep", &["model", "clock", "store", "liveness"]),
    ("check", &["model", "clock", "posthog", "judge"]),
    ("report", &["model", "store", "judge", "message"]),
    ("edit", &["model", "config", "store", "judge", "message", "notify"]),
    ("access", &["model", "clock", "store"]),
    (
        "web",
        &["model", "clock", "config", "store", "liveness", "posthog", "judge", "report", "check", "message", "notify", "edit", "access"],
    ),
    ("sandbox", &["clock", "time"]),
    ("lifecycle", &["clock"]),
    (
        "app",
        &[
            "model",
            "clock",
            "config",
            "store",
            "liveness",
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

/// A file of source.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
    /// Whether `crate::` in it is followed by a room.
    is_among_rooms: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut sources = Vec::new();
    for part in CRATES {
        let folder = root().join(part.folder).join("src");
        let mut found = Vec::new();
        walk(&folder, &mut found);
        found.sort();
        sources.extend(found.into_iter().map(|path| {
            let first = path.strip_prefix(&folder).unwrap().components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
            let room = part.room.unwrap_or(first.trim_end_matches(".rs")).to_owned();
            let text = fs::read_to_string(&path).unwrap();
            Source { path, room, text, is_among_rooms: part.room.is_none() }
        }));
    }
    sources
}

/// The code before the unit tests, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every room that `code` names: in another crate, and, where the modules of its own are rooms, as `crate::room` or in `crate::{room, ...}`.
fn named_in(code: &str, is_among_rooms: bool) -> Vec<String> {
    let mut named = Vec::new();
    for part in CRATES {
        let library = part.name.replace('-', "_");
        match part.room {
            Some(room) => named.extend(code.contains(&library).then(|| room.to_owned())),
            None => named.extend(named_after(code, &format!("{library}::"))),
        }
    }
    if is_among_rooms {
        named.extend(named_after(code, "crate::"));
    }
    named
}

/// What follows `prefix`, as `prefix::name` or in `prefix::{name, ...}`.
fn named_after(code: &str, prefix: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
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
fn every_crate_depends_only_on_the_crates_below_it() {
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|entry| format!("crates/{}", entry.unwrap().file_name().display()));
    for folder in folders {
        assert!(CRATES.iter().any(|part| part.folder == folder), "the crate `{folder}` is not in the table");
    }
    for part in CRATES {
        let manifest = fs::read_to_string(root().join(part.folder).join("Cargo.toml")).unwrap().parse::<toml::Table>().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(part.name));
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{}", part.name);
        let named = ["dependencies", "build-dependencies", "dev-dependencies"].iter().filter_map(|kind| manifest.get(*kind)?.as_table());
        for named in named.flat_map(|table| table.keys()).filter(|name| CRATES.iter().any(|part| part.name == *name)) {
            assert!(part.depends_on.contains(&named.as_str()), "`{}` depends on `{named}`", part.name);
        }
    }
}

#[test]
fn every_room_names_only_the_rooms_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    for Source { path, room, text, is_among_rooms } in sources() {
        if ["main", "lib"].contains(&room.as_str()) {
            continue;
        }
        let Some(may_name) = allowed.get(room.as_str()) else {
            wrong.push(format!("{}: the room `{room}` is not in the table", path.display()));
            continue;
        };
        for named in named_in(&code_of(&text), is_among_rooms) {
            if named != room && !may_name.contains(&named.as_str()) && !named.is_empty() {
                wrong.push(format!("{}: `{room}` names `{named}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_names_sees_every_way_to_write_them() {
    let code = "use crate::{clock::Clock, model::{A, B}, store};\nlet x = crate::judge::y();\nuse heartbeat_clock::time::Minute;\nposthog_sandbox::TOKEN";
    assert_eq!(named_in(code, true), ["time", "sandbox", "clock", "model", "store", "judge"]);
    assert_eq!(named_in(code, false), ["time", "sandbox"]);
}

#[test]
fn sql_stands_in_the_store_alone() {
    let statements = ["INSERT INTO", "DELETE FROM", "CREATE TABLE", "UPDATE "];
    for Source { path, room, text, .. } in sources() {
        // PostHog's side of the wire has a database of its own, and questions to PostHog are HogQL.
        if ["store", "sandbox"].contains(&room.as_str()) {
            continue;
        }
        for statement in statements {
            assert!(!code_of(&text).contains(statement), "{} holds `{statement}`", path.display());
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    for Source { path, text, .. } in sources() {
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines: look for the second idea", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

#[test]
fn no_example_in_documentation_goes_untested() {
    for part in CRATES {
        let manifest = fs::read_to_string(root().join(part.folder).join("Cargo.toml")).unwrap().parse::<toml::Table>().unwrap();
        let is_tested = manifest.get("lib").and_then(|library| library.get("doctest")?.as_bool()) != Some(false);
        let folder = root().join(part.folder).join("src");
        for Source { path, text, .. } in sources().into_iter().filter(|source| source.path.starts_with(&folder) && !is_tested) {
            let has_example = text.lines().any(|line| ["/// ```", "//! ```"].iter().any(|fence| line.trim_start().starts_with(fence)));
            assert!(!has_example, "{} has an example, and `doctest = false` stands in the manifest of `{}`", path.display(), part.name);
        }
    }
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    for Source { path, text, .. } in sources() {
        assert!(!text.contains("#[allow") && !text.contains("#![allow"), "{} silences a lint", path.display());
    }
}
