//! The channels: one file per kind.

mod alertmanager;
mod command;
mod discord;
mod email;
mod get_pair;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod slack;
mod teams;
mod telegram;
mod webhook;

use super::call::Call;
use crate::model::{ChannelKind, Delivery};

pub(super) async fn deliver(call: &Call<'_>) -> Delivery {
    let delivered = match call.channel.kind {
        ChannelKind::Webhook => webhook::deliver(call).await,
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
        ChannelKind::Command => command::deliver(call).await,
    };
    delivered.unwrap_or_else(|unanswered| unanswered)
}

/// `Err` if there was no answer.
type Delivered = Result<Delivery, Delivery>;
