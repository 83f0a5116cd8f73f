//! Users and API tokens from pages and API requests.

use crate::auth::AccountError;
use crate::model::UserName;

use super::error::WebError;

/// An invalid name is reported as not found: no user can have it.
pub(super) fn user_named(text: &str) -> Result<UserName, WebError> {
    UserName::parse(text).map_err(|_| WebError::no("user", text))
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
