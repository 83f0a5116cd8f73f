//! An audit entry: one recorded change.

use super::{ProjectName, Timestamp};

/// One change by a user, a settings file or an API token. It contains no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The sequence number; 0 until the store has assigned it.
    pub place: i64,
    pub at: Timestamp,
    /// A user, an API token, a settings file or the command line.
    pub who: String,
    /// For example "project shop", "channel ops", "user ann".
    pub subject: String,
    /// The project whose log contains this entry.
    pub project: Option<ProjectName>,
    /// The change, without a full stop.
    pub words: String,
}
