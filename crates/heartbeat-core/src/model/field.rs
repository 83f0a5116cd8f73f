//! A field of a configured entity: its name, its description, and what it accepts. Files, the command line, the page and the API use it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Invalid, Mailbox, Quoted, SecretUrl, check_login, conceal, headers};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Text,
    Name,
    /// Names separated by commas; a list in files and JSON.
    Names,
    /// `true` or `false`.
    Flag,
    OneOf(&'static [&'static str]),
    /// One of these, or any other text.
    Examples(&'static [&'static str]),
    Number,
    /// For example `2m`.
    Duration,
    /// A duration above which something is wrong; or `off`.
    Limit,
    Time,
    /// `us`, `eu`, or the address of a PostHog.
    Host,
    Token,
    Key,
    Template,
    Url,
    /// `smtp://` or `smtps://`, with user and password.
    SmtpUrl,
    /// One or more e-mail addresses separated by commas.
    Addresses,
    HostName,
    /// The id of a Discord thread, or a name for a new one.
    Thread,
    /// Prometheus labels, `name=value` separated by commas.
    Labels,
    /// Secrets of Standard Webhooks separated by white space: `whsec_` and base64.
    SigningSecret,
    /// The absolute path of a program and its arguments, separated by white space.
    CommandLine,
    /// Headers of a request, `Name: value`, one per line.
    Headers,
    /// The template of a request's body. Its values are escaped for the content type in the field `content_type`.
    Payload,
}

#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name in files, on the command line and in the API.
    pub key: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    /// Empty for no default.
    pub default: &'static str,
    pub required: bool,
    /// Whether the value is never shown once it is set.
    pub secret: bool,
    pub takes: Takes,
}

impl Field {
    /// An optional field without a secret.
    #[must_use]
    pub const fn new(key: &'static str, label: &'static str, takes: Takes, hint: &'static str) -> Self {
        Self { key, label, hint, default: "", required: false, secret: false, takes }
    }

    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        match (self.secret, self.takes) {
            (true, Takes::Key) => "phx_***".to_owned(),
            (true, Takes::Url) => SecretUrl::parse(value).map_or_else(|_| "***".to_owned(), |url| url.to_string()),
            (true, _) => "***".to_owned(),
            (false, _) => conceal(value),
        }
    }

    /// The choices; empty if any text is accepted.
    #[must_use]
    pub const fn choices(&self) -> &'static [&'static str] {
        match self.takes {
            Takes::OneOf(choices) | Takes::Examples(choices) => choices,
            Takes::Flag => &["true", "false"],
            _ => &[],
        }
    }

    /// Whether texts other than the choices are accepted.
    #[must_use]
    pub const fn takes_others(&self) -> bool {
        matches!(self.takes, Takes::Examples(_))
    }
}

impl Takes {
    /// What is wrong with plain SMTP on the port that uses TLS from the first byte.
    pub const TLS_PORT: &str = "uses port 465, which speaks TLS from the first byte: use smtps://";

    /// Whether the field accepts `text`. The error quotes the text only where it is one of several choices: any other may be a secret.
    pub fn check(self, text: &str) -> Result<(), Invalid> {
        let must = |be: &'static str| Invalid::Malformed(Quoted::default(), be.into());
        match self {
            _ if text.trim().is_empty() => Err(Invalid::Empty("give a value")),
            Self::Text | Self::Thread if text.chars().any(char::is_control) => Err(Invalid::unquoted("contains a control character")),
            Self::Thread if text.trim().chars().count() > THREAD => {
                Err(Invalid::TooLong { length: text.trim().chars().count(), unit: "characters", most: THREAD })
            }
            // The owner of these fields checks them in detail.
            Self::Text
            | Self::Thread
            | Self::Name
            | Self::Names
            | Self::Flag
            | Self::Examples(_)
            | Self::Duration
            | Self::Limit
            | Self::Time
            | Self::Host
            | Self::Token
            | Self::Key
            | Self::Template
            | Self::Payload => Ok(()),
            Self::Url => SecretUrl::parse(text).map(drop),
            Self::SmtpUrl => match check_login(text).map(|()| url::Url::parse(text))? {
                Ok(url) if url.scheme() == "smtp" && url.port() == Some(465) => Err(Invalid::unquoted(Self::TLS_PORT)),
                Ok(url) if matches!(url.scheme(), "smtp" | "smtps") && url.has_host() => Ok(()),
                _ => Err(must("an address such as `smtps://user:password@mail.example.com:465`")),
            },
            Self::Addresses => match Mailbox::parse_all(text) {
                Err(wrong) => Err(Invalid::unquoted(format!("contains `{}`, which is not an e-mail address", Quoted::line(wrong)))),
                Ok(_) => Ok(()),
            },
            Self::HostName => match url::Host::parse(text.trim()) {
                Ok(url::Host::Domain(name)) if name == text.trim().to_lowercase() => Ok(()),
                _ => Err(must("the name of a host, such as `monitor.example.com`")),
            },
            Self::OneOf(all) if all.contains(&text.trim()) => Ok(()),
            Self::OneOf(all) => Err(Invalid::choice(text, all)),
            Self::Number if text.trim().parse::<u64>().is_ok() => Ok(()),
            Self::Number => Err(must("a whole number")),
            Self::Labels => labels(text).map(drop),
            Self::Headers => headers(text).map(drop),
            // The length that Standard Webhooks requires.
            Self::SigningSecret
                if text.split_whitespace().all(|one| signing_key(one).is_some_and(|key| (24..=64).contains(&key.len()))) =>
            {
                Ok(())
            }
            Self::SigningSecret => {
                Err(must("`whsec_` and 24 to 64 bytes in base64 (`openssl rand -base64 32` makes one); several separated by spaces"))
            }
            Self::CommandLine if text.starts_with('/') => Ok(()),
            Self::CommandLine => Err(Invalid::unquoted("must begin with the absolute path of a program")),
        }
    }
}

/// The maximum length of a thread's name: <https://discord.com/developers/docs/resources/webhook#execute-webhook>.
const THREAD: usize = 100;

/// Labels that Heartbeat sets to identify the incident in Alertmanager; users cannot set them.
const OWN_LABELS: [&str; 5] = ["alertname", "incident", "project", "incident_kind", "test"];

/// Reads `severity=critical, team=data`.
pub fn labels(text: &str) -> Result<Vec<(&str, &str)>, Invalid> {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    for one in text.split(',').map(str::trim) {
        let wrong = |because: &str| Err(Invalid::unquoted(format!("contains `{}`, {because}", Quoted::line(one))));
        let Some((name, value)) = one.split_once('=') else { return wrong("and must be written like `severity=critical, team=data`") };
        let (name, value) = (name.trim(), value.trim());
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) || !name.chars().all(is_name) {
            return wrong("whose name must be letters, digits and `_`, and no digit first");
        }
        if OWN_LABELS.contains(&name) {
            return wrong("which is Heartbeat's own label");
        }
        if value.is_empty() || value.chars().any(char::is_control) {
            return wrong("which has no value");
        }
        if labels.iter().any(|(known, _)| *known == name) {
            return wrong("whose name is given twice");
        }
        labels.push((name, value));
    }
    Ok(labels)
}

/// Accepts secrets with or without padding.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The key in a secret of Standard Webhooks, `whsec_` and base64; none if it is no such secret.
#[must_use]
pub fn signing_key(secret: &str) -> Option<Vec<u8>> {
    LENIENT.decode(secret.strip_prefix("whsec_")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_pairs_with_names_of_prometheus() {
        assert_eq!(labels("severity=critical, team = data ops"), Ok(vec![("severity", "critical"), ("team", "data ops")]));
        for (text, says) in [
            ("critical", "must be written like"),
            ("severity=", "no value"),
            ("a=b,", "must be written like"),
            ("1a=b", "no digit first"),
            ("a-b=c", "letters, digits and `_`"),
            ("=b", "letters, digits and `_`"),
            ("project=x", "Heartbeat's own"),
            ("a=b, a=c", "twice"),
            ("a=b\u{0}", "no value"),
        ] {
            assert!(labels(text).unwrap_err().to_string().contains(says), "{text}: {:?}", labels(text));
        }
    }

    #[test]
    fn a_thread_has_an_id_or_a_name_that_fits() {
        assert!(["1234567890", "alerts of Heartbeat", &"ä".repeat(100)].iter().all(|text| Takes::Thread.check(text).is_ok()));
        assert!(["", "a\nb", &"a".repeat(101)].iter().all(|text| Takes::Thread.check(text).is_err()));
    }

    #[test]
    fn several_secrets_sign_at_once_and_each_must_be_one() {
        let one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert!(Takes::SigningSecret.check(&format!("{one}  {one}")).is_ok());
        assert!(Takes::SigningSecret.check(&format!("{one} MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).is_err());
        // Letters of base64, but not valid base64: nothing could be signed with it.
        for wrong in [format!("{one}A"), format!("{one}AB"), format!("{one}===="), format!("{one}=AAA")] {
            assert!(Takes::SigningSecret.check(&wrong).is_err(), "{wrong}");
        }
        assert!(Takes::SigningSecret.check(&format!("{one}AA==")).is_ok() && Takes::SigningSecret.check(&format!("{one}AA")).is_ok());
    }
}
