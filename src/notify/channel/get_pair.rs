//! A plain GET when triggered and another when resolved, as PostHog's app did: <https://github.com/PostHog/ingestion-alert-plugin>.
//!
//! Nothing is sent along: the addresses say all that there is to say. Of an incident that opened and is over, resolved alone is called.

use super::Delivered;
use crate::model::{Delivery, NoticeKind};
use crate::notify::call::Call;
use crate::notify::send::Ask;

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let kind = call.message().kind;
    let key = match kind {
        NoticeKind::Opened => "triggered",
        NoticeKind::Resolved => "resolved",
        NoticeKind::Worsened
        | NoticeKind::Reminder
        | NoticeKind::Returned
        | NoticeKind::ChannelStopped
        | NoticeKind::ChannelResolved
        | NoticeKind::Digest => {
            return Ok(Delivery::Taken(format!("nothing to call for {kind}")));
        }
    };
    match call.value(key) {
        "" => Ok(Delivery::Taken(format!("nothing to call for {kind}: {key} is not set"))),
        url => Ok(call.ask(Ask::get(url)).await?.settle()),
    }
}
