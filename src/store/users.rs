//! Users, with the hashes of their passwords.

use crate::model::{Role, Secret, Timestamp, User, UserId, UserName};

use super::database::{Row, Work};
use super::names::by_name;
use super::statement::sql;
use super::user_rows::{COLUMNS, from_row};
use super::{Checked, Store, StoreError, numbers, sessions};

impl Store {
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let all = sql!(&format!("SELECT {COLUMNS} FROM users"));
        Ok(by_name(self.database.read("reading users", all, from_row).await?, |user| &user.name))
    }

    /// With the hash of the password as a PHC string.
    pub async fn user(&self, name: &UserName) -> Result<Option<(User, Option<Secret>)>, StoreError> {
        let one = sql!(&format!("SELECT {COLUMNS} FROM users WHERE name = ?"), name.as_str());
        let with_hash = |row: &Row| Ok((from_row(row)?, row.maybe_text("password")?.map(|hash| Secret::new(&hash))));
        self.database.read_one("reading a user", one, with_hash).await
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
        let Some((id, _)) = find(&mut work, name).await? else { return Ok(false) };
        // The row first: a transaction that opens a session locks it until the session is written.
        if work.run(sql!("DELETE FROM users WHERE id = ?", id)).await? == 0 {
            return Ok(false);
        }
        sessions::close_all(&mut work, id).await?;
        work.run(sql!("DELETE FROM invitations WHERE user_name = ?", name.as_str())).await?;
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
    let put = "INSERT INTO users (id, name, role, password, created_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE \
               SET role = excluded.role, password = COALESCE(excluded.password, users.password)";
    work.run(sql!(put, new, name.as_str(), role, password.map(Secret::expose), now)).await?;
    let (id, _) =
        find(work, name).await?.ok_or_else(|| StoreError::Damaged(format!("user {name} is missing right after it was written")))?;
    if password.is_some() {
        sessions::close_all(work, id).await?;
    }
    Ok(id)
}

pub(super) async fn find(work: &mut Work, name: &UserName) -> Result<Option<(UserId, Role)>, StoreError> {
    let one = sql!("SELECT id, role FROM users WHERE name = ?", name.as_str());
    work.read_one(one, |row| Ok((row.get(0)?, row.of("user", name).get(1)?))).await
}
