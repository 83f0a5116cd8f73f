//! A channel: where notices go. Its settings are texts under names, of which [`ChannelKind::fields`] says everything there is to know: files,
//! the command line and the page all read and show them by that one table.

use std::collections::BTreeMap;
use std::fmt;

use super::{ProjectId, ProjectName, Secret, SecretUrl, Severity, Timestamp};

/// The store's number of a channel. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub i64);

/// A kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    /// JSON by POST, signed by Standard Webhooks.
    Webhook,
    /// A plain GET when triggered and another when resolved, as PostHog's app did.
    GetPair,
    /// A Slack incoming webhook.
    Slack,
    /// A Discord webhook.
    Discord,
    /// A Microsoft Teams workflow.
    Teams,
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// Opsgenie, Alert API.
    Opsgenie,
    /// Prometheus Alertmanager, `/api/v2/alerts`.
    Alertmanager,
    /// E-mail by SMTP.
    Email,
    /// ntfy, of ntfy.sh or one's own.
    Ntfy,
    /// A Telegram bot.
    Telegram,
    /// A program on this machine. Only by file or command line, never by the page.
    Command,
}

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

const fn field(key: &'static str, takes: Takes, hint: &'static str) -> Field {
    Field { key, hint, default: "", required: true, secret: false, takes }
}

const fn secret(key: &'static str, takes: Takes, hint: &'static str) -> Field {
    Field { secret: true, ..field(key, takes, hint) }
}

const fn optional(field: Field, default: &'static str) -> Field {
    Field { required: false, default, ..field }
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Webhook,
        Self::GetPair,
        Self::Slack,
        Self::Discord,
        Self::Teams,
        Self::PagerDuty,
        Self::Opsgenie,
        Self::Alertmanager,
        Self::Email,
        Self::Ntfy,
        Self::Telegram,
        Self::Command,
    ];

    /// As it is written in settings and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::GetPair => "get-pair",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::PagerDuty => "pagerduty",
            Self::Opsgenie => "opsgenie",
            Self::Alertmanager => "alertmanager",
            Self::Email => "email",
            Self::Ntfy => "ntfy",
            Self::Telegram => "telegram",
            Self::Command => "command",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Webhook => "JSON by POST, signed by Standard Webhooks",
            Self::GetPair => "A plain GET when triggered and one when resolved, as PostHog's app did",
            Self::Slack => "A Slack incoming webhook",
            Self::Discord => "A Discord webhook",
            Self::Teams => "A Microsoft Teams workflow that posts to a channel or chat",
            Self::PagerDuty => "PagerDuty, Events API v2: one alert an incident",
            Self::Opsgenie => "Opsgenie: one alert an incident",
            Self::Alertmanager => "Prometheus Alertmanager: re-sent while open, resolved by endsAt",
            Self::Email => "E-mail by SMTP",
            Self::Ntfy => "ntfy, of ntfy.sh or a server of your own",
            Self::Telegram => "A Telegram bot",
            Self::Command => "A program on this machine: the message as JSON on its standard input",
        }
    }

    /// Its fields, in the order in which they are asked for.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Webhook => {
                const {
                    &[
                        secret("url", Takes::Url, "Where to POST the JSON"),
                        optional(
                            secret(
                                "secret",
                                Takes::SigningSecret,
                                "Signs each message by Standard Webhooks: `whsec_` and 24 to 64 bytes in base64",
                            ),
                            "",
                        ),
                    ]
                }
            }
            Self::GetPair => {
                const {
                    &[
                        optional(secret("triggered", Takes::Url, "Called by GET when an incident opens"), ""),
                        optional(secret("resolved", Takes::Url, "Called by GET when it is over"), ""),
                    ]
                }
            }
            Self::Slack => const { &[secret("url", Takes::Url, "The incoming webhook's address, https://hooks.slack.com/services/...")] },
            Self::Discord => const { &[secret("url", Takes::Url, "The webhook's address, https://discord.com/api/webhooks/...")] },
            Self::Teams => {
                const { &[secret("url", Takes::Url, "The workflow's address: in Teams, Workflows > When a Teams webhook request is received")] }
            }
            Self::PagerDuty => {
                const {
                    &[
                        secret("routing_key", Takes::Text, "The integration key of an Events API v2 integration"),
                        optional(field("url", Takes::Url, "The address of the Events API"), "https://events.pagerduty.com"),
                    ]
                }
            }
            Self::Opsgenie => {
                const {
                    &[
                        secret("api_key", Takes::Text, "The key of an API integration that may create and close alerts"),
                        optional(
                            field("url", Takes::Url, "The address of the API; https://api.eu.opsgenie.com for the EU"),
                            "https://api.opsgenie.com",
                        ),
                    ]
                }
            }
            Self::Alertmanager => {
                const {
                    &[
                        field("url", Takes::Url, "The Alertmanager's address, without /api/v2/alerts"),
                        optional(field("username", Takes::Text, "For basic authentication"), ""),
                        optional(secret("password", Takes::Text, "For basic authentication"), ""),
                    ]
                }
            }
            Self::Email => {
                const {
                    &[
                        secret("url", Takes::SmtpUrl, "The mail server: smtps://user:password@host:465, or smtp://...:587 (STARTTLS)"),
                        field("from", Takes::Addresses, "The sender's address"),
                        field("to", Takes::Addresses, "The recipients' addresses, between commas"),
                    ]
                }
            }
            Self::Ntfy => {
                const {
                    &[
                        secret("url", Takes::Url, "The topic's address, such as https://ntfy.sh/my-topic; who knows it can read along"),
                        optional(secret("token", Takes::Text, "An access token (tk_...), where the topic needs one"), ""),
                    ]
                }
            }
            Self::Telegram => {
                const {
                    &[
                        secret("token", Takes::Text, "The bot's token, from @BotFather"),
                        field("chat", Takes::Text, "The chat's number, or @name of a channel"),
                        optional(field("url", Takes::Url, "The address of the Bot API"), "https://api.telegram.org"),
                    ]
                }
            }
            Self::Command => {
                const { &[field("command", Takes::CommandLine, "The program (an absolute path) and its arguments; no shell is between")] }
            }
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn field(self, key: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.key == key)
    }

    /// Whether it keeps the state of each incident itself, by key, and so takes every message by itself: such a one gets no digest.
    #[must_use]
    pub const fn keeps_state(self) -> bool {
        matches!(self, Self::GetPair | Self::PagerDuty | Self::Opsgenie | Self::Alertmanager)
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
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
            Self::SmtpUrl => match url::Url::parse(text) {
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

/// What a channel's fields hold. Prints names alone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Values(BTreeMap<String, Secret>);

impl Values {
    /// The value of a field, or its default.
    #[must_use]
    pub fn of(&self, field: &'static Field) -> &str {
        self.get(field.key).unwrap_or(field.default)
    }

    /// The value under this name, where one is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Secret::expose)
    }

    /// Sets a value; an empty one takes it away.
    pub fn set(&mut self, key: &str, value: &str) {
        match value.trim() {
            "" => drop(self.0.remove(key)),
            value => drop(self.0.insert(key.to_owned(), Secret::new(value))),
        }
    }

    /// Names and values, by name, in clear.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A channel as a person sets it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Unlike that of any other channel.
    pub name: ProjectName,
    /// Of which kind.
    pub kind: ChannelKind,
    /// Whether notices go there.
    pub enabled: bool,
    /// Only of these projects; of all, when empty.
    pub projects: Vec<ProjectName>,
    /// Nothing lighter than this.
    pub least: Severity,
    /// More than so many messages that are due at once become one digest.
    pub at_once: u16,
    /// In place of the title: a template, checked when it is saved.
    pub title: Option<String>,
    /// In place of the text: a template, checked when it is saved.
    pub body: Option<String>,
    /// What its fields hold.
    pub values: Values,
}

impl ChannelSpec {
    /// How many messages at once a channel takes where nothing is set.
    pub const AT_ONCE: u16 = 5;

    /// A channel with nothing set.
    #[must_use]
    pub fn new(name: ProjectName, kind: ChannelKind) -> Self {
        Self {
            name,
            kind,
            enabled: true,
            projects: Vec::new(),
            least: Severity::Info,
            at_once: Self::AT_ONCE,
            title: None,
            body: None,
            values: Values::default(),
        }
    }

    /// The value of one of its kind's fields, or that field's default. Empty for a field that there is not.
    #[must_use]
    pub fn value(&self, key: &str) -> &str {
        self.kind.field(key).map_or("", |field| self.values.of(field))
    }

    /// What is wrong with its fields: one sentence each, without a value that is secret.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let unknown = self.values.iter().filter(|(key, _)| self.kind.field(key).is_none());
        let mut problems: Vec<String> = unknown.map(|(key, _)| format!("{key} is not a setting of a {} channel", self.kind)).collect();
        for field in self.kind.fields() {
            match self.values.get(field.key) {
                None if field.required => problems.push(format!("{} is missing: {}", field.key, field.hint)),
                None => {}
                Some(value) => problems.extend(field.takes.check(value).err().map(|says| format!("{} {says}", field.key))),
            }
        }
        if self.kind == ChannelKind::GetPair && self.values == Values::default() {
            problems.push("triggered and resolved are both missing; give at least one".into());
        }
        problems
    }

    /// Whether a message of this project and severity goes there. One without a project is about Heartbeat itself, and goes everywhere
    /// but to a pair of addresses that knows nothing but triggered and resolved.
    #[must_use]
    pub fn wants(&self, project: Option<&ProjectName>, severity: Severity) -> bool {
        let is_concerned = match project {
            Some(project) => self.projects.is_empty() || self.projects.contains(project),
            None => self.kind != ChannelKind::GetPair,
        };
        self.enabled && is_concerned && severity >= self.least
    }
}

/// A channel that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// What it is.
    pub spec: ChannelSpec,
    /// The project whose Ingestion Alert it belongs to: the app's own pair of webhooks. Such a one comes and goes with the app's settings.
    pub of_app: Option<ProjectId>,
    /// Why it does not deliver; none while it does. Nothing is tried until somebody changes it, or says to try again.
    pub stopped: Option<Stopped>,
    /// When a message was last taken.
    pub last_taken: Option<Timestamp>,
}

/// Why a channel does not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Since when.
    pub at: Timestamp,
    /// What came back, without secrets.
    pub words: String,
}
