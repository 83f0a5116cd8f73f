//! Findings besides a read-back, stored with it: the key's scopes, the quota, what drops our events.
//! Each may be missing. They are one JSON text in the store, which older and newer releases read as far as they know it.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::{Parts, QueryCost, Timestamp, named_enum, thousands};

named_enum! {
    /// The scopes of a personal API key that Heartbeat uses.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum KeyScope {
        QueryRead = "query:read",
        /// The quota, restrictions, and the project of a token.
        ProjectRead = "project:read",
        EventFilterRead = "event_filter:read",
        /// Ingestion warnings, if HogQL does not have them.
        IngestionWarningRead = "ingestion_warning:read",
    }
}

impl KeyScope {
    /// What the scope adds, as a sentence without a full stop.
    #[must_use]
    pub const fn adds(self) -> &'static str {
        match self {
            Self::QueryRead => "without it nothing can be read back",
            Self::ProjectRead => "it would add how far the events quota is used up, and whether PostHog restricts the project",
            Self::EventFilterRead => "it would add whether the project's event filter drops the beats",
            Self::IngestionWarningRead => "it would add why events were dropped, on a PostHog whose query API does not say so",
        }
    }
}

/// PostHog's data about a personal API key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyScopes {
    /// In PostHog's spelling; `*` means all.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The projects that it is limited to; empty means no limit.
    #[serde(default)]
    pub projects: Vec<u64>,
}

impl KeyScopes {
    /// Whether it has this scope. A write scope includes the read scope.
    #[must_use]
    pub fn allows(&self, desired: KeyScope) -> bool {
        let name = desired.name();
        let as_writer = name.strip_suffix(":read");
        self.scopes
            .iter()
            .any(|scope| scope == "*" || scope == name || scope.strip_suffix(":write").is_some_and(|of| Some(of) == as_writer))
    }

    /// The missing scopes and what each would add, as a sentence without a full stop; none if it has all.
    #[must_use]
    pub fn missing_says(&self) -> Option<String> {
        let missing: Vec<String> = self.missing().map(|scope| format!("{} ({})", scope.name(), scope.adds())).collect();
        (!missing.is_empty()).then(|| format!("scopes that the key lacks: {}", missing.join(", ")))
    }

    pub fn missing(&self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.into_iter().filter(|scope| !self.allows(*scope))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuotaLimit {
    /// When PostHog was asked, in milliseconds.
    #[serde(default)]
    pub asked_ms: i64,
    /// Events accepted in this period.
    #[serde(default)]
    pub used: Option<u64>,
    /// Events allowed in this period; none means unlimited.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Whether events are dropped because of it.
    #[serde(default)]
    pub limited: bool,
}

impl QuotaLimit {
    /// From this percentage on it is reported before it is reached; also the default of `quota_above`.
    pub const NEARLY: u8 = 90;

    #[must_use]
    pub const fn asked(&self) -> Timestamp {
        Timestamp::from_ms(self.asked_ms)
    }

    /// Whether PostHog reported anything.
    #[must_use]
    pub const fn is_said(&self) -> bool {
        self.used.is_some() || self.limited
    }

    /// The used percentage; none without a limit.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        self.used.map(|used| (u128::from(used) * 100 / u128::from(limit)).try_into().unwrap_or(u64::MAX))
    }

    /// Whether it is nearly used up.
    #[must_use]
    pub fn is_near(&self) -> bool {
        !self.limited && self.percent().is_some_and(|percent| percent >= u64::from(Self::NEARLY))
    }

    /// `950,000 of 1,000,000 events of this period are used (95 %)`.
    #[must_use]
    pub fn says(&self) -> Option<String> {
        let (used, limit) = (self.used?, self.limit?);
        let percent = self.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
        Some(format!("{} of {} events of this period are used{percent}", thousands(used), thousands(limit)))
    }
}

/// What drops our events inside PostHog although capture accepts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    EventFilter,
    /// A transformation that drops or samples events.
    Transformation,
    /// A restriction set by PostHog's staff.
    Restriction,
    /// An ingestion warning of another type.
    Warning,
}

/// What drops our events, and the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub kind: FilterKind,
    /// In our own words.
    pub says: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// None if PostHog does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyScopes>,
    /// Whether the queried project is the one that the key's owner has open: its id is unknown, and a beat of ours was seen there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_current: bool,
    #[serde(skip_serializing_if = "is_unsaid")]
    pub cost: QueryCost,
    /// The quota, if the key may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaLimit>,
    /// What drops our events, while they are accepted but missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The events sent past the proxy, while beats through it are accepted but missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// How many milliseconds PostHog's clock is ahead of ours (behind, if negative), if they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_ahead_ms: Option<i64>,
    /// Parts that are down according to `/_preflight` while read-backs fail, one bit each.
    #[serde(skip_serializing_if = "is_zero")]
    pub down: u8,
}

/// Two identical events, sent while beats through a proxy are missing: one straight to PostHog, its twin through the proxy. They show which of the
/// two is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    pub uuid: Uuid,
    /// The uuid of its twin, which was sent through the proxy.
    pub twin: Uuid,
    pub sent_ms: i64,
    #[serde(default)]
    pub seen: bool,
    #[serde(default)]
    pub twin_seen: bool,
    /// Whether events sent through the proxy reach PostHog's capture; none if unknown.
    #[serde(default)]
    pub reaches_capture: Option<bool>,
}

impl Witness {
    #[must_use]
    pub const fn sent(&self) -> Timestamp {
        Timestamp::from_ms(self.sent_ms)
    }
}

impl Findings {
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
