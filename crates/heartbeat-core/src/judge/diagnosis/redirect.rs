//! Where a redirect leads, against where the event was sent: what to set instead. Events are not sent along redirects: what PostHog's own
//! libraries send would be lost there.

use url::Url;

/// What a redirect asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// The same address with or without the slash at its end. A proxy behind a TLS terminator names its own scheme and port: they do not count.
    Slash {
        /// Whether it leads to the path with the slash.
        adds: bool,
    },
    /// The same over https.
    Https(String),
    /// The same path at another address of the same site: the host that it names.
    Host(String),
    /// The very same address again.
    Itself,
    /// Another site, which is named and not recommended: whoever can answer could name it.
    OtherSite(String),
    /// Somewhere else on this site.
    Elsewhere(String),
    /// It does not say where to.
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
    // Of a reading only the beginning of its path is known.
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
            // Whoever leads from https to http would have events sent in the open.
            (false, "https", "http") => Redirect::Elsewhere(shown(&to)),
            _ => Redirect::Host(host_before(&to, path)),
        };
    }
    let keeps_path = path_of(&to).ends_with(path.trim_end_matches('/'));
    match (same_site(&asked, &to), keeps_path) {
        (true, true) => Redirect::Host(host_before(&to, path)),
        (true, false) => Redirect::Elsewhere(shown(&to)),
        (false, _) => Redirect::OtherSite(shown(&to)),
    }
}

/// The base address: what stands before the path that was asked for, its prefix kept.
fn host_before(to: &Url, path: &str) -> String {
    let prefix = to.path().trim_end_matches('/').strip_suffix(path.trim_end_matches('/')).unwrap_or_default();
    let mut base = to.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.set_path(prefix);
    base.as_str().trim_end_matches('/').to_owned()
}

/// Without a query: it may hold what was sent.
fn shown(to: &Url) -> String {
    let mut to = to.clone();
    to.set_query(None);
    to.set_fragment(None);
    to.as_str().chars().take(200).collect()
}

/// Whether one name is the other, or below it: `www.example.com` and `example.com`. Names that only end alike may be of two owners (`a.co.uk`, `b.co.uk`).
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
