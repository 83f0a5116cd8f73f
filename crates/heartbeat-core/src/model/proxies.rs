//! The proxies that stand between this machine and the world.

use std::fmt;

/// The proxies, as the environment's variables name them. They hold for every address that [`Proxies::none`] does not
/// name, loopback included, as curl has it. Whoever dials reads them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTP_PROXY`: for `http://` addresses.
    pub http: Option<String>,
    /// `HTTPS_PROXY`: for `https://` addresses.
    pub https: Option<String>,
    /// `ALL_PROXY`: for those of the two that are not set.
    pub all: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks that are reached directly, joined by commas; `*` for all of them.
    pub none: Option<String>,
}

/// Says which are set, and never to what: a proxy's address may hold a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| if value.is_some() { "set" } else { "not set" };
        f.debug_struct("Proxies")
            .field("http", &said(&self.http))
            .field("https", &said(&self.https))
            .field("all", &said(&self.all))
            .field("none", &self.none)
            .finish()
    }
}
