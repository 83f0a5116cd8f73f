//! The loop over the outbox: leases due notifications, sends them and stores the result. Killed in between, a notification is sent
//! again with the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::call::Letter;
use super::plan::{Crowds, Parcel, Plan, grouped, plan};
use super::{Notify, retry};
use crate::liveness::Loop;
use crate::message;
use crate::model::{Channel, ChannelId, Delivery, Notification, NotificationState, Severity, Stopped, Timestamp};
use crate::store::{ChannelNews, NotificationFilter, StoreError};

/// Longer than one channel's share of a round.
const LEASE: Duration = Duration::from_mins(2);
/// One channel's share of a round; the rest is put back.
const ROUND: Duration = Duration::from_secs(80);
const AT_MOST: u32 = 500;
/// After this many rejected messages in a row, the channel itself is considered broken.
const REJECTED_IN_A_ROW: usize = 3;
/// How many notifications are read to count them: one message can cover many.
const LOOKED_BACK: u32 = 500;

#[derive(Default)]
pub(super) struct Outbox {
    crowds: Crowds,
    rounds: JoinSet<Result<(), StoreError>>,
    /// The first error of the rounds that ended.
    failed: Option<StoreError>,
}

impl Outbox {
    /// Leases what is due at `now` and starts to send it. `closing`: channels that only close their alerts.
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
        // A disabled channel is in both lists.
        let all: Vec<Channel> = closing.iter().chain(channels).cloned().collect();
        let by_id: HashMap<ChannelId, &Channel> = all.iter().map(|channel| (channel.id, channel)).collect();
        let Plan { parcels, put_back } = plan(leased, &by_id, &mut self.crowds, now);
        if !put_back.is_empty() {
            notify.store.mark(&put_back, &[], &[]).await?;
        }
        let all: Arc<[Channel]> = all.as_slice().into();
        for parcel in &parcels {
            self.crowds.sent(parcel.channel, now);
        }
        for (id, parcels) in grouped(parcels, |parcel| parcel.channel) {
            let (notify, all) = (notify.clone(), Arc::clone(&all));
            self.rounds.spawn(async move { notify.round(id, &all, parcels).await });
        }
        Ok(())
    }

    /// The first error of the rounds that ended since the last call.
    pub(super) fn collect(&mut self) -> Result<(), StoreError> {
        while let Some(ended) = self.rounds.try_join_next() {
            self.note(ended);
        }
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Waits until a round ends; for ever if none is running.
    pub(super) async fn ended(&mut self) {
        match self.rounds.join_next().await {
            Some(ended) => self.note(ended),
            None => std::future::pending().await,
        }
    }

    fn note(&mut self, ended: Result<Result<(), StoreError>, JoinError>) {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.failed.get_or_insert(error);
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    pub(super) async fn finish(&mut self) {
        while self.rounds.join_next().await.is_some() {}
    }
}

impl Notify {
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
                    tracing::info!(channel = %channel.spec.name, title = parcel.message.title, "message accepted");
                    let ended = parcel.ended(NotificationState::Sent, &words, now);
                    self.store.mark(&ended, &[ChannelNews::Accepted(channel.id, now)], &[]).await?;
                    self.liveness.did(Loop::Notify, 1);
                }
                Delivery::TryAgain { words, after } => {
                    tracing::warn!(channel = %channel.spec.name, title = parcel.message.title, "message not accepted, retried: {words}");
                    let (again, due) = parcel.failed(&words, after, now);
                    self.store.mark(&again, &[], &[]).await?;
                    // The next message would fail too: the others wait as long, without losing a try.
                    return self.put_back(left, due).await;
                }
                Delivery::Partly { words } => {
                    tracing::warn!(channel = %channel.spec.name, title = parcel.message.title, "message accepted for some recipients, retried for the rest: {words}");
                    let (again, _) = parcel.failed(&words, None, now);
                    // `Accepted` makes retried notifications due at once. This one must keep its wait, so it is marked after it.
                    self.store.mark(&[], &[ChannelNews::Accepted(channel.id, now)], &[]).await?;
                    self.store.mark(&again, &[], &[]).await?;
                    self.liveness.did(Loop::Notify, 1);
                }
                Delivery::Unfit { words } => {
                    tracing::error!(channel = %channel.spec.name, title = parcel.message.title, "message rejected, not retried: {words}");
                    let (news, queued) = self.rejected(channel, all, &words, now).await?;
                    self.store.mark(&parcel.ended(NotificationState::Failed, &words, now), &news, &queued).await?;
                }
                Delivery::Rejected { words } => {
                    tracing::error!(channel = %channel.spec.name, "this channel no longer delivers: {words}");
                    let unaccepted = std::iter::once(parcel).chain(left).flat_map(Parcel::leased);
                    let unaccepted: Vec<Notification> =
                        unaccepted.map(|notification| Notification { said: Some(words.clone()), ..notification }).collect();
                    let stopped = Stopped { at: now, words, retried: false };
                    let queued = stopped_notifications(channel, all, &stopped);
                    return self.store.mark(&unaccepted, &[ChannelNews::Stopped(channel.id, stopped)], &queued).await;
                }
            }
        }
        Ok(())
    }

    /// Decides whether a channel that rejects one more message counts as stopped, and whom to notify. It does if it rejected several in a
    /// row or never accepted any. It is still tried: it may accept the next message.
    async fn rejected(
        &self,
        channel: &Channel,
        all: &[Channel],
        words: &str,
        now: Timestamp,
    ) -> Result<(Vec<ChannelNews>, Vec<Notification>), StoreError> {
        // The state that this round began with may be old.
        let Some(channel_now) = self.store.channels().await?.into_iter().find(|channel_now| channel_now.id == channel.id) else {
            return Ok(Default::default());
        };
        if channel_now.stopped.is_some() {
            return Ok(Default::default());
        }
        let which = NotificationFilter { channel: Some(channel.id), at_most: LOOKED_BACK, ..NotificationFilter::default() };
        let in_a_row = 1 + rejected_in_a_row(self.store.notifications(&which).await?);
        let words = match channel_now.last_accepted {
            None => format!("it rejects its first message: {words}"),
            Some(_) if in_a_row >= REJECTED_IN_A_ROW => format!("it rejected {in_a_row} messages in a row, the last one with: {words}"),
            Some(_) => return Ok(Default::default()),
        };
        tracing::error!(channel = %channel.spec.name, "this channel does not deliver and is still tried: {words}");
        let stopped = Stopped { at: now, words, retried: true };
        let queued = stopped_notifications(channel, all, &stopped);
        Ok((vec![ChannelNews::Stopped(channel.id, stopped)], queued))
    }

    async fn put_back(&self, parcels: impl Iterator<Item = Parcel>, due: Timestamp) -> Result<(), StoreError> {
        let notifications: Vec<Notification> =
            parcels.flat_map(Parcel::leased).map(|notification| Notification { due, ..notification }).collect();
        if notifications.is_empty() { Ok(()) } else { self.store.mark(&notifications, &[], &[]).await }
    }
}

impl Parcel {
    /// Its notifications after it was accepted or failed; those it replaces are superseded.
    fn ended(self, state: NotificationState, words: &str, now: Timestamp) -> Vec<Notification> {
        let said = Some(words.to_owned());
        let covers = self.covers.into_iter().map(|notification| {
            let tries = notification.tries.saturating_add(1);
            Notification { tries, state, ended: Some(now), said: said.clone(), ..notification }
        });
        covers.chain(self.replaces.into_iter().map(|notification| superseded(notification, now))).collect()
    }

    /// Its notifications after a failed try, and when they are due: all at the same time, so that they are merged again.
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

/// Messages rejected since the last accepted one. Notifications that went out as one message count as one.
fn rejected_in_a_row(notifications: Vec<Notification>) -> usize {
    let mut ended: Vec<(Option<Timestamp>, bool)> = notifications
        .into_iter()
        .filter(|notification| matches!(notification.state, NotificationState::Sent | NotificationState::Failed))
        .map(|notification| (notification.ended, notification.state == NotificationState::Failed))
        .collect();
    ended.sort_unstable_by(|one, other| other.cmp(one));
    ended.dedup();
    ended.into_iter().take_while(|(_, failed)| *failed).count()
}

/// Notifies the other channels, once, that this one stopped.
fn stopped_notifications(channel: &Channel, all: &[Channel], stopped: &Stopped) -> Vec<Notification> {
    if !channel.spec.enabled {
        // Disabled or removed, it only had to close its alerts: nothing to repair.
        return Vec::new();
    }
    let message = message::channel_stopped(channel.id, &channel.spec.name, stopped);
    let about = format!("channel {} stopped {}", channel.id.0, stopped.at.ms());
    let notified = all.iter().filter(|other| other.id != channel.id && other.is_tried() && other.spec.wants(None, Severity::Warning));
    notified.map(|other| Notification::queued(other.id, None, &about, 0, message.clone())).collect()
}
