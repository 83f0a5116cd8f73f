//! Authentication: passwords, invitations, sessions, API tokens, single sign-on.
//! Secrets are created only here, and only their hashes are stored. Independent of cookies and headers; talks to the issuer in `oidc`.

mod accounts;
mod authenticator;
pub mod oidc;
mod password;
mod secret;

pub use accounts::{AccountError, Accounts};
pub use authenticator::{Authenticator, INVITATION_LASTS, SESSION_LASTS, audit_entry};
pub use password::{PasswordError, check as check_password};
pub use secret::{NoRandomBytes, draw};
