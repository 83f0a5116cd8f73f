//! Apps: what can be installed on a project. Heartbeat's settings carry the names, hints and defaults of PostHog's own
//! app (PostHog/posthog-heartbeat-plugin, plugin.json), so that what people knew still holds.

use std::fmt;

use super::{DistinctId, Endpoint, Field, Host, IngestionAlertApp, ProjectToken, RouteSpec, Takes};

/// An app's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppKind {
    /// One event a minute, read back.
    Heartbeat,
    /// Says that ingestion stopped, where, and when it is back.
    IngestionAlert,
}

impl AppKind {
    /// All apps that can be installed.
    pub const ALL: [Self; 2] = [Self::Heartbeat, Self::IngestionAlert];

    /// As it is written on the command line and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::IngestionAlert => "ingestion-alert",
        }
    }

    /// As the section of a settings file is called, and what changes of a project are told by.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::IngestionAlert => "ingestion_alert",
        }
    }

    /// As it is written for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Heartbeat => "Heartbeat",
            Self::IngestionAlert => "Ingestion Alert",
        }
    }

    /// What it does, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Heartbeat => "Creates one event per minute to validate the ingestion pipeline, and reads each one back",
            Self::IngestionAlert => "Says that ingestion stopped, where the way is broken, and when it is back",
        }
    }

    /// Its settings, in the order in which they are shown.
    #[must_use]
    pub fn settings(self) -> &'static [Field] {
        match self {
            Self::Heartbeat => &SETTINGS,
            Self::IngestionAlert => IngestionAlertApp::settings(),
        }
    }

    /// Those with this word in their name, their title or what they do; all of them without a word.
    pub fn search(word: &str) -> impl Iterator<Item = Self> {
        let word = word.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .filter(move |app| [app.name(), app.title(), app.description()].iter().any(|text| text.to_lowercase().contains(&word)))
    }

    /// The app of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.name() == text)
    }
}

impl fmt::Display for AppKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Heartbeat's settings, under the names they had on PostHog's Apps page.
const SETTINGS: [Field; 3] = [
    Field::new("events", "Events to be emitted", Takes::Examples(&["heartbeat", "heartbeat_api", "heartbeat + heartbeat_api", "heartbeat + heartbeat_buffer + heartbeat_api"]), "`heartbeat` has a fixed distinct id and watches one partition of the queue; `heartbeat_buffer` has a new one each minute and \
               watches them all; `heartbeat_api` goes to the host below: put your own reverse proxy there to watch it too. Any of them, joined by ` + `.").or("heartbeat").required(),
    Field::new("host", "PostHog host with protocol (only for `heartbeat_api`)", Takes::Host, "Where `heartbeat_api` is sent.").or("the project's host"),
    Field::new("project_api_key", "PostHog project API key (only for `heartbeat_api`)", Takes::Token, "It must be the project's own token: an event in another project could not be read back here.").or("the project's token"),
];

/// Which of the app's three events beat. At least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    heartbeat: bool,
    buffer: bool,
    api: bool,
}

impl Events {
    /// All of them, in the order in which they are written.
    pub const NAMES: [&'static str; 3] = ["heartbeat", "heartbeat_buffer", "heartbeat_api"];

    /// Reads any subset of the three names, joined by `+`.
    ///
    /// # Errors
    /// Names what is not an event of this app, or stands there twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut chosen = [false; 3];
        for name in text.split('+').map(str::trim) {
            let Some(at) = Self::NAMES.iter().position(|known| *known == name) else {
                return Err(format!("`{text}` is not what can be chosen; give one or more of {} joined by ` + `", Self::NAMES.join(", ")));
            };
            if std::mem::replace(&mut chosen[at], true) {
                return Err(format!("`{name}` stands there twice"));
            }
        }
        let [heartbeat, buffer, api] = chosen;
        Ok(Self { heartbeat, buffer, api })
    }

    fn chosen(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().zip([self.heartbeat, self.buffer, self.api]).filter(|(_, on)| *on).map(|(name, _)| name)
    }
}

impl Default for Events {
    fn default() -> Self {
        Self { heartbeat: true, buffer: false, api: false }
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chosen().collect::<Vec<_>>().join(" + "))
    }
}

/// Heartbeat, installed on a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatApp {
    /// Whether it beats.
    pub enabled: bool,
    /// Which of the three events.
    pub events: Events,
    /// Where `heartbeat_api` goes, when not to the project's host.
    pub host: Option<Host>,
    /// The token that was given for `heartbeat_api`; the same as the project's, or absent.
    pub project_api_key: Option<ProjectToken>,
    /// Ways in beside the three: a user's own.
    pub routes: Vec<RouteSpec>,
}

impl Default for HeartbeatApp {
    fn default() -> Self {
        Self { enabled: true, events: Events::default(), host: None, project_api_key: None, routes: Vec::new() }
    }
}

impl HeartbeatApp {
    /// Whose the events are, as in PostHog's app.
    pub const DISTINCT_ID: &'static str = "PostHog Heartbeat Plugin";
    /// Before the number that `heartbeat_buffer` has instead.
    pub const BUFFER_PREFIX: &'static str = "PostHog Heartbeat Plugin / Buffer ";

    /// All its routes: the chosen events under their exact names, then the user's own.
    #[must_use]
    pub fn all_routes(&self) -> Vec<RouteSpec> {
        let own = self.events.chosen().map(|event| RouteSpec {
            name: event.to_owned(),
            event: event.to_owned(),
            host: self.host.clone().filter(|_| event == "heartbeat_api"),
            endpoint: Endpoint::V0,
            distinct_id: match event {
                "heartbeat_buffer" => DistinctId::Fresh(Self::BUFFER_PREFIX.to_owned()),
                _ => DistinctId::Fixed(Self::DISTINCT_ID.to_owned()),
            },
        });
        own.chain(self.routes.iter().cloned()).collect()
    }
}
