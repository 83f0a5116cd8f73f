//! Users and API tokens from pages and API requests.

use crate::auth::{AccountError, Accounts, token_name};
use crate::config::rules;
use crate::config::{Problem, Problems};
use crate::model::{Invalid, Role, UserName};

use super::error::WebError;

/// An invalid name is reported as not found: no user can have it.
pub(super) fn user_named(text: &str) -> Result<UserName, WebError> {
    UserName::parse(text).map_err(|_| WebError::no("user", text))
}

/// An API token to create, as texts that are not validated yet.
#[derive(Debug, Clone)]
pub(super) struct NewToken {
    pub(super) name: String,
    pub(super) role: String,
    /// For example `90d`; none: the token never expires.
    pub(super) lasts: Option<String>,
}

impl NewToken {
    pub(super) async fn make(&self, accounts: &Accounts<'_>) -> Result<String, WebError> {
        let mut problems = Vec::new();
        let name = token_name(&self.name).map_err(|wrong| problems.push(Problem::of("name", wrong))).ok();
        let role = Role::named(&self.role);
        if role.is_none() {
            problems.push(Problem::of("role", Invalid::unquoted("must be `viewer` or `editor`")));
        }
        let lasts = self.lasts.as_deref().map(rules::token_lasts).transpose();
        let lasts = lasts.map_err(|wrong| problems.push(Problem::of("lasts", wrong))).ok().flatten();
        match (name, role) {
            (Some(name), Some(role)) if problems.is_empty() => Ok(accounts.make_token(&name, role, lasts).await?),
            _ => Err(WebError::Unfit(Problems::of(problems))),
        }
    }
}

impl From<AccountError> for WebError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NoUser(_) | AccountError::NoToken(_) => Self::NotFound(error.to_string()),
            AccountError::LastWriter(_) | AccountError::Busy => Self::Conflict(error.to_string()),
            AccountError::TokenTaken(_) => Self::unfit_whole("name", error),
            AccountError::Changed => Self::Stale(error.to_string()),
            AccountError::Store(error) => Self::Store(error),
        }
    }
}
