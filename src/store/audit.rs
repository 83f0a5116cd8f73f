//! The audit log.

use crate::model::{AuditEntry, ProjectName, Timestamp};

use super::database::{Database, Row, Work};
use super::error::unreadable;
use super::statement::{Statement, Value};
use super::{AuditFilter, Store, StoreError, numbers};

const ROWS: usize = 500;

impl Store {
    /// Newest first.
    pub async fn audit_entries(&self, which: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let mut statement = Statement::new("SELECT place, at_ms, who, subject, project, words FROM audit_entries WHERE place < ")
            .bind(which.before.unwrap_or(i64::MAX));
        if let Some(project) = &which.project {
            statement = statement.text(" AND project = ").bind(project.as_str());
        }
        if let Some(subject) = &which.subject {
            statement = statement.text(" AND subject = ").bind(subject.as_str());
        }
        let statement = statement.text(" ORDER BY place DESC LIMIT ").bind(i64::from(which.at_most));
        self.database.read("reading the audit log", statement, from_row).await
    }
}

/// Call this last in a transaction: other writers of audit entries wait until it ends.
pub(super) async fn write(work: &mut Work, audit_entries: &[AuditEntry]) -> Result<(), StoreError> {
    if audit_entries.is_empty() {
        return Ok(());
    }
    let place = numbers::of_audit_entries(work, audit_entries.len()).await?;
    let rows: Vec<[Value; 6]> = (place..).zip(audit_entries).map(|(place, audit_entry)| to_row(place, audit_entry)).collect();
    for some in rows.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO audit_entries (place, at_ms, who, subject, project, words) VALUES ");
        work.run(insert.rows(some.iter().cloned())).await?;
    }
    Ok(())
}

/// Commits a change together with its audit entry, durably.
pub(super) async fn commit(database: &Database, mut work: Work, audit_entry: &AuditEntry) -> Result<(), StoreError> {
    write(&mut work, std::slice::from_ref(audit_entry)).await?;
    let what = work.what();
    work.commit().await?;
    database.persist(what).await
}

fn to_row(place: i64, audit_entry: &AuditEntry) -> [Value; 6] {
    [
        place.into(),
        audit_entry.at.ms().into(),
        audit_entry.who.as_str().into(),
        audit_entry.subject.as_str().into(),
        audit_entry.project.as_ref().map(|project| project.as_str().to_owned()).into(),
        audit_entry.words.as_str().into(),
    ]
}

fn from_row(row: &Row) -> Result<AuditEntry, StoreError> {
    let place = row.int("place")?;
    let damaged = |_| unreadable("audit entry", &place, "project");
    Ok(AuditEntry {
        place,
        at: Timestamp::from_ms(row.int("at_ms")?),
        who: row.text("who")?,
        subject: row.text("subject")?,
        project: row.maybe_text("project")?.map(|name| ProjectName::parse(&name).map_err(damaged)).transpose()?,
        words: row.text("words")?,
    })
}
