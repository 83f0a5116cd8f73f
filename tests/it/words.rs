//! The words of the product: former words stay out of code, help, pages, messages, the API and the documentation.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use heartbeat::cli::Cli;

/// Former words and what is said instead. Each is searched as a whole word, in any case.
const FORMER: &[(&str, &str)] = &[
    ("as usual", "default"),
    ("audience", "routing"),
    ("deed", "audit entry"),
    ("deeds", "audit entries"),
    ("desk", "settings service"),
    ("doubled", "duplicates"),
    ("fair", "no faults"),
    ("folded", "aggregated"),
    ("glance", "read-back sample"),
    ("glances", "read-back samples"),
    ("graver", "more severe"),
    ("gravest", "most severe"),
    ("in hand", "acknowledged"),
    ("owed", "queued"),
    ("owing", "queued"),
    ("roster", "config snapshot"),
    ("sealed", "encrypted"),
    ("sealer", "cipher"),
    ("somebody", "a user"),
    ("strand", "incident kind"),
    ("stranger", "the public"),
    ("strangers", "the public"),
    ("telephone", "phone"),
    ("tide", "change token"),
    ("told", "notified"),
    ("unseen", "unverified"),
    ("unsent", "not sent"),
    ("veil", "redactor"),
    ("vitals", "liveness"),
    ("weather", "faults"),
    ("whoever", "a user"),
    ("worsened", "escalated"),
];

/// Where a former word is right, by the end of the path and a part of the line.
const RIGHT: &[(&str, &str, &str)] = &[
    ("posthog-sandbox/src/router.rs", "weather", "the former address of the faults is still served"),
    ("docs/sandbox.md", "weather", "the former address of the faults is still served"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "vendor", "screens"].contains(&name) {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|ending| ["rs", "md", "html", "toml", "js", "css", "json", "sql"].iter().any(|one| ending == *one))
        {
            found.push(path);
        }
    }
}

/// The former words in a text, each with its line.
fn former_in(text: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let lower = line.to_lowercase();
        for (word, _) in FORMER {
            let is_whole = |at: usize| {
                let outside = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
                outside(lower[..at].chars().next_back()) && outside(lower[at + word.len()..].chars().next())
            };
            if lower.match_indices(word).any(|(at, _)| is_whole(at)) {
                found.push((*word, line.trim().to_owned()));
            }
        }
    }
    found
}

#[test]
fn former_words_are_in_no_source_and_no_document() {
    let mut all: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].iter().map(|name| root().join(name)).collect();
    for folder in ["src", "crates", "docs", "migrations", "contrib"] {
        files(&root().join(folder), &mut all);
    }
    assert!(all.len() > 400, "{} files", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        // The tests' own part is checked below: former words may be in the texts that they work with.
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (word, line) in former_in(text) {
            let is_right = RIGHT.iter().any(|(end, right, _)| name.ends_with(end) && *right == word);
            let names_a_test = line.contains("::") && path.extension().is_some_and(|ending| ending == "md");
            if !is_right && !names_a_test {
                let instead = FORMER.iter().find(|(former, _)| *former == word).map_or("", |(_, instead)| instead);
                wrong.push(format!("{name}: `{word}` (now: {instead}) in: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a line of a test says in words: its comment, or the name of a test, which is a sentence.
fn words_of(line: &str) -> Option<String> {
    if let Some((_, comment)) = line.split_once("//").filter(|(before, _)| before.trim().is_empty() || before.ends_with(' ')) {
        return Some(comment.to_owned());
    }
    let (_, named) = line.split_once("fn ")?;
    let name = named.split(['(', '<']).next()?;
    (name.split('_').count() > 3).then(|| name.replace('_', " "))
}

#[test]
fn former_words_are_in_no_name_and_no_comment_of_a_test() {
    let mut all = Vec::new();
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("tests"));
    for folder in [root().join("tests")].into_iter().chain(crates.filter(|tests| tests.is_dir())) {
        files(&folder, &mut all);
    }
    all.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    assert!(all.len() > 200, "{} files", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let found = words_of(line).map(|words| former_in(&words)).unwrap_or_default();
            wrong.extend(found.into_iter().map(|(word, _)| format!("{name}: `{word}` in: {}", line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn former_words_are_in_no_help() {
    fn walk(mut command: clap::Command, wrong: &mut Vec<String>) {
        let help = command.render_long_help().to_string();
        wrong.extend(former_in(&help).into_iter().map(|(word, line)| format!("{}: `{word}` in: {line}", command.get_name())));
        for below in command.get_subcommands().cloned() {
            walk(below, wrong);
        }
    }
    let mut wrong = Vec::new();
    walk(Cli::command(), &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_words_are_found_and_nothing_else() {
    let words = |text| former_in(text).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert_eq!(words("It is Told at last, and in hand"), ["in hand", "told"]);
    assert_eq!(words("indeed, retold, deed_count, stolden, a strand-ed; unfolded"), ["strand"]);
}
