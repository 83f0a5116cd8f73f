//! The outcome: a beat's end.

use std::fmt;

/// A beat's end, as far as it is known. A later read-back may still turn everything but Arrived and Late into one of these two:
/// what arrived, arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// We were not running, or disabled.
    NotSent,
    /// Seen, within `late_after`.
    Arrived,
    /// Seen, later than that.
    Late,
    /// Accepted, and not yet decided.
    Awaiting,
    /// Accepted, looked for, and not there within `lost_after`.
    Lost,
    /// Capture answered and did not take it.
    Rejected,
    /// Capture did not answer.
    Unreachable,
    /// Accepted, and we could not look.
    Unverified,
}

impl Outcome {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 8] =
        [Self::NotSent, Self::Arrived, Self::Late, Self::Awaiting, Self::Lost, Self::Rejected, Self::Unreachable, Self::Unverified];

    /// Its number in the store: those above 2 can still turn into Arrived or Late.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The outcome of this number.
    #[must_use]
    pub fn of_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|at| Self::ALL.get(at).copied())
    }

    /// Whether the beat was seen.
    #[must_use]
    pub const fn is_seen(self) -> bool {
        matches!(self, Self::Arrived | Self::Late)
    }

    /// One word, in lower case, as in the vocabulary.
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

    /// One character for a strip of minutes: readable without colour.
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
        f.pad(self.name())
    }
}
