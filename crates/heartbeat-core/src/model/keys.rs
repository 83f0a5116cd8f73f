//! The two keys that people mix up: the project token that sends, and the personal API key that reads.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// Why a text is not the key that was asked for. Never quotes the text: it may be a secret that landed in the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// `phx_...` where `phc_...` belongs.
    #[error("is a personal API key (phx_...); here belongs the project token (phc_...), from Settings > Project > General")]
    PersonalForProject,
    /// `phc_...` where `phx_...` belongs.
    #[error(
        "is a project token (phc_...); here belongs a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys"
    )]
    ProjectForPersonal,
    /// `phs_...`, which cannot send.
    #[error(
        "is a project secret key (phs_...), which cannot send events; here belongs the project token (phc_...), from Settings > Project > General"
    )]
    ProjectSecret,
    /// Capture answers 401 to such a token.
    #[error("is over 64 bytes long; PostHog takes no such token")]
    TooLong,
    /// White space, control or non-ASCII characters.
    #[error("holds a character that no PostHog key has (white space, control or not ASCII)")]
    Characters,
}

/// The project token (`phc_...`): it says into which project an event goes. Public: every visitor's browser sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectToken(String);

impl ProjectToken {
    /// Reads a token. One without `phc_` is taken: old self-hosted projects have such.
    ///
    /// # Errors
    /// [`KeyError`]: the same texts to which capture answers 401 (no token, `phx_...`, over 64 bytes, not ASCII).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        match text {
            "" => Err(KeyError::Empty),
            _ if text.starts_with("phx_") || text.starts_with("pha_") => Err(KeyError::PersonalForProject),
            _ if text.starts_with("phs_") => Err(KeyError::ProjectSecret),
            _ if text.len() > 64 => Err(KeyError::TooLong),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeyError::Characters),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The token as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A personal API key (`phx_...`): it reads. A secret: it prints as `phx_***`, whoever prints it.
#[derive(Clone)]
pub struct PersonalKey(SecretString);

impl PersonalKey {
    /// Reads a key. One without `phx_` is taken: keys made before the prefix are still in use, and other kinds may query as well
    /// ([`PersonalKey::warning`]).
    ///
    /// # Errors
    /// [`KeyError`] when it is empty, another kind of key, or cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        match text {
            "" => Err(KeyError::Empty),
            _ if text.starts_with("phc_") => Err(KeyError::ProjectForPersonal),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeyError::Characters),
            _ => Ok(Self(SecretString::from(text))),
        }
    }

    /// Whether it is a project secret key (`phs_...`): it belongs to one project, and to no person.
    #[must_use]
    pub fn is_of_project(&self) -> bool {
        self.expose().starts_with("phs_")
    }

    /// What to know of a key of its kind, as a sentence without a full stop; none of a personal API key.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        match self.expose().get(..4) {
            Some("phs_") => Some(
                "it is a project secret key (phs_...): not every PostHog lets one run queries; a personal API key (phx_...) is the safe choice",
            ),
            Some("pha_") => Some(
                "it is an OAuth access token (pha_...), which expires: beats are not read back any more when it does; use a personal API key (phx_...)",
            ),
            _ => None,
        }
    }

    /// The key itself: for the header of a query, and for sealing. Nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for PersonalKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PersonalKey {}

impl fmt::Debug for PersonalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("phx_***")
    }
}
