//! Users, sessions, API tokens and invitations. Secrets are stored only as digests, passwords as hashes.

use std::fmt;

use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::plain_name::plain_name;
use super::{Invalid, Timestamp, named_enum};

named_enum! {
    /// A role: an editor can do everything a viewer can.
    // The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
    #[schema(as = RoleName)]
    pub serde enum Role {
        Viewer = "viewer",
        Editor = "editor",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

impl Role {
    pub const NAMES: [&'static str; Self::ALL.len()] = [Self::Viewer.name(), Self::Editor.name()];

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::named(text.trim()).ok_or_else(|| Invalid::choice(text, &Self::NAMES))
    }
}

/// The login name; an e-mail address is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        plain_name(text, &['.', '_', '-', '@', '+']).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: UserName,
    pub role: Role,
    /// A user who is authenticated by a proxy or an issuer needs no password.
    pub has_password: bool,
    pub created: Timestamp,
    pub last_login: Option<Timestamp>,
}

/// The SHA-256 of a random secret: the only stored form of session tokens, API tokens and invitations. A reader of the database cannot use it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Reads [`Digest::as_bytes`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(***)")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub digest: Digest,
    pub user: User,
    pub opened: Timestamp,
    /// Written with a delay.
    pub last_used: Timestamp,
    pub until: Timestamp,
    /// Whether a proxy authenticated the user without a password.
    pub by_proxy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i64);

/// A token that authenticates a program. Only its holder knows the token's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub made_by: String,
    pub created: Timestamp,
    /// Accurate to the minute.
    pub last_used: Option<Timestamp>,
    /// When it expires; none means never.
    pub until: Option<Timestamp>,
}

impl ApiToken {
    /// Lets secret scanners and readers recognize a token.
    pub const PREFIX: &str = "hb_";
}

/// A link that works once and sets a user's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// None for a new user, who chooses a name.
    pub user: Option<UserName>,
    pub role: Role,
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_write_may_read() {
        assert!(Role::Editor >= Role::Viewer);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Ok(role));
        }
        assert_eq!(Role::parse("admin").unwrap_err().code(), "unknown_choice");
    }

    #[test]
    fn an_address_is_a_name_and_a_sentence_is_none() {
        for good in ["ann", "7", "ann.b+c@example.com", "A_-"] {
            assert_eq!(UserName::parse(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(65);
        for bad in ["", ".ann", "@ann", "ann b", "änn", "ann\n", "a/b", long.as_str()] {
            assert!(UserName::parse(bad).is_err(), "{bad}");
        }
        let said = UserName::parse("ann b").unwrap_err().to_string();
        assert!(said.starts_with("`ann b` may only contain letters"), "{said}");
    }

    #[test]
    fn a_digest_is_the_sha_256_of_its_text_and_shows_nothing() {
        let digest = Digest::of("abc");
        assert_eq!(digest.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(format!("{digest:?}"), "Digest(***)");
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
        assert_ne!(Digest::of("abd"), digest);
    }
}
