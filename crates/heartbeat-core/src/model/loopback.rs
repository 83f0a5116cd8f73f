//! Whether a URL points to this machine.

use std::net::Ipv4Addr;

use url::{Host, Url};

#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        // `url` parses an IPv4 address as a name if the scheme is not one of the web.
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_whatever_is_spoken() {
        let is_here = |address: &str| is_loopback(&Url::parse(address).unwrap());
        for host in ["127.0.0.1", "127.9.8.7", "localhost", "LocalHost", "[::1]"] {
            for scheme in ["http", "smtp", "smtps"] {
                assert!(is_here(&format!("{scheme}://{host}:25")), "{scheme} {host}");
            }
        }
        for address in
            ["smtp://127.0.0.1.example.com", "smtp://10.0.0.1", "smtp://[2001:db8::1]", "https://localhost.example.com", "mailto:a@b"]
        {
            assert!(!is_here(address), "{address}");
        }
    }
}
