//! A project: one PostHog project, with its installed apps.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plain_name::plain_name;
use super::{AppKind, HeartbeatApp, Host, IngestionAlertApp, Invalid, Minute, PersonalKey, ProjectToken, Route, Timestamp, duration};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(pub i64);

/// The name of a project, used in texts and addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

impl ProjectName {
    /// Reads a name that is valid in files, on the command line and in addresses.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        plain_name(text, &['-', '_', '.']).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A label of a project. Filters choose all projects that have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// Of one project.
    pub const MOST: usize = 20;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        plain_name(text, &['-', '_', '.']).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Tag {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

/// The waits that decide an outcome, and the interval of read-backs. A wait that is not stored has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// A beat that is seen later than this is late.
    #[serde(with = "duration")]
    pub late_after: Duration,
    /// A beat that is not seen by then is lost.
    #[serde(with = "duration")]
    pub lost_after: Duration,
    /// At least a minute.
    #[serde(with = "duration")]
    pub readback_interval: Duration,
    /// Of one try of a beat. At most [`Timing::LONGEST_TIMEOUT`].
    #[serde(with = "duration")]
    pub timeout: Duration,
}

impl Timing {
    /// A beat is due in the first 45 s of its minute, and the result of one try has to be known soon after it.
    pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(20);
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            late_after: Duration::from_mins(2),
            lost_after: Duration::from_mins(15),
            readback_interval: Duration::from_mins(1),
            timeout: Self::LONGEST_TIMEOUT,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSpec {
    /// Unique among projects.
    pub name: ProjectName,
    /// The address that receives its events.
    pub host: Host,
    /// The address that is read, if it is not the host's own API: for a project behind a reverse proxy.
    pub api_host: Option<Host>,
    pub token: ProjectToken,
    /// Reads. Without it arrival is not checked.
    pub personal_key: Option<PersonalKey>,
    /// PostHog's id of the project, if the user gave it; otherwise it is found from the token.
    pub posthog_id: Option<u64>,
    pub timing: Timing,
    /// Each once, in the user's order. At most [`Tag::MOST`].
    pub tags: Vec<Tag>,
    pub heartbeat: Option<HeartbeatApp>,
    pub ingestion_alert: Option<IngestionAlertApp>,
}

/// The settings that the store keeps as one JSON value: no query selects by them, and a new one needs no migration. One that is not stored has its
/// default.
#[derive(Serialize, Deserialize)]
struct PlainSettings {
    #[serde(flatten)]
    timing: Timing,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl ProjectSpec {
    /// With the default settings and without apps.
    #[must_use]
    pub fn new(name: ProjectName, host: Host, token: ProjectToken) -> Self {
        Self {
            name,
            host,
            api_host: None,
            token,
            personal_key: None,
            posthog_id: None,
            timing: Timing::default(),
            tags: Vec::new(),
            heartbeat: None,
            ingestion_alert: None,
        }
    }

    /// The settings that need no column of their own, as JSON.
    pub fn plain_settings(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&PlainSettings { timing: self.timing, tags: self.tags.clone() })
    }

    /// With settings that [`ProjectSpec::plain_settings`] wrote.
    pub fn with_plain_settings(self, json: &str) -> Result<Self, serde_json::Error> {
        let PlainSettings { timing, tags } = serde_json::from_str(json)?;
        Ok(Self { timing, tags, ..self })
    }

    /// The base address of the API that is read, which Ingestion Alert can override.
    #[must_use]
    pub fn api(&self) -> &str {
        let of_alert = self.ingestion_alert.as_ref().and_then(|app| app.posthog_host.as_ref());
        of_alert.map_or_else(|| self.own_api(), Host::api)
    }

    /// The base address of the project's own API, regardless of Ingestion Alert: the project's key belongs to this one.
    #[must_use]
    pub fn own_api(&self) -> &str {
        self.own_api_host().api()
    }

    #[must_use]
    pub fn own_api_host(&self) -> &Host {
        self.api_host.as_ref().unwrap_or(&self.host)
    }

    /// The address that receives the beats of a route.
    #[must_use]
    pub fn host_of<'a>(&'a self, route: &'a Route) -> &'a Host {
        route.spec.host.as_ref().unwrap_or(&self.host)
    }

    /// The key that reads, which Ingestion Alert can override.
    #[must_use]
    pub fn reading_key(&self) -> Option<&PersonalKey> {
        let of_alert = self.ingestion_alert.as_ref().and_then(|app| app.posthog_api_key.as_ref());
        of_alert.or(self.personal_key.as_ref())
    }

    /// Every address that anything is sent to or read from.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        let app = self.heartbeat.iter();
        let of_app = app.flat_map(|app| app.host.iter().chain(app.routes.iter().filter_map(|route| route.host.as_ref())));
        let of_alert = self.ingestion_alert.iter().filter_map(|app| app.posthog_host.as_ref());
        std::iter::once(&self.host).chain(&self.api_host).chain(of_app).chain(of_alert)
    }

    #[must_use]
    pub fn beats(&self) -> bool {
        self.heartbeat.as_ref().is_some_and(|app| app.enabled)
    }

    /// Ingestion Alert, if it is installed and enabled.
    #[must_use]
    pub fn alert(&self) -> Option<&IngestionAlertApp> {
        self.ingestion_alert.as_ref().filter(|app| app.enabled)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub spec: ProjectSpec,
    pub routes: Vec<Route>,
    /// When its apps were enabled and disabled, oldest first.
    pub switches: Vec<Switch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    pub app: AppKind,
    pub at: Timestamp,
    pub on: bool,
}

impl Project {
    /// Since when Heartbeat is enabled; none if it is not.
    #[must_use]
    pub fn on_since(&self) -> Option<Timestamp> {
        self.spec.beats().then(|| self.last_turned_on(AppKind::Heartbeat))
    }

    /// Since when Ingestion Alert is enabled; none if it is not.
    #[must_use]
    pub fn alert_since(&self) -> Option<Timestamp> {
        self.spec.alert().map(|_| self.last_turned_on(AppKind::IngestionAlert))
    }

    /// Whether Heartbeat was enabled during any part of `minute`.
    #[must_use]
    pub fn was_on(&self, minute: Minute) -> bool {
        let last_before = self.turns(AppKind::Heartbeat).rfind(|switch| switch.at < minute.start());
        let turned_on_within = self.turns(AppKind::Heartbeat).any(|switch| switch.on && switch.at.minute() == minute);
        turned_on_within || last_before.is_some_and(|switch| switch.on)
    }

    fn turns(&self, app: AppKind) -> impl DoubleEndedIterator<Item = &Switch> {
        self.switches.iter().filter(move |switch| switch.app == app)
    }

    fn last_turned_on(&self, app: AppKind) -> Timestamp {
        self.turns(app).rfind(|switch| switch.on).map_or(Timestamp::from_ms(0), |switch| switch.at)
    }
}
