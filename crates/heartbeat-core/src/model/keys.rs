//! The two keys that are often confused: the project token, which sends, and the personal API key, which reads.

use std::fmt;

use super::Secret;

/// Why a text is not the expected key. It does not quote the text, which may be a secret in the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("is empty")]
    Empty,
    #[error("is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General")]
    PersonalForProject,
    #[error("is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys")]
    ProjectForPersonal,
    #[error(
        "is a project secret key (phs_...), which cannot send events; give the project token (phc_...), from Settings > Project > General"
    )]
    ProjectSecret,
    /// Capture answers 401 to such a token.
    #[error("is over 64 bytes long; PostHog accepts no such token")]
    TooLong,
    #[error("contains a character that no PostHog key has (white space, control or not ASCII)")]
    Characters,
}

/// The project token (`phc_...`): identifies the project of an event. It is public: every visitor's browser sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectToken(String);

impl ProjectToken {
    /// Reads a token. One without `phc_` is accepted, because old self-hosted projects have them. Rejects what capture answers with 401: no token,
    /// `phx_...`, over 64 bytes, not ASCII.
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

/// A personal API key (`phx_...`), which reads. It prints as `phx_***`.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalKey(Secret);

impl PersonalKey {
    /// Reads a key. One without `phx_` is accepted: keys older than the prefix are still in use, and other kinds may query as well
    /// ([`PersonalKey::warning`]).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        match text {
            "" => Err(KeyError::Empty),
            _ if text.starts_with("phc_") => Err(KeyError::ProjectForPersonal),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeyError::Characters),
            _ => Ok(Self(Secret::new(text))),
        }
    }

    /// Whether it is a project secret key (`phs_...`): it belongs to one project, and to no user.
    #[must_use]
    pub fn is_of_project(&self) -> bool {
        self.expose().starts_with("phs_")
    }

    /// A warning about a key of its kind, as a sentence without a full stop; none for a personal API key.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        match self.expose().get(..4) {
            Some("phs_") => Some(
                "it is a project secret key (phs_...): not every PostHog lets one run queries; a personal API key (phx_...) is the safe choice",
            ),
            Some("pha_") => Some(
                "it is an OAuth access token (pha_...), which expires: after that, beats are no longer read back; use a personal API key (phx_...)",
            ),
            _ => None,
        }
    }

    /// The key in clear: only for the header of a query, and for encryption.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for PersonalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("phx_***")
    }
}
