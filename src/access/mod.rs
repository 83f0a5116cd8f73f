//! Access: who may do what. Passwords, invitations, sessions, API tokens.
//!
//! Takes names and secrets, gives users and tokens, or says no. Secrets are drawn here and nowhere else; what is kept of them is a
//! hash. Knows nothing of cookies, headers and pages.

mod accounts;
mod door;
mod password;
mod secret;

pub use accounts::{AccountError, Accounts, token_name};
pub use door::{Door, INVITATION_LASTS, SESSION_LASTS, TOKEN_PREFIX, deed};
pub use password::{PasswordError, check as check_password};
pub use secret::draw;
