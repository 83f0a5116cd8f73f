//! The proxies from the standard environment variables.

use crate::model::Proxies;

use super::Environment;

/// The lower-case name takes precedence. In a CGI program the sender of a request controls `HTTP_PROXY` (header `Proxy:`, "httpoxy"), so
/// the upper-case name is ignored if `REQUEST_METHOD` is set.
#[must_use]
pub fn proxies(environment: &Environment) -> Proxies {
    let first = |names: &[&str]| environment.first(names).map(str::to_owned);
    let is_cgi = environment.value("REQUEST_METHOD").is_some();
    let http: &[&str] = if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
    Proxies {
        http: first(http),
        https: first(&["https_proxy", "HTTPS_PROXY"]),
        all: first(&["all_proxy", "ALL_PROXY"]),
        none: first(&["no_proxy", "NO_PROXY"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_goes_first_and_empty_is_unset() {
        let proxies = proxies(&Environment::of([
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
        let proxies = proxies(&Environment::of([("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")]));
        assert_eq!(proxies, Proxies::default());
    }

    #[test]
    fn a_proxys_password_is_not_printed() {
        let proxies = proxies(&Environment::of([("http_proxy", "http://me:hunter2@proxy:1")]));
        assert!(!format!("{proxies:?}").contains("hunter2"));
    }
}
