//! Secrets other than PostHog's keys: addresses that grant access to anyone who knows them, and credentials of channels.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Invalid;

/// A secret text, which prints as `***`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The text in clear: only for the request that needs it, and for encryption.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks the login in an address for unencoded characters. `/`, `?` and `#` end the host part, so that the rest would be read, and shown, as host,
/// path or query. The error does not quote the text.
pub fn check_login(address: &str) -> Result<(), Invalid> {
    let behind = address.split_once("://").map_or(address, |(_, behind)| behind);
    let login_and_host = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    if !behind[login_and_host..].contains('@') {
        return Ok(());
    }
    Err(Invalid::unquoted(
        "contains an `@` after its host: in a user name or password, percent-encode / as %2F, ? as %3F, # as %23, @ as %40 and % as %25",
    ))
}

/// An http(s) address whose path or query is a secret: only protocol and host are ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Secret);

impl SecretUrl {
    /// Reads an http or https address. Errors do not quote the text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(Secret::new(text))),
            Ok(url) => Err(Invalid::unquoted(format!("is an address with `{}`, but must be http or https", url.scheme()))),
            Err(_) if text.is_empty() => Err(Invalid::Empty("give an address such as `https://example.com/hook`")),
            Err(_) if !text.contains("://") => Err(Invalid::unquoted("has no protocol; begin it with `https://`")),
            Err(wrong) => Err(Invalid::unquoted(format!("is not an address: {wrong}"))),
        }
    }

    /// The address in clear: only for the request, and for encryption.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// `https://hooks.example.com/***`
impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Url::parse(self.expose()).map(|url| url.origin().ascii_serialization());
        write!(f, "{}/***", origin.as_deref().unwrap_or("***"))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
