//! An audit entry: one change that somebody made.

use super::{ProjectName, Timestamp};

/// One change, by a person, a settings file or an API token. It says what was done in words, and no secret is among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place among all, in the order in which they were written; 0 until the store has given it one.
    pub place: i64,
    /// When.
    pub at: Timestamp,
    /// Who: a user, an API token, a settings file, the command line.
    pub who: String,
    /// What was changed: "project shop", "channel ops", "user ann".
    pub subject: String,
    /// The project whose story it belongs to.
    pub project: Option<ProjectName>,
    /// What was done, without a full stop.
    pub words: String,
}
