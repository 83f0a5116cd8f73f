//! Reads where a redirect leads, and what to set instead. Redirects are not followed: PostHog's own libraries would lose events there.

use url::Url;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// The same address with or without the trailing slash. A proxy behind a TLS terminator names its own scheme and port: they are ignored.
    Slash {
        adds: bool,
    },
    /// The same over https, with the new host.
    Https(String),
    /// The same path at another address of the same site, with the new host.
    Host(String),
    Itself,
    /// Another site: it is named but not recommended, because anyone who can answer could name it.
    OtherSite(String),
    Elsewhere(String),
    Nowhere,
}

/// Reads the `Location` of an answer to a request for `base` followed by `path`.
pub(super) fn read(base: &str, path: &str, location: Option<&str>) -> Redirect {
    let Some(location) = location else { return Redirect::Nowhere };
    let asked = format!("{base}{path}");
    let (Ok(asked), Ok(to)) = (Url::parse(&asked), Url::parse(&asked).and_then(|asked| asked.join(location))) else {
        return Redirect::Elsewhere(location.chars().take(200).collect());
    };
    let path_of = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let same_host = asked.host_str() == to.host_str();
    if asked == to {
        return Redirect::Itself;
    }
    // For the read API only the beginning of the path is known.
    if path == "/api/" && same_host && (asked.scheme(), to.scheme()) == ("http", "https") && to.path().starts_with(asked.path()) {
        let mut host = to.clone();
        host.set_path(asked.path());
        return Redirect::Https(host_before(&host, path));
    }
    if same_host && path_of(&asked) == path_of(&to) {
        let slash_differs = asked.path() != to.path();
        return match (slash_differs, asked.scheme(), to.scheme()) {
            (true, ..) => Redirect::Slash { adds: to.path().ends_with('/') },
            (false, "http", "https") => Redirect::Https(host_before(&to, path)),
            // From https to http events would be sent unencrypted.
            (false, "https", "http") => Redirect::Elsewhere(without_query(&to)),
            _ => Redirect::Host(host_before(&to, path)),
        };
    }
    let keeps_path = path_of(&to).ends_with(path.trim_end_matches('/'));
    match (same_site(&asked, &to), keeps_path) {
        (true, true) => Redirect::Host(host_before(&to, path)),
        (true, false) => Redirect::Elsewhere(without_query(&to)),
        (false, _) => Redirect::OtherSite(without_query(&to)),
    }
}

/// The base address: everything before `path`, including a prefix.
fn host_before(to: &Url, path: &str) -> String {
    let prefix = to.path().trim_end_matches('/').strip_suffix(path.trim_end_matches('/')).unwrap_or_default();
    let mut base = to.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.set_path(prefix);
    base.as_str().trim_end_matches('/').to_owned()
}

/// The query may contain what was sent.
fn without_query(to: &Url) -> String {
    let mut to = to.clone();
    to.set_query(None);
    to.set_fragment(None);
    to.as_str().chars().take(200).collect()
}

/// Whether one name equals the other or is a subdomain of it: `www.example.com` and `example.com`. A common suffix is not enough (`a.co.uk`, `b.co.uk`).
fn same_site(one: &Url, other: &Url) -> bool {
    let (Some(one), Some(other)) = (one.host_str(), other.host_str()) else { return false };
    let is_below = |name: &str, above: &str| name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.')) && above.contains('.');
    one == other || is_below(one, other) || is_below(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_redirect_asks_for_is_read_from_both_addresses() {
        let (base, path) = ("https://example.com/ingest", "/i/v0/e/");
        let read = |location| read(base, path, Some(location));
        for (location, asks) in [
            ("/ingest/i/v0/e", Redirect::Slash { adds: false }),
            ("http://example.com:8080/ingest/i/v0/e", Redirect::Slash { adds: false }),
            ("https://www.example.com/ingest/i/v0/e/", Redirect::Host("https://www.example.com/ingest".into())),
            ("https://www.example.com/other/i/v0/e/?a=b", Redirect::Host("https://www.example.com/other".into())),
            ("https://example.com:8443/ingest/i/v0/e/", Redirect::Host("https://example.com:8443/ingest".into())),
            ("/welcome?token=phc_x", Redirect::Elsewhere("https://example.com/welcome".into())),
            ("https://evil.example.org/ingest/i/v0/e/", Redirect::OtherSite("https://evil.example.org/ingest/i/v0/e/".into())),
        ] {
            assert_eq!(read(location), asks, "{location}");
        }
        assert_eq!(
            super::read("http://example.com", path, Some("https://example.com/i/v0/e/")),
            Redirect::Https("https://example.com".into())
        );
        assert_eq!(
            super::read("http://127.0.0.1:81", path, Some("http://127.0.0.2:81/i/v0/e/")),
            Redirect::OtherSite("http://127.0.0.2:81/i/v0/e/".into())
        );
        assert_eq!(super::read(base, path, None), Redirect::Nowhere);
    }
}
