//! `docs/diagnosis.md`: the diagnosis of each situation. Written if `HEARTBEAT_DIAGNOSIS` is set, compared otherwise.

use std::path::PathBuf;
use std::sync::Mutex;

use super::ground::Place;
use super::judging::Said;

const INTRO: &str = "# Diagnoses in the lab

Situations with real proxies in common configurations and with a faulty PostHog: the actual fault and Heartbeat's diagnosis. The tests create each situation and
fail if the diagnosis differs (`tests/it/lab`). Situations marked with * were not used to develop the diagnosis.

`HEARTBEAT_DIAGNOSIS=docs/diagnosis.md cargo test --all-features --test it lab::` updates this file; `HEARTBEAT_LAB=nginx/login` runs a single situation, and
`-- --nocapture` shows its configuration and the output.
";

/// Both tests write into one file.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Check,
    Run,
}

/// A line of a table.
pub(super) struct Row {
    name: String,
    truth: &'static str,
    said: String,
    exit: Option<i32>,
    /// Whether more than one answer is right, so that it may be another in the next run.
    varies: bool,
}

impl Row {
    pub(super) fn new(place: &Place, said: &Said, exit: Option<i32>) -> Self {
        let situation = &place.situation;
        let star = if situation.held_out { "*" } else { "" };
        let summary = plain(&said.summary, place);
        let said = if summary.is_empty() { said.to_string() } else { format!("{said}: {summary}") };
        Self { name: format!("{}{star}", situation.name), truth: situation.truth, said, exit, varies: situation.right.len() > 1 }
    }
}

impl Table {
    const fn title(self) -> &'static str {
        match self {
            Self::Check => "\n## `heartbeat check`\n",
            Self::Run => "\n## `heartbeat run`\n\nThe status after 20 minutes in the situation. The first message reports the same.\n",
        }
    }

    fn draw(self, rows: &[Row]) -> String {
        let mut text = self.title().to_owned();
        text += match self {
            Self::Check => "\n| situation | actual fault | diagnosis | exit |\n| --- | --- | --- | --- |\n",
            Self::Run => "\n| situation | actual fault | diagnosis |\n| --- | --- | --- |\n",
        };
        for row in rows {
            text += &["|", &row.name, "|", row.truth, "|", &row.said, "|"].join(" ");
            if self == Self::Check {
                text += &row.exit.map_or_else(|| " |".to_owned(), |code| format!(" {code} |"));
            }
            text.push('\n');
        }
        text
    }
}

/// Writes the table where that is asked for; otherwise says how it differs from the one in the committed document.
pub(super) fn hold(table: Table, rows: &[Row]) -> Option<String> {
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let drawn = table.draw(rows);
    if let Some(file) = asked() {
        let old = std::fs::read_to_string(&file).unwrap_or_default();
        let other = |other: Table| section(&old, other).unwrap_or_else(|| other.draw(&[]));
        let text = match table {
            Table::Check => format!("{INTRO}{drawn}{}", other(Table::Run)),
            Table::Run => format!("{INTRO}{}{drawn}", other(Table::Check)),
        };
        std::fs::write(file, text).unwrap();
        return None;
    }
    let file = root().join("docs/diagnosis.md");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let committed = section(&committed, table).unwrap_or_default();
    let vary: Vec<&str> = rows.iter().filter(|row| row.varies).map(|row| row.name.as_str()).collect();
    let differs: Vec<String> = differing(&committed, &drawn, &vary);
    (!differs.is_empty()).then(|| {
        format!(
            "docs/diagnosis.md is stale; HEARTBEAT_DIAGNOSIS=docs/diagnosis.md cargo test --all-features --test it lab:: updates it\n{}",
            differs.join("\n")
        )
    })
}

/// The lines that say something else: other situations, another truth, another place. How it is worded may differ from run to run, by how long things took.
fn differing(old: &str, new: &str, vary: &[&str]) -> Vec<String> {
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        match cells[..] {
            [name, truth, ..] if vary.contains(&name.trim_start_matches("| ")) => format!("{name} | {truth}"),
            [name, truth, said, ..] => format!("{name} | {truth} | {}", said.split(": ").next().unwrap_or_default()),
            _ => line.to_owned(),
        }
    };
    let lines = |text: &str| text.lines().map(line).collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(come).collect()
}

fn section(text: &str, table: Table) -> Option<String> {
    let begin = text.find(table.title())?;
    let length = text[begin + 1..].find("\n## ").map_or(text.len() - begin, |length| length + 1);
    Some(text[begin..begin + length].to_owned())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "asked by whoever runs the tests, not by the program")]
fn asked() -> Option<PathBuf> {
    std::env::var_os("HEARTBEAT_DIAGNOSIS").map(|file| root().join(file))
}

/// A sentence without what differs from run to run: addresses, how long it took, how often.
fn plain(sentence: &str, place: &Place) -> String {
    let address = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap().to_owned();
    let mut text = sentence.replace('|', "\\|").replace('\n', " ");
    text = text.replace(&address(&place.host), "HOST").replace(&place.sandbox.address.to_string(), "POSTHOG");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, figure) = rest.split_at(at);
        let end = figure.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(figure.len());
        let (figure, after) = figure.split_at(end);
        plain += before;
        plain += if is_steady(before, figure, after) { figure } else { "N" };
        rest = after;
    }
    plain + rest
}

/// Whether a figure is the same in every run: a status, a version, and what is part of a word; not a port, a count or a time.
fn is_steady(before: &str, figure: &str, after: &str) -> bool {
    let is_port = before.ends_with(':');
    let in_word = before.ends_with(|letter: char| letter.is_alphabetic()) || (before.ends_with('/') && !figure.contains('.'));
    let is_time = ["ms", "s", "m", "h", " s", " ms", " minutes", " seconds"]
        .iter()
        .any(|unit| after.strip_prefix(unit).is_some_and(|next| !next.starts_with(|letter: char| letter.is_alphanumeric())));
    let is_status = figure.len() == 3 && figure.starts_with(['2', '3', '4', '5']);
    !is_port && !is_time && (in_word || is_status || figure == "127.0.0.1")
}
