//! Ingestion Alert on a project. Its settings are named texts, the same in files, on the command line, in the store and on the page; those of
//! PostHog's own app (PostHog/ingestion-alert-plugin, plugin.json) keep their names.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::alert_settings::{RuleSetting, SETTINGS};
use super::{DueHours, Field, Host, Invalid, PersonalKey, Rule, RuleKind, SecretUrl};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Watch {
    /// Any event, including heartbeats.
    #[default]
    Any,
    Heartbeats,
    Events(Vec<String>),
}

impl Watch {
    /// Reads `any`, `heartbeats`, or event names separated by commas.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim() {
            "" => Err(Invalid::Empty("give `any`, `heartbeats`, or event names such as `signup, purchase`")),
            "any" => Ok(Self::Any),
            "heartbeats" => Ok(Self::Heartbeats),
            names => {
                let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
                match names.iter().find(|name| name.is_empty() || name.len() > 200 || name.chars().any(char::is_control)) {
                    Some(name) => Err(Invalid::unusable(name, "is not an event name")),
                    None => Ok(Self::Events(names)),
                }
            }
        }
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Heartbeats => f.write_str("heartbeats"),
            Self::Events(names) => f.write_str(&names.join(", ")),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestionAlertApp {
    pub enabled: bool,
    /// `timeRange`: a whole number of minutes.
    pub time_range: Duration,
    pub webhook_triggered: Option<SecretUrl>,
    pub webhook_resolved: Option<SecretUrl>,
    /// `posthogApiKey`: reads instead of the project's personal API key.
    pub posthog_api_key: Option<PersonalKey>,
    /// `posthogHost`: read instead of the project's API.
    pub posthog_host: Option<Host>,
    pub watch: Watch,
    /// Outside of these hours missing events open nothing; none means always.
    pub due: Option<DueHours>,
    /// Most projects share the default ones.
    rules: Arc<[Rule; RuleKind::ALL.len()]>,
}

static USUAL: LazyLock<Arc<[Rule; RuleKind::ALL.len()]>> = LazyLock::new(|| Arc::new(RuleKind::ALL.map(RuleKind::usual)));

impl Default for IngestionAlertApp {
    fn default() -> Self {
        Self {
            enabled: true,
            time_range: Duration::from_mins(30),
            webhook_triggered: None,
            webhook_resolved: None,
            posthog_api_key: None,
            posthog_host: None,
            watch: Watch::Any,
            due: None,
            rules: Arc::clone(&USUAL),
        }
    }
}

impl IngestionAlertApp {
    #[must_use]
    pub fn rule(&self, kind: RuleKind) -> &Rule {
        &self.rules[kind as usize]
    }

    pub fn rule_mut(&mut self, kind: RuleKind) -> &mut Rule {
        &mut Arc::make_mut(&mut self.rules)[kind as usize]
    }

    #[must_use]
    pub fn settings() -> &'static [Field] {
        &SETTINGS
    }

    /// The rule that a setting belongs to; none if it belongs to no rule.
    #[must_use]
    pub fn rule_of(key: &str) -> Option<RuleKind> {
        RuleSetting::of_key(key).map(|(kind, _)| kind)
    }

    /// Sets one setting; an empty text restores its default.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), Invalid> {
        let text = text.trim();
        let given = Some(text).filter(|text| !text.is_empty());
        match key {
            "timeRange" => self.time_range = given.map_or(Ok(Self::default().time_range), minutes)?,
            "webHookUrlTriggered" => self.webhook_triggered = given.map(SecretUrl::parse).transpose()?,
            "webHookUrlResolved" => self.webhook_resolved = given.map(SecretUrl::parse).transpose()?,
            "posthogApiKey" => self.posthog_api_key = given.map(PersonalKey::parse).transpose()?,
            "posthogHost" => self.posthog_host = given.map(Host::parse).transpose()?,
            "watch" => self.watch = given.map_or(Ok(Watch::Any), Watch::parse)?,
            "due" => self.due = given.filter(|text| *text != "always").map(DueHours::parse).transpose()?,
            _ => {
                let (kind, setting) = RuleSetting::of_key(key).ok_or_else(|| Invalid::unquoted("is not a setting of ingestion-alert"))?;
                setting.set(self.rule_mut(kind), kind, given)?;
            }
        }
        Ok(())
    }

    /// The value of a setting as [`IngestionAlertApp::set`] reads it, secrets in clear; none if it is unset or the default.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        let usual = Self::default();
        match key {
            "timeRange" => Some(self.time_range).filter(|range| *range != usual.time_range).map(|range| (range.as_secs() / 60).to_string()),
            "webHookUrlTriggered" => self.webhook_triggered.as_ref().map(|url| url.expose().to_owned()),
            "webHookUrlResolved" => self.webhook_resolved.as_ref().map(|url| url.expose().to_owned()),
            "posthogApiKey" => self.posthog_api_key.as_ref().map(|key| key.expose().to_owned()),
            "posthogHost" => self.posthog_host.as_ref().map(|host| host.written().to_owned()),
            "watch" => Some(&self.watch).filter(|watch| **watch != usual.watch).map(ToString::to_string),
            "due" => self.due.as_ref().map(ToString::to_string),
            _ => {
                let (kind, setting) = RuleSetting::of_key(key)?;
                let [now, usual] = [self.rule(kind), usual.rule(kind)].map(|rule| setting.value(rule));
                Some(now).filter(|now| *now != usual)
            }
        }
    }

    /// The value of a setting for output: a secret as `***` or its host.
    #[must_use]
    pub fn shown(&self, key: &str) -> Option<String> {
        match key {
            "webHookUrlTriggered" => self.webhook_triggered.as_ref().map(ToString::to_string),
            "webHookUrlResolved" => self.webhook_resolved.as_ref().map(ToString::to_string),
            "posthogApiKey" => self.posthog_api_key.as_ref().map(|_| "phx_***".to_owned()),
            other => self.value(other),
        }
    }
}

fn minutes(text: &str) -> Result<Duration, Invalid> {
    let read = text.parse::<u64>().ok().filter(|minutes| (1..=24 * 60).contains(minutes));
    read.map(Duration::from_mins).ok_or_else(|| Invalid::whole(text, " of minutes", 1, 1440))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AppKind;

    #[test]
    fn every_setting_says_its_true_default_and_takes_it() {
        for setting in IngestionAlertApp::settings() {
            let mut app = IngestionAlertApp::default();
            assert_eq!(app.value(setting.key), None, "{}: the default counts as unset", setting.key);
            if setting.default.starts_with("the project's") {
                continue;
            }
            app.set(setting.key, setting.default).unwrap();
            assert_eq!(app, IngestionAlertApp::default(), "{} = {}", setting.key, setting.default);
        }
    }

    #[test]
    fn what_is_set_is_told_as_it_is_set() {
        for (key, text) in [
            ("timeRange", "45"),
            ("webHookUrlTriggered", "https://example.com/t?key=1"),
            ("posthogApiKey", "phx_a"),
            ("posthogHost", "eu"),
            ("watch", "signup, purchase"),
            ("due", "mon-fri 08:00-20:00 Europe/Berlin"),
            ("no_event", "off"),
            ("lost_open_after", "2 of 4"),
            ("lost_close_after", "9"),
            ("lag_above", "1m30s"),
            ("lag_above", "off"),
            ("blind", "1h"),
            ("quota_above", "75%"),
            ("quiet", "on"),
            ("capture_severity", "info"),
            ("capture_reminders", "30m, 2h"),
            ("blind_reminders", "off"),
        ] {
            let mut app = IngestionAlertApp::default();
            app.set(key, text).unwrap();
            assert_eq!(app.value(key).as_deref(), Some(text), "{key}");
            app.set(key, "").unwrap();
            assert_eq!(app, IngestionAlertApp::default(), "{key} back to its default");
        }
    }

    #[test]
    fn what_cannot_be_set_is_said_without_the_secret() {
        for (key, text, says) in [
            ("timeRange", "30m", "`30m` must be a whole number of minutes"),
            ("timeRange", "0", "from 1 to 1440"),
            ("webHookUrlTriggered", "hooks.example.com/secret", "has no protocol"),
            ("webHookUrlResolved", "ftp://example.com/secret", "must be http or https"),
            ("posthogApiKey", "phc_secret", "is a project token"),
            ("watch", "a,,b", "is not an event name"),
            ("due", "weekdays", "must be days and times"),
            ("lost", "maybe", "must be on or off"),
            ("lost_open_after", "6 of 5", "must be written like"),
            ("lost_close_after", "0", "whole number from 1"),
            ("lag_above", "soon", "must be a duration"),
            ("lag_above", "2d", "must be between 1s and 1d"),
            ("quota_above", "101", "must be a percentage from `1%` to `100%`, or `off`"),
            ("quota_above", "5m", "must be a percentage"),
            ("blind_severity", "bad", "must be info, warning or critical"),
            ("blind_reminders", "1m", "an interval shorter than 5m"),
            ("lost_after", "1h", "is not a setting"),
            ("colour", "red", "is not a setting"),
        ] {
            let said = IngestionAlertApp::default().set(key, text).unwrap_err().to_string();
            assert!(said.contains(says) && !said.contains("secret"), "{key} = {text}: {said}");
        }
        let mut app = IngestionAlertApp::default();
        app.set("webHookUrlTriggered", "https://example.com/secret").unwrap();
        app.set("posthogApiKey", "phx_secret").unwrap();
        assert!(!format!("{app:?}").contains("secret"), "{app:?}");
        assert_eq!(app.shown("webHookUrlTriggered").as_deref(), Some("https://example.com/***"));
        assert_eq!(app.value("lag_above_kind"), None);
        assert_eq!(AppKind::IngestionAlert.name(), "ingestion-alert");
    }
}
