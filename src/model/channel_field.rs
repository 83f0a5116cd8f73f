//! A channel's field: what it takes, and whether a text is that.

use super::{SecretUrl, check_login};

/// What a field of a channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Any text.
    Text,
    /// An http or https address.
    Url,
    /// `smtp://` or `smtps://`, with user and password.
    SmtpUrl,
    /// One or more e-mail addresses between commas.
    Addresses,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A secret of Standard Webhooks: `whsec_` and base64.
    SigningSecret,
    /// An absolute path of a program, and its arguments, between white space.
    CommandLine,
}

/// One field of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in files and on the command line.
    pub key: &'static str,
    /// What there is to know, and where it is found.
    pub hint: &'static str,
    /// What it is when it is not given; empty for nothing.
    pub default: &'static str,
    /// Whether the channel cannot be without it.
    pub required: bool,
    /// Whether nobody may see it once it is set.
    pub secret: bool,
    /// What it takes.
    pub takes: Takes,
}

impl Takes {
    /// Whether `text` is what the field takes.
    ///
    /// # Errors
    /// The rest of a sentence that starts with the field's name; the text is not quoted, it may be a secret.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            _ if text.trim().is_empty() => Err("is empty".into()),
            Self::Text if text.chars().any(char::is_control) => Err("holds a control character".into()),
            Self::Text => Ok(()),
            Self::Url => SecretUrl::parse(text).map(drop),
            Self::SmtpUrl => match check_login(text).map(|()| url::Url::parse(text))? {
                Ok(url) if matches!(url.scheme(), "smtp" | "smtps") && url.has_host() => Ok(()),
                _ => Err("must be an address such as `smtps://user:password@mail.example.com:465`".into()),
            },
            Self::Addresses => match text.split(',').map(str::trim).find(|one| !is_address(one)) {
                Some(wrong) => Err(format!("holds `{}`, which is no e-mail address", wrong.escape_debug())),
                None => Ok(()),
            },
            Self::OneOf(all) if all.contains(&text.trim()) => Ok(()),
            Self::OneOf(all) => Err(format!("must be one of {}", all.join(", "))),
            Self::SigningSecret => match text.trim().strip_prefix("whsec_") {
                Some(base64) if is_base64(base64) => Ok(()),
                _ => Err("must be `whsec_` and 24 to 64 bytes in base64 (`openssl rand -base64 32` makes one)".into()),
            },
            Self::CommandLine if text.starts_with('/') => Ok(()),
            Self::CommandLine => Err("must begin with the absolute path of a program".into()),
        }
    }
}

/// `a@b`, or `Name <a@b>`.
fn is_address(text: &str) -> bool {
    let bare = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or(""),
        None => text,
    };
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>,@\"".contains(c));
    bare.split_once('@').is_some_and(|(user, host)| is_part(user) && is_part(host))
}

/// From 24 to 64 bytes, as Standard Webhooks asks for.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let holds = bare.len() * 3 / 4;
    (24..=64).contains(&holds) && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}
