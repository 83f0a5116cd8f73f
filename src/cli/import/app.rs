//! An app in the file, recognized by the keys of its settings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::file::{Configuration, Document};
use crate::config::{App, Problem, Texts};
use crate::model::{AppKind, Events, Field, Invalid, ProjectSpec};

const TOKEN: &str = "project_api_key";
const HEARTBEAT: [&str; 3] = ["events", "host", TOKEN];
/// The first [`UNIQUE_KEYS`] keys belong to no other app.
const ALERT: [&str; 5] = ["timeRange", "webHookUrlTriggered", "webHookUrlResolved", "posthogApiKey", "posthogHost"];
const UNIQUE_KEYS: usize = 3;
/// PostHog returns this text in place of a secret.
const MASK: &str = "POSTHOG SECRET FIELD";

#[derive(Clone, PartialEq, Eq)]
enum SettingValue {
    Text(String),
    /// PostHog replaced the secret with stars.
    Masked,
    /// Not a text, a number or a boolean.
    Wrong,
}

pub(super) struct Found<'a> {
    pub(super) kind: AppKind,
    pub(super) has_more: bool,
    configuration: &'a Configuration,
    values: BTreeMap<&'static str, SettingValue>,
}

/// Recognizes the app by its keys.
///
/// Apps that replicate events also have `host` and `project_api_key`, among other keys. With such other keys, the events must be those of
/// Heartbeat.
fn kind_of(config: &Map<String, Value>) -> Option<AppKind> {
    let has = |key: &&str| config.contains_key(*key);
    let only = |keys: &[&str]| config.keys().all(|key| keys.contains(&key.as_str()));
    let beats = config.get("events").and_then(Value::as_str).is_some_and(|text| Events::parse(text).is_ok());
    if beats || (["events", TOKEN].iter().any(has) && only(&HEARTBEAT)) {
        return Some(AppKind::Heartbeat);
    }
    let alerts = ALERT[..UNIQUE_KEYS].iter().any(has) || (ALERT.iter().any(has) && only(&ALERT));
    alerts.then_some(AppKind::IngestionAlert)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NotFound {
    #[error("{kind} is in the file twice, as plugin {one} and as plugin {other}; a project can have it only once, so remove one of them")]
    Twice { kind: AppKind, one: String, other: String },
    #[error("the file contains neither Heartbeat nor Ingestion Alert, but {0}")]
    OnlyOthers(String),
}

/// Finds at least one of the two apps, and each of them at most once.
pub(super) fn find(document: &Document) -> Result<Vec<Found<'_>>, NotFound> {
    let mut found = Vec::new();
    for kind in AppKind::ALL {
        let mut all = document.configurations.iter().filter(|one| kind_of(&one.config) == Some(kind));
        match (all.next(), all.next()) {
            (Some(one), None) => found.push(Found::of(kind, one, document.has_more)),
            (Some(one), Some(other)) => {
                return Err(NotFound::Twice { kind, one: one.plugin.clone(), other: other.plugin.clone() });
            }
            (None, _) => {}
        }
    }
    if found.is_empty() {
        let all = document.configurations.iter().map(|one| format!("plugin {} ({})", one.plugin, one.keys())).collect::<Vec<_>>();
        return Err(NotFound::OnlyOthers(all.join(", ")));
    }
    Ok(found)
}

/// A line for each app that is not imported.
pub(super) fn left_out(document: &Document) -> Vec<String> {
    let others = document.configurations.iter().filter(|one| kind_of(&one.config).is_none());
    others.map(|one| format!("plugin {} is another app and is not imported ({})", one.plugin, one.keys())).collect()
}

fn read_value(value: &Value) -> SettingValue {
    match value {
        Value::Null => SettingValue::Text(String::new()),
        Value::Bool(is) => SettingValue::Text(is.to_string()),
        Value::Number(number) => SettingValue::Text(whole(number)),
        Value::String(text) if is_mask(text) => SettingValue::Masked,
        Value::String(text) => SettingValue::Text(text.trim().to_owned()),
        Value::Array(_) | Value::Object(_) => SettingValue::Wrong,
    }
}

/// `30.0` as `30`.
fn whole(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn is_mask(text: &str) -> bool {
    let text = text.trim();
    text.contains(MASK) || (!text.is_empty() && text.chars().all(|letter| matches!(letter, '*' | '•')))
}

impl<'a> Found<'a> {
    fn of(kind: AppKind, configuration: &'a Configuration, has_more: bool) -> Self {
        let keys: &[&'static str] = if kind == AppKind::Heartbeat { &HEARTBEAT } else { &ALERT };
        let absent = (kind == AppKind::Heartbeat).then(|| SettingValue::Text(String::new()));
        let value = |key: &str| configuration.config.get(key).map(read_value).or_else(|| absent.clone());
        let values = keys.iter().filter_map(|key| Some((*key, value(key)?)));
        Self { kind, has_more, configuration, values: values.collect() }
    }

    /// Does nothing when the app has no such setting.
    pub(super) fn set_value(&mut self, key: &str, text: &str) {
        if let Some(setting) = self.kind.settings().iter().find(|setting| setting.key == key) {
            self.values.insert(setting.key, SettingValue::Text(text.trim().to_owned()));
        }
    }

    /// None for an empty or masked value.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        match self.values.get(key) {
            Some(SettingValue::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// Keys and labels of the masked settings.
    pub(super) fn masked(&self) -> Vec<(&'static str, &'static str)> {
        let all = self.kind.settings().iter().filter(|setting| self.values.get(setting.key) == Some(&SettingValue::Masked));
        all.map(|setting| (setting.key, setting.label)).collect()
    }

    pub(super) fn wrong(&self) -> impl Iterator<Item = Problem> {
        let wrong = self.values.iter().filter(|(_, value)| **value == SettingValue::Wrong);
        wrong.map(|(key, _)| self.problem(Problem::of(*key, Invalid::unquoted("must be a text or a number"))))
    }

    fn problem(&self, problem: Problem) -> Problem {
        problem.placed(format!("plugin {}", self.configuration.plugin))
    }

    /// Adds the app to the project. The routes and rules of an app that is already installed are kept.
    pub(super) fn put_on(&self, spec: &ProjectSpec) -> Result<ProjectSpec, Vec<Problem>> {
        let mut app = App::on(spec, self.kind).unwrap_or_else(|| App::usual(self.kind)).switched(self.configuration.enabled);
        let texts: Texts = self.values.keys().map(|key| (*key, self.value(key).unwrap_or_default())).collect();
        let wrong = app.set_all(&texts, Some(&spec.token));
        if wrong.is_empty() { Ok(app.put_on(spec)) } else { Err(wrong.into_iter().map(|wrong| self.problem(advised(wrong))).collect()) }
    }

    pub(super) fn lines(&self, spec: &ProjectSpec) -> Vec<String> {
        let state = if self.configuration.enabled { "enabled" } else { "disabled" };
        let head = format!("plugin {} is {}, {state}:", self.configuration.plugin, self.kind);
        let app = App::on(spec, self.kind);
        let shown = |setting: &Field| {
            let text = self.value(setting.key)?;
            let shown = app.as_ref().and_then(|app| app.shown(setting)).unwrap_or_else(|| setting.shown(&text));
            Some(format!("  {} = {shown}", setting.key))
        };
        let settings: Vec<String> = self.kind.settings().iter().filter_map(shown).collect();
        let settings = if settings.is_empty() { vec!["  all settings have their defaults".to_owned()] } else { settings };
        std::iter::once(head).chain(settings).collect()
    }
}

/// The file has a token of its own, which the project's token can replace.
fn advised(wrong: Problem) -> Problem {
    if wrong.field != TOKEN {
        return wrong;
    }
    let says = format!("{} with `--set {TOKEN}=`", wrong.says());
    Problem::of(TOKEN, Invalid::unquoted(says))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_app_is_known_by_its_keys_and_others_are_not_taken_for_it() {
        for (config, kind) in [
            (json!({"events": "heartbeat"}), Some(AppKind::Heartbeat)),
            (json!({"events": "heartbeat + heartbeat_api", "host": "", "project_api_key": null, "extra": 1}), Some(AppKind::Heartbeat)),
            (json!({"events": null, "host": ""}), Some(AppKind::Heartbeat)),
            (json!({"host": "https://x", "project_api_key": "phc_a"}), Some(AppKind::Heartbeat)),
            (json!({"host": "https://x", "project_api_key": "phc_a", "replication": "1", "events_to_ignore": ""}), None),
            (json!({"events": "signup", "table": "x"}), None),
            (json!({"host": "https://x"}), None),
            (json!({"timeRange": 30}), Some(AppKind::IngestionAlert)),
            (json!({"webHookUrlResolved": "", "more": 1}), Some(AppKind::IngestionAlert)),
            (json!({"posthogApiKey": "x", "posthogHost": "us"}), Some(AppKind::IngestionAlert)),
            (json!({"posthogApiKey": "x", "bucket": "y"}), None),
            (json!({}), None),
        ] {
            let Value::Object(map) = &config else { unreachable!() };
            assert_eq!(kind_of(map), kind, "{config}");
        }
    }

    #[test]
    fn values_of_odd_types_are_taken_sensibly() {
        let text = |text: &str| SettingValue::Text(text.to_owned());
        for (value, is) in [
            (json!(null), text("")),
            (json!(" 30 "), text("30")),
            (json!(30), text("30")),
            (json!(30.0), text("30")),
            (json!(true), text("true")),
            (json!("**************** POSTHOG SECRET FIELD ****************"), SettingValue::Masked),
            (json!(" *** "), SettingValue::Masked),
            (json!("a*b"), text("a*b")),
            (json!([30]), SettingValue::Wrong),
            (json!({"value": 30}), SettingValue::Wrong),
        ] {
            assert!(read_value(&value) == is, "{value}");
        }
    }
}
