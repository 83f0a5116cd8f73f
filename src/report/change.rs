//! A change that somebody made, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::AuditEntry;

/// One change that somebody made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntryJson {
    /// Its place among all of them.
    pub number: i64,
    /// When.
    pub at: String,
    /// A user, `token NAME`, a settings file, somebody on the command line.
    pub who: String,
    /// What it is about: `project shop`, `app heartbeat`, `channel ops`.
    pub subject: String,
    /// The project whose story it belongs to; it may be gone.
    pub project: Option<String>,
    /// What was done. No secret is among it.
    pub words: String,
}

impl AuditEntryJson {
    /// What is told of a change.
    #[must_use]
    pub fn of(audit_entry: &AuditEntry) -> Self {
        let AuditEntry { place, at, who, subject, project, words } = audit_entry;
        Self {
            number: *place,
            at: at.to_string(),
            who: who.clone(),
            subject: subject.clone(),
            project: project.as_ref().map(ToString::to_string),
            words: words.clone(),
        }
    }
}
