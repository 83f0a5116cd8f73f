//! Invitations: links that can be used once.

use crate::model::{AuditEntry, Digest, Invitation, Secret, Timestamp, UserId, UserName};

use super::database::Row;
use super::statement::{Statement, sql};
use super::{Store, StoreError, audit, users};

impl Store {
    /// Replaces the previous invitation for the same user, or for a new user.
    pub async fn invite(&self, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError> {
        let mut work = self.database.work("writing an invitation").await?;
        let put = "INSERT INTO invitations (user_name, digest, role, until_ms) VALUES (?, ?, ?, ?) \
                   ON CONFLICT (user_name) DO UPDATE SET digest = excluded.digest, role = excluded.role, until_ms = excluded.until_ms";
        let user = invitation.user.as_ref().map_or("", UserName::as_str);
        work.run(sql!(put, user, digest, invitation.role, invitation.until)).await?;
        self.database.persist(work).await
    }

    /// `None` when it was used or has expired.
    pub async fn invitation(&self, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        self.database.read_one("reading an invitation", statement(digest, now), from_row).await
    }

    /// Uses an invitation: sets the password of the user `name` (a new user is added) and closes the user's sessions. An existing user
    /// keeps the role. Returns `None` and writes nothing when the invitation was used or has expired, is for another user, or is for a new
    /// user while a user `name` exists.
    pub async fn accept(
        &self,
        digest: &Digest,
        name: &UserName,
        password: &Secret,
        now: Timestamp,
        audit_entry: &AuditEntry,
    ) -> Result<Option<UserId>, StoreError> {
        let mut work = self.database.work("accepting an invitation").await?;
        let Some(invitation) = work.read_one(statement(digest, now), from_row).await? else { return Ok(None) };
        // If two requests read it at the same time, one of them uses it.
        if work.run(sql!("DELETE FROM invitations WHERE digest = ?", digest)).await? == 0 {
            return Ok(None);
        }
        let existing = users::find(&mut work, name).await?;
        let is_meant = match (&invitation.user, existing) {
            (Some(user), _) => user == name,
            (None, existing) => existing.is_none(),
        };
        if !is_meant {
            return Ok(None);
        }
        // The role may have changed since the invitation was written.
        let role = existing.map_or(invitation.role, |(_, role)| role);
        let id = users::write(&mut work, (name, role), Some(password), now).await?;
        audit::commit(&self.database, work, audit_entry).await?;
        Ok(Some(id))
    }
}

fn statement(digest: &Digest, now: Timestamp) -> Statement {
    sql!("SELECT user_name, role, until_ms FROM invitations WHERE digest = ? AND until_ms > ?", digest, now)
}

fn from_row(row: &Row) -> Result<Invitation, StoreError> {
    let name = row.text("user_name")?;
    let row = row.of("the invitation for user", &name);
    let user = if name.is_empty() { None } else { Some(row.parsed("user_name", UserName::parse(&name).ok())?) };
    Ok(Invitation { user, role: row.get("role")?, until: row.get("until_ms")? })
}
