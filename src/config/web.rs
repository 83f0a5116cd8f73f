//! `[web]`: the address of the page, and the proxy or issuer that logs users in.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use crate::model::{FilterChoices, FilterEntry, Invalid, ProjectFilter, ProjectSpec, Role, SignOn, nearest};

use super::keys::KeyPlaces;
use super::problem::Problem;
use super::section::Section;
use super::suggest::few;
use super::{Environment, Scope, sign_on};

pub const USUAL_LISTEN: &str = "127.0.0.1:8400";
const USUAL_PORT: u16 = 8400;

/// Upper limit for projects with their own metrics in `/metrics`.
pub const METRICS_PROJECTS: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebSettings {
    pub listen: Listen,
    /// The public address, if it differs from the listen address.
    pub public_url: Option<Url>,
    /// Without it, `/metrics` needs an API token.
    pub open_metrics: bool,
    /// The projects with their own metrics, up to [`METRICS_PROJECTS`].
    pub metrics_projects: ProjectFilter,
    /// Reverse proxies whose headers with the client address are trusted.
    pub trusted_proxies: Vec<Network>,
    pub proxy: Option<ProxyLogin>,
    pub oidc: Option<SignOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listen {
    /// [`USUAL_LISTEN`]. If the port is in use, the service runs without the page and logs it.
    #[default]
    Usual,
    /// This address. If it cannot be used, the start fails.
    At(SocketAddr),
    Off,
}

impl Listen {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text == "off" {
            return Ok(Self::Off);
        }
        let of_port = || text.trim_start_matches(':').parse().ok().map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
        let of_name = || text.strip_prefix("localhost:")?.parse().ok().map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
        let read = text.parse().ok().or_else(of_port).or_else(of_name);
        let must = || format!("an address with a port, such as `{USUAL_LISTEN}` or `0.0.0.0:8400`, or `off`");
        read.map(Self::At).ok_or_else(|| Invalid::malformed(text, must()))
    }
}

/// A reverse proxy that logs users in and passes their name in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyLogin {
    /// In lower case.
    pub header: String,
    /// The header is trusted only from these addresses.
    pub from: Vec<Network>,
    /// The role of a user at the first login.
    pub role: Role,
}

impl ProxyLogin {
    #[must_use]
    pub fn is_believed(&self, from: IpAddr) -> bool {
        self.from.iter().any(|network| network.holds(from))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::malformed(text, "an address such as `127.0.0.1`, or a network such as `10.0.0.0/8`");
        let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }

    fn holds(&self, other: IpAddr) -> bool {
        let (width, network, other) = match (self.address, other.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(other)) => (32, u128::from(network.to_bits()), u128::from(other.to_bits())),
            (IpAddr::V6(network), IpAddr::V6(other)) => (128, network.to_bits(), other.to_bits()),
            _ => return false,
        };
        (network ^ other).checked_shr(width - u32::from(self.bits)).unwrap_or(0) == 0
    }
}

impl WebSettings {
    /// One sentence for each entry that names none of `projects`; `place` completes it.
    #[must_use]
    pub fn unknown_metrics_projects<'p>(&self, projects: impl IntoIterator<Item = &'p ProjectSpec>, place: &str) -> Vec<String> {
        let choices = FilterChoices::of(projects);
        let (unknown, more) = few(self.metrics_projects.entries().iter().filter(|entry| !choices.contain(entry)).collect());
        let says = |entry: &FilterEntry| {
            let meant = nearest(entry.name(), choices.alike(entry).iter().copied());
            let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            format!("metrics_projects in [web] names `{entry}`, and there is no such {}{place}{meant}", entry.what())
        };
        unknown.into_iter().map(says).chain(more.map(|more| format!("metrics_projects in [web]: {more}"))).collect()
    }

    /// With https, cookies are marked as secure.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// A proxy of `trusted_proxies`, or the one that logs users in.
    #[must_use]
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.holds(address))
            || self.proxy.as_ref().is_some_and(|proxy| proxy.is_believed(address))
    }

    /// Rejects the host names of others (DNS rebinding). An IP address is always accepted.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(bare, _)| bare);
        let is_address = bare.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let is_public = self.public_url.as_ref().and_then(Url::host_str).is_some_and(|own| own.eq_ignore_ascii_case(bare));
        is_address || is_public || bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost")
    }

    /// The address by the settings, if the actual port is not known.
    #[must_use]
    pub fn usual_address(&self, path: &str) -> String {
        let listens = match self.listen {
            Listen::At(listens) => listens,
            Listen::Usual | Listen::Off => SocketAddr::from(([127, 0, 0, 1], USUAL_PORT)),
        };
        self.address(listens, path)
    }

    /// The public address, else the listen address.
    #[must_use]
    pub fn address(&self, listens: SocketAddr, path: &str) -> String {
        match &self.public_url {
            Some(url) => format!("{}{path}", url.as_str().trim_end_matches('/')),
            None if listens.ip().is_unspecified() => format!("http://localhost:{}{path}", listens.port()),
            None => format!("http://{listens}{path}"),
        }
    }
}

const PUBLIC_URL: &str = "HEARTBEAT_PUBLIC_URL";
const OIDC_SECRET: &str = "HEARTBEAT_OIDC_SECRET";

pub(super) fn read(top: &Section<'_>, places: KeyPlaces<'_>, scope: Scope) -> WebSettings {
    let Some(section) = top.section("web") else { return WebSettings::default() };
    let section = section.titled("web");
    let listen = section.read("listen", Listen::parse).unwrap_or_default();
    let public_url = section.read("public_url", public_url);
    let open_metrics = section.flag("open_metrics").unwrap_or(false);
    let metrics_projects: ProjectFilter = section.list("metrics_projects", FilterEntry::parse).into_iter().collect();
    let count = metrics_projects.entries().len();
    if count > METRICS_PROJECTS {
        section.wrong("metrics_projects", Invalid::TooMany { count, most: METRICS_PROJECTS });
    }
    let trusted_proxies = section.list("trusted_proxies", Network::parse);
    let proxy = section.section("proxy").map(|proxy| {
        let proxy = proxy.titled("web.proxy");
        let header = proxy.read("header", header_name);
        let from = proxy.list("from", Network::parse);
        let role = proxy.read("role", Role::parse).unwrap_or(Role::Viewer);
        if header.is_none() && !proxy.has("header") {
            proxy.wrong("header", Invalid::missing("give the name of the header that contains the user name"));
        }
        if from.is_empty() && !proxy.has("from") {
            proxy.wrong("from", Invalid::missing("give the addresses of the proxy"));
        }
        proxy.finish();
        ProxyLogin { header: header.unwrap_or_default(), from, role }
    });
    let oidc = section.section("oidc");
    if oidc.is_some() && !section.has("public_url") && places.environment.value(PUBLIC_URL).is_none() {
        let because = format!("needs public_url in [web] (or {PUBLIC_URL}): the address to which the issuer redirects users");
        section.wrong("oidc", Invalid::unquoted(because));
    }
    let oidc = oidc.and_then(|oidc| sign_on::read(oidc, places, scope));
    section.finish();
    WebSettings { listen, public_url, open_metrics, metrics_projects, trusted_proxies, proxy, oidc }
}

/// The environment takes precedence over the file.
pub(super) fn over(environment: &Environment, of_file: WebSettings) -> Result<WebSettings, Problem> {
    let listen = environment.read("HEARTBEAT_LISTEN", Listen::parse)?;
    let public = environment.read(PUBLIC_URL, public_url)?;
    let secret = environment.read(OIDC_SECRET, sign_on::client_secret)?;
    let with_secret = |oidc: SignOn| SignOn { client_secret: secret.or(oidc.client_secret), ..oidc };
    let (public_url, oidc) = (public.or(of_file.public_url), of_file.oidc.map(with_secret));
    Ok(WebSettings { listen: listen.unwrap_or(of_file.listen), public_url, oidc, ..of_file })
}

fn public_url(text: &str) -> Result<Url, Invalid> {
    let wrong = |because: &'static str| Invalid::unusable(text, because);
    let url = Url::parse(text.trim()).map_err(|_| wrong("must be an address such as `https://heartbeat.example.com`"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("must begin with http:// or https://"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("must be a host without a path: the page needs its own host"));
    }
    Ok(url)
}

fn header_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim().to_ascii_lowercase();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { Ok(name) } else { Err(Invalid::malformed(text, "the name of a header, such as `X-Forwarded-User`")) }
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
            assert!(Listen::parse(wrong).unwrap_err().to_string().contains("127.0.0.1:8400"), "{wrong}");
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
            assert!(Network::parse(wrong).unwrap_err().to_string().contains("10.0.0.0/8"), "{wrong}");
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
