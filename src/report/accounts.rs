//! Users and API tokens as JSON: the same fields in `--json` on the command line and in the API.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ApiToken, Role, User};

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserJson {
    /// The user name, used to log in.
    pub name: String,
    /// The user's role.
    pub role: Role,
    /// Whether the user has set a password.
    pub has_password: bool,
    /// When the user was added.
    pub created: String,
    /// When the user last logged in; null if never.
    pub last_login: Option<String>,
}

impl UserJson {
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            role: user.role,
            has_password: user.has_password,
            created: user.created.to_string(),
            last_login: user.last_login.map(|at| at.to_string()),
        }
    }
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenJson {
    /// The name of the token.
    pub name: String,
    /// The role of the token.
    pub role: Role,
    /// Who created the token.
    pub made_by: String,
    /// When the token was created.
    pub created: String,
    /// When the token was last used, to the minute; null if never.
    pub last_used: Option<String>,
    /// When the token expires; null if never.
    pub until: Option<String>,
}

impl TokenJson {
    #[must_use]
    pub fn of(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role,
            made_by: token.made_by.clone(),
            created: token.created.to_string(),
            last_used: token.last_used.map(|at| at.to_string()),
            until: token.until.map(|at| at.to_string()),
        }
    }
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationJson {
    /// The name of the invited user.
    pub name: String,
    /// The role of the invited user.
    pub role: Role,
    /// The link to set a password. It works once, for a day, and is not shown again.
    pub link: String,
}

/// A new API token.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTokenJson {
    /// The name of the token.
    pub name: String,
    /// The role of the token.
    pub role: Role,
    /// The secret, for the header `Authorization: Bearer hb_...`. It is not shown again.
    pub token: String,
}
