//! Channels that did not deliver, and do again or are not used any more: whoever was notified of the one is notified of the other.

use std::collections::HashMap;

use super::Notify;
use crate::message::{self, Mended};
use crate::model::{Channel, ChannelFacts, Message, Notice, NoticeKind, Timestamp};
use crate::store::{StoreError, WhichNotices};

impl Notify {
    /// Owes the end of every word that a channel does not deliver, once it does.
    pub(super) async fn tell_what_is_mended(&self, now: Timestamp) -> Result<(), StoreError> {
        let written = self.store.notices(&WhichNotices { of_channels: true, ..WhichNotices::default() }).await?;
        let mut newest = HashMap::new();
        for notice in written {
            if let Some(about) = &notice.message.channel {
                newest.entry((notice.channel, about.key)).or_insert(notice);
            }
        }
        newest.retain(|_, notice| notice.message.kind == NoticeKind::ChannelStopped);
        if newest.is_empty() {
            return Ok(());
        }
        let channels = self.store.channels().await?;
        let owed: Vec<Notice> = newest
            .into_values()
            .filter(|notice| channels.iter().any(|channel| channel.id == notice.channel))
            .filter_map(|notice| {
                let mended = mended(&notice.message, &channels)?;
                let message = message::channel_resolved(&notice.message, mended, now);
                Some(Notice::owed(notice.channel, None, &notice.id.to_string(), 0, message))
            })
            .collect();
        if owed.is_empty() { Ok(()) } else { self.store.owe(&owed).await }
    }
}

/// Why the channel of this message is not broken any more; none while it is.
fn mended(stopped: &Message, channels: &[Channel]) -> Option<Mended> {
    let about = stopped.channel.as_ref()?;
    let Some(channel) = channels.iter().find(|channel| ChannelFacts::of(channel.id, &channel.spec.name) == *about) else {
        return Some(Mended::Removed);
    };
    match channel {
        Channel { stopped: Some(_), .. } => None,
        channel if !channel.spec.enabled => Some(Mended::Disabled),
        channel if channel.last_taken >= Some(stopped.at) => Some(Mended::Delivers),
        _ => Some(Mended::TriedAgain),
    }
}
