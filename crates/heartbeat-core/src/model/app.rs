//! Apps that can be installed on a project. Heartbeat's settings keep the names, hints and defaults of PostHog's own app
//! (PostHog/posthog-heartbeat-plugin, plugin.json).

use std::fmt;

use super::{DistinctId, Endpoint, Field, Host, IngestionAlertApp, Invalid, ProjectToken, Quoted, RouteSpec, Takes, named_enum};

named_enum! {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum AppKind {
        Heartbeat = "heartbeat",
        IngestionAlert = "ingestion-alert",
    }
}

impl AppKind {
    /// The section of a settings file, and the name in audit entries.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::IngestionAlert => "ingestion_alert",
        }
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Heartbeat => "Heartbeat",
            Self::IngestionAlert => "Ingestion Alert",
        }
    }

    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Heartbeat => "Creates one event per minute to validate the ingestion pipeline, and reads each one back",
            Self::IngestionAlert => {
                "Notifies you when ingestion stops, says where it is broken, and notifies you again when it is resolved"
            }
        }
    }

    #[must_use]
    pub fn settings(self) -> &'static [Field] {
        match self {
            Self::Heartbeat => &SETTINGS,
            Self::IngestionAlert => IngestionAlertApp::settings(),
        }
    }

    /// The apps whose name, title or description contains this text.
    pub fn search(word: &str) -> impl Iterator<Item = Self> {
        let word = word.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .filter(move |app| [app.name(), app.title(), app.description()].iter().any(|text| text.to_lowercase().contains(&word)))
    }
}

/// Heartbeat's settings, with the names they had on PostHog's Apps page.
const SETTINGS: [Field; 3] = [
    Field::new("events", "Events to be emitted", Takes::Examples(&["heartbeat", "heartbeat_api", "heartbeat + heartbeat_api", "heartbeat + heartbeat_buffer + heartbeat_api"]), "`heartbeat` has a fixed distinct id and tests one partition of the queue; `heartbeat_buffer` has a new one each minute and \
               tests all of them; `heartbeat_api` is sent to the host below: set your own reverse proxy there to test it too. Any of them, joined by ` + `.").or("heartbeat").required(),
    Field::new("host", "PostHog host with protocol (only for `heartbeat_api`)", Takes::Host, "Where `heartbeat_api` is sent.").or("the project's host"),
    Field::new("project_api_key", "PostHog project API key (only for `heartbeat_api`)", Takes::Token, "It must be the project's own token: an event in another project could not be read back.").or("the project's token"),
];

/// Which of the app's three events are sent; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    heartbeat: bool,
    buffer: bool,
    api: bool,
}

impl Events {
    pub const NAMES: [&'static str; 3] = ["heartbeat", "heartbeat_buffer", "heartbeat_api"];

    /// Reads any subset of the three names, joined by `+`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut chosen = [false; 3];
        for name in text.split('+').map(str::trim) {
            let Some(at) = Self::NAMES.iter().position(|known| *known == name) else {
                return Err(Invalid::malformed(text, format!("one or more of {}, joined by ` + `", Self::NAMES.join(", "))));
            };
            if std::mem::replace(&mut chosen[at], true) {
                return Err(Invalid::Twice(Quoted::of(name)));
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatApp {
    pub enabled: bool,
    pub events: Events,
    /// The address of `heartbeat_api`, if it is not the project's host.
    pub host: Option<Host>,
    /// The token that was given for `heartbeat_api`: the project's own, or none.
    pub project_api_key: Option<ProjectToken>,
    /// The user's own routes, in addition to the three events.
    pub routes: Vec<RouteSpec>,
}

impl Default for HeartbeatApp {
    fn default() -> Self {
        Self { enabled: true, events: Events::default(), host: None, project_api_key: None, routes: Vec::new() }
    }
}

impl HeartbeatApp {
    /// The distinct id, as in PostHog's app.
    pub const DISTINCT_ID: &'static str = "PostHog Heartbeat Plugin";
    /// The prefix of `heartbeat_buffer`'s distinct id; a number follows.
    pub const BUFFER_PREFIX: &'static str = "PostHog Heartbeat Plugin / Buffer ";

    /// The chosen events under their exact names, then the user's own routes.
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
