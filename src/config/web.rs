//! `[web]`: where the page is reached, and who else is believed to log people in: a proxy, or an issuer.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use url::Url;

use crate::model::{ProjectName, Role, SignOn};

use super::keys::KeyPlaces;
use super::section::Section;
use super::suggest::{few, nearest};
use super::{Environment, Scope, sign_on};

/// Where the page listens, where nothing is said: on this machine alone.
pub const USUAL_LISTEN: &str = "127.0.0.1:8400";
const USUAL_PORT: u16 = 8400;

/// At most so many projects have figures of their own in `/metrics`.
pub const METRICS_PROJECTS: usize = 1000;

/// How the page is reached, and who is believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebSettings {
    /// Where to listen.
    pub listen: Listen,
    /// The address under which people reach it, when that is not where it listens.
    pub public_url: Option<Url>,
    /// Whether `/metrics` is for everybody; otherwise it takes an API token.
    pub open_metrics: bool,
    /// The projects that have figures of their own in `/metrics`; where none are named, all have, up to a limit.
    pub metrics_projects: Vec<ProjectName>,
    /// Reverse proxies that are believed when they name the visitor's address.
    pub trusted_proxies: Vec<Network>,
    /// A reverse proxy that says who somebody is.
    pub proxy: Option<ProxyLogin>,
    /// An issuer that says who somebody is: single sign-on.
    pub oidc: Option<SignOn>,
}

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listen {
    /// On [`USUAL_LISTEN`]; where that is taken, there is no page, and the log says so.
    #[default]
    Usual,
    /// Here; where that cannot be, the start fails.
    At(SocketAddr),
    /// Nowhere: there is no page.
    Off,
}

impl Listen {
    /// Reads an address with a port, a port alone, or `off`.
    ///
    /// # Errors
    /// The rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "off" {
            return Ok(Self::Off);
        }
        let of_port = || text.trim_start_matches(':').parse().ok().map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
        let of_name = || text.strip_prefix("localhost:")?.parse().ok().map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
        let read = text.parse().ok().or_else(of_port).or_else(of_name);
        read.map(Self::At)
            .ok_or_else(|| format!("`{text}` must be an address with a port, such as `{USUAL_LISTEN}` or `0.0.0.0:8400`, or `off`"))
    }
}

/// A reverse proxy that logs people in and says their name in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyLogin {
    /// The header's name, in lower case.
    pub header: String,
    /// From where it is believed, and from nowhere else.
    pub from: Vec<Network>,
    /// What somebody may do who comes for the first time.
    pub role: Role,
}

impl ProxyLogin {
    /// Whether a header from this address is believed.
    #[must_use]
    pub fn is_believed(&self, from: IpAddr) -> bool {
        self.from.iter().any(|network| network.holds(from))
    }
}

/// An address, or a network of them: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads an address, with `/bits` or without.
    ///
    /// # Errors
    /// The rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` must be an address such as `127.0.0.1`, or a network such as `10.0.0.0/8`", text.trim());
        let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }

    fn holds(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                network.to_bits().checked_shr(shift).unwrap_or(0) == other.to_bits().checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(network), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                network.to_bits().checked_shr(shift).unwrap_or(0) == other.to_bits().checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

impl WebSettings {
    /// The projects of `metrics_projects` that are none of these, `place`: each a sentence, of many the first ones.
    #[must_use]
    pub fn unknown_metrics_projects(&self, known: &[&ProjectName], place: &str) -> Vec<String> {
        let there = known.iter().copied().collect::<HashSet<_>>();
        let (unknown, more) = few(self.metrics_projects.iter().filter(|name| !there.contains(name)).collect());
        let says = |name: &ProjectName| {
            let meant = nearest(name.as_str(), known.iter().map(|known| known.as_str()));
            let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            format!("metrics_projects in [web] names `{name}`, and there is no such project{place}{meant}")
        };
        unknown.into_iter().map(says).chain(more.map(|more| format!("metrics_projects in [web]: {more}"))).collect()
    }

    /// Whether people reach it by https: then cookies never travel otherwise.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Whether this address is a reverse proxy's that names the visitor's: one of `trusted_proxies`, or one that logs people in.
    #[must_use]
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.holds(address))
            || self.proxy.as_ref().is_some_and(|proxy| proxy.is_believed(address))
    }

    /// Whether a request to this host (with its port) is for us. Names of others are refused, so that no stranger's name can be made to
    /// point here and read along; an address is nobody's name.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(bare, _)| bare);
        let is_address = bare.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let is_public = self.public_url.as_ref().and_then(Url::host_str).is_some_and(|own| own.eq_ignore_ascii_case(bare));
        is_address || is_public || bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost")
    }

    /// The same where it is not known on which port it came to listen: as the settings say.
    #[must_use]
    pub fn usual_address(&self, path: &str) -> String {
        let listens = match self.listen {
            Listen::At(listens) => listens,
            Listen::Usual | Listen::Off => SocketAddr::from(([127, 0, 0, 1], USUAL_PORT)),
        };
        self.address(listens, path)
    }

    /// The address of a path here, for messages and links: the public one, or where it listens.
    #[must_use]
    pub fn address(&self, listens: SocketAddr, path: &str) -> String {
        match &self.public_url {
            Some(url) => format!("{}{path}", url.as_str().trim_end_matches('/')),
            None if listens.ip().is_unspecified() => format!("http://localhost:{}{path}", listens.port()),
            None => format!("http://{listens}{path}"),
        }
    }
}

/// The variable that gives the public address.
const PUBLIC_URL: &str = "HEARTBEAT_PUBLIC_URL";
/// The variable that gives the secret of `[web.oidc]`.
const OIDC_SECRET: &str = "HEARTBEAT_OIDC_SECRET";

/// Reads `[web]`.
pub(super) fn read(top: &Section<'_>, places: KeyPlaces<'_>, scope: Scope) -> WebSettings {
    let Some(section) = top.section("web") else { return WebSettings::default() };
    let section = section.titled("web");
    let listen = section.read("listen", Listen::parse).unwrap_or_default();
    let public_url = section.read("public_url", public_url);
    let open_metrics = section.flag("open_metrics").unwrap_or(false);
    let metrics_projects = section.list("metrics_projects", ProjectName::parse);
    if metrics_projects.len() > METRICS_PROJECTS {
        section.unfit(&["metrics_projects"], format!("metrics_projects names more than {METRICS_PROJECTS} projects"));
    }
    let trusted_proxies = section.list("trusted_proxies", Network::parse);
    let proxy = section.section("proxy").map(|proxy| {
        let proxy = proxy.titled("web.proxy");
        let header = proxy.read("header", header_name);
        let from = proxy.list("from", Network::parse);
        let role = proxy.read("access", role).unwrap_or(Role::Viewer);
        if header.is_none() && !proxy.has("header") {
            proxy.unfit(&["header"], "header is missing: the name of the header in which the proxy says who somebody is");
        }
        if from.is_empty() && !proxy.has("from") {
            proxy.unfit(&["from"], "from is missing: the addresses from which the header is believed");
        }
        proxy.finish();
        ProxyLogin { header: header.unwrap_or_default(), from, role }
    });
    let oidc = section.section("oidc");
    if oidc.is_some() && !section.has("public_url") && places.environment.value(PUBLIC_URL).is_none() {
        let says = format!("oidc needs public_url in [web] (or {PUBLIC_URL}): the address to which the issuer sends people back");
        section.unfit(&["oidc"], says);
    }
    let oidc = oidc.and_then(|oidc| sign_on::read(oidc, places, scope));
    section.finish();
    WebSettings { listen, public_url, open_metrics, metrics_projects, trusted_proxies, proxy, oidc }
}

/// What the environment says goes before the file.
///
/// # Errors
/// The name of the variable, and the rest of a sentence.
pub(super) fn over(environment: &Environment, of_file: WebSettings) -> Result<WebSettings, (&'static str, String)> {
    let listen = environment.value("HEARTBEAT_LISTEN").map(Listen::parse).transpose().map_err(|says| ("HEARTBEAT_LISTEN", says))?;
    let public = environment.value(PUBLIC_URL).map(public_url).transpose().map_err(|says| (PUBLIC_URL, says))?;
    let secret = environment.value(OIDC_SECRET).map(sign_on::client_secret).transpose().map_err(|says| (OIDC_SECRET, says))?;
    let with_secret = |oidc: SignOn| SignOn { client_secret: secret.or(oidc.client_secret), ..oidc };
    let (public_url, oidc) = (public.or(of_file.public_url), of_file.oidc.map(with_secret));
    Ok(WebSettings { listen: listen.unwrap_or(of_file.listen), public_url, oidc, ..of_file })
}

fn public_url(text: &str) -> Result<Url, String> {
    let wrong = |says: &str| format!("`{}` {says}", text.trim());
    let url = Url::parse(text.trim()).map_err(|_| wrong("must be an address such as `https://heartbeat.example.com`"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("must begin with http:// or https://"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("must be a host alone, without a path: the page wants a host of its own"));
    }
    Ok(url)
}

fn header_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { Ok(name) } else { Err(format!("`{}` must be the name of a header, such as `X-Forwarded-User`", text.trim())) }
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::named(text.trim()).ok_or_else(|| format!("`{}` must be `read` or `write`", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_listen_is_an_address_a_port_or_off() {
        let at = |text: &str| Listen::At(text.parse().unwrap());
        assert_eq!(Listen::parse("0.0.0.0:80"), Ok(at("0.0.0.0:80")));
        assert_eq!(Listen::parse(" 9000 "), Ok(at("127.0.0.1:9000")));
        assert_eq!(Listen::parse(":9000"), Ok(at("127.0.0.1:9000")));
        assert_eq!(Listen::parse("localhost:9000"), Ok(at("127.0.0.1:9000")));
        assert_eq!(Listen::parse("[::1]:0"), Ok(at("[::1]:0")));
        assert_eq!(Listen::parse("off"), Ok(Listen::Off));
        for wrong in ["", "on", "heartbeat.example.com:80", "127.0.0.1", "99999"] {
            assert!(Listen::parse(wrong).unwrap_err().contains("127.0.0.1:8400"), "{wrong}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_alone() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.9.8.7") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && holds("127.0.0.1", "::ffff:127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8::1") && !holds("2001:db8::/32", "2001:db9::1"));
        for wrong in ["", "proxy", "10.0.0.0/33", "::1/129", "10.0.0.0/"] {
            assert!(Network::parse(wrong).unwrap_err().contains("10.0.0.0/8"), "{wrong}");
        }
    }

    #[test]
    fn only_its_own_names_and_plain_addresses_are_its_hosts() {
        let settings = WebSettings { public_url: Some(Url::parse("https://beat.example.com").unwrap()), ..WebSettings::default() };
        for own in
            ["beat.example.com", "BEAT.example.com:443", "localhost:8400", "127.0.0.1:8400", "[::1]:8400", "192.0.2.7", "a.localhost"]
        {
            assert!(settings.is_own_host(own), "{own}");
        }
        for other in ["evil.example", "beat.example.com.evil.example", "xlocalhost", ""] {
            assert!(!settings.is_own_host(other), "{other}");
        }
    }
}
