//! The proxies that stand between this machine and the world, from the variables that everybody uses for them.

use std::fmt;

use super::{Environment, conceal};

/// Addresses of proxies as they stand in the environment; whoever dials reads them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` addresses.
    pub http: Option<String>,
    /// For `https://` addresses.
    pub https: Option<String>,
    /// For both, where neither of them is set.
    pub all: Option<String>,
    /// Hosts, domains and networks that are reached without a proxy, joined by commas; `*` for all of them.
    pub none: Option<String>,
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; the lower-case name goes first.
    ///
    /// In a CGI program `HTTP_PROXY` is a header of the request (`Proxy:`), written by whoever sent it ("httpoxy"): where
    /// `REQUEST_METHOD` is set, the upper-case name is not read.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let first = |names: &[&str]| environment.first(names).map(str::to_owned);
        let is_cgi = environment.value("REQUEST_METHOD").is_some();
        let http: &[&str] = if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        Self {
            http: first(http),
            https: first(&["https_proxy", "HTTPS_PROXY"]),
            all: first(&["all_proxy", "ALL_PROXY"]),
            none: first(&["no_proxy", "NO_PROXY"]),
        }
    }
}

/// Without passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |address: &Option<String>| address.as_deref().map(conceal);
        f.debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("all", &shown(&self.all))
            .field("none", &self.none)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_goes_first_and_empty_is_unset() {
        let proxies = Proxies::of(&Environment::of([
            ("http_proxy", "http://lower:1"),
            ("HTTP_PROXY", "http://upper:1"),
            ("HTTPS_PROXY", ""),
            ("ALL_PROXY", "socks5://all:1"),
            ("NO_PROXY", "localhost,.internal"),
        ]));
        assert_eq!(proxies.http.as_deref(), Some("http://lower:1"));
        assert_eq!(proxies.https, None);
        assert_eq!(proxies.all.as_deref(), Some("socks5://all:1"));
        assert_eq!(proxies.none.as_deref(), Some("localhost,.internal"));
    }

    #[test]
    fn a_request_header_names_no_proxy() {
        let proxies = Proxies::of(&Environment::of([("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")]));
        assert_eq!(proxies, Proxies::default());
    }

    #[test]
    fn a_proxys_password_is_not_printed() {
        let proxies = Proxies::of(&Environment::of([("http_proxy", "http://me:hunter2@proxy:1")]));
        assert!(!format!("{proxies:?}").contains("hunter2"));
    }
}
