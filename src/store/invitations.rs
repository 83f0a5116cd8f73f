//! Invitations: links that work once.

use crate::model::{AuditEntry, Digest, Invitation, Role, Secret, Timestamp, UserId, UserName};

use super::database::Row;
use super::evidence::place_of;
use super::sessions::key;
use super::statement::Statement;
use super::{Store, StoreError, audit, users};

const COLUMNS: &str = "user_name, role, until_ms";

impl Store {
    /// Writes an invitation. The one before for the same user, or for whoever is none yet, is over with it.
    pub async fn invite(&self, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError> {
        const WHAT: &str = "writing an invitation";
        let mut work = self.database.work(WHAT).await?;
        let row = [
            invitation.user.as_ref().map_or("", UserName::as_str).into(),
            key(digest).into(),
            place_of(&invitation.role, &Role::ALL).into(),
            invitation.until.ms().into(),
        ];
        let insert = Statement::new("INSERT INTO invitations (user_name, digest, role, until_ms) VALUES ").rows([row]);
        let replace = " ON CONFLICT (user_name) DO UPDATE SET digest = excluded.digest, role = excluded.role, until_ms = excluded.until_ms";
        work.run(insert.text(replace)).await?;
        work.commit().await?;
        self.database.persist(WHAT).await
    }

    /// The invitation of this digest, unless it was used or is over.
    pub async fn invitation(&self, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        Ok(self.database.read("reading an invitation", statement(digest, now), from_row).await?.pop())
    }

    /// Takes an invitation, sets the password of the user `name` (who is added, when there is none) and closes its sessions. What a user who is there
    /// may do stays. None, and nothing is written, when the invitation was used or is over, when it is for another user, and when it is for whoever is
    /// none yet and somebody is called `name`.
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
        // Of two that read it at once, one takes it.
        if work.run(Statement::new("DELETE FROM invitations WHERE digest = ").bind(key(digest))).await? == 0 {
            return Ok(None);
        }
        let known = users::known(&mut work, name).await?;
        let is_meant = match (&invitation.user, known) {
            (Some(user), _) => user == name,
            (None, known) => known.is_none(),
        };
        if !is_meant {
            return Ok(None);
        }
        // What a user may do may have changed since the invitation was written.
        let role = known.map_or(invitation.role, |(_, role)| role);
        let id = users::write(&mut work, (name, role), Some(password), now).await?;
        audit::commit(&self.database, work, audit_entry).await?;
        Ok(Some(id))
    }
}

fn statement(digest: &Digest, now: Timestamp) -> Statement {
    let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM invitations WHERE digest = ").bind(key(digest));
    one.text(" AND until_ms > ").bind(now.ms())
}

fn from_row(row: &Row) -> Result<Invitation, StoreError> {
    let damaged = |field: &str| StoreError::Damaged(format!("an invitation's {field} in the database cannot be read"));
    let name = row.text(0)?;
    let user = if name.is_empty() { None } else { Some(UserName::parse(&name).map_err(|_| damaged("user"))?) };
    let role = users::role(row.int(1)?).ok_or_else(|| damaged("role"))?;
    Ok(Invitation { user, role, until: Timestamp::from_ms(row.int(2)?) })
}
