//! Error codes of the services and their meaning.

use super::answer::Answer;
use crate::model::Delivery;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A wrong setting of the channel: it accepts no message.
    Channel,
    /// Only this message: the next one may be accepted.
    Message,
}

use Of::{Channel, Message};

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes>
const DISCORD: [(&str, Of, &str); 13] = [
    ("10003", Channel, "the thread or channel does not exist"),
    ("10015", Channel, "the webhook was deleted"),
    ("50001", Channel, "the webhook has no access to that thread"),
    ("50006", Message, "the message is empty"),
    ("50027", Channel, "the webhook's token is wrong"),
    ("50035", Message, "a field of the message is not valid"),
    ("50083", Channel, "the thread is archived"),
    ("160005", Channel, "the thread is locked"),
    ("200000", Message, "blocked by the server's automatic moderation"),
    ("220001", Channel, "the webhook posts to a forum: set `thread` to a name, to create a thread, or to the id of a thread in it"),
    ("220003", Channel, "only forums accept the name of a thread: leave `thread` empty, or set it to the id of a thread"),
    ("220004", Channel, "webhooks of this kind cannot post to a forum"),
    ("240000", Message, "blocked by the filter for harmful links"),
];

/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>
const SLACK: [(&str, Of, &str); 12] = [
    ("action_prohibited", Channel, "an administrator restricts posting there"),
    ("channel_is_archived", Channel, "the Slack channel is archived"),
    ("channel_not_found", Channel, "the Slack channel does not exist"),
    ("invalid_blocks", Message, "a block of the message is not valid"),
    ("invalid_payload", Message, "the message is not valid"),
    ("invalid_token", Channel, "the webhook's address is wrong or was revoked"),
    ("no_service", Channel, "the webhook is disabled or was removed"),
    ("no_team", Channel, "the workspace does not exist"),
    ("no_text", Message, "the message has no text"),
    ("posting_to_general_channel_denied", Channel, "an administrator restricts posting to #general"),
    ("team_disabled", Channel, "the workspace is disabled"),
    ("too_many_attachments", Message, "the message has too many attachments"),
];

/// Substrings of the descriptions of <https://core.telegram.org/bots/api#making-requests>: all have the code 400 or 403.
const TELEGRAM: [(&str, Of, &str); 7] = [
    ("bot was blocked", Channel, "the user blocked the bot"),
    ("bot was kicked", Channel, "the bot was removed from the group"),
    ("chat not found", Channel, "the bot is in no chat with the id in `chat`"),
    ("message is too long", Message, "the message is too long"),
    ("message thread not found", Channel, "the chat has no topic with the id in `thread`"),
    ("not enough rights", Channel, "the bot may not post there"),
    ("TOPIC_CLOSED", Channel, "the topic is closed"),
];

impl Answer {
    pub(super) fn by_discord(&self) -> Option<Delivery> {
        let code = self.json().get("code")?.as_u64()?.to_string();
        self.by(&DISCORD, |listed| listed == code)
    }

    pub(super) fn by_slack(&self) -> Option<Delivery> {
        let word = String::from_utf8_lossy(&self.body).trim().to_owned();
        self.by(&SLACK, |listed| listed == word)
    }

    pub(super) fn by_telegram(&self) -> Option<Delivery> {
        let said = self.json();
        let description = said.get("description")?.as_str()?.to_owned();
        self.by(&TELEGRAM, |listed| description.contains(listed))
    }

    /// PagerDuty's `errors` name either the routing key or the event.
    pub(super) fn by_pagerduty(&self) -> Option<Delivery> {
        let said = self.json();
        let errors: Vec<&str> = said.get("errors")?.as_array()?.iter().filter_map(serde_json::Value::as_str).collect();
        let is_of_event = self.is_rejection() && !errors.is_empty() && !errors.iter().any(|error| error.to_lowercase().contains("routing"));
        is_of_event.then(|| Delivery::Unfit { words: self.words.clone() })
    }

    fn by(&self, codes: &[(&str, Of, &str)], is: impl Fn(&str) -> bool) -> Option<Delivery> {
        let (_, of, meaning) = codes.iter().find(|(listed, ..)| is(listed)).filter(|_| self.is_rejection())?;
        let words = format!("{} ({meaning})", self.words);
        Some(match of {
            Channel => Delivery::Rejected { words },
            Message => Delivery::Unfit { words },
        })
    }

    /// Whether the service rejects the message, rather than failing itself.
    fn is_rejection(&self) -> bool {
        self.status.is_client_error() && !matches!(self.status.as_u16(), 407 | 408 | 425 | 429)
    }
}
