//! The architecture is a test: which crate may depend on which, which module may name which, where SQL may be, how large a file may be, and that files do not depend on each other in cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A crate of the workspace.
struct Crate {
    name: &'static str,
    /// From the root of the workspace.
    folder: &'static str,
    /// The crates of the workspace that it may depend on.
    depends_on: &'static [&'static str],
    /// Set if the whole crate counts as one module.
    module: Option<&'static str>,
}

/// All crates.
const CRATES: [Crate; 4] = [
    Crate { name: "heartbeat-clock", folder: "crates/heartbeat-clock", depends_on: &[], module: None },
    Crate { name: "heartbeat-core", folder: "crates/heartbeat-core", depends_on: &["heartbeat-clock"], module: None },
    Crate { name: "posthog-sandbox", folder: "crates/posthog-sandbox", depends_on: &["heartbeat-clock"], module: Some("sandbox") },
    Crate { name: "posthog-heartbeat", folder: ".", depends_on: &["heartbeat-clock", "heartbeat-core", "posthog-sandbox"], module: None },
];

/// All modules, each with the modules that it may name.
const MODULES: [(&str, &[&str]); 22] = [
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
    ("retention", &["model", "clock", "store", "liveness"]),
    ("check", &["model", "clock", "posthog", "judge"]),
    ("report", &["model", "store", "judge", "message"]),
    ("settings", &["model", "config", "store", "judge", "message", "notify"]),
    ("auth", &["model", "clock", "config", "store"]),
    (
        "web",
        &["model", "clock", "config", "store", "liveness", "posthog", "judge", "report", "check", "message", "notify", "settings", "auth"],
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
            "retention",
            "sandbox",
            "lifecycle",
            "auth",
            "web",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "auth",
            "settings",
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
    module: String,
    text: String,
    /// Whether `crate::` is followed by the name of a module.
    is_among_modules: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files in a folder and below, sorted.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for part in CRATES {
        let folder = root().join(part.folder).join("src");
        sources.extend(rust_files(&folder).into_iter().map(|path| {
            let first = path.strip_prefix(&folder).unwrap().components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
            let module = part.module.unwrap_or(first.trim_end_matches(".rs")).to_owned();
            let text = fs::read_to_string(&path).unwrap();
            Source { path, module, text, is_among_modules: part.module.is_none() }
        }));
    }
    sources
}

/// The code before the unit tests, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules that `code` names: in another crate, and as `crate::module` or in `crate::{module, ...}`.
fn named_in(code: &str, is_among_modules: bool) -> Vec<String> {
    let mut named = Vec::new();
    for part in CRATES {
        let library = part.name.replace('-', "_");
        match part.module {
            Some(module) => named.extend(code.contains(&library).then(|| module.to_owned())),
            None => named.extend(named_after(code, &format!("{library}::"))),
        }
    }
    if is_among_modules {
        named.extend(named_after(code, "crate::"));
    }
    named
}

/// The names after `prefix`: `prefix::name` or `prefix::{name, ...}`.
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
fn every_module_names_only_the_modules_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = MODULES.into_iter().collect();
    let mut wrong = Vec::new();
    for Source { path, module, text, is_among_modules } in sources() {
        if ["main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let Some(may_name) = allowed.get(module.as_str()) else {
            wrong.push(format!("{}: the module `{module}` is not in the table", path.display()));
            continue;
        };
        for named in named_in(&code_of(&text), is_among_modules) {
            if named != module && !may_name.contains(&named.as_str()) && !named.is_empty() {
                wrong.push(format!("{}: `{module}` names `{named}`", path.display()));
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
    for Source { path, module, text, .. } in sources() {
        // PostHog's side of the wire has a database of its own, and questions to PostHog are HogQL.
        if ["store", "sandbox"].contains(&module.as_str()) {
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

/// Files of one folder that may depend on each other in a cycle, each with the reason. A folder counts as one file of the folder above.
const CYCLES: [(&str, &[&str], &str); 1] = [(
    "crates/posthog-sandbox/src/hogql",
    &["expression", "function", "select"],
    "the arguments of a function are expressions, and an expression can contain a SELECT",
)];

/// The cycles among the files and folders of one folder, each as the sorted names of all that are in it.
fn cycles_in(folder: &Path, crate_folder: &Path) -> Vec<Vec<String>> {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_stem().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            files.entry(name).or_default().extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs") && !["mod", "lib", "main"].contains(&name.as_str()) {
            files.entry(name).or_default().push(entry);
        }
    }
    let below = folder.strip_prefix(crate_folder).unwrap();
    let absolute: String =
        ["crate::".to_owned()].into_iter().chain(below.iter().map(|part| format!("{}::", part.to_str().unwrap()))).collect();
    let names: Vec<&String> = files.keys().collect();
    let mut reaches: Vec<Vec<bool>> = names
        .iter()
        .map(|name| {
            let uses = files[*name].iter().flat_map(|file| named_from(file, folder, &absolute)).collect::<BTreeSet<_>>();
            names.iter().map(|other| other != name && uses.contains(*other)).collect()
        })
        .collect();
    for through in 0..names.len() {
        for from in 0..names.len() {
            for to in 0..names.len() {
                reaches[from][to] |= reaches[from][through] && reaches[through][to];
            }
        }
    }
    let cycle =
        |at: usize| (0..names.len()).filter(|other| reaches[at][*other] && reaches[*other][at]).map(|at| names[at].clone()).collect();
    let cycles: BTreeSet<Vec<String>> = (0..names.len()).filter(|at| reaches[*at][*at]).map(cycle).collect();
    cycles.into_iter().collect()
}

/// What a file names of `folder`, which it is in or below.
fn named_from(file: &Path, folder: &Path, absolute: &str) -> Vec<String> {
    let code = code_of(&fs::read_to_string(file).unwrap());
    let depth = file.strip_prefix(folder).unwrap().components().count() - usize::from(file.ends_with("mod.rs"));
    // Exactly so many: without a `super::` before them.
    let relative = code.replace(&"super::".repeat(depth + 1), "");
    named_after(&code, absolute).into_iter().chain(named_after(&relative, &"super::".repeat(depth))).collect()
}

#[test]
fn files_depend_on_each_other_in_no_cycle() {
    let mut found = Vec::new();
    for part in CRATES {
        let crate_folder = root().join(part.folder).join("src");
        let folders: BTreeSet<PathBuf> = rust_files(&crate_folder).iter().map(|file| file.parent().unwrap().to_owned()).collect();
        // The folder of the modules themselves has a table of its own, above.
        for folder in folders.into_iter().filter(|folder| part.folder != "." || *folder != crate_folder) {
            let name = folder.strip_prefix(root()).unwrap().display().to_string();
            found.extend(cycles_in(&folder, &crate_folder).into_iter().map(|cycle| (name.clone(), cycle)));
        }
    }
    let allowed: Vec<(String, Vec<String>)> =
        CYCLES.iter().map(|(folder, files, _)| ((*folder).to_owned(), files.iter().map(|file| (*file).to_owned()).collect())).collect();
    assert_eq!(found, allowed);
}
