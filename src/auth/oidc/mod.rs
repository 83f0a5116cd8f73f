//! Single sign-on: an issuer (OpenID Connect) is asked who somebody is.
//!
//! The browser is sent to the issuer with three things that were drawn ([`Pending`]), and comes back with a code; for that the issuer
//! tells us who it is, signed. What is drawn is kept by the browser alone. The cargo feature `oidc` decides which of the two issuers
//! there is: the one that asks, or the one that cannot be made.

use super::secret::draw;

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

/// This program cannot do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("[web.oidc] asks for single sign-on, and this program was built without it; build it with `cargo build --release --features oidc`")]
pub struct NotBuiltIn;

/// A login that has begun: what only the browser that began it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// Comes back with the browser: shows that it is the same one.
    pub state: String,
    /// Comes back inside the ID token: shows that the token was made for this login.
    pub nonce: String,
    /// Is shown with the code: of it the issuer has seen the digest alone (PKCE), so that the code is worth nothing to others.
    pub verifier: String,
}

impl Pending {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes; the words say so.
    pub fn draw() -> Result<Self, String> {
        Ok(Self { state: draw()?, nonce: draw()?, verifier: draw()? })
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending(***)")
    }
}
