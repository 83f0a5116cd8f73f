//! A mark: whether a minute of beats, or a read-back, is good or bad for a rule.

use crate::model::Minute;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkOf {
    Good,
    Bad,
}

/// A mark and its minute: that of the beats, or of the read-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) minute: Minute,
    pub(super) of: MarkOf,
}
