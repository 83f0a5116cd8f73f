//! API tokens.

use std::time::Duration;

use crate::model::{ApiToken, Digest, Timestamp, TokenId};

use super::database::Row;
use super::statement::sql;
use super::{Checked, Store, StoreError, numbers};

/// How often the last use of a token is written: a program that sends a request every second must not cause a write every second.
const USE_EVERY: Duration = Duration::from_mins(1);

const COLUMNS: &str = "id, name, role, made_by, created_ms, last_used_ms, until_ms";

impl Store {
    pub async fn put_token(&self, digest: &Digest, token: &ApiToken, checked: Checked<'_>) -> Result<TokenId, StoreError> {
        let mut work = self.database.work("adding an API token").await?;
        checked.begin(&mut work).await?;
        let id = numbers::of_anything(&mut work).await?;
        let insert =
            "INSERT INTO api_tokens (id, digest, name, role, made_by, created_ms, last_used_ms, until_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let ApiToken { name, role, made_by, created, last_used, until, .. } = token;
        work.run(sql!(insert, id, digest, name.as_str(), *role, made_by.as_str(), *created, *last_used, *until)).await?;
        checked.commit(&self.database, work).await?;
        Ok(TokenId(id))
    }

    /// Oldest first, including expired ones.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let all = sql!(&format!("SELECT {COLUMNS} FROM api_tokens ORDER BY id"));
        self.database.read("reading API tokens", all, from_row).await
    }

    /// `None` when it has expired. Writes the last use, at most once a minute.
    pub async fn token(&self, digest: &Digest, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        const WHAT: &str = "reading an API token";
        let text = format!("SELECT {COLUMNS} FROM api_tokens WHERE digest = ? AND (until_ms IS NULL OR until_ms > ?)");
        let Some(token) = self.database.read_one(WHAT, sql!(&text, digest, now), from_row).await? else { return Ok(None) };
        if token.last_used.is_some_and(|last| now.since(last) < USE_EVERY) {
            return Ok(Some(token));
        }
        self.database.run(WHAT, sql!("UPDATE api_tokens SET last_used_ms = ? WHERE id = ?", now, token.id)).await?;
        Ok(Some(ApiToken { last_used: Some(now), ..token }))
    }

    /// Returns false and writes no audit entry when there is no such token.
    pub async fn drop_token(&self, id: TokenId, checked: Checked<'_>) -> Result<bool, StoreError> {
        let mut work = self.database.work("removing an API token").await?;
        checked.begin(&mut work).await?;
        if work.run(sql!("DELETE FROM api_tokens WHERE id = ?", id)).await? == 0 {
            return Ok(false);
        }
        checked.commit(&self.database, work).await?;
        Ok(true)
    }
}

fn from_row(row: &Row) -> Result<ApiToken, StoreError> {
    let id: TokenId = row.get("id")?;
    let row = row.of("API token", &id.0);
    Ok(ApiToken {
        id,
        name: row.text("name")?,
        role: row.get("role")?,
        made_by: row.text("made_by")?,
        created: row.get("created_ms")?,
        last_used: row.maybe("last_used_ms")?,
        until: row.maybe("until_ms")?,
    })
}
