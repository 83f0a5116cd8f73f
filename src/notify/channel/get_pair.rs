//! A plain GET for opened and another for resolved, as PostHog's app did: <https://github.com/PostHog/ingestion-alert-plugin>.
//! The requests have no content. If an incident opened and resolved before delivery, only the resolved URL is called.

use super::Delivered;
use crate::model::{Delivery, NotificationKind};
use crate::notify::call::Call;
use crate::notify::client::Ask;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let kind = call.message().kind;
    let key = match kind {
        NotificationKind::Opened => "triggered",
        NotificationKind::Resolved => "resolved",
        NotificationKind::Escalated
        | NotificationKind::Reminder
        | NotificationKind::Returned
        | NotificationKind::ChannelStopped
        | NotificationKind::ChannelResolved
        | NotificationKind::Digest => {
            return Ok(Delivery::Accepted(format!("not sent: no URL for {kind}")));
        }
    };
    match call.value(key) {
        "" => Ok(Delivery::Accepted(format!("not sent: no URL for {kind}, {key} is not set"))),
        url => Ok(call.ask(Ask::get(url)).await?.settle()),
    }
}
