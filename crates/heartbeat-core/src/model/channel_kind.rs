//! The kinds of channels, and the table of their fields.

use std::fmt;

use super::{Field, Takes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    Webhook,
    GetPair,
    Slack,
    Discord,
    Teams,
    PagerDuty,
    Opsgenie,
    Alertmanager,
    Email,
    Ntfy,
    Telegram,
    /// A program on this machine. Set only by file or command line, never on the page.
    Command,
}

const WEBHOOK: [Field; 2] = [
    Field::new("url", "Address", Takes::Url, "The address that receives the JSON by POST").secret().required(),
    Field::new(
        "secret",
        "Secret",
        Takes::SigningSecret,
        "Signs each message by Standard Webhooks: `whsec_` and 24 to 64 bytes in base64; several separated by spaces, while one \
         replaces another",
    )
    .secret(),
];

const GET_PAIR: [Field; 2] = [
    Field::new("triggered", "Triggered", Takes::Url, "Called with GET when an incident opens").secret(),
    Field::new("resolved", "Resolved", Takes::Url, "Called with GET when the incident ends").secret(),
];

const SLACK: [Field; 1] =
    [Field::new("url", "Address", Takes::Url, "The incoming webhook's address, https://hooks.slack.com/services/...").secret().required()];

const DISCORD: [Field; 2] = [
    Field::new("url", "Address", Takes::Url, "The webhook's address, https://discord.com/api/webhooks/...").secret().required(),
    Field::new(
        "thread",
        "Thread",
        Takes::Thread,
        "The id of a thread to post to; in a forum a name is possible too: a thread of that name is created",
    ),
];

const TEAMS: [Field; 1] =
    [Field::new("url", "Address", Takes::Url, "The workflow's address: in Teams, Workflows > When a Teams webhook request is received")
        .secret()
        .required()];

const PAGERDUTY: [Field; 2] = [
    Field::new("routing_key", "Routing key", Takes::Text, "The integration key of an Events API v2 integration").secret().required(),
    Field::new("url", "Address", Takes::Url, "The address of the Events API").or("https://events.pagerduty.com"),
];

const OPSGENIE: [Field; 2] = [
    Field::new("api_key", "API key", Takes::Text, "The key of an API integration that may create and close alerts").secret().required(),
    Field::new("url", "Address", Takes::Url, "The address of the API; https://api.eu.opsgenie.com for the EU")
        .or("https://api.opsgenie.com"),
];

const ALERTMANAGER: [Field; 4] = [
    Field::new("url", "Address", Takes::Url, "The Alertmanager's address, for example https://alertmanager.example.com").required(),
    Field::new("username", "Username", Takes::Text, "For basic authentication"),
    Field::new("password", "Password", Takes::Text, "For basic authentication").secret(),
    Field::new("labels", "Labels", Takes::Labels, "Your own labels, for example severity=critical, team=data"),
];

const NTFY: [Field; 2] = [
    Field::new(
        "url",
        "Address",
        Takes::Url,
        "The topic's address, for example https://ntfy.sh/my-topic; anyone who knows it can read the messages",
    )
    .secret()
    .required(),
    Field::new("token", "Token", Takes::Text, "An access token (tk_...), if the topic needs one").secret(),
];

const TELEGRAM: [Field; 4] = [
    Field::new("token", "Token", Takes::Text, "The bot's token, from @BotFather").secret().required(),
    Field::new("chat", "Chat", Takes::Text, "The chat's number, or @name of a channel").required(),
    Field::new("thread", "Thread", Takes::Number, "The number of a topic of that chat, to post there"),
    Field::new("url", "Address", Takes::Url, "The address of the Bot API").or("https://api.telegram.org"),
];

const COMMAND: [Field; 1] =
    [Field::new("command", "Command", Takes::CommandLine, "The program (an absolute path) and its arguments; no shell is used").required()];

const EMAIL: [Field; 4] = [
    Field::new("url", "Address", Takes::SmtpUrl, "The mail server: smtps://user:password@host:465, or smtp://...:587 (STARTTLS)")
        .secret()
        .required(),
    Field::new("from", "From", Takes::Addresses, "The sender's address").required(),
    Field::new("to", "To", Takes::Addresses, "The recipients' addresses, separated by commas").required(),
    Field::new("hello", "EHLO name", Takes::HostName, "The name in Heartbeat's EHLO; default: this machine's name"),
];

impl ChannelKind {
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

    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };

    /// The name in settings and in the store.
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

    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Webhook => "JSON by POST, signed by Standard Webhooks",
            Self::GetPair => "A plain GET when triggered and another when resolved, as in PostHog's app",
            Self::Slack => "A Slack incoming webhook",
            Self::Discord => "A Discord webhook",
            Self::Teams => "A Microsoft Teams workflow that posts to a channel or chat",
            Self::PagerDuty => "PagerDuty, Events API v2: one alert per incident",
            Self::Opsgenie => "Opsgenie: one alert per incident",
            Self::Alertmanager => "Prometheus Alertmanager: re-sent while open, resolved by endsAt",
            Self::Email => "E-mail by SMTP",
            Self::Ntfy => "ntfy, on ntfy.sh or your own server",
            Self::Telegram => "A Telegram bot",
            Self::Command => "A program on this machine: the message as JSON on its standard input",
        }
    }

    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Webhook => &WEBHOOK,
            Self::GetPair => &GET_PAIR,
            Self::Slack => &SLACK,
            Self::Discord => &DISCORD,
            Self::Teams => &TEAMS,
            Self::PagerDuty => &PAGERDUTY,
            Self::Opsgenie => &OPSGENIE,
            Self::Alertmanager => &ALERTMANAGER,
            Self::Email => &EMAIL,
            Self::Ntfy => &NTFY,
            Self::Telegram => &TELEGRAM,
            Self::Command => &COMMAND,
        }
    }

    #[must_use]
    pub fn field(self, key: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.key == key)
    }

    /// Whether another value of this field means another service or other alerts, and not just another login.
    #[must_use]
    pub fn leads_by(self, key: &str) -> bool {
        !(self == Self::Alertmanager && matches!(key, "username" | "password"))
    }

    /// Whether the service keeps the state of each incident by key. Such a channel gets every message and no digest.
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
