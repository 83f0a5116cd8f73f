//! Users, with the hashes of their passwords.

use crate::model::{Role, Secret, Timestamp, User, UserId, UserName};

use super::database::{Row, Work};
use super::evidence::place_of;
use super::names::by_name;
use super::statement::Statement;
use super::user_rows::{COLUMNS, from_row};
use super::{Checked, Store, StoreError, numbers, sessions};

impl Store {
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM users");
        Ok(by_name(self.database.read("reading users", all, from_row).await?, |user| &user.name))
    }

    /// With the hash of the password as a PHC string.
    pub async fn user(&self, name: &UserName) -> Result<Option<(User, Option<Secret>)>, StoreError> {
        let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM users WHERE name = ").bind(name.as_str());
        let with_hash = |row: &Row| Ok((from_row(row)?, row.maybe_text("password")?.map(|hash| Secret::new(&hash))));
        Ok(self.database.read("reading a user", one, with_hash).await?.pop())
    }

    /// Adds or changes a user. `password` is the hash of a new password as a PHC string: `None` leaves the old one, a new one closes the
    /// user's sessions.
    pub async fn put_user(
        &self,
        name: &UserName,
        role: Role,
        password: Option<&Secret>,
        now: Timestamp,
        checked: Checked<'_>,
    ) -> Result<UserId, StoreError> {
        let mut work = self.database.work("changing a user").await?;
        checked.begin(&mut work).await?;
        let id = write(&mut work, (name, role), password, now).await?;
        checked.commit(&self.database, work).await?;
        Ok(id)
    }

    /// Removes a user with sessions and invitation. Returns false and writes no audit entry when there is no such user.
    pub async fn drop_user(&self, name: &UserName, checked: Checked<'_>) -> Result<bool, StoreError> {
        let mut work = self.database.work("removing a user").await?;
        checked.begin(&mut work).await?;
        let Some(id) = id_of(&mut work, name).await? else { return Ok(false) };
        // The row first: a transaction that opens a session locks it until the session is written.
        if work.run(Statement::new("DELETE FROM users WHERE id = ").bind(id.0)).await? == 0 {
            return Ok(false);
        }
        sessions::close_all(&mut work, id).await?;
        work.run(Statement::new("DELETE FROM invitations WHERE user_name = ").bind(name.as_str())).await?;
        checked.commit(&self.database, work).await?;
        Ok(true)
    }
}

pub(super) async fn write(
    work: &mut Work,
    (name, role): (&UserName, Role),
    password: Option<&Secret>,
    now: Timestamp,
) -> Result<UserId, StoreError> {
    let new = numbers::of_anything(work).await?;
    let insert = Statement::new("INSERT INTO users (id, name, role, password, created_ms) VALUES (")
        .bind(new)
        .text(", ")
        .bind(name.as_str())
        .text(", ")
        .bind(place_of(&role, &Role::ALL))
        .text(", ")
        .bind(password.map(|hash| hash.expose().to_owned()))
        .text(", ")
        .bind(now.ms())
        .text(
            ") ON CONFLICT (name) DO UPDATE SET role = excluded.role, \
             password = CASE WHEN excluded.password IS NULL THEN users.password ELSE excluded.password END",
        );
    work.run(insert).await?;
    let id = id_of(work, name).await?.ok_or_else(|| StoreError::Damaged(format!("user {name} is missing right after it was written")))?;
    if password.is_some() {
        sessions::close_all(work, id).await?;
    }
    Ok(id)
}

pub(super) async fn find(work: &mut Work, name: &UserName) -> Result<Option<(UserId, Role)>, StoreError> {
    let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM users WHERE name = ").bind(name.as_str());
    let found = work.read(one, from_row).await?.pop();
    Ok(found.map(|user| (user.id, user.role)))
}

async fn id_of(work: &mut Work, name: &UserName) -> Result<Option<UserId>, StoreError> {
    let id = Statement::new("SELECT id FROM users WHERE name = ").bind(name.as_str());
    Ok(work.read(id, |row| row.int(0).map(UserId)).await?.pop())
}
