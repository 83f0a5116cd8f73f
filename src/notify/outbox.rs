//! The loop over the outbox: leases what is due, sends it, and then marks what came of it. Killed between any two of these, a notification is sent
//! again, with the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::plan::{Crowds, Parcel, Plan, plan};
use super::send::Letter;
use super::{Notify, retry};
use crate::liveness::Loop;
use crate::message;
use crate::model::{Channel, ChannelId, Delivery, Notification, NotificationState, Severity, Stopped, Timestamp};
use crate::store::{ChannelNews, NotificationFilter, StoreError};

/// For so long nobody else sends what was leased: longer than a channel's share of one round takes.
const LEASE: Duration = Duration::from_mins(2);
/// So long one channel may take in one round; what it leaves goes back.
const ROUND: Duration = Duration::from_secs(80);
/// So many notifications are leased at once.
const AT_MOST: u32 = 500;
/// A channel that rejects so many messages one after the other does not deliver: it is not the messages.
const REJECTED_IN_A_ROW: usize = 3;
/// So many notifications are looked at to find them: one message can cover many.
const LOOKED_BACK: u32 = 500;

/// The notifications that are being sent.
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
                Delivery::Accepted(words) => {
                    tracing::info!(channel = %channel.spec.name, title = parcel.message.title, "told");
                    let ended = parcel.ended(NotificationState::Sent, &words, now);
                    self.store.mark(&ended, &[ChannelNews::Accepted(channel.id, now)], &[]).await?;
                    self.liveness.did(Loop::Notify, 1);
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
                    self.store.mark(&[], &[ChannelNews::Accepted(channel.id, now)], &[]).await?;
                    self.store.mark(&again, &[], &[]).await?;
                    self.liveness.did(Loop::Notify, 1);
                }
                Delivery::Unfit { words } => {
                    tracing::error!(channel = %channel.spec.name, title = parcel.message.title, "this message is rejected: {words}");
                    let (news, queued) = self.rejected(channel, all, &words, now).await?;
                    self.store.mark(&parcel.ended(NotificationState::Failed, &words, now), &news, &queued).await?;
                }
                Delivery::Rejected { words } => {
                    tracing::error!(channel = %channel.spec.name, "this channel does not deliver any more: {words}");
                    let kept = std::iter::once(parcel).chain(left).flat_map(Parcel::leased);
                    let kept: Vec<Notification> =
                        kept.map(|notification| Notification { said: Some(words.clone()), ..notification }).collect();
                    let stopped = Stopped { at: now, words, retried: false };
                    let queued = tell_of(channel, all, &stopped);
                    return self.store.mark(&kept, &[ChannelNews::Stopped(channel.id, stopped)], &queued).await;
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
    ) -> Result<(Vec<ChannelNews>, Vec<Notification>), StoreError> {
        // What this round began with may be old by now.
        let Some(known) = self.store.channels().await?.into_iter().find(|known| known.id == channel.id) else {
            return Ok(Default::default());
        };
        if known.stopped.is_some() {
            return Ok(Default::default());
        }
        let which = NotificationFilter { channel: Some(channel.id), at_most: LOOKED_BACK, ..NotificationFilter::default() };
        let in_a_row = 1 + rejected_in_a_row(self.store.notifications(&which).await?);
        let words = match known.last_accepted {
            None => format!("it rejects its first message: {words}"),
            Some(_) if in_a_row >= REJECTED_IN_A_ROW => format!("it rejected {in_a_row} messages in a row, the last one with: {words}"),
            Some(_) => return Ok(Default::default()),
        };
        tracing::error!(channel = %channel.spec.name, "this channel does not deliver, and is still tried: {words}");
        let stopped = Stopped { at: now, words, retried: true };
        let queued = tell_of(channel, all, &stopped);
        Ok((vec![ChannelNews::Stopped(channel.id, stopped)], queued))
    }

    /// Gives leases back; the notifications are due at `due`.
    async fn put_back(&self, parcels: impl Iterator<Item = Parcel>, due: Timestamp) -> Result<(), StoreError> {
        let notifications: Vec<Notification> =
            parcels.flat_map(Parcel::leased).map(|notification| Notification { due, ..notification }).collect();
        if notifications.is_empty() { Ok(()) } else { self.store.mark(&notifications, &[], &[]).await }
    }
}

impl Parcel {
    /// Its notifications when it was taken, or given up; what it replaces is not needed any more.
    fn ended(self, state: NotificationState, words: &str, now: Timestamp) -> Vec<Notification> {
        let said = Some(words.to_owned());
        let covers = self.covers.into_iter().map(|notification| {
            let tries = notification.tries.saturating_add(1);
            Notification { tries, state, ended: Some(now), said: said.clone(), ..notification }
        });
        covers.chain(self.replaces.into_iter().map(|notification| superseded(notification, now))).collect()
    }

    /// Its notifications after a try that failed, and when they are due: all at once, so that they come together again.
    fn failed(self, words: &str, wish: Option<Duration>, now: Timestamp) -> (Vec<Notification>, Timestamp) {
        let mut tried: Vec<Notification> =
            self.covers.into_iter().map(|notification| retry::failed(notification, words, wish, now)).collect();
        let again =
            tried.iter().filter(|notification| notification.state == NotificationState::Queued).map(|notification| notification.due).max();
        for notification in tried.iter_mut().filter(|notification| notification.state == NotificationState::Queued) {
            notification.due = again.unwrap_or(now);
        }
        tried.extend(self.replaces.into_iter().map(|notification| match again {
            Some(due) => Notification { due, ..notification },
            None => superseded(notification, now),
        }));
        (tried, again.unwrap_or(now))
    }
}

fn superseded(notification: Notification, now: Timestamp) -> Notification {
    Notification { state: NotificationState::Superseded, ended: Some(now), ..notification }
}

/// How many messages were rejected since one was taken. Those that went out as one count as one.
fn rejected_in_a_row(notifications: Vec<Notification>) -> usize {
    let mut ended: Vec<(Option<Timestamp>, bool)> = notifications
        .into_iter()
        .filter(|notification| matches!(notification.state, NotificationState::Sent | NotificationState::Failed))
        .map(|notification| (notification.ended, notification.state == NotificationState::Failed))
        .collect();
    ended.sort_unstable_by(|one, other| other.cmp(one));
    ended.dedup();
    ended.into_iter().take_while(|(_, dead)| *dead).count()
}

/// What the other channels are told, once, of one that does not deliver any more.
fn tell_of(channel: &Channel, all: &[Channel], stopped: &Stopped) -> Vec<Notification> {
    if !channel.spec.enabled {
        // It was disabled or removed, and could not close its alerts: nobody is to mend it.
        return Vec::new();
    }
    let message = message::channel_stopped(channel.id, &channel.spec.name, stopped);
    let about = format!("channel {} stopped {}", channel.id.0, stopped.at.ms());
    let told = all.iter().filter(|other| other.id != channel.id && other.is_tried() && other.spec.wants(None, Severity::Warning));
    told.map(|other| Notification::queued(other.id, None, &about, 0, message.clone())).collect()
}
