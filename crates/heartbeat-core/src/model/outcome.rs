//! The outcome of a beat.

use super::named_enum;

named_enum! {
    /// The outcome of a beat, as far as it is known. A later read-back may still change any outcome except `Arrived` and `Late` into one of
    /// these two.
    /// The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Outcome {
        /// Heartbeat was not running, or was disabled.
        NotSent = "not_sent" or "not sent",
        /// Seen within `late_after`.
        Arrived = "arrived",
        /// Seen later than `late_after`.
        Late = "late",
        /// Accepted, not decided yet.
        Awaiting = "awaiting",
        /// Accepted, but not seen within `lost_after`.
        Lost = "lost",
        /// Capture answered and did not accept it.
        Rejected = "rejected",
        Unreachable = "unreachable",
        /// Accepted, but read-backs failed.
        Unverified = "unverified",
    }
}

impl Outcome {
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
