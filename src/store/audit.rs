//! The audit log.

use std::cmp::Reverse;

use crate::model::{AuditEntry, ProjectName};

use super::database::{Database, Row, Work};
use super::names::AT_ONCE;
use super::statement::{Statement, any_of, sql};
use super::value::Value;
use super::{AuditFilter, Store, StoreError, numbers};

impl Store {
    /// Newest first.
    pub async fn audit_entries(&self, which: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        const WHAT: &str = "reading the audit log";
        if which.named.is_all() {
            return self.database.read(WHAT, select(which, &[]), from_row).await;
        }
        let mut found = Vec::new();
        for names in self.names_in(&which.named).await?.chunks(AT_ONCE) {
            found.extend(self.database.read(WHAT, select(which, names), from_row).await?);
        }
        found.sort_unstable_by_key(|entry| Reverse(entry.place));
        found.truncate(which.at_most as usize);
        Ok(found)
    }
}

/// Without names, of all projects and of none.
fn select(which: &AuditFilter, names: &[ProjectName]) -> Statement {
    let before = which.before.unwrap_or(i64::MAX);
    let all = sql!("SELECT place, at_ms, who, subject, project, words FROM audit_entries WHERE place < ?", before)
        .with(" AND subject = ?", which.subject.as_deref());
    let chosen = match names {
        [] => all,
        names => all.then(sql!(" AND project IN ?", any_of(names.iter().map(ProjectName::as_str)))),
    };
    chosen.then(sql!(" ORDER BY place DESC LIMIT ?", which.at_most))
}

/// Call this last in a transaction: other writers of audit entries wait until it ends.
pub(super) async fn write(work: &mut Work, audit_entries: &[AuditEntry]) -> Result<(), StoreError> {
    if audit_entries.is_empty() {
        return Ok(());
    }
    let place = numbers::of_audit_entries(work, audit_entries.len()).await?;
    let rows = (place..).zip(audit_entries).map(|(place, audit_entry)| to_row(place, audit_entry)).collect();
    work.insert("INSERT INTO audit_entries (place, at_ms, who, subject, project, words) VALUES ", rows, "").await
}

/// Commits a change together with its audit entry, durably.
pub(super) async fn commit(database: &Database, mut work: Work, audit_entry: &AuditEntry) -> Result<(), StoreError> {
    write(&mut work, std::slice::from_ref(audit_entry)).await?;
    database.persist(work).await
}

fn to_row(place: i64, audit_entry: &AuditEntry) -> [Value; 6] {
    [
        place.into(),
        audit_entry.at.into(),
        audit_entry.who.as_str().into(),
        audit_entry.subject.as_str().into(),
        audit_entry.project.as_ref().map(ProjectName::as_str).into(),
        audit_entry.words.as_str().into(),
    ]
}

fn from_row(row: &Row) -> Result<AuditEntry, StoreError> {
    let place = row.int("place")?;
    let row = row.of("audit entry", &place);
    Ok(AuditEntry {
        place,
        at: row.get("at_ms")?,
        who: row.text("who")?,
        subject: row.text("subject")?,
        project: row.maybe_text("project")?.map(|name| row.parsed("project", ProjectName::parse(&name).ok())).transpose()?,
        words: row.text("words")?,
    })
}
