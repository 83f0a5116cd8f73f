//! Sessions of logged-in users. Expired ones are deleted when another one is opened.

use crate::model::{Digest, Session, Timestamp, UserId};

use super::database::{Row, Work};
use super::statement::sql;
use super::{Store, StoreError, user_rows};

impl Store {
    /// Sets the user's last login to `now`. A user that was removed meanwhile gets no session.
    pub async fn open_session(
        &self,
        digest: &Digest,
        user: UserId,
        now: Timestamp,
        until: Timestamp,
        by_proxy: bool,
    ) -> Result<(), StoreError> {
        let mut work = self.database.work("opening a session").await?;
        if work.run(sql!("UPDATE users SET last_login_ms = ? WHERE id = ?", now, user)).await? == 0 {
            return Ok(());
        }
        work.run(sql!("DELETE FROM sessions WHERE until_ms <= ?", now)).await?;
        let insert = "INSERT INTO sessions (digest, user_id, opened_ms, last_used_ms, until_ms, by_proxy) VALUES (?, ?, ?, ?, ?, ?)";
        work.run(sql!(insert, digest, user, now, now, until, by_proxy)).await?;
        work.commit().await
    }

    /// The session with its current user; `None` when it has expired.
    pub async fn session(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let text = format!(
            "SELECT {}, opened_ms, last_used_ms, until_ms, by_proxy FROM sessions JOIN users ON users.id = sessions.user_id \
             WHERE digest = ? AND until_ms > ?",
            user_rows::COLUMNS
        );
        let session = |row: &Row| {
            Ok(Session {
                digest: *digest,
                user: user_rows::from_row(row)?,
                opened: row.get("opened_ms")?,
                last_used: row.get("last_used_ms")?,
                until: row.get("until_ms")?,
                by_proxy: row.get("by_proxy")?,
            })
        };
        self.database.read_one("reading a session", sql!(&text, digest, now), session).await
    }

    /// Sets the last use and extends the session. An expired session stays expired.
    pub async fn use_session(&self, digest: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        let extend = sql!("UPDATE sessions SET last_used_ms = ?, until_ms = ? WHERE digest = ? AND until_ms > ?", now, until, digest, now);
        self.database.run("extending a session", extend).await.map(drop)
    }

    pub async fn close_session(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut work = self.database.work("closing a session").await?;
        work.run(sql!("DELETE FROM sessions WHERE digest = ?", digest)).await?;
        self.database.persist(work).await
    }
}

pub(super) async fn close_all(work: &mut Work, user: UserId) -> Result<(), StoreError> {
    work.run(sql!("DELETE FROM sessions WHERE user_id = ?", user)).await.map(drop)
}
