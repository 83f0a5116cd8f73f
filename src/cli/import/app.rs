//! An app in the file: known by its settings' keys, with its values as texts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::file::{Configuration, Document};
use crate::config::rules;
use crate::model::{AppKind, Events, Field, HeartbeatApp, ProjectSpec};

/// The settings of PostHog's Heartbeat.
const HEARTBEAT: [&str; 3] = ["events", "host", "project_api_key"];
/// The settings of PostHog's Ingestion Alert, those first that no other app has.
const ALERT: [&str; 5] = ["timeRange", "webHookUrlTriggered", "webHookUrlResolved", "posthogApiKey", "posthogHost"];
/// How many of those no other app has.
const ITS_OWN: usize = 3;
/// What stands in place of a secret.
const MASK: &str = "POSTHOG SECRET FIELD";

/// What a setting holds in the file.
#[derive(Clone, PartialEq, Eq)]
enum Held {
    Text(String),
    /// PostHog gave stars.
    Masked,
    /// Neither text, number nor yes and no.
    Wrong,
}

/// One of the two apps, as the file has it.
pub(super) struct Found<'a> {
    pub(super) kind: AppKind,
    pub(super) has_more: bool,
    configuration: &'a Configuration,
    held: BTreeMap<&'static str, Held>,
}

/// Which app has a configuration with these keys.
///
/// An app that copies events elsewhere has `host` and `project_api_key` as well, beside others: with keys of another's the
/// events must be those of Heartbeat.
pub(super) fn kind_of(config: &Map<String, Value>) -> Option<AppKind> {
    let has = |key: &&str| config.contains_key(*key);
    let only = |keys: &[&str]| config.keys().all(|key| keys.contains(&key.as_str()));
    let beats = config.get("events").and_then(Value::as_str).is_some_and(|text| Events::parse(text).is_ok());
    if beats || (["events", "project_api_key"].iter().any(has) && only(&HEARTBEAT)) {
        return Some(AppKind::Heartbeat);
    }
    let alerts = ALERT[..ITS_OWN].iter().any(has) || (ALERT.iter().any(has) && only(&ALERT));
    alerts.then_some(AppKind::IngestionAlert)
}

/// The two apps of a file: each of them once at most, and one of them at least.
pub(super) fn find(document: &Document) -> Result<Vec<Found<'_>>, String> {
    let mut found = Vec::new();
    for kind in AppKind::ALL {
        let mut all = document.configurations.iter().filter(|one| kind_of(&one.config) == Some(kind));
        match (all.next(), all.next()) {
            (Some(one), None) => found.push(Found::of(kind, one, document.has_more)),
            (Some(one), Some(other)) => {
                return Err(format!(
                    "{kind} stands in the file twice, as plugin {} and as plugin {}: a project has it once; leave one of them out",
                    one.plugin, other.plugin
                ));
            }
            (None, _) => {}
        }
    }
    if found.is_empty() {
        let all = document.configurations.iter().map(|one| format!("plugin {} ({})", one.plugin, one.keys())).collect::<Vec<_>>();
        return Err(format!("neither Heartbeat nor Ingestion Alert is in the file; it holds {}", all.join(", ")));
    }
    Ok(found)
}

fn held(value: &Value) -> Held {
    match value {
        Value::Null => Held::Text(String::new()),
        Value::Bool(is) => Held::Text(is.to_string()),
        Value::Number(number) => Held::Text(whole(number)),
        Value::String(text) if is_mask(text) => Held::Masked,
        Value::String(text) => Held::Text(text.trim().to_owned()),
        Value::Array(_) | Value::Object(_) => Held::Wrong,
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
        let given = keys.iter().filter_map(|key| Some((*key, held(configuration.config.get(*key)?))));
        Self { kind, has_more, configuration, held: given.collect() }
    }

    /// Puts a value in, where the setting is one of this app's.
    pub(super) fn give(&mut self, key: &str, text: &str) {
        if let Some(setting) = self.kind.settings().iter().find(|setting| setting.key == key) {
            self.held.insert(setting.key, Held::Text(text.trim().to_owned()));
        }
    }

    /// What a setting holds; none where that is nothing.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        match self.held.get(key) {
            Some(Held::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// The settings that PostHog masked, with their names for people.
    pub(super) fn masked(&self) -> Vec<(&'static str, &'static str)> {
        let all = self.kind.settings().iter().filter(|setting| self.held.get(setting.key) == Some(&Held::Masked));
        all.map(|setting| (setting.key, setting.label)).collect()
    }

    /// A sentence for each setting that holds something that none can.
    pub(super) fn wrong(&self) -> Vec<String> {
        let all = self.held.iter().filter(|(_, held)| **held == Held::Wrong);
        all.map(|(key, _)| format!("plugin {}: {key} is neither a text nor a number", self.configuration.plugin)).collect()
    }

    /// The project with this app: over the one that it has, whose own routes and rules stay.
    pub(super) fn put_on(&self, spec: &ProjectSpec) -> Result<ProjectSpec, Vec<String>> {
        let about =
            |says: Vec<String>| says.into_iter().map(|says| format!("plugin {}: {says}", self.configuration.plugin)).collect::<Vec<_>>();
        match self.kind {
            AppKind::Heartbeat => {
                let app = self.heartbeat(spec).map_err(about)?;
                Ok(ProjectSpec { heartbeat: Some(app), ..spec.clone() })
            }
            AppKind::IngestionAlert => {
                let mut app = spec.ingestion_alert.clone().unwrap_or_default();
                app.enabled = self.configuration.enabled;
                let texts = self.held.keys().map(|key| (*key, self.value(key).unwrap_or_default()));
                let wrong: Vec<String> =
                    texts.filter_map(|(key, text)| app.set(key, &text).err().map(|says| format!("{key} {says}"))).collect();
                if wrong.is_empty() { Ok(ProjectSpec { ingestion_alert: Some(app), ..spec.clone() }) } else { Err(about(wrong)) }
            }
        }
    }

    fn heartbeat(&self, spec: &ProjectSpec) -> Result<HeartbeatApp, Vec<String>> {
        let mut problems = Vec::new();
        let events = self.value("events").map(|text| rules::about("events", Events::parse(&text))).transpose();
        let host = self.value("host").map(|text| rules::about("host", rules::host(&text))).transpose();
        let token = self.value("project_api_key");
        let token = token.map(|text| rules::about("project_api_key", rules::app_token(&text, Some(&spec.token)))).transpose();
        let events = events.map_err(|says| problems.push(says));
        let host = host.map_err(|says| problems.push(says));
        let token = token.map_err(|says| problems.push(format!("{says} with `--set project_api_key=`")));
        let before = spec.heartbeat.clone().unwrap_or_default();
        match (events, host, token) {
            (Ok(events), Ok(host), Ok(project_api_key)) => Ok(HeartbeatApp {
                enabled: self.configuration.enabled,
                events: events.unwrap_or_default(),
                host,
                project_api_key,
                ..before
            }),
            _ => Err(problems),
        }
    }

    /// What is set up, for a person: the app, and each setting that it has.
    pub(super) fn lines(&self, spec: &ProjectSpec) -> Vec<String> {
        let state = if self.configuration.enabled { "enabled" } else { "disabled" };
        let head = format!("plugin {} is {}, {state}:", self.configuration.plugin, self.kind);
        let alert = spec.ingestion_alert.as_ref().filter(|_| self.kind == AppKind::IngestionAlert);
        let shown = |setting: &Field| {
            let text = self.value(setting.key)?;
            let shown = alert.and_then(|app| app.value(setting.key)).map(|value| setting.shown(&value));
            let text = shown.unwrap_or_else(|| if setting.secret { "***".to_owned() } else { text });
            Some(format!("  {} = {text}", setting.key))
        };
        let settings: Vec<String> = self.kind.settings().iter().filter_map(shown).collect();
        let settings = if settings.is_empty() { vec!["  all settings as they usually are".to_owned()] } else { settings };
        std::iter::once(head).chain(settings).collect()
    }
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
        let text = |text: &str| Held::Text(text.to_owned());
        for (value, is) in [
            (json!(null), text("")),
            (json!(" 30 "), text("30")),
            (json!(30), text("30")),
            (json!(30.0), text("30")),
            (json!(true), text("true")),
            (json!("**************** POSTHOG SECRET FIELD ****************"), Held::Masked),
            (json!(" *** "), Held::Masked),
            (json!("a*b"), text("a*b")),
            (json!([30]), Held::Wrong),
            (json!({"value": 30}), Held::Wrong),
        ] {
            assert!(held(&value) == is, "{value}");
        }
    }
}
