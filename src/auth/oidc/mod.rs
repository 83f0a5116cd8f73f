//! Single sign-on with OpenID Connect.
//! The browser goes to the issuer with three random values ([`Pending`]) and returns with a code; for the code the issuer
//! answers with a signed ID token. Only the browser keeps the random values. The cargo feature `oidc` decides which of the two issuers
//! is compiled: the real one, or one that cannot be created.

use super::secret::{NoRandomBytes, draw};

#[cfg(not(feature = "oidc"))]
mod absent;
#[cfg(feature = "oidc")]
mod issuer;
mod rejection;
#[cfg(feature = "oidc")]
mod wire;

#[cfg(not(feature = "oidc"))]
pub use absent::Issuer;
#[cfg(feature = "oidc")]
pub use issuer::Issuer;
pub use rejection::{RejectionReason, quoted};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("[web.oidc] enables single sign-on, but this program was built without it; build it with `cargo build --release --features oidc`")]
pub struct NotBuiltIn;

/// A started login: values that only the browser that started it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// `state`: returns with the browser, and shows that it is the same one.
    pub state: String,
    /// `nonce`: part of the ID token, and shows that it was issued for this login.
    pub nonce: String,
    /// PKCE: sent with the code; the issuer only saw its digest before, so a stolen code is useless.
    pub verifier: String,
}

impl Pending {
    pub fn draw() -> Result<Self, NoRandomBytes> {
        Ok(Self { state: draw()?, nonce: draw()?, verifier: draw()? })
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending(***)")
    }
}
