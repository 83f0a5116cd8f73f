//! Single sign-on: an issuer (OpenID Connect) authenticates users, and these rules decide who is admitted and under which name.

use std::fmt;

use url::{Host, Url};

use super::{Invalid, Quoted, Role, Secret, UserName, named_enum};

/// An issuer that authenticates users for Heartbeat, and who of them is admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOn {
    pub issuer: IssuerAddress,
    pub client_id: String,
    /// Authenticates Heartbeat at the issuer; none for a public client.
    pub client_secret: Option<Secret>,
    /// Who is admitted; nobody if it is empty.
    pub allowed: Vec<Allowed>,
    /// The claim that becomes the user name.
    pub claim: NameClaim,
    pub role: Role,
    /// The name on the login page.
    pub title: String,
}

/// The address of an issuer, exactly as written: the `iss` of its tokens must be the same text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerAddress {
    text: String,
    url: Url,
}

impl IssuerAddress {
    /// Reads an address. It must be https, because its responses admit users; http is accepted on this machine.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let wrong = |because: &'static str| Invalid::unusable(text, because);
        let url = Url::parse(text).map_err(|_| wrong("must be an address such as `https://id.example.com`"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must not contain a user name or a password"));
        }
        if !is_safe(&url) {
            return Err(wrong("must begin with https:// (http:// is only for this machine)"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must end with its path, without `?` and `#`"));
        }
        if url.path().ends_with("/.well-known/openid-configuration") {
            return Err(wrong("must be the issuer itself, without /.well-known/openid-configuration"));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether Heartbeat may call, or send users to, an address that the issuer names: an https issuer must not name http addresses, which would send
    /// secrets unencrypted.
    #[must_use]
    pub fn may_name(&self, url: &Url) -> bool {
        is_safe(url) && (url.scheme() == "https" || self.url.scheme() == "http")
    }
}

impl fmt::Display for IssuerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn is_safe(url: &Url) -> bool {
    let is_here = || match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_here(),
        _ => false,
    }
}

named_enum! {
    /// The claim that becomes the user name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum NameClaim {
        /// The e-mail address, unless the issuer says that it is not verified.
        Email = "email",
        PreferredUsername = "preferred_username",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    Everybody,
    /// Every e-mail address at this host.
    At(String),
    One(UserName),
}

impl Allowed {
    /// Reads `*`, `@example.com` or `ann@example.com`; case-insensitive.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let wrong = || {
            let must = "addresses like `ann@example.com` or `@example.com`, or `*` for everyone";
            Invalid::unquoted(format!("contains `{}`, but must contain {must}", Quoted::line(text)))
        };
        let small = text.to_ascii_lowercase();
        match small.strip_prefix('@') {
            _ if small == "*" => Ok(Self::Everybody),
            Some(host) => {
                let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
                if is_host { Ok(Self::At(host.to_owned())) } else { Err(wrong()) }
            }
            None => UserName::parse(&small).map(Self::One).map_err(|_| wrong()),
        }
    }

    fn lets_in(&self, name: &UserName) -> bool {
        match self {
            Self::Everybody => true,
            // With more than one `@` the host is ambiguous.
            Self::At(host) => name.as_str().split_once('@').is_some_and(|(_, of)| of == host),
            Self::One(one) => one == name,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub preferred_username: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error("the issuer does not send your {0}; ask its administrator to include it in the ID token for Heartbeat")]
    Unsaid(&'static str),
    #[error("the issuer reports that your address {0} is not verified; verify it there and log in again")]
    Unverified(String),
    #[error("the issuer names you {0}, which is not a valid user name here; ask the administrator of Heartbeat for another login")]
    NoName(String),
    #[error("the issuer names you {0}, who is not allowed to log in here; ask the administrator of Heartbeat to add you to `allowed`")]
    NotAllowed(UserName),
}

impl SignOn {
    /// The user name for these claims, in lower case, because an e-mail address means the same user in any case.
    pub fn admit(&self, said: &Said) -> Result<UserName, NotAdmitted> {
        let text = match self.claim {
            NameClaim::Email => &said.email,
            NameClaim::PreferredUsername => &said.preferred_username,
        };
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty()).ok_or(NotAdmitted::Unsaid(self.claim.name()))?;
        let shown = || text.chars().take(80).collect::<String>().escape_debug().to_string();
        if self.claim == NameClaim::Email && said.email_verified == Some(false) {
            return Err(NotAdmitted::Unverified(shown()));
        }
        let name = UserName::parse(&text.to_ascii_lowercase()).map_err(|_| NotAdmitted::NoName(shown()))?;
        if self.allowed.iter().any(|allowed| allowed.lets_in(&name)) { Ok(name) } else { Err(NotAdmitted::NotAllowed(name)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_on(allowed: &[&str], claim: NameClaim) -> SignOn {
        SignOn {
            issuer: IssuerAddress::parse("https://id.example.com").unwrap(),
            client_id: "heartbeat".to_owned(),
            client_secret: None,
            allowed: allowed.iter().map(|text| Allowed::parse(text).unwrap()).collect(),
            claim,
            role: Role::Viewer,
            title: "Example".to_owned(),
        }
    }

    fn admitted(allowed: &[&str], email: &str) -> Result<String, NotAdmitted> {
        let said = Said { email: Some(email.to_owned()), email_verified: Some(true), preferred_username: Some("root".to_owned()) };
        sign_on(allowed, NameClaim::Email).admit(&said).map(|name| name.to_string())
    }

    #[test]
    fn an_issuer_is_of_https_or_of_this_machine() {
        for good in [
            "https://id.example.com",
            "https://id.example.com/realms/main/",
            "http://127.0.0.1:9000",
            "http://[::1]:9/x",
            "http://localhost",
        ] {
            assert_eq!(IssuerAddress::parse(good).map(|issuer| issuer.to_string()), Ok(good.to_owned()));
        }
        for (bad, says) in [
            ("id.example.com", "must be an address"),
            ("http://id.example.com", "must begin with https://"),
            ("http://localhost.example.com", "must begin with https://"),
            ("ftp://localhost", "must begin with https://"),
            ("https://id.example.com?x", "must end with its path"),
            ("https://id.example.com/#x", "must end with its path"),
            ("https://me:word@id.example.com", "must not contain a user name"),
            ("https://id.example.com/.well-known/openid-configuration", "must be the issuer itself"),
        ] {
            let said = IssuerAddress::parse(bad).unwrap_err().to_string();
            assert!(said.contains(says), "{bad}: {said}");
        }
    }

    #[test]
    fn an_issuer_of_https_names_nothing_of_http() {
        let may = |issuer: &str, url: &str| IssuerAddress::parse(issuer).unwrap().may_name(&Url::parse(url).unwrap());
        assert!(may("https://id.example.com", "https://tokens.example.net/token"));
        assert!(!may("https://id.example.com", "http://id.example.com/token"));
        assert!(!may("https://id.example.com", "http://127.0.0.1/token"));
        assert!(may("http://127.0.0.1:9000", "http://127.0.0.1:9001/token"));
        assert!(!may("http://127.0.0.1:9000", "http://metadata.example/token"));
        assert!(!may("http://127.0.0.1:9000", "file:///etc/passwd"));
    }

    #[test]
    fn an_address_comes_in_by_itself_by_its_host_or_with_everybody() {
        for allowed in [["ann@example.com"], ["@example.com"], ["*"], ["Ann@Example.COM"], ["@EXAMPLE.com"]] {
            assert_eq!(admitted(&allowed, "Ann@example.com"), Ok("ann@example.com".to_owned()), "{allowed:?}");
        }
        for (allowed, email) in [
            ("@example.com", "ann@evil-example.com"),
            ("@example.com", "ann@sub.example.com"),
            ("@example.com", "ann@example.com.evil.example"),
            ("@example.com", "ann@evil.example@example.com"),
            ("@example.com", "ann"),
            ("ann@example.com", "bob@example.com"),
            ("ann@example.com", "ann@example.co"),
        ] {
            assert!(matches!(admitted(&[allowed], email), Err(NotAdmitted::NotAllowed(_))), "{allowed} {email}");
        }
        assert!(matches!(admitted(&[], "ann@example.com"), Err(NotAdmitted::NotAllowed(_))), "nobody is allowed by nothing");
    }

    #[test]
    fn what_may_be_allowed_is_an_address_a_host_or_everybody() {
        for bad in ["", "@", "@ex ample", "@a@b", "**", "*@example.com", "ann <ann@example.com>", ".ann@example.com"] {
            assert!(Allowed::parse(bad).unwrap_err().to_string().contains("`@example.com`"), "{bad}");
        }
    }

    #[test]
    fn an_address_that_nobody_verified_is_none() {
        let admit = |verified| {
            let said = Said { email: Some("ann@example.com".to_owned()), email_verified: verified, ..Said::default() };
            sign_on(&["*"], NameClaim::Email).admit(&said)
        };
        assert_eq!(admit(Some(false)), Err(NotAdmitted::Unverified("ann@example.com".to_owned())));
        assert!(admit(None).is_ok() && admit(Some(true)).is_ok());
    }

    #[test]
    fn the_name_is_what_was_asked_for_and_nothing_else() {
        let said =
            Said { email: Some("ann@example.com".to_owned()), email_verified: Some(false), preferred_username: Some("Ann".to_owned()) };
        let by_name = |said: &Said| sign_on(&["ann"], NameClaim::PreferredUsername).admit(said).map(|name| name.to_string());
        assert_eq!(by_name(&said), Ok("ann".to_owned()));
        assert_eq!(by_name(&Said { preferred_username: None, ..said.clone() }), Err(NotAdmitted::Unsaid("preferred_username")));
        let wrong = by_name(&Said { preferred_username: Some("ann\u{202e} b".to_owned()), ..said });
        assert_eq!(wrong, Err(NotAdmitted::NoName("ann\\u{202e} b".to_owned())));
        assert_eq!(sign_on(&["*"], NameClaim::Email).admit(&Said::default()), Err(NotAdmitted::Unsaid("email")));
    }
}
