//! The forward proxies between this machine and the network.

use std::fmt;

/// The proxies from the environment's variables. As in curl, they are used for every address that `NO_PROXY` does not exclude, including loopback.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTP_PROXY`: for `http://` addresses.
    pub http: Option<String>,
    /// `HTTPS_PROXY`: for `https://` addresses.
    pub https: Option<String>,
    /// `ALL_PROXY`: for `http` or `https` if that one is not set.
    pub all: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks that are reached directly, separated by commas; `*` for all of them.
    pub none: Option<String>,
}

/// Shows only which are set: a proxy's address may contain a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |value: &Option<String>| if value.is_some() { "set" } else { "not set" };
        f.debug_struct("Proxies")
            .field("http", &state(&self.http))
            .field("https", &state(&self.https))
            .field("all", &state(&self.all))
            .field("none", &self.none)
            .finish()
    }
}
