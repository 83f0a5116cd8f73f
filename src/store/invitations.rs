//! Invitations: links that can be used once.

use crate::model::{AuditEntry, Digest, Invitation, Role, Secret, Timestamp, UserId, UserName};

use super::database::Row;
use super::evidence::{at_place, place_of};
use super::statement::Statement;
use super::{Store, StoreError, audit, users};

const COLUMNS: &str = "user_name, role, until_ms";

impl Store {
    /// Replaces the previous invitation for the same user, or for a new user.
    pub async fn invite(&self, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError> {
        const WHAT: &str = "writing an invitation";
        let mut work = self.database.work(WHAT).await?;
        let row = [
            invitation.user.as_ref().map_or("", UserName::as_str).into(),
            digest.into(),
            place_of(&invitation.role, &Role::ALL).into(),
            invitation.until.ms().into(),
        ];
        let insert = Statement::new("INSERT INTO invitations (user_name, digest, role, until_ms) VALUES ").rows([row]);
        let replace = " ON CONFLICT (user_name) DO UPDATE SET digest = excluded.digest, role = excluded.role, until_ms = excluded.until_ms";
        work.run(insert.text(replace)).await?;
        work.commit().await?;
        self.database.persist(WHAT).await
    }

    /// `None` when it was used or has expired.
    pub async fn invitation(&self, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        Ok(self.database.read("reading an invitation", statement(digest, now), from_row).await?.pop())
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
        let Some(invitation) = work.read(statement(digest, now), from_row).await?.pop() else { return Ok(None) };
        // If two requests read it at the same time, one of them uses it.
        if work.run(Statement::new("DELETE FROM invitations WHERE digest = ").bind(digest)).await? == 0 {
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
    let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM invitations WHERE digest = ").bind(digest);
    one.text(" AND until_ms > ").bind(now.ms())
}

fn from_row(row: &Row) -> Result<Invitation, StoreError> {
    let damaged = |field: &str| StoreError::Damaged(format!("an invitation's {field} in the database cannot be read"));
    let name = row.text("user_name")?;
    let user = if name.is_empty() { None } else { Some(UserName::parse(&name).map_err(|_| damaged("user"))?) };
    let role = at_place(row.int("role")?, &Role::ALL).ok_or_else(|| damaged("role"))?;
    Ok(Invitation { user, role, until: Timestamp::from_ms(row.int("until_ms")?) })
}
