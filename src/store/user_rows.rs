//! Rows of users.

use crate::model::{User, UserName};

use super::StoreError;
use super::database::Row;

pub(super) const COLUMNS: &str = "users.id, users.name, users.role, users.password, users.created_ms, users.last_login_ms";

pub(super) fn from_row(row: &Row) -> Result<User, StoreError> {
    let name = row.text("name")?;
    let row = row.of("user", &name);
    Ok(User {
        id: row.get("id")?,
        role: row.get("role")?,
        has_password: row.maybe_text("password")?.is_some(),
        created: row.get("created_ms")?,
        last_login: row.maybe("last_login_ms")?,
        name: row.parsed("name", UserName::parse(&name).ok())?,
    })
}
