//! Invitations: links that work once.

use crate::model::{Access, Deed, Digest, Invitation, Secret, Timestamp, UserId, UserName};

use super::database::{Database, Row};
use super::evidence::place_of;
use super::sessions::key;
use super::statement::Statement;
use super::{StoreError, deeds, users};

const COLUMNS: &str = "user_name, access, until_ms";

/// Writes an invitation; the one before for the same user, or for whoever is none yet, goes.
pub(super) async fn invite(database: &Database, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError> {
    const WHAT: &str = "writing an invitation";
    let mut work = database.work(WHAT).await?;
    let row = [
        invitation.user.as_ref().map_or("", UserName::as_str).into(),
        key(digest).into(),
        place_of(&invitation.access, &Access::ALL).into(),
        invitation.until.ms().into(),
    ];
    let insert = Statement::new("INSERT INTO invitations (user_name, digest, access, until_ms) VALUES ").rows([row]);
    let replace = " ON CONFLICT (user_name) DO UPDATE SET digest = excluded.digest, access = excluded.access, until_ms = excluded.until_ms";
    work.run(insert.text(replace)).await?;
    work.commit().await?;
    database.persist(WHAT).await
}

/// The invitation of this digest, unless it is over.
pub(super) async fn invitation(database: &Database, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
    Ok(database.read("reading an invitation", statement(digest, now), from_row).await?.pop())
}

/// Takes an invitation and sets the password of `name` by it. None, and nothing is written, when it was used or is over, when it is for another
/// user, or when it is for whoever is none yet, and `name` is one.
pub(super) async fn accept(
    database: &Database,
    digest: &Digest,
    (name, password): (&UserName, &Secret),
    now: Timestamp,
    deed: &Deed,
) -> Result<Option<UserId>, StoreError> {
    let mut work = database.work("accepting an invitation").await?;
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
    let access = known.map_or(invitation.access, |(_, access)| access);
    let id = users::write(&mut work, (name, access), Some(password), now).await?;
    deeds::commit(database, work, deed).await?;
    Ok(Some(id))
}

fn statement(digest: &Digest, now: Timestamp) -> Statement {
    let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM invitations WHERE digest = ").bind(key(digest));
    one.text(" AND until_ms > ").bind(now.ms())
}

fn from_row(row: &Row) -> Result<Invitation, StoreError> {
    let damaged = |field: &str| StoreError::Damaged(format!("an invitation's {field} in the database cannot be read"));
    let name = row.text(0)?;
    let user = if name.is_empty() { None } else { Some(UserName::parse(&name).map_err(|_| damaged("user"))?) };
    let access = users::access(row.int(1)?).ok_or_else(|| damaged("access"))?;
    Ok(Invitation { user, access, until: Timestamp::from_ms(row.int(2)?) })
}
