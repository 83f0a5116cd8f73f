//! The file: a list of app configurations, as PostHog's API gives it, or what else it may turn out to be.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::app::kind_of;

/// How the list is had.
const HOW: &str = "save what GET https://HOST/api/projects/ID/plugin_configs/ gives to a personal API key";
/// No list of apps is longer.
const LONGEST: u64 = 16 * 1024 * 1024;

/// One app as PostHog configured it.
#[derive(Debug)]
pub(super) struct Configuration {
    /// PostHog's number of the app, or the place in the file where it has none.
    pub(super) plugin: String,
    pub(super) enabled: bool,
    pub(super) config: Map<String, Value>,
}

/// What the file holds.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) configurations: Vec<Configuration>,
    /// Whether PostHog had more to give than stands in the file.
    pub(super) has_more: bool,
}

impl Document {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let (name, text) = text_of(path)?;
        Self::parse(&text).map_err(|says| format!("{name} {says}"))
    }

    /// The rest of a sentence that starts with the file's name, when it is something else.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(format!("is empty; {HOW}"));
        }
        let value: Value = serde_json::from_str(text).map_err(|wrong| format!("is no JSON ({wrong}); {HOW}"))?;
        let (list, has_more) = match value {
            Value::Array(list) => (list, false),
            Value::Object(mut object) => match object.remove("results") {
                Some(Value::Array(list)) => (list, object.get("next").is_some_and(Value::is_string)),
                Some(_) => return Err(format!("holds `results` that are no list; {HOW}")),
                None => return Err(not_a_list(&object)),
            },
            _ => return Err(format!("holds no list of app configurations; {HOW}")),
        };
        if list.is_empty() {
            return Err("names no app: its list is empty. Is it that of the right project?".to_owned());
        }
        let read = list.into_iter().enumerate().map(|(place, one)| Configuration::read(one, place));
        Ok(Self { configurations: read.collect::<Result<_, _>>()?, has_more })
    }

    /// A line for each app that is another's.
    pub(super) fn left_out(&self) -> Vec<String> {
        let others = self.configurations.iter().filter(|one| kind_of(&one.config).is_none());
        others.map(|one| format!("plugin {} is another app and is left out ({})", one.plugin, one.keys())).collect()
    }
}

/// An object without `results`: PostHog's own word on what went wrong, or something else.
fn not_a_list(object: &Map<String, Value>) -> String {
    match object.get("detail").and_then(Value::as_str) {
        Some(detail) => {
            let detail: String = detail.chars().filter(|letter| !letter.is_control()).take(200).collect();
            format!("holds an error of PostHog's, `{detail}`, in place of the list")
        }
        None => format!("holds no list of app configurations: `results` is missing; {HOW}"),
    }
}

impl Configuration {
    fn read(value: Value, place: usize) -> Result<Self, String> {
        let none = || format!("is a list of something other than app configurations: number {} in it has no `config`; {HOW}", place + 1);
        let Value::Object(mut object) = value else { return Err(none()) };
        let Some(Value::Object(config)) = object.remove("config") else { return Err(none()) };
        let plugin = match object.get("plugin") {
            Some(Value::Number(number)) => number.to_string(),
            _ => format!("number {}", place + 1),
        };
        let enabled = object.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        Ok(Self { plugin, enabled, config })
    }

    /// `its settings: a, b`, for a person who must know which app is meant.
    pub(super) fn keys(&self) -> String {
        let shown = |key: &String| key.chars().filter(|letter| !letter.is_control()).take(40).collect::<String>();
        let keys = self.config.keys().take(8).map(shown).collect::<Vec<_>>();
        match keys.as_slice() {
            [] => "it has no settings".to_owned(),
            keys => format!("its settings: {}", keys.join(", ")),
        }
    }
}

/// What the file is called, and its text.
fn text_of(path: &Path) -> Result<(String, String), String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
        return read.map(|_| ("standard input".to_owned(), text)).map_err(|error| format!("standard input cannot be read: {error}"));
    }
    let name = path.display().to_string();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(format!("{name} is a directory; {HOW} into a file")),
        Ok(found) if found.len() > LONGEST => return Err(format!("{name} is too long to be a list of apps")),
        _ => {}
    }
    let bytes = fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is no JSON (it is not text); {HOW}"))?;
    Ok((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_apps_is_told_in_one_sentence() {
        for (text, says) in [
            ("", "is empty; save what GET"),
            ("\u{feff} \n", "is empty"),
            ("<html>", "is no JSON (expected value at line 1 column 1)"),
            ("{\"results\": [", "is no JSON (EOF"),
            ("7", "holds no list of app configurations"),
            ("null", "holds no list of app configurations"),
            ("{}", "`results` is missing"),
            ("{\"results\": null}", "`results` that are no list"),
            ("{\"results\": {}}", "`results` that are no list"),
            (
                "{\"type\": \"authentication_error\", \"detail\": \"Invalid personal\\u001b API key.\"}",
                "an error of PostHog's, `Invalid personal API key.`",
            ),
            ("[]", "names no app"),
            ("{\"results\": []}", "names no app"),
            ("[1]", "number 1 in it has no `config`"),
            ("[{\"config\": {}}, {\"name\": \"x\"}]", "number 2 in it has no `config`"),
            ("[{\"config\": \"x\"}]", "number 1 in it has no `config`"),
        ] {
            let said = Document::parse(text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
