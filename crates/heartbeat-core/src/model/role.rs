//! Who may do what: users, their sessions, API tokens and invitations. Of every secret text here only a digest is kept, or the hash of a password.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Timestamp;

/// What somebody may do. Who may write may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// See everything but secrets.
    Viewer,
    /// Change everything.
    Editor,
}

impl Role {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Editor];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The store's number of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// Why a text cannot name a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be a user's name: use 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`, `@` and `+`, a letter or digit first")]
pub struct UserNameError(String);

/// By what a user logs in; an e-mail address can be one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`UserNameError`] when it cannot be one.
    pub fn parse(text: &str) -> Result<Self, UserNameError> {
        let mut bytes = text.bytes();
        let starts = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte));
        if starts && goes_on && text.len() <= 64 { Ok(Self(text.to_owned())) } else { Err(UserNameError(text.chars().take(80).collect())) }
    }

    /// The name.
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

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// By what it logs in.
    pub name: UserName,
    /// What it may do.
    pub role: Role,
    /// Whether it can log in by a password; one that a proxy vouches for needs none.
    pub has_password: bool,
    /// When it was added.
    pub created: Timestamp,
    /// When a session of it was last opened.
    pub last_login: Option<Timestamp>,
}

/// The SHA-256 of a secret text that was drawn from very many: the only form in which the tokens of sessions, of the API and of invitations are
/// kept. Whoever reads the database cannot use it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of this text.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// From what [`Digest::as_bytes`] gave.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
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

/// A browser in which somebody has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of its token.
    pub digest: Digest,
    /// Whose, as of now.
    pub user: User,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was last used, as far as that was written.
    pub last_used: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// Whether a proxy said who it is: then no password was asked for.
    pub by_proxy: bool,
}

/// The store's number of an API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i64);

/// What a program shows to be let in. The token's text is known to nobody but its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: TokenId,
    /// By what people know it.
    pub name: String,
    /// What it lets in to.
    pub role: Role,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// When it is over; none: never.
    pub until: Option<Timestamp>,
}

/// A link that works once: whoever opens it sets a user's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Whose password; none for somebody who is no user yet, and names himself.
    pub user: Option<UserName>,
    /// What a new user may do.
    pub role: Role,
    /// When it is over.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_write_may_read() {
        assert!(Role::Editor >= Role::Viewer);
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
        }
        assert_eq!(Role::named("admin"), None);
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
        assert!(said.starts_with("`ann b` cannot be a user's name"), "{said}");
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
