//! Audit entries as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::AuditEntry;

/// An audit entry: a change that a user made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntryJson {
    /// The number of the entry; later entries have higher numbers.
    pub number: i64,
    /// When the change was made.
    pub at: String,
    /// Who made the change: a user, `token NAME`, a settings file, or a user on the command line.
    pub who: String,
    /// What was changed, for example `project shop`, `app heartbeat` or `channel ops`.
    pub subject: String,
    /// The project that the entry belongs to; it may have been removed since.
    pub project: Option<String>,
    /// What was done. Contains no secrets.
    pub words: String,
}

impl AuditEntryJson {
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
