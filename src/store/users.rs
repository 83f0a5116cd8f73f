//! Users, with the hashes of their passwords.

use crate::model::{Role, Secret, Timestamp, User, UserId, UserName};

use super::database::{Row, Work};
use super::evidence::{at_place, place_of};
use super::statement::Statement;
use super::{Checked, Store, StoreError, numbers, sessions};

/// In the order of [`from_row`].
pub(super) const COLUMNS: &str = "users.id, users.name, users.role, users.password, users.created_ms, users.last_login_ms";

impl Store {
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM users");
        let mut users = self.database.read("reading users", all, |row| from_row(row, 0)).await?;
        // Sorted here, because the two databases order text differently.
        users.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(users)
    }

    /// With the hash of the password as a PHC string.
    pub async fn user(&self, name: &UserName) -> Result<Option<(User, Option<Secret>)>, StoreError> {
        let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM users WHERE name = ").bind(name.as_str());
        let found =
            self.database.read("reading a user", one, |row| Ok((from_row(row, 0)?, row.maybe_text(3)?.map(|hash| Secret::new(&hash)))));
        Ok(found.await?.pop())
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
    let found = work.read(one, |row| from_row(row, 0)).await?.pop();
    Ok(found.map(|user| (user.id, user.role)))
}

async fn id_of(work: &mut Work, name: &UserName) -> Result<Option<UserId>, StoreError> {
    let id = Statement::new("SELECT id FROM users WHERE name = ").bind(name.as_str());
    Ok(work.read(id, |row| row.int(0).map(UserId)).await?.pop())
}

pub(super) fn from_row(row: &Row, first: usize) -> Result<User, StoreError> {
    let name = row.text(first + 1)?;
    let damaged = |field: &str| StoreError::Damaged(format!("user {name}: its {field} in the database cannot be read"));
    Ok(User {
        id: UserId(row.int(first)?),
        role: role(row.int(first + 2)?).ok_or_else(|| damaged("role"))?,
        has_password: row.maybe_text(first + 3)?.is_some(),
        created: Timestamp::from_ms(row.int(first + 4)?),
        last_login: row.maybe_int(first + 5)?.map(Timestamp::from_ms),
        name: UserName::parse(&name).map_err(|_| damaged("name"))?,
    })
}

pub(super) fn role(place: i64) -> Option<Role> {
    at_place(place, &Role::ALL)
}
