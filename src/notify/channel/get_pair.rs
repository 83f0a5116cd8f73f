//! A plain GET when triggered and another when resolved, as PostHog's app did: <https://github.com/PostHog/ingestion-alert-plugin>.
//!
//! Nothing is sent along: the addresses say all that there is to say. Of an incident that opened and is over, resolved alone is called.

use super::Delivered;
use crate::model::{Delivery, NotificationKind};
use crate::notify::call::Call;
use crate::notify::send::Ask;

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
            return Ok(Delivery::Accepted(format!("nothing to call for {kind}")));
        }
    };
    match call.value(key) {
        "" => Ok(Delivery::Accepted(format!("nothing to call for {kind}: {key} is not set"))),
        url => Ok(call.ask(Ask::get(url)).await?.settle()),
    }
}
