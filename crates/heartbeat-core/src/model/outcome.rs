//! The outcome of a beat.

use std::fmt;

/// The outcome of a beat, as far as it is known. A later read-back may still change any outcome except `Arrived` and `Late` into one of these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Heartbeat was not running, or was disabled.
    NotSent,
    /// Seen within `late_after`.
    Arrived,
    /// Seen later than `late_after`.
    Late,
    /// Accepted, not decided yet.
    Awaiting,
    /// Accepted, but not seen within `lost_after`.
    Lost,
    /// Capture answered and did not accept it.
    Rejected,
    Unreachable,
    /// Accepted, but read-backs failed.
    Unverified,
}

impl Outcome {
    /// The index is the number in the store.
    pub const ALL: [Self; 8] =
        [Self::NotSent, Self::Arrived, Self::Late, Self::Awaiting, Self::Lost, Self::Rejected, Self::Unreachable, Self::Unverified];

    /// The number in the store. Outcomes above 2 can still become `Arrived` or `Late`.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    #[must_use]
    pub fn of_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|at| Self::ALL.get(at).copied())
    }

    #[must_use]
    pub const fn is_seen(self) -> bool {
        matches!(self, Self::Arrived | Self::Late)
    }

    /// As users read it; `name` is for programs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotSent => "not sent",
            other => other.name(),
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Arrived => "arrived",
            Self::Late => "late",
            Self::Awaiting => "awaiting",
            Self::Lost => "lost",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Unverified => "unverified",
        }
    }

    /// One character for a row of minutes; readable without color.
    #[must_use]
    pub const fn mark(self) -> char {
        match self {
            Self::NotSent => ' ',
            Self::Arrived => '▁',
            Self::Late => '▄',
            Self::Awaiting => '·',
            Self::Lost => '✗',
            Self::Rejected => 'R',
            Self::Unreachable => 'U',
            Self::Unverified => '?',
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}
