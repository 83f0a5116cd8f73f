//! Reads the file: a list of app configurations from the API of PostHog.

use std::fs::File;
use std::io::{self, Read as _};
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

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
#[error("{name} {wrong}")]
pub(super) struct WrongFile {
    name: String,
    wrong: Wrong,
}

#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("is a directory; {how} as a file", how = HOW)]
    Directory,
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is larger than 16 MiB, too large for a list of apps")]
    TooLarge,
    #[error("is not JSON (it is not text); {how}", how = HOW)]
    NotText,
    #[error("is empty; {how}", how = HOW)]
    Empty,
    #[error("is not JSON ({0}); {how}", how = HOW)]
    NotJson(#[from] serde_json::Error),
    #[error("has no list of app configurations{0}; {how}", how = HOW)]
    NoList(&'static str),
    #[error("is an error of PostHog instead of a list: `{0}`")]
    ErrorOfPostHog(String),
    #[error("has an empty list of apps; check that it is from the right project")]
    NoApps,
    #[error("is not a list of app configurations, since item {0} has no `config`; {how}", how = HOW)]
    NoConfig(usize),
}

impl Document {
    pub(super) fn read(path: &Path) -> Result<Self, WrongFile> {
        let read = text_of(path).and_then(|text| Self::parse(&text));
        let name = || if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() };
        read.map_err(|wrong| WrongFile { name: name(), wrong })
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(Wrong::Empty);
        }
        let (list, has_more) = match serde_json::from_str(text)? {
            Value::Array(list) => (list, false),
            Value::Object(mut object) => match (object.remove("results"), object.get("detail").and_then(Value::as_str)) {
                (Some(Value::Array(list)), _) => (list, object.get("next").is_some_and(Value::is_string)),
                (Some(_), _) => return Err(Wrong::NoList(", since `results` is not a list")),
                (None, Some(detail)) => return Err(Wrong::ErrorOfPostHog(cleaned(detail, 200))),
                (None, None) => return Err(Wrong::NoList(", since `results` is missing")),
            },
            _ => return Err(Wrong::NoList("")),
        };
        if list.is_empty() {
            return Err(Wrong::NoApps);
        }
        let read = list.into_iter().enumerate().map(|(place, one)| Configuration::read(one, place));
        Ok(Self { configurations: read.collect::<Result<_, _>>()?, has_more })
    }
}

impl Configuration {
    fn read(value: Value, place: usize) -> Result<Self, Wrong> {
        let Value::Object(mut object) = value else { return Err(Wrong::NoConfig(place + 1)) };
        let Some(Value::Object(config)) = object.remove("config") else { return Err(Wrong::NoConfig(place + 1)) };
        let plugin = match object.get("plugin") {
            Some(Value::Number(number)) => number.to_string(),
            _ => format!("number {}", place + 1),
        };
        let enabled = object.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        Ok(Self { plugin, enabled, config })
    }

    /// `its settings: a, b`, to identify the app.
    pub(super) fn keys(&self) -> String {
        let keys = self.config.keys().take(8).map(|key| cleaned(key, 40)).collect::<Vec<_>>();
        match keys.as_slice() {
            [] => "it has no settings".to_owned(),
            keys => format!("its settings: {}", keys.join(", ")),
        }
    }
}

fn cleaned(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn text_of(path: &Path) -> Result<String, Wrong> {
    let mut bytes = Vec::new();
    if is_standard_input(path) {
        io::stdin().take(MAX_LENGTH + 1).read_to_end(&mut bytes)?;
    } else if path.is_dir() {
        return Err(Wrong::Directory);
    } else {
        File::open(path)?.take(MAX_LENGTH + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(Wrong::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| Wrong::NotText)
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
            ("{\"results\": null}", "`results` is not a list"),
            ("{\"results\": {}}", "`results` is not a list"),
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
            let said = Document::parse(text).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
