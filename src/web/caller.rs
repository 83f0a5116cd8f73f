//! The visitor's address: that of the connection, or the one that a trusted proxy reports.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use axum::http::request::Parts;

use super::site::Site;
use crate::config::WebSettings;

/// Each proxy appends the address that it sees, so the right-most address that is not a trusted proxy's is the visitor's. Everything left of it
/// was written by the visitor.
fn caller(settings: &WebSettings, headers: &HeaderMap, peer: Option<&ConnectInfo<SocketAddr>>) -> IpAddr {
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip().to_canonical());
    if !settings.is_trusted_proxy(peer) {
        return peer;
    }
    // A proxy that writes one of the two headers may pass on the other one from the visitor. `X-Forwarded-For` has priority: most proxies write it
    // by default, and `Forwarded` only if configured to.
    let named = if headers.contains_key("x-forwarded-for") { of_list(headers) } else { of_forwarded(headers) };
    let mut nearest = peer;
    for address in named.into_iter().rev() {
        // A trusted proxy writes readable addresses: use the last one that it wrote.
        let Some(address) = address else { return nearest };
        nearest = address;
        if !settings.is_trusted_proxy(address) {
            return address;
        }
    }
    nearest
}

pub(super) struct Caller(pub(super) IpAddr);

impl FromRequestParts<Arc<Site>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        Ok(Self(caller(&site.web.settings, &parts.headers, parts.extensions.get())))
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap_or("?").split(',')).map(str::trim).collect()
}

/// `X-Forwarded-For: 203.0.113.7, 10.0.0.1`
fn of_list(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    values(headers, "x-forwarded-for").into_iter().map(address).collect()
}

/// `Forwarded: for=203.0.113.7;proto=https, for="[2001:db8::1]:4711"` (RFC 7239)
fn of_forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let of_pair = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| address(value.trim().trim_matches('"'))).flatten()
    };
    values(headers, FORWARDED.as_str()).into_iter().map(|hop| hop.split(';').find_map(of_pair)).collect()
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    bare().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"].map(|text| Network::parse(text).unwrap()).to_vec();
        let settings = WebSettings { trusted_proxies, ..WebSettings::default() };
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let peer = ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711));
        caller(&settings, &headers, Some(&peer)).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_in_what_it_saw_itself() {
        let list = "x-forwarded-for";
        assert_eq!(seen("192.0.2.1", &[(list, "203.0.113.7")]), "192.0.2.1", "the peer is not trusted");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("::ffff:127.0.0.1", &[(list, "203.0.113.7")]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &[(list, "198.51.100.1, 203.0.113.7")]), "203.0.113.7", "the left one was written by the visitor");
        assert_eq!(seen("127.0.0.1", &[(list, "203.0.113.7, 10.1.2.3")]), "203.0.113.7", "two proxies");
        assert_eq!(seen("127.0.0.1", &[(list, "198.51.100.1"), (list, "203.0.113.7")]), "203.0.113.7", "two headers");
        assert_eq!(seen("127.0.0.1", &[(list, "10.0.0.9, 10.1.2.3")]), "10.0.0.9", "from inside");
        assert_eq!(seen("127.0.0.1", &[(list, "203.0.113.7:52811")]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &[(list, "2001:db8::1")]), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", &[(list, "203.0.113.7, unknown")]), "127.0.0.1", "nothing left of an unreadable address is trusted");
        assert_eq!(seen("127.0.0.1", &[(list, "")]), "127.0.0.1");
    }

    #[test]
    fn forwarded_is_read_where_there_is_no_older_header() {
        let name = "forwarded";
        assert_eq!(seen("127.0.0.1", &[(name, "for=203.0.113.7;proto=https;by=10.0.0.1")]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &[(name, "for=198.51.100.1, For=\"[2001:db8::1]:4711\"")]), "2001:db8::1");
        assert_eq!(seen("10.9.9.9", &[(name, "proto=https;for=203.0.113.7, for=10.0.0.1")]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &[(name, "for=203.0.113.7, for=_hidden")]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &[(name, "for=198.51.100.1"), ("x-forwarded-for", "203.0.113.7")]), "203.0.113.7");
    }
}
