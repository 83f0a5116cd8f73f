//! Rows of users.

use crate::model::{Role, Timestamp, User, UserId, UserName};

use super::StoreError;
use super::database::Row;
use super::error::unreadable;
use super::evidence::at_place;

pub(super) const COLUMNS: &str = "users.id, users.name, users.role, users.password, users.created_ms, users.last_login_ms";

pub(super) fn from_row(row: &Row) -> Result<User, StoreError> {
    let name = row.text("name")?;
    let damaged = |field: &str| unreadable("user", &name, field);
    Ok(User {
        id: UserId(row.int("id")?),
        role: at_place(row.int("role")?, &Role::ALL).ok_or_else(|| damaged("role"))?,
        has_password: row.maybe_text("password")?.is_some(),
        created: Timestamp::from_ms(row.int("created_ms")?),
        last_login: row.maybe_int("last_login_ms")?.map(Timestamp::from_ms),
        name: UserName::parse(&name).map_err(|_| damaged("name"))?,
    })
}
