//! The kinds of channels, and the table of their fields.

use std::fmt;

use super::{Field, Takes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    Webhook,
    Http,
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
    GoogleChat,
    Mattermost,
    Pushover,
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

const HTTP: [Field; 5] = [
    Field::new("url", "Address", Takes::Url, "The address of the request").secret().required(),
    Field::new("method", "Method", Takes::OneOf(&["POST", "PUT", "PATCH"]), "The method of the request").or("POST"),
    Field::new(
        "headers",
        "Headers",
        Takes::Headers,
        "More headers, one per line, for example `Authorization: Bearer abc`; they are all treated as secrets",
    )
    .secret(),
    Field::new(
        "content_type",
        "Content type",
        Takes::OneOf(&["application/json", "application/x-www-form-urlencoded", "text/plain"]),
        "The format of the body: values in it are escaped for this format",
    )
    .or("application/json"),
    Field::new(
        "payload",
        "Request body",
        Takes::Payload,
        "Template for the body of the request, with the same names as a template for the text; `{{ title }}` and `{{ text }}` are those \
         of this channel",
    )
    .or(r#"{"title": "{{ title }}", "text": "{{ text }}"}"#),
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

const GOOGLE_CHAT: [Field; 1] = [Field::new(
    "url",
    "Address",
    Takes::Url,
    "The address of the webhook, https://chat.googleapis.com/v1/spaces/...: in the space, Apps & integrations > Webhooks",
)
.secret()
.required()];

const MATTERMOST: [Field; 1] =
    [Field::new("url", "Address", Takes::Url, "The address of the incoming webhook, https://mattermost.example.com/hooks/...")
        .secret()
        .required()];

const PUSHOVER: [Field; 4] = [
    Field::new("token", "API token", Takes::Text, "The API token of your application, from pushover.net").secret().required(),
    Field::new("user", "User key", Takes::Text, "The key of the user or group").secret().required(),
    Field::new("device", "Device", Takes::Text, "The name of one device; without it the message goes to all devices"),
    Field::new("url", "Address", Takes::Url, "The address of the API").or("https://api.pushover.net"),
];

/// What there is to know of a kind.
struct Row {
    kind: ChannelKind,
    /// In settings, in the API and in the store.
    name: &'static str,
    /// In the service's own spelling.
    title: &'static str,
    description: &'static str,
    fields: &'static [Field],
    keeps_state: bool,
}

/// In the order of the enum.
const KINDS: [Row; 16] = [
    Row {
        kind: ChannelKind::Webhook,
        name: "webhook",
        title: "Webhook",
        description: "JSON by POST, signed by Standard Webhooks",
        fields: &WEBHOOK,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Http,
        name: "http",
        title: "HTTP request",
        description: "An HTTP request with your own headers, and a body from a template",
        fields: &HTTP,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::GetPair,
        name: "get-pair",
        title: "Pair of GET requests",
        description: "A plain GET when triggered and another when resolved, as in PostHog's app",
        fields: &GET_PAIR,
        keeps_state: true,
    },
    Row {
        kind: ChannelKind::Slack,
        name: "slack",
        title: "Slack",
        description: "A Slack incoming webhook",
        fields: &SLACK,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Discord,
        name: "discord",
        title: "Discord",
        description: "A Discord webhook",
        fields: &DISCORD,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Teams,
        name: "teams",
        title: "Microsoft Teams",
        description: "A Microsoft Teams workflow that posts to a channel or chat",
        fields: &TEAMS,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::PagerDuty,
        name: "pagerduty",
        title: "PagerDuty",
        description: "PagerDuty, Events API v2: one alert per incident",
        fields: &PAGERDUTY,
        keeps_state: true,
    },
    Row {
        kind: ChannelKind::Opsgenie,
        name: "opsgenie",
        title: "Opsgenie",
        description: "Opsgenie: one alert per incident",
        fields: &OPSGENIE,
        keeps_state: true,
    },
    Row {
        kind: ChannelKind::Alertmanager,
        name: "alertmanager",
        title: "Alertmanager",
        description: "Prometheus Alertmanager: re-sent while open, resolved by endsAt",
        fields: &ALERTMANAGER,
        keeps_state: true,
    },
    Row { kind: ChannelKind::Email, name: "email", title: "E-mail", description: "E-mail by SMTP", fields: &EMAIL, keeps_state: false },
    Row {
        kind: ChannelKind::Ntfy,
        name: "ntfy",
        title: "ntfy",
        description: "ntfy, on ntfy.sh or your own server",
        fields: &NTFY,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Telegram,
        name: "telegram",
        title: "Telegram",
        description: "A Telegram bot",
        fields: &TELEGRAM,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::GoogleChat,
        name: "google-chat",
        title: "Google Chat",
        description: "A webhook of a Google Chat space: one thread per incident",
        fields: &GOOGLE_CHAT,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Mattermost,
        name: "mattermost",
        title: "Mattermost",
        description: "A Mattermost incoming webhook",
        fields: &MATTERMOST,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Pushover,
        name: "pushover",
        title: "Pushover",
        description: "Pushover: a push notification to phones",
        fields: &PUSHOVER,
        keeps_state: false,
    },
    Row {
        kind: ChannelKind::Command,
        name: "command",
        title: "Command",
        description: "A program on this machine: the message as JSON on its standard input",
        fields: &COMMAND,
        keeps_state: false,
    },
];

impl ChannelKind {
    pub const ALL: [Self; KINDS.len()] = {
        let mut all = [Self::Webhook; KINDS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = KINDS[at].kind;
            at += 1;
        }
        all
    };

    pub const NAMES: [&'static str; KINDS.len()] = {
        let mut names = [""; KINDS.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = KINDS[at].name;
            at += 1;
        }
        names
    };

    const fn row(self) -> &'static Row {
        &KINDS[self as usize]
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// For example `an http channel`, in sentences.
    #[must_use]
    pub fn as_channel(self) -> String {
        let article = if matches!(self, Self::Http | Self::Opsgenie | Self::Alertmanager | Self::Email) { "an" } else { "a" };
        format!("{article} {self} channel")
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    #[must_use]
    pub const fn description(self) -> &'static str {
        self.row().description
    }

    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        self.row().fields
    }

    #[must_use]
    pub fn field(self, key: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.key == key)
    }

    /// Whether a change of this field leads to another service, or to other alerts there; and not only to another login.
    #[must_use]
    pub fn leads_by(self, key: &str) -> bool {
        !(self == Self::Alertmanager && matches!(key, "username" | "password"))
    }

    /// Whether the service keeps the state of each incident itself, by key. Such a channel gets every message by itself and no digest.
    #[must_use]
    pub const fn keeps_state(self) -> bool {
        self.row().keeps_state
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_row() {
        for kind in ChannelKind::ALL {
            assert_eq!((kind.row().kind, ChannelKind::named(kind.name())), (kind, Some(kind)));
            assert!(!kind.title().is_empty() && !kind.description().is_empty() && !kind.fields().is_empty(), "{kind}");
        }
    }
}
