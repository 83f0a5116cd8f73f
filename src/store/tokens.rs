//! API tokens.

use std::time::Duration;

use crate::model::{ApiToken, Digest, Role, Timestamp, TokenId};

use super::database::Row;
use super::error::unreadable;
use super::evidence::{at_place, place_of};
use super::statement::Statement;
use super::{Checked, Store, StoreError, numbers};

/// How often the last use of a token is written: a program that sends a request every second must not cause a write every second.
const USE_EVERY: Duration = Duration::from_mins(1);

const COLUMNS: &str = "id, name, role, made_by, created_ms, last_used_ms, until_ms";

impl Store {
    pub async fn put_token(&self, digest: &Digest, token: &ApiToken, checked: Checked<'_>) -> Result<TokenId, StoreError> {
        let mut work = self.database.work("adding an API token").await?;
        checked.begin(&mut work).await?;
        let id = numbers::of_anything(&mut work).await?;
        let row = [
            id.into(),
            digest.into(),
            token.name.as_str().into(),
            place_of(&token.role, &Role::ALL).into(),
            token.made_by.as_str().into(),
            token.created.ms().into(),
            token.last_used.map(Timestamp::ms).into(),
            token.until.map(Timestamp::ms).into(),
        ];
        let insert = Statement::new("INSERT INTO api_tokens (id, digest, name, role, made_by, created_ms, last_used_ms, until_ms) VALUES ");
        work.run(insert.rows([row])).await?;
        checked.commit(&self.database, work).await?;
        Ok(TokenId(id))
    }

    /// Oldest first, including expired ones.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM api_tokens ORDER BY id");
        self.database.read("reading API tokens", all, from_row).await
    }

    /// `None` when it has expired. Writes the last use, at most once a minute.
    pub async fn token(&self, digest: &Digest, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        const WHAT: &str = "reading an API token";
        let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM api_tokens WHERE digest = ").bind(digest);
        let one = one.text(" AND (until_ms IS NULL OR until_ms > ").bind(now.ms()).text(")");
        let Some(token) = self.database.read(WHAT, one, from_row).await?.pop() else { return Ok(None) };
        if token.last_used.is_some_and(|last| now.since(last) < USE_EVERY) {
            return Ok(Some(token));
        }
        let mut work = self.database.work(WHAT).await?;
        work.run(Statement::new("UPDATE api_tokens SET last_used_ms = ").bind(now.ms()).text(" WHERE id = ").bind(token.id.0)).await?;
        work.commit().await?;
        Ok(Some(ApiToken { last_used: Some(now), ..token }))
    }

    /// Returns false and writes no audit entry when there is no such token.
    pub async fn drop_token(&self, id: TokenId, checked: Checked<'_>) -> Result<bool, StoreError> {
        let mut work = self.database.work("removing an API token").await?;
        checked.begin(&mut work).await?;
        if work.run(Statement::new("DELETE FROM api_tokens WHERE id = ").bind(id.0)).await? == 0 {
            return Ok(false);
        }
        checked.commit(&self.database, work).await?;
        Ok(true)
    }
}

fn from_row(row: &Row) -> Result<ApiToken, StoreError> {
    let id = TokenId(row.int("id")?);
    let at = |column: &str| -> Result<Option<Timestamp>, StoreError> { Ok(row.maybe_int(column)?.map(Timestamp::from_ms)) };
    Ok(ApiToken {
        id,
        name: row.text("name")?,
        role: at_place(row.int("role")?, &Role::ALL).ok_or_else(|| unreadable("API token", &id.0, "role"))?,
        made_by: row.text("made_by")?,
        created: Timestamp::from_ms(row.int("created_ms")?),
        last_used: at("last_used_ms")?,
        until: at("until_ms")?,
    })
}
