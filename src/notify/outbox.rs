//! The loop over the outbox: leases what is due, sends it, and then marks what came of it. Killed between any two of these, a notice is sent
//! again, with the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::plan::{Crowds, Parcel, Plan, plan};
use super::send::Letter;
use super::{Notify, retry};
use crate::message;
use crate::model::{Channel, ChannelId, Delivery, Notice, NoticeState, Severity, Stopped, Timestamp};
use crate::store::{ChannelNews, StoreError};
use crate::vitals::Loop;

/// For so long nobody else sends what was leased: longer than a channel's share of one round takes.
const LEASE: Duration = Duration::from_mins(2);
/// So long one channel may take in one round; what it leaves goes back.
const ROUND: Duration = Duration::from_secs(80);
/// So many notices are leased at once.
const AT_MOST: u32 = 500;

/// The notices that are being sent.
#[derive(Default)]
pub(super) struct Outbox {
    crowds: Crowds,
    rounds: JoinSet<Result<(), StoreError>>,
}

impl Outbox {
    /// Leases what is due at `now` and begins to send it.
    pub(super) async fn empty(&mut self, notify: &Notify, channels: &[Channel], now: Timestamp) -> Result<(), StoreError> {
        let leased = notify.store.lease(now, now.plus(LEASE), AT_MOST).await?;
        if leased.is_empty() {
            return Ok(());
        }
        let known: HashMap<ChannelId, &Channel> = channels.iter().map(|channel| (channel.id, channel)).collect();
        let Plan { parcels, put_back } = plan(leased, &known, &mut self.crowds, now);
        if !put_back.is_empty() {
            notify.store.mark(&put_back, &[], &[]).await?;
        }
        let all: Arc<[Channel]> = channels.into();
        let mut rounds: Vec<(ChannelId, Vec<Parcel>)> = Vec::new();
        for parcel in parcels {
            self.crowds.sent(parcel.channel, now);
            match rounds.iter_mut().find(|(channel, _)| *channel == parcel.channel) {
                Some((_, parcels)) => parcels.push(parcel),
                None => rounds.push((parcel.channel, vec![parcel])),
            }
        }
        for (id, parcels) in rounds {
            let (notify, all) = (notify.clone(), Arc::clone(&all));
            self.rounds.spawn(async move { notify.round(id, &all, parcels).await });
        }
        Ok(())
    }

    /// Takes note of rounds that are over; gives the first failure of the store among them.
    pub(super) fn collect(&mut self) -> Result<(), StoreError> {
        let mut result = Ok(());
        while let Some(ended) = self.rounds.try_join_next() {
            match ended {
                Ok(ended) => result = result.and(ended),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        result
    }

    /// Waits for what is under way.
    pub(super) async fn finish(&mut self) {
        while self.rounds.join_next().await.is_some() {}
    }
}

impl Notify {
    /// Sends one channel's parcels, one after the other, each marked before the next.
    async fn round(&self, id: ChannelId, all: &[Channel], parcels: Vec<Parcel>) -> Result<(), StoreError> {
        let Some(channel) = all.iter().find(|channel| channel.id == id) else { return Ok(()) };
        let begun = self.clock.monotonic();
        let mut left = parcels.into_iter();
        while let Some(parcel) = left.next() {
            if self.clock.monotonic().saturating_sub(begun) > ROUND {
                return self.put_back(std::iter::once(parcel).chain(left), self.clock.now()).await;
            }
            let letter = Letter { id: parcel.id, message: &parcel.message };
            let delivery = self.sender.deliver(&channel.spec, &letter).await;
            let now = self.clock.now();
            match delivery {
                Delivery::Taken(words) => {
                    tracing::info!(channel = %channel.spec.name, title = parcel.message.title, "told");
                    let ended = parcel.ended(NoticeState::Sent, &words, now);
                    self.store.mark(&ended, &[ChannelNews::Taken(channel.id, now)], &[]).await?;
                    self.vitals.did(Loop::Notify, 1);
                }
                Delivery::TryAgain { words, after } => {
                    tracing::warn!(channel = %channel.spec.name, title = parcel.message.title, "not told, and tried again: {words}");
                    let (again, due) = parcel.failed(&words, after, now);
                    self.store.mark(&again, &[], &[]).await?;
                    // Where one is not taken the next is not either: the others wait as long, and have lost no try by it.
                    return self.put_back(left, due).await;
                }
                Delivery::Unfit { words } => {
                    tracing::error!(channel = %channel.spec.name, title = parcel.message.title, "this message is not taken: {words}");
                    self.store.mark(&parcel.ended(NoticeState::Dead, &words, now), &[], &[]).await?;
                }
                Delivery::Refused { words } => {
                    tracing::error!(channel = %channel.spec.name, "this channel does not deliver any more: {words}");
                    let kept = std::iter::once(parcel).chain(left).flat_map(Parcel::leased);
                    let kept: Vec<Notice> = kept.map(|notice| Notice { said: Some(words.clone()), ..notice }).collect();
                    let owed = tell_of(channel, all, &words, now);
                    let stopped = ChannelNews::Stopped(channel.id, Stopped { at: now, words });
                    return self.store.mark(&kept, &[stopped], &owed).await;
                }
            }
        }
        Ok(())
    }

    /// Gives leases back; the notices are due at `due`.
    async fn put_back(&self, parcels: impl Iterator<Item = Parcel>, due: Timestamp) -> Result<(), StoreError> {
        let notices: Vec<Notice> = parcels.flat_map(Parcel::leased).map(|notice| Notice { due, ..notice }).collect();
        if notices.is_empty() { Ok(()) } else { self.store.mark(&notices, &[], &[]).await }
    }
}

impl Parcel {
    /// Its notices when it was taken, or given up; what it replaces is not needed any more.
    fn ended(self, state: NoticeState, words: &str, now: Timestamp) -> Vec<Notice> {
        let said = Some(words.to_owned());
        let covers = self.covers.into_iter().map(|notice| {
            let tries = notice.tries.saturating_add(1);
            Notice { tries, state, ended: Some(now), said: said.clone(), ..notice }
        });
        covers.chain(self.replaces.into_iter().map(|notice| superseded(notice, now))).collect()
    }

    /// Its notices after a try that failed, and when they are due: all at once, so that they come together again.
    fn failed(self, words: &str, wish: Option<Duration>, now: Timestamp) -> (Vec<Notice>, Timestamp) {
        let mut tried: Vec<Notice> = self.covers.into_iter().map(|notice| retry::failed(notice, words, wish, now)).collect();
        let again = tried.iter().filter(|notice| notice.state == NoticeState::Owed).map(|notice| notice.due).max();
        for notice in tried.iter_mut().filter(|notice| notice.state == NoticeState::Owed) {
            notice.due = again.unwrap_or(now);
        }
        tried.extend(self.replaces.into_iter().map(|notice| match again {
            Some(due) => Notice { due, ..notice },
            None => superseded(notice, now),
        }));
        (tried, again.unwrap_or(now))
    }
}

fn superseded(notice: Notice, now: Timestamp) -> Notice {
    Notice { state: NoticeState::Superseded, ended: Some(now), ..notice }
}

/// What the other channels are told, once, of one that does not deliver any more.
fn tell_of(stopped: &Channel, all: &[Channel], words: &str, now: Timestamp) -> Vec<Notice> {
    let message = message::channel_stopped(&stopped.spec.name, words, now);
    let about = format!("channel {} stopped {}", stopped.id.0, now.ms());
    let told = all.iter().filter(|other| other.id != stopped.id && other.stopped.is_none() && other.spec.wants(None, Severity::Warning));
    told.map(|other| Notice::owed(other.id, None, &about, 0, message.clone())).collect()
}
