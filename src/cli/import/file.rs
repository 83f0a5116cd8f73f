//! Reads the file: a list of app configurations from the API of PostHog.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

const HOW: &str = "save the answer of GET https://HOST/api/projects/ID/plugin_configs/ (with a personal API key)";
/// Bytes.
const MAX_LENGTH: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Configuration {
    /// ID of the app in PostHog, or its position in the file.
    pub(super) plugin: String,
    pub(super) enabled: bool,
    pub(super) config: Map<String, Value>,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) configurations: Vec<Configuration>,
    /// Whether the file is only the first page of the list.
    pub(super) has_more: bool,
}

impl Document {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let (name, text) = text_of(path)?;
        Self::parse(&text).map_err(|problem| format!("{name} {problem}"))
    }

    /// An error continues a sentence that starts with the name of the file.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(format!("is empty; {HOW}"));
        }
        let value: Value = serde_json::from_str(text).map_err(|wrong| format!("is not JSON ({wrong}); {HOW}"))?;
        let (list, has_more) = match value {
            Value::Array(list) => (list, false),
            Value::Object(mut object) => match object.remove("results") {
                Some(Value::Array(list)) => (list, object.get("next").is_some_and(Value::is_string)),
                Some(_) => return Err(format!("has `results` that are not a list; {HOW}")),
                None => return Err(not_a_list(&object)),
            },
            _ => return Err(format!("has no list of app configurations; {HOW}")),
        };
        if list.is_empty() {
            return Err("has an empty list of apps; check that it is from the right project".to_owned());
        }
        let read = list.into_iter().enumerate().map(|(place, one)| Configuration::read(one, place));
        Ok(Self { configurations: read.collect::<Result<_, _>>()?, has_more })
    }
}

/// An object without `results` may be an error of PostHog.
fn not_a_list(object: &Map<String, Value>) -> String {
    match object.get("detail").and_then(Value::as_str) {
        Some(detail) => {
            let detail: String = detail.chars().filter(|letter| !letter.is_control()).take(200).collect();
            format!("is an error of PostHog instead of a list: `{detail}`")
        }
        None => format!("has no list of app configurations, since `results` is missing; {HOW}"),
    }
}

impl Configuration {
    fn read(value: Value, place: usize) -> Result<Self, String> {
        let none = || format!("is not a list of app configurations, since item {} has no `config`; {HOW}", place + 1);
        let Value::Object(mut object) = value else { return Err(none()) };
        let Some(Value::Object(config)) = object.remove("config") else { return Err(none()) };
        let plugin = match object.get("plugin") {
            Some(Value::Number(number)) => number.to_string(),
            _ => format!("number {}", place + 1),
        };
        let enabled = object.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        Ok(Self { plugin, enabled, config })
    }

    /// `its settings: a, b`, to identify the app.
    pub(super) fn keys(&self) -> String {
        let cleaned = |key: &String| key.chars().filter(|letter| !letter.is_control()).take(40).collect::<String>();
        let keys = self.config.keys().take(8).map(cleaned).collect::<Vec<_>>();
        match keys.as_slice() {
            [] => "it has no settings".to_owned(),
            keys => format!("its settings: {}", keys.join(", ")),
        }
    }
}

/// Returns the name of the file and its text.
fn text_of(path: &Path) -> Result<(String, String), String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        let read = std::io::stdin().take(MAX_LENGTH).read_to_string(&mut text);
        return read.map(|_| ("standard input".to_owned(), text)).map_err(|error| format!("standard input cannot be read: {error}"));
    }
    let name = path.display().to_string();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(format!("{name} is a directory; {HOW} as a file")),
        Ok(found) if found.len() > MAX_LENGTH => return Err(format!("{name} is larger than 16 MiB, too large for a list of apps")),
        _ => {}
    }
    let bytes = fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not JSON (it is not text); {HOW}"))?;
    Ok((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_apps_is_told_in_one_sentence() {
        for (text, says) in [
            ("", "is empty; save the answer of GET"),
            ("\u{feff} \n", "is empty"),
            ("<html>", "is not JSON (expected value at line 1 column 1)"),
            ("{\"results\": [", "is not JSON (EOF"),
            ("7", "has no list of app configurations"),
            ("null", "has no list of app configurations"),
            ("{}", "`results` is missing"),
            ("{\"results\": null}", "`results` that are not a list"),
            ("{\"results\": {}}", "`results` that are not a list"),
            (
                "{\"type\": \"authentication_error\", \"detail\": \"Invalid personal\\u001b API key.\"}",
                "an error of PostHog instead of a list: `Invalid personal API key.`",
            ),
            ("[]", "has an empty list of apps"),
            ("{\"results\": []}", "has an empty list of apps"),
            ("[1]", "item 1 has no `config`"),
            ("[{\"config\": {}}, {\"name\": \"x\"}]", "item 2 has no `config`"),
            ("[{\"config\": \"x\"}]", "item 1 has no `config`"),
        ] {
            let said = Document::parse(text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
