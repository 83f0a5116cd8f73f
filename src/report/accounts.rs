//! Users and API tokens, for programs: the same fields in `--json` of the command line and in the answers of the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{ApiToken, Role, User};

/// What somebody may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// See everything but secrets.
    Viewer,
    /// Change everything as well.
    Editor,
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Editor => Self::Editor,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Editor => Self::Editor,
        }
    }
}

/// A user of the page.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserJson {
    /// Under which they log in.
    pub name: String,
    /// What they may do.
    pub role: RoleName,
    /// Whether they set one.
    pub has_password: bool,
    /// When they were added.
    pub created: String,
    /// When they came in last; null where they never did.
    pub last_login: Option<String>,
}

impl UserJson {
    /// What is told of a user.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            role: user.role.into(),
            has_password: user.has_password,
            created: user.created.to_string(),
            last_login: user.last_login.map(|at| at.to_string()),
        }
    }
}

/// An API token, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenJson {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: RoleName,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub created: String,
    /// When a program showed it last, to the minute; null where none did.
    pub last_used: Option<String>,
    /// When it ends to hold; null where it holds until it is removed.
    pub until: Option<String>,
}

impl TokenJson {
    /// What is told of a token.
    #[must_use]
    pub fn of(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.into(),
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
    /// Of this user.
    pub name: String,
    /// What they may do.
    pub role: RoleName,
    /// Where a password is set: good once, within a day. It is not given again.
    pub link: String,
}

/// An API token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTokenJson {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: RoleName,
    /// What a program shows: `Authorization: Bearer hb_...`. It is not given again.
    pub token: String,
}
