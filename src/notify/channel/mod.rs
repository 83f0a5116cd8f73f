//! The channels: one file per kind.

mod alertmanager;
mod command;
mod discord;
mod email;
mod get_pair;
mod google_chat;
mod http;
mod mattermost;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod pushover;
mod slack;
mod teams;
mod telegram;
mod webhook;

use super::call::Call;
use super::markup::Markup;
use crate::model::{ChannelKind, Delivery};

pub(super) async fn deliver(call: &Call<'_>) -> Delivery {
    let delivered = match call.channel.kind {
        ChannelKind::Webhook => webhook::deliver(call).await,
        ChannelKind::Http => http::deliver(call).await,
        ChannelKind::GetPair => get_pair::deliver(call).await,
        ChannelKind::Slack => slack::deliver(call).await,
        ChannelKind::Discord => discord::deliver(call).await,
        ChannelKind::Teams => teams::deliver(call).await,
        ChannelKind::PagerDuty => pagerduty::deliver(call).await,
        ChannelKind::Opsgenie => opsgenie::deliver(call).await,
        ChannelKind::Alertmanager => alertmanager::deliver(call).await,
        ChannelKind::Email => email::deliver(call).await,
        ChannelKind::Ntfy => ntfy::deliver(call).await,
        ChannelKind::Telegram => telegram::deliver(call).await,
        ChannelKind::GoogleChat => google_chat::deliver(call).await,
        ChannelKind::Mattermost => mattermost::deliver(call).await,
        ChannelKind::Pushover => pushover::deliver(call).await,
        ChannelKind::Command => command::deliver(call).await,
    };
    delivered.unwrap_or_else(|unanswered| unanswered)
}

/// `Err` if there was no answer.
type Delivered = Result<Delivery, Delivery>;

/// How the texts of a message are escaped for a kind, with the values in a user's own templates.
pub(super) const fn markup(kind: ChannelKind) -> Markup {
    match kind {
        ChannelKind::Discord | ChannelKind::Mattermost => Markup::Markdown,
        ChannelKind::Teams => Markup::Teams,
        ChannelKind::Slack => Markup::Entities,
        ChannelKind::Telegram => Markup::Telegram,
        _ => Markup::Plain,
    }
}
