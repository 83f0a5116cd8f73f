//! What is found out beside a read-back, and kept with it: what the key may do, how far the quota is used up, what drops our events.
//!
//! Each is asked for by itself and may be missing. All of it is one JSON text in the store, which older and newer releases read as far as they know it.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::{Parts, QueryCost, Timestamp, thousands};

/// What a personal API key may be asked for, one scope for each use that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Reading back.
    QueryRead,
    /// The quota, restrictions, and which project a token belongs to.
    ProjectRead,
    /// The project's event filter.
    EventFilterRead,
    /// Ingestion warnings, where HogQL does not know them.
    IngestionWarningRead,
}

impl KeyScope {
    /// All that are of use.
    pub const ALL: [Self; 4] = [Self::QueryRead, Self::ProjectRead, Self::EventFilterRead, Self::IngestionWarningRead];

    /// As PostHog writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueryRead => "query:read",
            Self::ProjectRead => "project:read",
            Self::EventFilterRead => "event_filter:read",
            Self::IngestionWarningRead => "ingestion_warning:read",
        }
    }

    /// What a key with it adds, as a sentence without a full stop.
    #[must_use]
    pub const fn adds(self) -> &'static str {
        match self {
            Self::QueryRead => "without it nothing can be read back",
            Self::ProjectRead => "it would add how far the events quota is used up, and whether PostHog restricts the project",
            Self::EventFilterRead => "it would add whether the project's event filter drops the beats",
            Self::IngestionWarningRead => "it would add why events were dropped, on a PostHog that does not tell that to queries",
        }
    }
}

/// What PostHog says of a personal API key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyScopes {
    /// Its scopes, as PostHog writes them; `*` is every one.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The projects that it is limited to; none: it is not.
    #[serde(default)]
    pub projects: Vec<u64>,
}

impl KeyScopes {
    /// Whether it has this scope. Who may write may read.
    #[must_use]
    pub fn allows(&self, desired: KeyScope) -> bool {
        let name = desired.name();
        let as_writer = name.strip_suffix(":read");
        self.scopes
            .iter()
            .any(|scope| scope == "*" || scope == name || scope.strip_suffix(":write").is_some_and(|of| Some(of) == as_writer))
    }

    /// The scopes that it has not and what each would add, as a sentence without a full stop; none where it has all.
    #[must_use]
    pub fn missing_says(&self) -> Option<String> {
        let missing: Vec<String> = self.missing().map(|scope| format!("{} ({})", scope.name(), scope.adds())).collect();
        (!missing.is_empty()).then(|| format!("scopes that the key has not: {}", missing.join(", ")))
    }

    /// The scopes that it has not.
    pub fn missing(&self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.into_iter().filter(|scope| !self.allows(*scope))
    }
}

/// How far a project's quota of events is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuotaLimit {
    /// When that was said, in milliseconds.
    #[serde(default)]
    pub asked_ms: i64,
    /// So many events were taken in this period.
    #[serde(default)]
    pub used: Option<u64>,
    /// So many may be; none: as many as there are.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Whether events are dropped for it.
    #[serde(default)]
    pub limited: bool,
}

impl QuotaLimit {
    /// From so many percent on it is told before it is reached.
    pub const NEARLY: u64 = 90;

    /// When that was said.
    #[must_use]
    pub const fn asked(&self) -> Timestamp {
        Timestamp::from_ms(self.asked_ms)
    }

    /// Whether anything was said.
    #[must_use]
    pub const fn is_said(&self) -> bool {
        self.used.is_some() || self.limited
    }

    /// How much of it is used, in percent; none without a limit.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        self.used.map(|used| (u128::from(used) * 100 / u128::from(limit)).try_into().unwrap_or(u64::MAX))
    }

    /// Whether it is not used up yet, and will be soon.
    #[must_use]
    pub fn is_near(&self) -> bool {
        !self.limited && self.percent().is_some_and(|percent| percent >= Self::NEARLY)
    }

    /// `950,000 of 1,000,000 events of this period are used (95 %)`.
    #[must_use]
    pub fn says(&self) -> Option<String> {
        let (used, limit) = (self.used?, self.limit?);
        let percent = self.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
        Some(format!("{} of {} events of this period are used{percent}", thousands(used), thousands(limit)))
    }
}

/// What drops our events inside of PostHog, though capture accepts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// The project's event filter.
    EventFilter,
    /// A transformation that drops or samples.
    Transformation,
    /// A restriction that PostHog's staff has set.
    Restriction,
    /// An ingestion warning of another type.
    Warning,
}

/// What drops our events, and the words that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// What.
    pub kind: FilterKind,
    /// What is known of it, in words of ours.
    pub says: String,
    /// What PostHog said, quoted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// What is known beside the read-back itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// What the key may do; none where PostHog does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyScopes>,
    /// Whether the project that is asked is the one that the key's owner has open: its number is not known, and a beat of ours was seen there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_current: bool,
    /// What the newest query cost.
    #[serde(skip_serializing_if = "is_unsaid")]
    pub cost: QueryCost,
    /// How far the quota is used up, where the key may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaLimit>,
    /// What drops our events, while they are accepted and stay away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// What was sent past the proxy, while beats that go through it are accepted and stay away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// By how many milliseconds PostHog's clock is ahead of ours (behind, when negative), where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_ahead_ms: Option<i64>,
    /// Parts that are down, one bit each, by the word of `/_preflight` while read-backs fail.
    #[serde(skip_serializing_if = "is_zero")]
    pub down: u8,
}

/// Two events alike, beside beats that go through a proxy and stay away: one was sent straight to PostHog, its twin through the proxy. They tell whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its uuid.
    pub uuid: Uuid,
    /// The uuid of its twin, which went through the proxy.
    pub twin: Uuid,
    /// When it was sent, in milliseconds.
    pub sent_ms: i64,
    /// Whether a read-back saw it.
    #[serde(default)]
    pub seen: bool,
    /// Whether a read-back saw its twin.
    #[serde(default)]
    pub twin_seen: bool,
    /// Whether what is sent through the proxy gets to PostHog's capture; none where nobody said.
    #[serde(default)]
    pub reaches_capture: Option<bool>,
}

impl Witness {
    /// When it was sent.
    #[must_use]
    pub const fn sent(&self) -> Timestamp {
        Timestamp::from_ms(self.sent_ms)
    }
}

impl Findings {
    /// Parts of PostHog that are down while read-backs fail.
    #[must_use]
    pub fn parts_down(&self) -> Parts {
        Parts::from_bits(self.down)
    }
}

fn is_unsaid(cost: &QueryCost) -> bool {
    *cost == QueryCost::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(bits: &u8) -> bool {
    *bits == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scopes: &[&str]) -> KeyScopes {
        KeyScopes { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), projects: Vec::new() }
    }

    #[test]
    fn every_missing_scope_is_named_and_a_writer_may_read() {
        let missing = |scopes: &[&str]| key(scopes).missing().map(KeyScope::name).collect::<Vec<_>>();
        assert_eq!(missing(&["*"]), [""; 0]);
        assert_eq!(missing(&["query:read"]), ["project:read", "event_filter:read", "ingestion_warning:read"]);
        assert_eq!(missing(&["query:read", "project:write", "event_filter:read"]), ["ingestion_warning:read"]);
        assert_eq!(missing(&["query", "projects:read"]).len(), 4);
    }

    #[test]
    fn a_quota_is_near_before_it_is_reached() {
        let quota = |used, limit, limited| QuotaLimit { asked_ms: 0, used: Some(used), limit, limited };
        assert!(!quota(899_999, Some(1_000_000), false).is_near());
        assert!(quota(900_000, Some(1_000_000), false).is_near());
        assert!(!quota(1_000_001, Some(1_000_000), true).is_near());
        assert!(!quota(5, None, false).is_near() && !quota(5, Some(0), false).is_near());
        let says = quota(950_000, Some(1_000_000), false).says();
        assert_eq!(says.as_deref(), Some("950,000 of 1,000,000 events of this period are used (95 %)"));
    }

    #[test]
    fn findings_of_another_release_are_read_as_far_as_they_are_known() {
        let read: Findings = serde_json::from_str(r#"{"later": 1, "quota": {"used": 5}}"#).unwrap();
        assert_eq!(read.quota, Some(QuotaLimit { used: Some(5), ..QuotaLimit::default() }));
        assert_eq!(serde_json::to_string(&Findings::default()).unwrap(), "{}");
    }
}
