//! Why an incident ended: not every end is a recovery.

use super::{Incident, RuleKind, named_enum};

named_enum! {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum EndedBecause {
        /// Its rules saw enough good beats or read-backs.
        Recovered = "recovered",
        RuleOff = "rule_off",
        /// The settings of a rule that held it open were changed, so that what it sees is no longer bad.
        LimitChanged = "limit_changed",
        AlertOff = "alert_off",
        AlertRemoved = "alert_removed",
        ProjectRemoved = "project_removed",
        /// Heartbeat was switched off, so there are no beats to judge.
        HeartbeatOff = "heartbeat_off",
        /// The personal API key was removed, so nothing can be read back.
        KeyRemoved = "key_removed",
    }
}

impl EndedBecause {
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

impl Incident {
    /// Whether it ended because its rules saw that the failure is over; older versions did not record the reason.
    #[must_use]
    pub fn has_recovered(&self) -> bool {
        self.ended_because.is_none_or(|because| because == EndedBecause::Recovered)
    }

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
