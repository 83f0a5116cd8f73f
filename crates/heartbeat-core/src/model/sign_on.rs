//! Single sign-on: an issuer (OpenID Connect) says who somebody is, and these rules say whether that is enough to come in, and under
//! which name.

use std::fmt;

use url::{Host, Url};

use super::{Role, Secret, UserName};

/// An issuer that logs people in for Heartbeat, and whom of those that it knows may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOn {
    /// Who says who somebody is.
    pub issuer: IssuerAddress,
    /// As what the issuer knows Heartbeat.
    pub client_id: String,
    /// By what the issuer knows that it is Heartbeat; none for a public client.
    pub client_secret: Option<Secret>,
    /// Who may come in; nobody, where it is empty.
    pub allowed: Vec<Allowed>,
    /// What makes the name.
    pub claim: NameClaim,
    /// What somebody may do who comes for the first time.
    pub role: Role,
    /// What people call it.
    pub title: String,
}

/// The address of an issuer, letter by letter as it was given: what the issuer calls itself must be the same text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerAddress {
    text: String,
    url: Url,
}

impl IssuerAddress {
    /// Reads an address. It is of https: what comes from there lets people in. On this machine http will do.
    ///
    /// # Errors
    /// The rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = |says: &str| format!("`{text}` {says}");
        let url = Url::parse(text).map_err(|_| wrong("must be an address such as `https://id.example.com`"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must hold no name and no password"));
        }
        if !is_safe(&url) {
            return Err(wrong("must begin with https:// (http:// is for this machine alone)"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must end with its path, without `?` and `#`"));
        }
        if url.path().ends_with("/.well-known/openid-configuration") {
            return Err(wrong("must be the issuer itself, without /.well-known/openid-configuration"));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host alone.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether an address that the issuer names may be asked, or people be sent there: an issuer of https names none of http, which would
    /// carry secrets in the open.
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

/// What the issuer says of somebody, that makes the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameClaim {
    /// The e-mail address, unless the issuer says that nobody verified it.
    Email,
    /// The name that the issuer knows somebody by.
    PreferredUsername,
}

impl NameClaim {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Email, Self::PreferredUsername];

    /// As OpenID Connect calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PreferredUsername => "preferred_username",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.name() == text)
    }
}

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Everybody whom the issuer knows.
    Everybody,
    /// Every address at this host.
    At(String),
    /// This one.
    One(UserName),
}

impl Allowed {
    /// Reads `*`, `@example.com` or `ann@example.com`; large and small letters are the same.
    ///
    /// # Errors
    /// The rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("holds `{text}`, and must hold addresses such as `ann@example.com` or `@example.com`, or `*` for everybody");
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
            // Of more than one `@` nobody can say which is the one.
            Self::At(host) => name.as_str().split_once('@').is_some_and(|(_, of)| of == host),
            Self::One(one) => one == name,
        }
    }
}

/// What an issuer says of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: Option<bool>,
    /// `preferred_username`.
    pub preferred_username: Option<String>,
}

/// Why somebody whom the issuer knows does not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// The issuer does not say what makes the name.
    #[error("the issuer knows you and does not say your {0}; whoever runs it should let Heartbeat have that, in the ID token")]
    Unsaid(&'static str),
    /// Nobody verified the address.
    #[error("the issuer says that your address {0} is not verified; verify it there, and log in once more")]
    Unverified(String),
    /// What the issuer says cannot be a name here.
    #[error("the issuer calls you {0}, which cannot be a user's name here; ask whoever runs Heartbeat for another way in")]
    NoName(String),
    /// The address is not among those that may come in.
    #[error("the issuer knows you as {0}, who is not among those who may come in here; ask whoever runs Heartbeat to add you to `allowed`")]
    NotAllowed(UserName),
}

impl SignOn {
    /// The name under which somebody comes in, of whom the issuer says this. It is in small letters: an address is the same person's,
    /// however it is written.
    ///
    /// # Errors
    /// Why not.
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
            ("https://me:word@id.example.com", "must hold no name"),
            ("https://id.example.com/.well-known/openid-configuration", "must be the issuer itself"),
        ] {
            let said = IssuerAddress::parse(bad).unwrap_err();
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
            assert!(Allowed::parse(bad).unwrap_err().contains("`@example.com`"), "{bad}");
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
