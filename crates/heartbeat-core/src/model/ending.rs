//! How an incident ended: not every end is a recovery.

use std::fmt;

use super::{Incident, RuleKind};

/// Why an incident is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndedBecause {
    /// Its rules saw enough good beats, or good read-backs.
    Recovered,
    /// A rule that held it open was switched off.
    RuleOff,
    /// The settings of a rule that held it open were changed, so that what is seen is not bad any more.
    LimitChanged,
    /// Ingestion Alert was switched off on the project.
    AlertOff,
    /// Ingestion Alert was removed from the project.
    AlertRemoved,
    /// The project was removed.
    ProjectRemoved,
    /// Heartbeat was switched off, so there are no beats to judge by.
    HeartbeatOff,
    /// The personal API key was removed, so nobody can look.
    KeyRemoved,
}

impl EndedBecause {
    /// All of them.
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

    /// One word, for machines and in the store.
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

    /// The reason of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|because| because.name() == text)
    }

    /// What became of the watching, without names: for people who may know no more. None after a recovery.
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
    /// Why it ended, where that was no recovery: `no longer watched: rule capture was switched off`. A sentence without a full stop.
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
        EndedBecause::KeyRemoved => "there is no personal API key any more".into(),
    }
}
