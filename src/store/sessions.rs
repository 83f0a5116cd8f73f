//! Sessions of logged-in users. Expired ones are deleted when another one is opened.

use crate::model::{Digest, Session, Timestamp, UserId};

use super::database::Work;
use super::statement::Statement;
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
        let login = Statement::new("UPDATE users SET last_login_ms = ").bind(now.ms()).text(" WHERE id = ").bind(user.0);
        if work.run(login).await? == 0 {
            return Ok(());
        }
        work.run(Statement::new("DELETE FROM sessions WHERE until_ms <= ").bind(now.ms())).await?;
        let row = [digest.into(), user.0.into(), now.ms().into(), now.ms().into(), until.ms().into(), i64::from(by_proxy).into()];
        let insert = Statement::new("INSERT INTO sessions (digest, user_id, opened_ms, last_used_ms, until_ms, by_proxy) VALUES ");
        work.run(insert.rows([row])).await?;
        work.commit().await
    }

    /// The session with its current user; `None` when it has expired.
    pub async fn session(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let statement = Statement::new("SELECT ")
            .text(user_rows::COLUMNS)
            .text(", opened_ms, last_used_ms, until_ms, by_proxy FROM sessions JOIN users ON users.id = sessions.user_id WHERE digest = ")
            .bind(digest)
            .text(" AND until_ms > ")
            .bind(now.ms());
        let found = self.database.read("reading a session", statement, |row| {
            let at = |column: &str| -> Result<Timestamp, StoreError> { Ok(Timestamp::from_ms(row.int(column)?)) };
            let (opened, last_used, until) = (at("opened_ms")?, at("last_used_ms")?, at("until_ms")?);
            Ok(Session { digest: *digest, user: user_rows::from_row(row)?, opened, last_used, until, by_proxy: row.int("by_proxy")? != 0 })
        });
        Ok(found.await?.pop())
    }

    /// Sets the last use and extends the session. An expired session stays expired.
    pub async fn use_session(&self, digest: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        let mut work = self.database.work("extending a session").await?;
        let statement = Statement::new("UPDATE sessions SET last_used_ms = ")
            .bind(now.ms())
            .text(", until_ms = ")
            .bind(until.ms())
            .text(" WHERE digest = ")
            .bind(digest)
            .text(" AND until_ms > ")
            .bind(now.ms());
        work.run(statement).await?;
        work.commit().await
    }

    pub async fn close_session(&self, digest: &Digest) -> Result<(), StoreError> {
        const WHAT: &str = "closing a session";
        let mut work = self.database.work(WHAT).await?;
        work.run(Statement::new("DELETE FROM sessions WHERE digest = ").bind(digest)).await?;
        work.commit().await?;
        self.database.persist(WHAT).await
    }
}

pub(super) async fn close_all(work: &mut Work, user: UserId) -> Result<(), StoreError> {
    work.run(Statement::new("DELETE FROM sessions WHERE user_id = ").bind(user.0)).await.map(drop)
}
