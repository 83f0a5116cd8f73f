//! Why an incident ended: not every end is a recovery.

use std::fmt;

use super::{Incident, RuleKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndedBecause {
    /// Its rules saw enough good beats or read-backs.
    Recovered,
    RuleOff,
    /// The settings of a rule that held it open were changed, so that what it sees is no longer bad.
    LimitChanged,
    AlertOff,
    AlertRemoved,
    ProjectRemoved,
    /// Heartbeat was switched off, so there are no beats to judge.
    HeartbeatOff,
    /// The personal API key was removed, so nothing can be read back.
    KeyRemoved,
}

impl EndedBecause {
    pub const ALL: [Self; 8] = [
        Self::Recovered,
        Self::RuleOff,
        Self::LimitChanged,
        Self::AlertOff,
        Self::AlertRemoved,
        Self::ProjectRemoved,
        Self::HeartbeatOff,
        Self::KeyRemoved,
    ];

    /// The name in JSON and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::RuleOff => "rule_off",
            Self::LimitChanged => "limit_changed",
            Self::AlertOff => "alert_off",
            Self::AlertRemoved => "alert_removed",
            Self::ProjectRemoved => "project_removed",
            Self::HeartbeatOff => "heartbeat_off",
            Self::KeyRemoved => "key_removed",
        }
    }

    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|because| because.name() == text)
    }

    /// The outcome without project or rule names, for public pages. None after a recovery.
    #[must_use]
    pub const fn outcome(self) -> Option<&'static str> {
        match self {
            Self::Recovered => None,
            Self::RuleOff | Self::AlertOff | Self::AlertRemoved | Self::ProjectRemoved => Some("no longer watched"),
            Self::LimitChanged => Some("limit changed"),
            Self::HeartbeatOff | Self::KeyRemoved => Some("can no longer be checked"),
        }
    }
}

impl fmt::Display for EndedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Incident {
    /// Why it ended without a recovery: `no longer watched: rule capture was switched off`. A sentence without a full stop.
    #[must_use]
    pub fn why_ended(&self) -> Option<String> {
        let because = self.ended_because?;
        let outcome = because.outcome()?;
        Some(format!("{outcome}: {}", reason(because, &self.rules)))
    }
}

fn reason(because: EndedBecause, rules: &[RuleKind]) -> String {
    let names = rules.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let (rules, were) = if rules.len() == 1 { ("rule", "was") } else { ("rules", "were") };
    match because {
        EndedBecause::Recovered => "it recovered".into(),
        EndedBecause::RuleOff => format!("{rules} {names} {were} switched off"),
        EndedBecause::LimitChanged => format!("the settings of {rules} {names} were changed"),
        EndedBecause::AlertOff => "Ingestion Alert was switched off on this project".into(),
        EndedBecause::AlertRemoved => "Ingestion Alert was removed from this project".into(),
        EndedBecause::ProjectRemoved => "the project was removed".into(),
        EndedBecause::HeartbeatOff => "Heartbeat was switched off on this project".into(),
        EndedBecause::KeyRemoved => "the personal API key was removed".into(),
    }
}
