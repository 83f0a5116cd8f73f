//! Access: who may do what. Passwords, invitations, sessions, API tokens, single sign-on.
//!
//! Takes names and secrets, gives users and tokens, or says no. Of single sign-on it speaks to the issuer (`oidc`). Secrets are drawn here
//! and nowhere else; what is kept of them is a hash. Knows nothing of cookies, headers and pages.

mod accounts;
mod authenticator;
pub mod oidc;
mod password;
mod secret;

pub use accounts::{AccountError, Accounts, token_name};
pub use authenticator::{Authenticator, INVITATION_LASTS, SESSION_LASTS, TOKEN_PREFIX, audit_entry};
pub use password::{PasswordError, check as check_password};
pub use secret::draw;
