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
use crate::store::{ChannelNews, StoreError, WhichNotices};
use crate::vitals::Loop;

/// For so long nobody else sends what was leased: longer than a channel's share of one round takes.
const LEASE: Duration = Duration::from_mins(2);
/// So long one channel may take in one round; what it leaves goes back.
const ROUND: Duration = Duration::from_secs(80);
/// So many notices are leased at once.
const AT_MOST: u32 = 500;
/// A channel that rejects so many messages one after the other does not deliver: it is not the messages.
const REJECTED_IN_A_ROW: usize = 3;
/// So many notices are looked at to find them: one message can cover many.
const LOOKED_BACK: u32 = 500;

/// The notices that are being sent.
#[derive(Default)]
pub(super) struct Outbox {
    crowds: Crowds,
    rounds: JoinSet<Result<(), StoreError>>,
}

impl Outbox {
    /// Leases what is due at `now` and begins to send it. `closing` are channels that only close their alerts.
    pub(super) async fn empty(
        &mut self,
        notify: &Notify,
        channels: &[Channel],
        closing: &[Channel],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let leased = notify.store.lease(now, now.plus(LEASE), AT_MOST).await?;
        if leased.is_empty() {
            return Ok(());
        }
        // One that is disabled is among both.
        let all: Vec<Channel> = closing.iter().chain(channels).cloned().collect();
        let known: HashMap<ChannelId, &Channel> = all.iter().map(|channel| (channel.id, channel)).collect();
        let Plan { parcels, put_back } = plan(leased, &known, &mut self.crowds, now);
        if !put_back.is_empty() {
            notify.store.mark(&put_back, &[], &[]).await?;
        }
        let all: Arc<[Channel]> = all.as_slice().into();
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
                Delivery::Partly { words } => {
                    tracing::warn!(channel = %channel.spec.name, title = parcel.message.title, "told in part, and tried again for the rest: {words}");
                    let (again, _) = parcel.failed(&words, None, now);
                    // What was tried before is woken by the news, and this is not: the others took it, and the next message is theirs at once.
                    self.store.mark(&[], &[ChannelNews::Taken(channel.id, now)], &[]).await?;
                    self.store.mark(&again, &[], &[]).await?;
                    self.vitals.did(Loop::Notify, 1);
                }
                Delivery::Unfit { words } => {
                    tracing::error!(channel = %channel.spec.name, title = parcel.message.title, "this message is rejected: {words}");
                    let (news, owed) = self.rejected(channel, all, &words, now).await?;
                    self.store.mark(&parcel.ended(NoticeState::Dead, &words, now), &news, &owed).await?;
                }
                Delivery::Refused { words } => {
                    tracing::error!(channel = %channel.spec.name, "this channel does not deliver any more: {words}");
                    let kept = std::iter::once(parcel).chain(left).flat_map(Parcel::leased);
                    let kept: Vec<Notice> = kept.map(|notice| Notice { said: Some(words.clone()), ..notice }).collect();
                    let stopped = Stopped { at: now, words, retried: false };
                    let owed = tell_of(channel, all, &stopped);
                    return self.store.mark(&kept, &[ChannelNews::Stopped(channel.id, stopped)], &owed).await;
                }
            }
        }
        Ok(())
    }

    /// What becomes of a channel that rejects one more message, and whom to tell. One that takes none of several in a row, or never took any, does
    /// not deliver, and is still tried: the next message may be another one.
    async fn rejected(
        &self,
        channel: &Channel,
        all: &[Channel],
        words: &str,
        now: Timestamp,
    ) -> Result<(Vec<ChannelNews>, Vec<Notice>), StoreError> {
        // What this round began with may be old by now.
        let Some(known) = self.store.channels().await?.into_iter().find(|known| known.id == channel.id) else {
            return Ok(Default::default());
        };
        if known.stopped.is_some() {
            return Ok(Default::default());
        }
        let which = WhichNotices { channel: Some(channel.id), at_most: LOOKED_BACK, ..WhichNotices::default() };
        let in_a_row = 1 + rejected_in_a_row(self.store.notices(&which).await?);
        let words = match known.last_taken {
            None => format!("it rejects its first message: {words}"),
            Some(_) if in_a_row >= REJECTED_IN_A_ROW => format!("it rejected {in_a_row} messages in a row, the last one with: {words}"),
            Some(_) => return Ok(Default::default()),
        };
        tracing::error!(channel = %channel.spec.name, "this channel does not deliver, and is still tried: {words}");
        let stopped = Stopped { at: now, words, retried: true };
        let owed = tell_of(channel, all, &stopped);
        Ok((vec![ChannelNews::Stopped(channel.id, stopped)], owed))
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

/// How many messages were rejected since one was taken. Those that went out as one count as one.
fn rejected_in_a_row(notices: Vec<Notice>) -> usize {
    let mut ended: Vec<(Option<Timestamp>, bool)> = notices
        .into_iter()
        .filter(|notice| matches!(notice.state, NoticeState::Sent | NoticeState::Dead))
        .map(|notice| (notice.ended, notice.state == NoticeState::Dead))
        .collect();
    ended.sort_unstable_by(|one, other| other.cmp(one));
    ended.dedup();
    ended.into_iter().take_while(|(_, dead)| *dead).count()
}

/// What the other channels are told, once, of one that does not deliver any more.
fn tell_of(channel: &Channel, all: &[Channel], stopped: &Stopped) -> Vec<Notice> {
    if !channel.spec.enabled {
        // It was disabled or removed, and could not close its alerts: nobody is to mend it.
        return Vec::new();
    }
    let message = message::channel_stopped(channel.id, &channel.spec.name, stopped);
    let about = format!("channel {} stopped {}", channel.id.0, stopped.at.ms());
    let told = all.iter().filter(|other| other.id != channel.id && other.is_tried() && other.spec.wants(None, Severity::Warning));
    told.map(|other| Notice::owed(other.id, None, &about, 0, message.clone())).collect()
}
